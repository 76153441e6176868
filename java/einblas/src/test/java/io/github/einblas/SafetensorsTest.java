// .safetensors: every type that is read, and files that lie, each refused with what is wrong.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsTest {
  private static final DType[] TYPES = {
    DType.BOOL,
    DType.U8,
    DType.I8,
    DType.I16,
    DType.I32,
    DType.I64,
    DType.F16,
    DType.BF16,
    DType.F32,
    DType.F64,
    DType.C64
  };

  @TempDir Path folder;

  private static byte[] bytes(String header, int elements) {
    byte[] text = header.getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(8 + text.length + elements)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(text.length)
        .put(text)
        .array();
  }

  private Path file(byte[] bytes) throws IOException {
    return Files.write(folder.resolve("w.safetensors"), bytes);
  }

  private static String tensor(String name, String type, String shape, long from, long to) {
    return String.format(
        "\"%s\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":[%d,%d]}",
        name, type, shape, from, to);
  }

  private static void close(Map<String, Tensor> tensors) {
    tensors.values().forEach(Tensor::close);
  }

  @Test
  void everyTypeInTheOrderOfTheHeader() throws IOException {
    List<String> entries = new ArrayList<>();
    ByteArrayOutputStream elements = new ByteArrayOutputStream();
    for (DType type : TYPES) {
      try (Tensor t = Tensor.ones(type, 2, 3)) {
        byte[] raw = new byte[(int) t.nbytes()];
        ElementModel.bytes(t).get(raw);
        int from = elements.size();
        elements.writeBytes(raw);
        entries.add(0, tensor("t." + type, type.name(), "[2,3]", from, elements.size()));
      }
    }
    entries.add(tensor("none", "F32", "[0,7]", elements.size(), elements.size()));
    entries.add("\"__metadata__\":{\"format\":\"pt\"}");
    byte[] head = bytes("{" + String.join(",", entries) + "}   ", 0);
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    all.writeBytes(head);
    all.writeBytes(elements.toByteArray());
    Path file = file(all.toByteArray());
    Map<String, Tensor> read = Safetensors.read(file);
    List<String> names = new ArrayList<>(read.keySet());
    assertEquals("t.C64", names.get(0));
    assertEquals("none", names.get(TYPES.length));
    for (DType type : TYPES) {
      Tensor t = read.get("t." + type);
      assertEquals(type, t.dtype());
      assertArrayEquals(new long[] {2, 3}, t.shape());
      assertEquals(1, t.getReal(1, 2));
      assertEquals(0, t.getImag(1, 2));
    }
    assertArrayEquals(new long[] {0, 7}, read.get("none").shape());
    close(read);
    try (Tensor one = Safetensors.read(file, "t.BF16")) {
      assertArrayEquals(new float[] {1, 1, 1, 1, 1, 1}, one.toFloatArray());
    }
    NpyFormatException e =
        assertThrows(NpyFormatException.class, () -> Safetensors.read(file, "t.C128").close());
    assertTrue(e.getMessage().contains("t.C64"), e.getMessage());
  }

  @Test
  void scalarsAndNoTensors() throws IOException {
    Path file = file(bytes("{" + tensor("s", "I64", "[]", 0, 8) + "}", 8));
    try (Tensor s = Safetensors.read(file, "s")) {
      assertEquals(0, s.rank());
      assertEquals(0, s.item());
    }
    assertEquals(Map.of(), Safetensors.read(file(bytes("{}", 0))));
  }

  /** The file is refused, its name and the reason said, and no memory is left. */
  private void refused(String reason, byte[] bytes) throws IOException {
    Path file = file(bytes);
    long before = Einblas.nativeBytesInUse();
    NpyFormatException e =
        assertThrows(NpyFormatException.class, () -> close(Safetensors.read(file)), reason);
    assertTrue(e.getMessage().startsWith(file.toString()), e.getMessage());
    assertTrue(e.getMessage().contains(reason), e.getMessage());
    assertTrue(e.getMessage().length() < 3000, e.getMessage());
    assertTrue(Einblas.nativeBytesInUse() <= before, reason);
  }

  private void refused(String reason, String header, int elements) throws IOException {
    refused(reason, bytes(header, elements));
  }

  @Test
  void filesThatLieAreRefused() throws IOException {
    String a = tensor("a", "F32", "[2]", 0, 8);
    refused("shorter than the 8 bytes", new byte[7]);
    refused("claims a header", new byte[] {99, 0, 0, 0, 0, 0, 0, 0, '{', '}'});
    refused("18446744073709551615", new byte[] {-1, -1, -1, -1, -1, -1, -1, -1, '{', '}'});
    refused("does not begin with {", "", 0);
    refused("does not begin with {", " {}", 0);
    refused("not UTF-8", new byte[] {3, 0, 0, 0, 0, 0, 0, 0, '{', (byte) 0xff, '}'});
    refused("no JSON", "{\"a\":", 0);
    refused("no JSON", "{}{}", 0);
    refused("stands twice", "{" + a + "," + a + "}", 8);
    refused("must be an object", "{\"a\":[1]}", 0);
    refused("must be an object", "{\"__metadata__\":7}", 0);
    refused("\"dtype\" is missing", "{\"a\":{\"shape\":[],\"data_offsets\":[0,4]}}", 4);
    refused("\"shape\" is missing", "{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 4);
    refused("must be a text", "{\"a\":{\"dtype\":4,\"shape\":[],\"data_offsets\":[0,4]}}", 4);
    refused("must be a whole number", "{" + tensor("a", "F32", "[-2]", 0, 8) + "}", 8);
    refused("must be a whole number", "{" + tensor("a", "F32", "[2.0]", 0, 8) + "}", 8);
    refused("must be an array", "{" + tensor("a", "F32", "2", 0, 8) + "}", 8);
    refused("a begin and an end", "{" + tensor("a", "F32", "[2]", 8, 0) + "}", 8);
    refused(
        "a begin and an end",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4,8]}}",
        8);
    refused("takes 12 bytes", "{" + tensor("a", "F32", "[3]", 0, 8) + "}", 8);
    refused("takes 4 bytes", "{" + tensor("a", "F16", "[2]", 0, 8) + "}", 8);
    refused("2^63", "{" + tensor("a", "F32", "[4611686018427387904,4]", 0, 8) + "}", 8);
    refused("ends behind", "{" + a + "}", 7);
    refused("something appended", "{" + a + "}", 9);
    refused("overlaps", "{" + a + "," + tensor("b", "F32", "[2]", 4, 12) + "}", 12);
    refused("overlaps", "{" + a + "," + tensor("b", "F32", "[2]", 0, 8) + "}", 8);
    refused("gap", "{" + a + "," + tensor("b", "F32", "[1]", 12, 16) + "}", 16);
    refused("gap", "{" + tensor("b", "F32", "[1]", 4, 8) + "}", 8);
    refused("something appended", "{}", 4);
    refused("16 levels", "{\"a\":" + "[".repeat(100_000) + "}", 0);
    for (String type :
        new String[] {"F8_E4M3", "F8_E5M2", "U16", "U32", "U64", "C128", "f32", ""}) {
      refused("'" + type + "'", "{" + tensor("a", type, "[8]", 0, 8) + "}", 8);
    }
  }

  @Test
  void oneTensorBesideTypesThatWeLack() throws IOException {
    String header =
        "{" + tensor("a", "F8_E4M3", "[8]", 0, 8) + "," + tensor("b", "U8", "[1]", 8, 9) + "}";
    try (Tensor b = Safetensors.read(file(bytes(header, 9)), "b")) {
      assertEquals(DType.U8, b.dtype());
    }
    refused(":a has elements of type 'F8_E4M3'", header, 9);
  }

  @Test
  void whatIsNoFile() {
    assertThrows(NoSuchFileException.class, () -> Safetensors.read(folder.resolve("no")));
    assertThrows(NpyFormatException.class, () -> Safetensors.read(folder));
  }

  @Test
  void damagedFilesAreReadOrRefused() throws IOException {
    String header =
        "{" + tensor("a", "BF16", "[2,2]", 0, 8) + "," + tensor("b", "C64", "[3]", 8, 32) + "}";
    byte[] good = bytes(header, 32);
    long before = Einblas.nativeBytesInUse();
    int readable = 0;
    for (long seed = 0; seed < 3000; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      byte[] bad = good.clone();
      for (int i = random.nextInt(3); i >= 0; i--) {
        bad[random.nextInt(bad.length)] ^= (byte) (1 << random.nextInt(8));
      }
      Path file = file(bad);
      try {
        close(Safetensors.read(file));
        readable++;
      } catch (NpyFormatException e) {
        assertTrue(e.getMessage().startsWith(file.toString()), "seed " + seed + ": " + e);
      }
    }
    assertTrue(readable > 0 && readable < 3000, readable + " were read");
    assertTrue(Einblas.nativeBytesInUse() <= before, "native memory stays");
  }

  // ---- written

  private byte[] written(Map<String, Tensor> tensors) throws IOException {
    Path file = folder.resolve("out.safetensors");
    Safetensors.write(file, tensors, WriteOption.SYNC);
    close(tensors);
    return Files.readAllBytes(file);
  }

  /** Made by hand: larger types first, the header filled up to a multiple of 8. */
  @Test
  void aWrittenFileByteForByte() throws IOException {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    tensors.put("b", Tensor.of(new byte[] {1, -2, 3}, 3));
    tensors.put("w", Tensor.of(new float[] {1, 2}, 1, 2));
    String header =
        "{" + tensor("w", "F32", "[1,2]", 0, 8) + "," + tensor("b", "I8", "[3]", 8, 11) + "}";
    byte[] expected = bytes(header + " ".repeat((8 - header.length() % 8) % 8), 11);
    ByteBuffer elements = ByteBuffer.wrap(expected).order(ByteOrder.LITTLE_ENDIAN);
    elements.position(expected.length - 11);
    elements.putFloat(1).putFloat(2).put(new byte[] {1, -2, 3});
    assertArrayEquals(expected, written(tensors));
  }

  @Test
  void everyTypeIsWrittenAndReadBack() throws IOException {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    for (DType type : TYPES) {
      tensors.put("a \"" + type + "\" \u00e9", Tensor.ones(type, 2, 3));
    }
    tensors.put("none", Tensor.zeros(DType.F32, 0, 7));
    tensors.put("s", Tensor.scalar(DType.F64, 2.5));
    Tensor turned = Tensor.of(new double[] {1, 2, 3, 4, 5, 6}, 2, 3);
    tensors.put("turned", turned.transpose());
    Path file = folder.resolve("out.safetensors");
    Safetensors.write(file, tensors);
    turned.close();
    Map<String, Tensor> read = Safetensors.read(file);
    assertEquals(tensors.keySet(), read.keySet());
    for (DType type : TYPES) {
      Tensor t = read.get("a \"" + type + "\" \u00e9");
      assertEquals(type, t.dtype());
      assertEquals(1, t.getReal(1, 2));
    }
    assertEquals(2.5, read.get("s").item());
    assertArrayEquals(new double[] {1, 4, 2, 5, 3, 6}, read.get("turned").toDoubleArray());
    close(read);
    close(tensors);
    assertEquals("{}      ", new String(written(Map.of()), 8, 8, StandardCharsets.UTF_8));
  }

  @Test
  void whatCannotBeWrittenLeavesTheFile() throws IOException {
    Path file = Files.writeString(folder.resolve("kept.safetensors"), "kept");
    Tensor closed = Tensor.ones(DType.F32, 1);
    closed.close();
    try (Tensor c = Tensor.ones(DType.C128, 1);
        Tensor f = Tensor.ones(DType.F32, 1)) {
      assertTrue(refused(file, "x", c).getMessage().contains("C128"));
      assertTrue(refused(file, "__metadata__", f).getMessage().contains("__metadata__"));
      assertTrue(refused(file, "\ud800", f).getMessage().contains("named"));
      assertThrows(IllegalStateException.class, () -> Safetensors.write(file, Map.of("x", closed)));
    }
    assertEquals("kept", Files.readString(file));
    try (var files = Files.list(folder)) {
      assertEquals(1, files.count());
    }
  }

  private static IllegalArgumentException refused(Path file, String name, Tensor t) {
    return assertThrows(
        IllegalArgumentException.class, () -> Safetensors.write(file, Map.of(name, t)));
  }
}
