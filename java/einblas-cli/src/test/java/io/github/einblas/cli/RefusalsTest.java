// Test: wrong input ends with exit 2, one line and no file; failing streams with exit 1.
package io.github.einblas.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.CsrMatrix;
import io.github.einblas.DType;
import io.github.einblas.Tensor;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class RefusalsTest {
  @TempDir Path folder;
  private Program program;

  @BeforeEach
  void files() throws IOException {
    program = new Program(folder);
    program.put("a.npy", Tensor.of(new double[] {1, 2, 3, 4, 5, 6}, 2, 3));
    program.put("f.npy", Tensor.of(new float[] {1, 2, 3, 4, 5, 6}, 3, 2));
  }

  @Test
  void wrongUsage() throws IOException {
    program.refused("a command is missing");
    program.refused("'frobnicate'", "frobnicate");
    program.refused("EQUATION", "einsum");
    program.refused("IN.npy", "einsum", "ij->ji");
    program.refused("--frob", "einsum", "--frob", "ij", "@a.npy");
    program.refused("--threads", "einsum", "ij", "@a.npy", "--threads", "many");
    program.refused("1 to 1024", "einsum", "ij", "@a.npy", "--threads", "0");
    program.refused("needs two inputs, and got 1", "matmul", "@a.npy");
    program.refused("needs two inputs, and got 3", "matmul", "@a.npy", "@a.npy", "@a.npy");
    program.refused("two or more", "kron", "@a.npy");
    try (Tensor dense = Tensor.ones(DType.F64, 2, 3);
        CsrMatrix sparse = CsrMatrix.ofDense(dense, 0)) {
      sparse.writeNpz(program.path("s.npz"));
    }
    Tensor.writeNpz(program.path("t.npz"), Map.of("x", Tensor.ones(DType.F64, 2)));
    program.refused("one sparse matrix", "csr-mm", "@a.npy", "@f.npy");
    program.refused("one sparse matrix", "csr-mm", "@s.npz", "@s.npz");
    program.refused("(3) or (3, n)", "csr-mm", "@s.npz", "@a.npy");
    program.refused("6 places", "csr-mm", "--reshape", "3x3", "@s.npz", "@a.npy");
    program.refused("--reshape", "csr-mm", "--reshape", "3", "@s.npz", "@a.npy");
    program.refused("no array 'format'", "csr-mm", "@t.npz", "@a.npy");
    program.refused("no such file", "csr-mm", "@absent.npz", "@a.npy");
    Files.delete(program.path("s.npz"));
    Files.delete(program.path("t.npz"));
    program.refused("(..., 10, n)", "kron-matmul", "@a.npy", "I5", "I2");
    program.refused("FACTOR", "kron-matmul", "@a.npy");
    program.refused("--axes", "tensordot", "@a.npy", "@a.npy", "--axes", "one");
    program.refused("3-4", "explain", "ij", "3-4");
    program.refused("x5", "random", "x5", "-o", "@c.npy");
    program.refused("99999999999999999999", "random", "99999999999999999999", "-o", "@c.npy");
    program.refused("--dtype", "random", "5", "--dtype", "f8");
    program.refused("--memory-limit", "demo", "--memory-limit", "lots");
    program.refused("not a directory", "demo", "--keep", "@a.npy");
  }

  @Test
  void namesThatAreNearKnownOnes() throws IOException {
    program.refused("'matmull'; did you mean matmul?; see einblas --help", "matmull", "@a.npy");
    program.refused("did you mean einsum?", "enisum", "ij->ji", "@a.npy");
    program.refused("did you mean --profile?", "einsum", "ij", "@a.npy", "--profil");
    program.refused("did you mean --threads?", "einsum", "ij", "@a.npy", "--thread=2");
    program.refused("did you mean --threads?", "matmul", "@a.npy", "@f.npy", "--treads", "2");
    for (String far : new String[] {"frobnicate", "x", "!", "--", "--zzz"}) {
      Program.Outcome outcome = program.run(far);
      assertEquals(2, outcome.status(), far);
      assertFalse(outcome.err().contains("did you mean"), outcome.err());
    }
  }

  @Test
  void inputsAreReplacedWhenForcedOnly() throws IOException {
    byte[] before = Files.readAllBytes(program.path("a.npy"));
    Files.createSymbolicLink(program.path("link.npy"), program.path("a.npy"));
    String said = "is an input too, and would be replaced; --force does that";
    program.refused(said, "matmul", "@a.npy", "@f.npy", "-o", "@a.npy");
    program.refused(said, "matmul", "@f.npy", "@a.npy", "-o", "@link.npy");
    program.refused(said, "kron-matmul", "@f.npy", "@a.npy", "-o", "@a.npy");
    program.done("plan", "ij,jk", "2x3", "3x2", "-o", "@p.json");
    program.refused(said, "einsum", "--plan", "@p.json", "@a.npy", "@f.npy", "-o", "@p.json");
    Files.writeString(program.path("order.txt"), "[(0, 1)]");
    program.refused(
        said, "plan", "ij,jk", "2x3", "3x2", "--path", "@order.txt", "--path-out", "@order.txt");
    assertArrayEquals(before, Files.readAllBytes(program.path("a.npy")));
  }

  @Test
  void wrongEquationsAndShapes() throws IOException {
    program.refused("i?", "einsum", "i?->i", "@a.npy", "-o", "@c.npy");
    program.refused("rank 2", "einsum", "ijk->k", "@a.npy", "-o", "@c.npy");
    program.refused("ij,jk->ik", "einsum", "ij,jk->ik", "@a.npy", "-o", "@c.npy");
    program.refused("'j'", "einsum", "ij,jk->ik", "@a.npy", "@a.npy", "-o", "@c.npy");
    program.refused("matmul", "matmul", "@a.npy", "@a.npy", "-o", "@c.npy");
    program.refused("tensordot", "tensordot", "@a.npy", "@a.npy", "--axes", "3", "-o", "@c.npy");
    program.refused("[100000000000", "random", "100000000000x100000000000", "-o", "@c.npy");
  }

  @Test
  void typesThatDropSomething() throws IOException {
    program.refused(
        "real (F64)", "einsum", "ij,jk->ik", "@a.npy", "@f.npy", "--output-type", "i32");
    program.refused("--output-type", "einsum", "ij->i", "@a.npy", "--output-type", "f8");
    program.refused("as many types", "explain", "i,i", "3", "3", "--dtype", "f32,f64,bf16");
  }

  @Test
  void wrongFiles() throws IOException {
    program.refused("no such file", "einsum", "ij", "@missing.npy", "-o", "@c.npy");
    program.refused("directory", "einsum", "ij", folder.toString(), "-o", "@c.npy");
    program.refused("empty", "einsum", "ij", "", "-o", "@c.npy");
    program.refused("given once", "einsum", "ij,ij", "-", "-", "-o", "@c.npy");
    program.refused("standard input", "einsum", "ij", "-", "-o", "@c.npy");

    byte[] good = Files.readAllBytes(program.path("a.npy"));
    Files.write(program.path("short.npy"), Arrays.copyOf(good, good.length - 1));
    program.refused("short.npy is truncated", "einsum", "ij", "@short.npy", "-o", "@c.npy");
    Files.write(program.path("head.npy"), Arrays.copyOf(good, 40));
    program.refused("head.npy", "einsum", "ij", "@head.npy", "-o", "@c.npy");
    Files.write(
        program.path("text.npy"), "hello, this is no array".getBytes(StandardCharsets.UTF_8));
    program.refused("text.npy", "einsum", "ij", "@text.npy", "-o", "@c.npy");
    Files.write(program.path("none.npy"), new byte[0]);
    program.refused("none.npy", "einsum", "ij", "@none.npy", "-o", "@c.npy");
  }

  @Test
  void unsupportedTypeAndAbsurdShape() throws IOException {
    String good = Files.readString(program.path("a.npy"), StandardCharsets.ISO_8859_1);
    Files.writeString(
        program.path("u8.npy"), good.replace("<f8", "<u8"), StandardCharsets.ISO_8859_1);
    program.refused("'<u8'", "einsum", "ij", "@u8.npy", "-o", "@c.npy");
    Files.writeString(
        program.path("huge.npy"),
        good.replace("(2, 3), }           ", "(2, 99999999999), } "),
        StandardCharsets.ISO_8859_1);
    program.refused("huge.npy", "einsum", "ij", "@huge.npy", "-o", "@c.npy");
  }

  @Test
  void resultTooLargeSaysTheBytes() throws IOException {
    program.put("v.npy", Tensor.zeros(DType.F64, 1 << 20));
    String bytes = Long.toString(8L << 40);
    program.refused(bytes, "outer", "@v.npy", "@v.npy", "-o", "@c.npy");
    program.refused(bytes, "random", "1048576x1048576", "--dtype", "f64", "-o", "@c.npy");
  }

  @Test
  void wrongArchives() throws IOException {
    try (Tensor x = Tensor.of(new double[] {1, 2}, 2)) {
      Tensor.writeNpz(program.path("x.npz"), Map.of("x", x));
    }
    program.refused("'y'", "einsum", "i", "@x.npz:y", "-o", "@c.npy");
    program.refused("which member", "einsum", "i", "@x.npz", "-o", "@c.npy");
    program.refused("no such file", "einsum", "i", "@y.npz:x", "-o", "@c.npy");
    Files.copy(program.path("a.npy"), program.path("a.npz"));
    program.refused("a.npz", "einsum", "ij", "@a.npz:a", "-o", "@c.npy");
  }

  @Test
  void wrongOutputs() throws IOException {
    program.refused("no directory", "einsum", "ij", "@a.npy", "-o", "@nowhere/c.npy");
    program.refused("directory", "einsum", "ij", "@a.npy", "-o", folder.toString());
    program.refused("archive", "einsum", "ij", "@a.npy", "-o", "@c.npz");
    program.refused("empty", "einsum", "ij", "@a.npy", "-o", "");
  }

  @Test
  void existingOutputSurvivesAFailure() throws IOException {
    program.put("c.npy", Tensor.of(new double[] {42}, 1));
    byte[] before = Files.readAllBytes(program.path("c.npy"));
    program.refused("'j'", "einsum", "ij,jk->ik", "@a.npy", "@a.npy", "-o", "@c.npy");
    assertArrayEquals(before, Files.readAllBytes(program.path("c.npy")));
  }

  @Test
  void verboseAddsTheStackTrace() {
    Program.Outcome outcome = program.run("einsum", "ij,jk->ik", "@a.npy", "@a.npy", "--verbose");
    assertEquals(2, outcome.status());
    assertTrue(outcome.err().startsWith("einblas: "), outcome.err());
    assertTrue(outcome.err().contains("\tat "), outcome.err());
  }

  @Test
  void closedPipeIsQuiet() {
    assertEquals("1:", failing("Broken pipe", "einsum", "ij", "@a.npy", "-o", "-"));
    assertEquals("1:", failing("Broken pipe", "einsum", "ij", "@a.npy"));
    assertEquals("1:", failing("Broken pipe", "--help"));
  }

  @Test
  void fullDiskNamesTheOutput() {
    Assumptions.assumeTrue(Files.exists(Path.of("/dev/full")));
    Program.Outcome outcome = program.run("einsum", "ij", "@a.npy", "-o", "/dev/full");
    assertEquals(1, outcome.status());
    assertEquals(
        "einblas: /dev/full could not be written: No space left on device\n", outcome.err());
  }

  @Test
  void fullDiskBehindStandardOutputIsSaid() {
    for (String[] args :
        new String[][] {{"einsum", "ij", "@a.npy", "-o", "-"}, {"einsum", "ij", "@a.npy"}}) {
      String outcome = failing("No space left on device", args);
      assertEquals(
          "1:einblas: standard output could not be written: No space left on device\n", outcome);
    }
  }

  /** Status and standard error of a run whose standard output fails. */
  private String failing(String message, String... args) {
    OutputStream broken =
        new OutputStream() {
          @Override
          public void write(int b) throws IOException {
            throw new IOException(message);
          }
        };
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    PrintStream errors = new PrintStream(err, true, StandardCharsets.UTF_8);
    int status =
        Main.run(
            new Streams(InputStream.nullInputStream(), broken, errors, false),
            program.resolved(args));
    return status + ":" + err.toString(StandardCharsets.UTF_8);
  }
}
