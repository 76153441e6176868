// .npz: what NumPy refuses is refused, by name; nothing that an archive claims is believed.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NpzTest {
  private static final double[] NUMBERS = {1, 2, 3, 4, 5, 6};

  @TempDir Path folder;

  private static byte[] npy(Tensor tensor) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (tensor) {
      tensor.writeNpy(out);
    }
    return out.toByteArray();
  }

  private static byte[] six() throws IOException {
    return npy(Tensor.of(NUMBERS, 2, 3));
  }

  private Path file(byte[] bytes) throws IOException {
    return Files.write(folder.resolve("x.npz"), bytes);
  }

  private Path file(ZipBytes zip) throws IOException {
    return file(zip.make());
  }

  private static String refusal(Path file) {
    return assertThrows(NpyFormatException.class, () -> Tensor.readNpz(file)).getMessage();
  }

  private static void assertSix(Path file) throws IOException {
    try (Tensor t = Tensor.readNpz(file, "a")) {
      assertArrayEquals(NUMBERS, t.toDoubleArray());
    }
  }

  @Test
  void everyFlippedBitIsRefusedOrChangesNothing() throws IOException {
    for (boolean deflated : new boolean[] {true, false}) {
      ZipBytes zip = new ZipBytes();
      zip.add("a.npy", six(), deflated);
      zip.add("b.npy", npy(Tensor.of(new float[] {7, 8})), deflated);
      flips(zip.make(), NpzTest::look);
    }
  }

  @Test
  void everyFlippedBitOfASparseMatrixIsRefusedOrChangesNothing() throws IOException {
    Path plain = folder.resolve("plain.npz");
    try (Tensor dense = Tensor.of(NUMBERS, 2, 3);
        CsrMatrix a = CsrMatrix.ofDense(dense, 3)) {
      a.writeNpz(plain);
    }
    flips(Files.readAllBytes(plain), NpzTest::lookSparse);
  }

  private interface Look {
    String at(Path file) throws IOException;
  }

  private static String look(Path file) throws IOException {
    StringBuilder seen = new StringBuilder();
    Tensor.readNpz(file)
        .forEach(
            (name, tensor) -> {
              try (tensor;
                  Tensor wide = tensor.to(DType.F64)) {
                seen.append(name).append(tensor.dtype()).append(Arrays.toString(tensor.shape()));
                seen.append(Arrays.toString(wide.toDoubleArray()));
              }
            });
    return seen.toString();
  }

  private static String lookSparse(Path file) throws IOException {
    try (CsrMatrix a = CsrMatrix.readNpz(file);
        Tensor dense = a.toDense()) {
      return a + Arrays.toString(dense.toDoubleArray());
    }
  }

  private void flips(byte[] good, Look look) throws IOException {
    String want = look.at(file(good));
    long before = Einblas.nativeBytesInUse();
    Path file = file(good);
    try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
      for (int bit = 0; bit < 8 * good.length; bit++) {
        bytes.seek(bit / 8);
        bytes.write(good[bit / 8] ^ 1 << bit % 8);
        try {
          String got = look.at(file);
          assertEquals(want, got, "bit " + bit);
        } catch (NpyFormatException e) {
          assertTrue(e.getMessage().startsWith(file.toString()), e.getMessage());
        } catch (IOException | RuntimeException e) {
          fail("bit " + bit, e);
        }
        bytes.seek(bit / 8);
        bytes.write(good[bit / 8]);
      }
    }
    assertTrue(Einblas.nativeBytesInUse() <= before, "native memory leaked");
  }

  @Test
  void everyCutIsRefused() throws IOException {
    ZipBytes zip = new ZipBytes();
    zip.add("a.npy", six(), true);
    byte[] good = zip.make();
    for (int length = 0; length < good.length; length++) {
      Path file = file(Arrays.copyOf(good, length));
      assertTrue(refusal(file).startsWith(file.toString()));
    }
  }

  private void refused(String text, Consumer<ZipBytes> lie) throws IOException {
    ZipBytes zip = new ZipBytes();
    zip.add("a.npy", six(), true);
    zip.add("b.npy", six(), false);
    lie.accept(zip);
    String message = refusal(file(zip));
    assertTrue(message.contains(text), "wanted '" + text + "': " + message);
    assertTrue(message.startsWith(folder.resolve("x.npz").toString()), message);
  }

  @Test
  void liesAreNamed() throws IOException {
    refused(":a is damaged: the CRC-32 of its 176 bytes is", z -> z.entries.get(0).crc ^= 1);
    refused(":b is damaged: the CRC-32", z -> z.entries.get(1).crc ^= 1 << 31);
    refused("'x.npy'", z -> z.entries.get(0).localName = "x.npy");
    refused("methods 0 and 8", z -> z.entries.get(0).localMethod = 0);
    refused("sizes or its CRC-32", z -> z.entries.get(0).localSize++);
    refused("there is no member at byte 1", z -> z.entries.get(0).offset = 1L);
    refused("'b.npy'", z -> z.entries.get(0).offset = z.entries.get(0).packed.length + 35L);
    refused("behind the last member", z -> z.entries.get(0).offset = 1L << 20);
    refused("the array 'a' twice", z -> z.add("a.npy", new byte[9], false));
    refused("the array 'a' twice", z -> z.add("a", new byte[9], false));
    refused("it promises 3 members and has 2", z -> z.promised = 3);
    refused("compressed by bzip2", z -> method(z, 12));
    refused("compressed by lzma", z -> method(z, 14));
    refused("compressed by zstd", z -> method(z, 93));
    refused("compressed by method 77", z -> method(z, 77));
    refused("encrypted", z -> z.entries.get(0).flags = 1);
    refused("patched", z -> z.entries.get(0).flags = 1 << 5);
    refused("version 9.9", z -> z.entries.get(0).version = 99);
    refused("no text", z -> z.entries.get(0).name = "a\0.npy");
    refused(
        "'a.npy' in its directory is cut short",
        z -> z.entries.get(0).extra = new byte[] {1, 0, 9, 0});
    refused(
        "reach into the next member",
        z -> {
          z.entries.get(0).packed = Arrays.copyOf(z.entries.get(0).packed, 4000);
          z.entries.get(1).offset = 35L;
        });
  }

  private static void method(ZipBytes zip, int method) {
    zip.entries.get(0).method = method;
    zip.entries.get(0).localMethod = method;
  }

  @Test
  void sizesAreBelievedOnlyAsFarAsTheFileCanHoldThem() throws IOException {
    refused(":a is damaged: it promises 177 bytes and ends after 176", z -> size(z, 0, 177));
    refused(":a is truncated: its header promises 48 bytes of elements", z -> size(z, 0, 175));
    refused("cannot hold", z -> size(z, 0, 1_000_000_000));
    refused("cannot hold", z -> size(z, 1, 177));
    // A bomb: a header of 2 GB of zeros that deflate could hold, in a member that ends at once.
    byte[] bomb = npy(Tensor.zeros(DType.F64, 1));
    byte[] claim =
        new String(bomb, StandardCharsets.ISO_8859_1)
            .replace("(1,), }          ", "(250000000,), }  ")
            .getBytes(StandardCharsets.ISO_8859_1);
    ZipBytes zip = new ZipBytes();
    zip.add("a.npy", claim, true);
    assertTrue(refusal(file(zip)).contains("a is truncated"), "promised more than the member");
    // Forty thousand to one: real, and read.
    ZipBytes large = new ZipBytes();
    large.add("z.npy", npy(Tensor.zeros(DType.F64, 1 << 20)), true);
    try (Tensor zeros = Tensor.readNpz(file(large), "z")) {
      assertEquals(1 << 20, zeros.size());
    }
  }

  private static void size(ZipBytes zip, int member, long size) {
    zip.entries.get(member).size = size;
    zip.entries.get(member).localSize = size;
  }

  @Test
  void whatNumPyReadsIsRead() throws IOException {
    ZipBytes wide = new ZipBytes();
    wide.zip64 = true;
    wide.add("a.npy", six(), true);
    assertSix(file(wide));
    ZipBytes comment = new ZipBytes();
    comment.add("a.npy", six(), true);
    comment.comment = "PK\5\6 is no end here; it is a comment".getBytes(StandardCharsets.UTF_8);
    comment.comment[0] = 'Q';
    comment.behind = new byte[1000];
    assertSix(file(comment));
    ZipBytes folders = new ZipBytes();
    folders.add("d/", new byte[0], false);
    folders.add("d/a.npy", six(), true);
    folders.add("ä/", new byte[0], false).flags = 1 << 11;
    Path file = file(folders);
    Map<String, Tensor> all = Tensor.readNpz(file);
    assertEquals(List.of("d/a"), List.copyOf(all.keySet()));
    all.get("d/a").close();
    assertTrue(
        assertThrows(NpyFormatException.class, () -> Tensor.readNpz(file, "d/"))
            .getMessage()
            .contains("it has [d/a]"));
    ZipBytes bare = new ZipBytes();
    bare.add("a", Arrays.copyOf(six(), 500), false); // bytes behind the elements
    assertSix(file(bare));
    assertEquals(Map.of(), Tensor.readNpz(file(new ZipBytes())));
  }

  @Test
  void moreThanIsPromisedIsRefused() throws IOException {
    // The last 8 bytes are behind what the header promises, so that only the member is wrong.
    ZipBytes zip = new ZipBytes();
    zip.add("a.npy", Arrays.copyOf(six(), 184), true);
    size(zip, 0, 180);
    String message = refusal(file(zip));
    assertTrue(message.contains(":a is damaged: it promises 180 bytes and holds more"), message);
  }

  /** What the directory said is kept from one read to the next, as long as the file is the same. */
  @Test
  void arraysReadOneByOneAreThoseOfTheFileAsItIsNow() throws IOException {
    Path file = folder.resolve("kept.npz");
    for (int round = 0; round < 3; round++) {
      for (boolean settled : new boolean[] {false, true}) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        for (int i = 0; i < 20; i++) {
          // Names of one length in another order: as long as the file before.
          tensors.put("a" + (10 + (7 * round + i) % 20), Tensor.scalar(DType.F64, 100 * round + i));
        }
        Tensor.writeNpz(file, tensors);
        if (settled) {
          Files.setLastModifiedTime(file, FileTime.fromMillis(1_000_000 + round));
        }
        for (Map.Entry<String, Tensor> t : tensors.entrySet()) {
          try (Tensor read = Tensor.readNpz(file, t.getKey());
              Tensor suffixed = Tensor.readNpz(file, t.getKey() + ".npy")) {
            assertEquals(t.getValue().item(), read.item());
            assertEquals(t.getValue().item(), suffixed.item());
          }
          t.getValue().close();
        }
        assertThrows(NpyFormatException.class, () -> Tensor.readNpz(file, "a99"));
      }
    }
    ZipBytes twice = new ZipBytes();
    twice.add("a.npy", six(), true);
    twice.add("a.npy", six(), true);
    Path two = file(twice);
    Files.setLastModifiedTime(two, FileTime.fromMillis(1_000_000));
    for (int i = 0; i < 2; i++) {
      String message =
          assertThrows(NpyFormatException.class, () -> Tensor.readNpz(two, "a")).getMessage();
      assertTrue(message.endsWith("has the array 'a' twice"), message);
    }
  }

  @Test
  void aFolderOrDeviceIsNoArchive() throws IOException {
    assertTrue(refusal(folder).contains("directory"));
    if (Files.exists(Path.of("/dev/zero"))) {
      assertTrue(refusal(Path.of("/dev/zero")).contains("not a regular file"));
    }
  }

  @Test
  void whatCannotBeWrittenIsSaidBeforeAnythingIs() throws IOException {
    Path file = folder.resolve("out.npz");
    Tensor closed = Tensor.ones(DType.F32, 2);
    closed.close();
    try (Tensor a = Tensor.ones(DType.F32, 2)) {
      Map<String, Tensor> tensors = new LinkedHashMap<>();
      tensors.put("a", a);
      tensors.put("b", null);
      NullPointerException e =
          assertThrows(NullPointerException.class, () -> Tensor.writeNpz(file, tensors));
      assertTrue(e.getMessage().contains("'b'"), e.getMessage());
      Map<String, Tensor> nameless = new HashMap<>();
      nameless.put(null, a);
      assertThrows(NullPointerException.class, () -> Tensor.writeNpz(file, nameless));
      assertThrows(IllegalStateException.class, () -> Tensor.writeNpz(file, Map.of("c", closed)));
      for (String name : new String[] {"x".repeat(65532), "\ud800", "a\0b"}) {
        assertThrows(IllegalArgumentException.class, () -> Tensor.writeNpz(file, Map.of(name, a)));
      }
      String longest = "x".repeat(65531);
      Tensor.writeNpz(file, Map.of(longest, a));
      Tensor.readNpz(file, longest).close();
      Files.delete(file);
    }
    try (Stream<Path> left = Files.list(folder)) {
      assertEquals(List.of(), left.toList());
    }
  }
}
