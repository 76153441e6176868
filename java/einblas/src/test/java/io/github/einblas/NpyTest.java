// .npy and .npz: every form that is read, what is written, and files that lie. Bytes are made by
// hand, not by our writer.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NpyTest {
  @TempDir Path folder;

  private static byte[] npy(int version, String header, byte[] payload) {
    byte[] text = (header + "\n").getBytes(StandardCharsets.ISO_8859_1);
    ByteBuffer b =
        ByteBuffer.allocate(12 + text.length + payload.length).order(ByteOrder.LITTLE_ENDIAN);
    b.put((byte) 0x93)
        .put("NUMPY".getBytes(StandardCharsets.ISO_8859_1))
        .put((byte) version)
        .put((byte) 0);
    if (version == 1) {
      b.putShort((short) text.length);
    } else {
      b.putInt(text.length);
    }
    b.put(text).put(payload);
    byte[] all = new byte[b.position()];
    b.flip().get(all);
    return all;
  }

  private static String header(String descr, boolean fortran, String shape) {
    return "{'descr': '"
        + descr
        + "', 'fortran_order': "
        + (fortran ? "True" : "False")
        + ", 'shape': "
        + shape
        + ", }";
  }

  private static byte[] floats(ByteOrder order, float... values) {
    ByteBuffer b = ByteBuffer.allocate(4 * values.length).order(order);
    for (float v : values) {
      b.putFloat(v);
    }
    return b.array();
  }

  private static byte[] doubles(ByteOrder order, double... values) {
    ByteBuffer b = ByteBuffer.allocate(8 * values.length).order(order);
    for (double v : values) {
      b.putDouble(v);
    }
    return b.array();
  }

  private Path file(byte[] bytes) throws IOException {
    return Files.write(Files.createTempFile(folder, "in", ".npy"), bytes);
  }

  @Test
  void readsBothOrdersBothEndsAllVersions() throws IOException {
    float[] want = {1, 2, 3, 4, 5, 6};
    for (int version = 1; version <= 3; version++) {
      byte[] little =
          npy(version, header("<f4", false, "(2, 3)"), floats(ByteOrder.LITTLE_ENDIAN, want));
      try (Tensor t = Tensor.readNpy(file(little))) {
        assertArrayEquals(new long[] {2, 3}, t.shape());
        assertArrayEquals(want, t.toFloatArray());
      }
    }
    byte[] big = npy(1, header(">f8", false, "(3,)"), doubles(ByteOrder.BIG_ENDIAN, 1, -2, 1e300));
    try (Tensor t = Tensor.readNpy(new ByteArrayInputStream(big))) {
      assertArrayEquals(new double[] {1, -2, 1e300}, t.toDoubleArray());
    }
    byte[] fortran =
        npy(1, header("<f4", true, "(2, 3)"), floats(ByteOrder.LITTLE_ENDIAN, 1, 4, 2, 5, 3, 6));
    try (Tensor t = Tensor.readNpy(file(fortran))) {
      assertArrayEquals(new long[] {1, 2}, t.strides(), "Fortran order is read without a copy");
      assertArrayEquals(want, t.toFloatArray());
    }
    byte[] odd =
        npy(
            2,
            "{\"shape\":(),'fortran_order':False , \"descr\" : \"<f8\"}",
            doubles(ByteOrder.LITTLE_ENDIAN, 7));
    try (Tensor t = Tensor.readNpy(file(odd))) {
      assertEquals(0, t.rank());
      assertEquals(7, t.item());
    }
    try (Tensor t = Tensor.readNpy(file(npy(1, header("<f4", false, "(3, 0, 2)"), new byte[0])))) {
      assertArrayEquals(new long[] {3, 0, 2}, t.shape());
    }
  }

  @Test
  void refusesFilesThatLieBeforeItAllocates() throws IOException {
    long before = Einblas.nativeBytesInUse();
    byte[] twelve = floats(ByteOrder.LITTLE_ENDIAN, 1, 2, 3);
    Map<String, byte[]> bad = new LinkedHashMap<>();
    bad.put("16 bytes of elements, it has 12", npy(1, header("<f4", false, "(4,)"), twelve));
    bad.put("does not begin", "hello, this is no array".getBytes(StandardCharsets.UTF_8));
    bad.put("ends inside", new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, 100, 0, '{'});
    bad.put("version", npy(9, header("<f4", false, "(3,)"), twelve));
    bad.put("<u4", npy(1, header("<u4", false, "(3,)"), twelve));
    bad.put(
        "structured",
        npy(1, "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (3,), }", twelve));
    bad.put("malformed", npy(1, "{'descr': '<f4', 'shape': (3,), }", twelve));
    bad.put("malformed ", npy(1, header("<f4", false, "(3"), twelve));
    bad.put("malformed  ", npy(1, header("<f4", false, "(-3,)"), twelve));
    bad.put("absurd", npy(1, header("<f4", false, "(4611686018427387904, 4)"), twelve));
    bad.put("absurd ", npy(1, header("<f4", false, "(99999999999999999999,)"), twelve));
    bad.put("promises", npy(1, header("<f8", false, "(1000000000000,)"), twelve));
    byte[] endless = npy(2, header("<f4", false, "(3,)"), twelve);
    endless[11] = 0x7f;
    bad.put("header of", endless);
    for (Map.Entry<String, byte[]> entry : bad.entrySet()) {
      Path path = file(entry.getValue());
      IOException e =
          assertThrows(NpyFormatException.class, () -> Tensor.readNpy(path), entry.getKey());
      assertTrue(e.getMessage().contains(entry.getKey().strip()), e.getMessage());
      assertTrue(e.getMessage().contains(path.toString()), e.getMessage());
    }
    byte[] huge = npy(1, header("<f8", false, "(1000000000000,)"), twelve);
    assertThrows(NativeMemoryException.class, () -> Tensor.readNpy(new ByteArrayInputStream(huge)));
    byte[] brief = npy(1, header("<f8", false, "(1000,)"), twelve);
    assertThrows(NpyFormatException.class, () -> Tensor.readNpy(new ByteArrayInputStream(brief)));
    assertThrows(NoSuchFileException.class, () -> Tensor.readNpy(folder.resolve("none.npy")));
    assertThrows(NpyFormatException.class, () -> Tensor.readNpy(folder));
    // Not equal: the Cleaner may free what earlier tests left.
    assertTrue(Einblas.nativeBytesInUse() <= before, "native memory leaked");
  }

  @Test
  void writesWhatNumPyReads() throws IOException {
    Path path = folder.resolve("out.npy");
    try (Tensor t = Tensor.of(new float[] {1, 2, 3, 4, 5, 6}, 2, 3)) {
      t.writeNpy(path);
      byte[] bytes = Files.readAllBytes(path);
      assertEquals(128 + 24, bytes.length, "header padded to a multiple of 64");
      String text = new String(bytes, 10, 118, StandardCharsets.ISO_8859_1);
      assertEquals("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", text.strip());
      assertTrue(text.endsWith("\n"));
      t.slice(1, -1, Long.MIN_VALUE, -2).writeNpy(path);
      try (Tensor back = Tensor.readNpy(path)) {
        assertArrayEquals(new float[] {3, 1, 6, 4}, back.toFloatArray());
      }
      t.transpose().writeNpy(path);
      try (Tensor back = Tensor.readNpy(path)) {
        assertArrayEquals(new float[] {1, 4, 2, 5, 3, 6}, back.toFloatArray());
      }
      assertThrows(IOException.class, () -> t.writeNpy(folder.resolve("no/such/folder.npy")));
      assertThrows(IOException.class, () -> t.writeNpy(folder));
    }
    try (Stream<Path> left = Files.list(folder)) {
      assertEquals(List.of(path), left.toList(), "no temporary file stays");
    }
  }

  @Test
  void archivesByNameAndWhole() throws IOException {
    Path path = folder.resolve("all.npz");
    try (Tensor a = Tensor.of(new float[] {1, 2});
        Tensor b = Tensor.of(new double[] {3}, 1, 1)) {
      Map<String, Tensor> both = new LinkedHashMap<>();
      both.put("a", a);
      both.put("b", b);
      Tensor.writeNpz(path, both);
    }
    try (Tensor b = Tensor.readNpz(path, "b");
        Tensor same = Tensor.readNpz(path, "b.npy")) {
      assertEquals(3, b.get(0, 0));
      assertEquals(3, same.get(0, 0));
    }
    Map<String, Tensor> all = Tensor.readNpz(path);
    assertEquals(List.of("a", "b"), List.copyOf(all.keySet()));
    all.values().forEach(Tensor::close);
    IOException e = assertThrows(NpyFormatException.class, () -> Tensor.readNpz(path, "c"));
    assertTrue(e.getMessage().contains("[a, b]"), e.getMessage());
    Path deflated = folder.resolve("deflated.npz");
    try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(deflated))) {
      zip.putNextEntry(new ZipEntry("x.npy"));
      zip.write(npy(1, header("<f4", false, "(2,)"), floats(ByteOrder.LITTLE_ENDIAN, 5, 6)));
    }
    try (Tensor x = Tensor.readNpz(deflated, "x")) {
      assertArrayEquals(new float[] {5, 6}, x.toFloatArray());
    }
    Path text = Files.writeString(folder.resolve("text.npz"), "no archive");
    assertThrows(NpyFormatException.class, () -> Tensor.readNpz(text, "x"));
  }

  @Test
  void aFileLargerThanOneBufferIsStreamed() throws IOException {
    // 300 MB in pieces of 256 MB; written through a stream whose reader never holds it whole.
    long n = 75_000_000;
    Path path = folder.resolve("large.npy");
    try (Tensor t = Tensor.zeros(DType.F32, n)) {
      t.set(42, n - 1);
      t.writeNpy(path);
    }
    try (InputStream in = Files.newInputStream(path);
        Tensor t = Tensor.readNpy(in)) {
      assertEquals(42, t.get(n - 1));
      assertEquals(0, t.get(n - 2));
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (Tensor t = Tensor.of(new double[] {1})) {
      t.writeNpy(out);
    }
    try (Tensor t = Tensor.readNpy(new ByteArrayInputStream(out.toByteArray()))) {
      assertEquals(1, t.item());
    }
  }
}
