// Writing files: whole or not at all, through links and into devices, rights kept, nothing left.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.einblas.reference.ChildJvm;
import java.io.File;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
class OutputFileTest {
  @TempDir Path folder;
  private Tensor tensor;

  @BeforeEach
  void make() {
    tensor = Tensor.of(new double[] {1, 2, 3});
  }

  @AfterEach
  void free() {
    tensor.close();
  }

  private List<String> names() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(f -> f.getFileName().toString()).sorted().toList();
    }
  }

  private void assertHolds(Path file) throws IOException {
    try (Tensor back = Tensor.readNpy(file)) {
      assertArrayEquals(tensor.toDoubleArray(), back.toDoubleArray());
    }
  }

  private static String mode(Path file) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
  }

  private void assumePosix() {
    assumeTrue(
        folder.getFileSystem().supportedFileAttributeViews().contains("posix"),
        "no POSIX permissions here");
  }

  @Test
  void linksStayAndTheirTargetsAreWritten() throws IOException {
    assumePosix();
    Path deep = Files.createDirectory(folder.resolve("deep"));
    Files.writeString(deep.resolve("target.npy"), "old");
    Path first = Files.createSymbolicLink(folder.resolve("first"), Path.of("second"));
    Files.createSymbolicLink(folder.resolve("second"), Path.of("deep/target.npy"));
    tensor.writeNpy(first);
    assertHolds(deep.resolve("target.npy"));
    assertTrue(Files.isSymbolicLink(first));
    Path dangling = Files.createSymbolicLink(folder.resolve("dangling"), Path.of("deep/new.npy"));
    tensor.writeNpy(dangling);
    assertHolds(deep.resolve("new.npy"));
    assertTrue(Files.isSymbolicLink(dangling));
    Path lost = Files.createSymbolicLink(folder.resolve("lost"), Path.of("nowhere/new.npy"));
    assertThrows(NoSuchFileException.class, () -> tensor.writeNpy(lost));
    Path loop = Files.createSymbolicLink(folder.resolve("loop"), Path.of("loop"));
    assertThrows(FileSystemException.class, () -> tensor.writeNpy(loop));
    Path toFolder = Files.createSymbolicLink(folder.resolve("toFolder"), Path.of("deep"));
    assertThrows(FileSystemException.class, () -> tensor.writeNpy(toFolder));
    tensor.writeNpy(toFolder.resolve("inside.npy"));
    assertHolds(deep.resolve("inside.npy"));
  }

  @Test
  void devicesAndPipesAreWrittenInto() throws Exception {
    Path fifo = folder.resolve("fifo");
    assumeTrue(run("mkfifo", fifo.toString()) == 0, "no mkfifo here");
    Tensor[] read = new Tensor[1];
    Thread reader =
        new Thread(
            () -> {
              try {
                read[0] = Tensor.readNpy(fifo);
              } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
              }
            });
    reader.start();
    tensor.writeNpy(fifo, WriteOption.SYNC);
    reader.join();
    assertArrayEquals(tensor.toDoubleArray(), read[0].toDoubleArray());
    read[0].close();
    assertEquals(List.of("fifo"), names());
    for (String device : new String[] {"/dev/null", "/dev/full"}) {
      Path path = Path.of(device);
      assumeTrue(Files.exists(path), device + " is missing");
      if (device.endsWith("full")) {
        assertThrows(IOException.class, () -> tensor.writeNpy(path));
        assertThrows(IOException.class, () -> Tensor.writeNpz(path, Map.of("a", tensor)));
      } else {
        tensor.writeNpy(path);
        Tensor.writeNpz(path, Map.of("a", tensor));
      }
      assertTrue(Files.exists(path) && !Files.isRegularFile(path), device + " is a device still");
    }
  }

  private static int run(String... command) throws IOException, InterruptedException {
    try {
      return new ProcessBuilder(command).inheritIO().start().waitFor();
    } catch (IOException e) {
      return -1;
    }
  }

  @Test
  void theModeOfAnExistingFileIsKept() throws IOException {
    assumePosix();
    Path file = folder.resolve("a.npy");
    tensor.writeNpy(file);
    Path plain = Files.createFile(folder.resolve("plain"));
    assertEquals(mode(plain), mode(file), "a new file has the usual mode");
    for (String mode : new String[] {"rw-------", "rw-rw-rw-", "rwxr-x--x", "rw-r-----"}) {
      Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
      tensor.writeNpy(file);
      assertEquals(mode, mode(file));
      assertHolds(file);
    }
  }

  @Test
  void namesOfAnyLengthThatTheFileSystemTakes() throws IOException {
    for (int length : new int[] {1, 236, 237, 255}) {
      Path file = folder.resolve("x".repeat(length));
      tensor.writeNpy(file);
      assertHolds(file);
      tensor.writeNpy(file);
    }
    Path tooLong = folder.resolve("x".repeat(256));
    FileSystemException e = assertThrows(FileSystemException.class, () -> tensor.writeNpy(tooLong));
    assertEquals(tooLong.toString(), e.getFile(), "the name that was given");
    assertEquals(4, names().size());
  }

  @Test
  void aFailureLeavesTheOldFileAndNothingElse() throws IOException {
    Path file = folder.resolve("a.npy");
    Files.writeString(file, "old");
    tensor.close();
    assertThrows(IllegalStateException.class, () -> tensor.writeNpy(file));
    assertEquals("old", Files.readString(file));
    assertThrows(FileSystemException.class, () -> tensor.writeNpy(folder));
    assertThrows(NoSuchFileException.class, () -> tensor.writeNpy(folder.resolve("no/a.npy")));
    assertThrows(FileSystemException.class, () -> tensor.writeNpy(file.resolve("a.npy")));
    assertEquals(List.of("a.npy"), names());
  }

  @Test
  void onlyWhatDeadProcessesLeftIsSweptAway() throws IOException {
    // 24 digits and their CRC-32 in 8 more, as internal.io.PartFile names them.
    String ours = part("0123456789abcdef01234567");
    Path left = Files.writeString(folder.resolve(ours), "left");
    Path locked = Files.writeString(folder.resolve(part("ffffffffffffffffffffffff")), "locked");
    List<String> others =
        List.of(
            ".einblas-0123456789abcdef0123456700000000.part",
            ".einblas-x.part",
            ours + "x",
            "a.part");
    for (String other : others) {
      Files.writeString(folder.resolve(other), "not ours");
    }
    try (FileChannel channel = FileChannel.open(locked, StandardOpenOption.WRITE);
        FileLock lock = channel.lock()) {
      assertTrue(lock.isValid());
      tensor.writeNpy(folder.resolve("z.npy"));
      assertTrue(Files.exists(locked), "a file that is being written");
    }
    assertTrue(Files.notExists(left, LinkOption.NOFOLLOW_LINKS), "left by a dead process");
    for (String other : others) {
      assertTrue(Files.exists(folder.resolve(other)), other);
    }
  }

  private static String part(String random) {
    int crc =
        ZipBytes.crc((".einblas-" + random).getBytes(java.nio.charset.StandardCharsets.US_ASCII));
    return String.format(java.util.Locale.ROOT, ".einblas-%s%08x.part", random, crc);
  }

  // ---- in processes of their own

  private Process child(List<String> before, String what, Path file) throws IOException {
    List<String> command = new ArrayList<>(before);
    // Behind a limit of files' lengths no line is counted: the counts are a file too.
    command.addAll(before.isEmpty() ? ChildJvm.counted() : ChildJvm.plain());
    command.addAll(ChildJvm.classes());
    command.addAll(
        List.of(
            "-Xshare:auto",
            "-XX:TieredStopAtLevel=1",
            Child.class.getName(),
            what,
            file.toString()));
    return new ProcessBuilder(command)
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
        .start();
  }

  /** What the children do. */
  static final class Child {
    private Child() {}

    /** Writes slowly until it is killed, or a large file until the disk is full. */
    public static void main(String[] args) throws IOException {
      Path file = Path.of(args[1]);
      if ("stream".equals(args[0])) {
        try (Tensor t = Tensor.of(new float[] {1, 2, 3})) {
          t.writeNpy(file);
        }
        return;
      }
      if ("slow".equals(args[0])) {
        io.github.einblas.internal.io.OutputFile.write(
            file,
            false,
            out -> {
              out.write(new byte[1000]);
              System.out.println("writing");
              while (true) {
                try {
                  Thread.sleep(1000);
                } catch (InterruptedException e) {
                  return;
                }
              }
            });
      }
      try (Tensor large = Tensor.zeros(DType.F64, 1 << 20)) {
        for (int i = 0; i < 3; i++) {
          large(file, large);
        }
        System.out.println(openParts() + " parts open");
      }
    }

    private static void large(Path file, Tensor large) {
      try {
        if (file.toString().endsWith(".npz")) {
          Tensor.writeNpz(file, Map.of("a", large), WriteOption.SYNC);
        } else {
          large.writeNpy(file);
        }
        System.out.println("written?");
      } catch (IOException e) {
        System.out.println(e.getMessage());
      }
    }

    private static long openParts() throws IOException {
      try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
        return open.filter(Child::isPart).count();
      }
    }

    private static boolean isPart(Path descriptor) {
      try {
        return Files.readSymbolicLink(descriptor).toString().contains(".einblas-");
      } catch (IOException e) {
        return false;
      }
    }
  }

  /** By any name that the system has for them; their bytes and no others. */
  @ParameterizedTest
  @ValueSource(strings = {"/dev/stdout", "/proc/self/fd/1", "/dev/fd/1"})
  void standardOutputIsWrittenTo(String name) throws Exception {
    assumeTrue(Files.exists(Path.of(name)), name + " is not here");
    Process child = child(List.of(), "stream", Path.of(name));
    byte[] written = child.getInputStream().readAllBytes();
    assertEquals(0, child.waitFor());
    Path file = Files.write(folder.resolve("copy.npy"), written);
    try (Tensor t = Tensor.readNpy(file)) {
      assertArrayEquals(new float[] {1, 2, 3}, t.toFloatArray());
    }
  }

  /** Where there are many files a search for left ones is not made at each write. */
  @Test
  void aFolderOfManyFilesIsSearchedNowAndThen() throws IOException {
    for (int i = 0; i < 1100; i++) {
      Files.createFile(folder.resolve("f" + i));
    }
    Path left = Files.writeString(folder.resolve(part("0123456789abcdef01234567")), "left");
    for (int i = 0; i < 3; i++) {
      tensor.writeNpy(folder.resolve("a.npy"));
      assertHolds(folder.resolve("a.npy"));
      assertTrue(Files.notExists(left), "swept by the first write");
    }
  }

  @Test
  void whatIsWriteProtectedIsRefusedWithItsName() throws Exception {
    assumePosix();
    Path file = Files.writeString(folder.resolve("a.npy"), "old");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("r--r--r--"));
    assumeTrue(!Files.isWritable(file), "root may write to any file");
    FileSystemException e = assertThrows(FileSystemException.class, () -> tensor.writeNpy(file));
    assertEquals(file.toString(), e.getFile());
    assertTrue(e.getMessage().contains("write-protected"), e::getMessage);
  }

  @Test
  void aProcessThatIsToldToEndLeavesNothing() throws Exception {
    assumePosix();
    Process child = child(List.of(), "slow", folder.resolve("a.npy"));
    assertEquals('w', child.getInputStream().read());
    assertEquals(1, names().size(), "the temporary file alone");
    assertTrue(names().get(0).length() < 60, "a short name");
    child.destroy();
    assertTrue(child.waitFor(60, TimeUnit.SECONDS));
    assertEquals(List.of(), names());
  }

  @Test
  void whatAKilledProcessLeavesIsSweptByTheNextWrite() throws Exception {
    assumePosix();
    Path file = folder.resolve("a.npy");
    Process child = child(List.of(), "slow", file);
    assertEquals('w', child.getInputStream().read());
    String part = names().get(0);
    tensor.writeNpy(file);
    assertEquals(List.of(part, "a.npy"), names(), "a living process's file stays");
    child.destroyForcibly();
    assertTrue(child.waitFor(60, TimeUnit.SECONDS));
    assertTrue(names().contains(part));
    tensor.writeNpy(folder.resolve("b.npy"));
    assertEquals(List.of("a.npy", "b.npy"), names());
  }

  @Test
  void aFullDiskLeavesTheOldFileAndNoDescriptor() throws Exception {
    assumeTrue(Files.isDirectory(Path.of("/proc/self/fd")), "no /proc here");
    // RLIMIT_FSIZE stands for the disk; its signal is ignored, so that write fails.
    String limited = "trap '' XFSZ; ulimit -f 1000; exec \"$@\"";
    for (String name : new String[] {"a.npy", "a.npz"}) {
      Path file = folder.resolve(name);
      Files.writeString(file, "old");
      Process child = child(List.of("bash", "-c", limited, "bash"), "large", file);
      String said =
          new String(
              child.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
      assertEquals(0, child.waitFor(), said);
      assertEquals(3, said.split("File too large", -1).length - 1, said);
      assertTrue(said.strip().endsWith("\n0 parts open"), said);
      assertEquals("old", Files.readString(file));
    }
    assertEquals(List.of("a.npy", "a.npz"), names());
  }
}
