// Test: where -o may point: devices, pipes, links, standard output, long names; rights are kept.
package io.github.einblas.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.einblas.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
final class OutputsTest {
  private static final double[] NUMBERS = {1, 2, 3, 4, 5, 6};

  @TempDir Path folder;
  private Program program;

  @BeforeEach
  void file() throws IOException {
    program = new Program(folder);
    program.put("a.npy", Tensor.of(NUMBERS, 2, 3));
  }

  private void write(String output) {
    program.done("einsum", "ij->ij", "@a.npy", "-o", output);
  }

  @Test
  void devices() {
    assumeTrue(Files.exists(Path.of("/dev/null")), "no /dev/null here");
    write("/dev/null");
    program.done("random", "5", "-o", "/dev/null");
    assertFalse(Files.isRegularFile(Path.of("/dev/null")));
    assertTrue(Files.exists(Path.of("/dev/null")));
  }

  @Test
  void standardOutputByItsName() throws IOException {
    for (String name : new String[] {"-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"}) {
      Program.Outcome outcome = program.done("einsum", "ij->ij", "@a.npy", "-o", name);
      try (Tensor t = outcome.tensor()) {
        assertArrayEquals(NUMBERS, t.toDoubleArray());
      }
    }
  }

  @Test
  void aPipe() throws Exception {
    Path fifo = program.path("fifo");
    Process made;
    try {
      made = new ProcessBuilder("mkfifo", fifo.toString()).start();
    } catch (IOException e) {
      made = null;
    }
    assumeTrue(made != null && made.waitFor() == 0, "no mkfifo here");
    ExecutorService reader = Executors.newSingleThreadExecutor();
    try {
      Future<double[]> read = reader.submit(() -> program.get("fifo"));
      write("@fifo");
      assertArrayEquals(NUMBERS, read.get());
    } finally {
      reader.shutdown();
    }
    assertTrue(Files.exists(fifo) && !Files.isRegularFile(fifo));
  }

  @Test
  void linksAndRights() throws IOException {
    assumeTrue(
        folder.getFileSystem().supportedFileAttributeViews().contains("posix"),
        "no POSIX permissions here");
    Files.writeString(program.path("secret.npy"), "old");
    Files.setPosixFilePermissions(
        program.path("secret.npy"), PosixFilePermissions.fromString("rw-------"));
    Files.createSymbolicLink(program.path("link.npy"), Path.of("secret.npy"));
    Files.createSymbolicLink(program.path("new.npy"), Path.of("made.npy"));
    write("@link.npy");
    write("@new.npy");
    assertArrayEquals(NUMBERS, program.get("secret.npy"));
    assertArrayEquals(NUMBERS, program.get("made.npy"));
    assertTrue(Files.isSymbolicLink(program.path("link.npy")));
    assertTrue(Files.isSymbolicLink(program.path("new.npy")));
    assertEquals(
        "rw-------",
        PosixFilePermissions.toString(Files.getPosixFilePermissions(program.path("secret.npy"))));
    Files.createSymbolicLink(program.path("loop.npy"), Path.of("loop.npy"));
    program.refused("loop.npy: ", "einsum", "ij", "@a.npy", "-o", "@loop.npy");
  }

  @Test
  void longNames() throws IOException {
    write("@" + "x".repeat(255));
    assertArrayEquals(NUMBERS, program.get("x".repeat(255)));
    program.refused("too long", "einsum", "ij", "@a.npy", "-o", "@" + "x".repeat(256));
    program.refused("a.npy/b.npy: ", "einsum", "ij", "@a.npy", "-o", "@a.npy/b.npy");
  }

  @Test
  void withoutWaitingForTheDisk() throws IOException {
    program.done("einsum", "ij->ij", "@a.npy", "-o", "@c.npy", "--no-sync");
    assertArrayEquals(NUMBERS, program.get("c.npy"));
  }

  @Test
  void aDamagedArchiveIsWrongInput() throws IOException {
    try (Tensor t = Tensor.of(NUMBERS, 6)) {
      Tensor.writeNpz(program.path("x.npz"), Map.of("t", t));
    }
    byte[] bytes = Files.readAllBytes(program.path("x.npz"));
    bytes[180] ^= 1; // among the elements
    Files.write(program.path("x.npz"), bytes);
    program.refused("x.npz:t is damaged: the CRC-32", "einsum", "i", "@x.npz:t", "-o", "@c.npy");
  }
}
