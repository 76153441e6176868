// .npy and .npz of every type: byte for byte what NumPy writes, both byte orders, refusals by name.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class NpyTypesTest {
  /** What numpy.save writes of [1, 0]: its name of the type, and the bytes of the elements. */
  private static final Map<DType, String[]> SAVED = new EnumMap<>(DType.class);

  static {
    SAVED.put(DType.F32, new String[] {"<f4", "0000803f00000000"});
    SAVED.put(DType.F64, new String[] {"<f8", "000000000000f03f0000000000000000"});
    SAVED.put(DType.I32, new String[] {"<i4", "0100000000000000"});
    SAVED.put(DType.I64, new String[] {"<i8", "01000000000000000000000000000000"});
    SAVED.put(DType.BF16, new String[] {"<V2", "803f0000"});
    SAVED.put(DType.F16, new String[] {"<f2", "003c0000"});
    SAVED.put(DType.I8, new String[] {"|i1", "0100"});
    SAVED.put(DType.U8, new String[] {"|u1", "0100"});
    SAVED.put(DType.I16, new String[] {"<i2", "01000000"});
    SAVED.put(DType.BOOL, new String[] {"|b1", "0100"});
    SAVED.put(DType.C64, new String[] {"<c8", "0000803f000000000000000000000000"});
    SAVED.put(DType.C128, new String[] {"<c16", "000000000000f03f" + "0000000000000000".repeat(3)});
  }

  @TempDir Path folder;

  private static byte[] npy(String descr, String hex) {
    String header = "{'descr': '" + descr + "', 'fortran_order': False, 'shape': (2,), }";
    // Magic, version and length take 10 bytes; blanks and a line's end fill up to 128.
    String text = header + " ".repeat(117 - header.length()) + "\n";
    byte[] elements = HexFormat.of().parseHex(hex);
    ByteBuffer b = ByteBuffer.allocate(128 + elements.length).order(ByteOrder.LITTLE_ENDIAN);
    b.put(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0}).putShort((short) 118);
    return b.put(text.getBytes(StandardCharsets.US_ASCII)).put(elements).array();
  }

  private static Tensor read(byte[] bytes) throws IOException {
    return Tensor.readNpy(new ByteArrayInputStream(bytes));
  }

  private static Tensor oneZero(DType type) {
    Tensor t = Tensor.zeros(type, 2);
    t.set(1, 0);
    return t;
  }

  @ParameterizedTest
  @EnumSource
  void bytesAreNumPys(DType type) throws IOException {
    String[] saved = SAVED.get(type);
    byte[] bytes = npy(saved[0], saved[1]);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (Tensor t = oneZero(type);
        Tensor back = read(bytes)) {
      t.writeNpy(out);
      assertArrayEquals(bytes, out.toByteArray());
      assertEquals(type, back.dtype());
      assertEquals(1, back.getReal(0));
      assertEquals(0, back.getReal(1));
    }
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "BF16")
  void theOtherByteOrder(DType type) throws IOException {
    String[] saved = SAVED.get(type);
    byte[] elements = HexFormat.of().parseHex(saved[1]);
    int width = type.partType().bytes();
    byte[] turned = new byte[elements.length];
    for (int i = 0; i < turned.length; i++) {
      turned[i] = elements[i - i % width + width - 1 - i % width];
    }
    String descr = ">" + type.numpyName();
    try (Tensor back = read(npy(descr, HexFormat.of().formatHex(turned)))) {
      assertEquals(type, back.dtype());
      assertEquals(1, back.getReal(0));
      assertEquals(0, back.getImag(0));
      assertEquals(0, back.getReal(1));
    }
  }

  @Test
  void namesThatNumPyReadsToo() throws IOException {
    try (Tensor bf16 = read(npy("|V2", "803f0000"));
        Tensor bool = read(npy("|b1", "0200"));
        Tensor u8 = read(npy("<u1", "ff00"))) {
      assertEquals(DType.BF16, bf16.dtype());
      assertEquals(1, bf16.get(0));
      assertArrayEquals(new boolean[] {true, false}, bool.toBooleanArray());
      assertEquals(255, u8.get(0));
    }
  }

  @Test
  void otherTypesAreRefusedByName() {
    String[] others = {
      "<u2", "<u4", "<u8", "<f16", "<c32", "|V4", ">V2", "|V1", "|S3", "<U3", "|O", "<M8[ns]", "f4",
      "<f", "", "<i16", "|b2", "<F4"
    };
    for (String descr : others) {
      NpyFormatException e =
          assertThrows(
              NpyFormatException.class, () -> read(npy(descr, "00".repeat(64))).close(), descr);
      assertTrue(e.getMessage().contains("'" + descr + "'"), e.getMessage());
      assertTrue(e.getMessage().contains("BF16 ('<V2')"), e.getMessage());
    }
  }

  @Test
  void archivesHoldAllTypes() throws IOException {
    Path file = folder.resolve("all.npz");
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    for (DType type : DType.values()) {
      tensors.put(type.name(), oneZero(type));
    }
    Tensor.writeNpz(file, tensors);
    Map<String, Tensor> back = Tensor.readNpz(file);
    assertEquals(tensors.keySet(), back.keySet());
    back.forEach(
        (name, t) -> {
          assertEquals(DType.valueOf(name), t.dtype());
          assertEquals(ElementModel.bytes(tensors.get(name)), ElementModel.bytes(t), name);
        });
    tensors.values().forEach(Tensor::close);
    back.values().forEach(Tensor::close);
  }
}
