// .npy headers: what NumPy's own reader takes and refuses; long ones cost time in proportion.
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
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class NpyHeaderTest {
  private static byte[] npy(int version, int minor, String header, int payload) {
    byte[] text = header.getBytes(StandardCharsets.ISO_8859_1);
    byte[] all = new byte[12 + text.length + payload];
    ByteBuffer b = ByteBuffer.wrap(all).order(ByteOrder.LITTLE_ENDIAN);
    b.put((byte) 0x93).put("NUMPY".getBytes(StandardCharsets.ISO_8859_1));
    b.put((byte) version).put((byte) minor);
    if (version == 1) {
      b.putShort((short) text.length);
    } else {
      b.putInt(text.length);
    }
    b.put(text);
    return Arrays.copyOf(all, b.position() + payload);
  }

  private static Tensor read(String header) throws IOException {
    return Tensor.readNpy(new ByteArrayInputStream(npy(2, 0, header, 64)));
  }

  private static String shape(String tuple) {
    return "{'descr': '<f4', 'fortran_order': False, 'shape': " + tuple + "}";
  }

  @Test
  void whatNumPyTakes() throws IOException {
    long[][] shapes = {{}, {2}, {2, 3}, {2, 3}, {2, 3}, {0, 3}};
    String[] tuples = {"()", "(2,)", "(2, 3)", "( 2 ,\t3 , )", "(2L, 3L)", "(0, 3)"};
    for (int i = 0; i < tuples.length; i++) {
      try (Tensor t = read(shape(tuples[i]))) {
        assertArrayEquals(shapes[i], t.shape(), tuples[i]);
      }
    }
    try (Tensor t = read("{ 'shape':(4,),\n\"fortran_order\":\fTrue,'descr':\"=f8\" , } \n")) {
      assertEquals(DType.F64, t.dtype());
    }
  }

  @Test
  void whatNumPyRefuses() {
    for (String tuple :
        new String[] {
          "(2)", "(,)", "(2 3)", "(2,,3)", "(02,)", "(-2,)", "(2.0,)", "[2]", "2", "(2,", "(2,)x",
          "(2,L)", "((2,),)", "'(2,)'", "(", ")", "(2,)}{"
        }) {
      NpyFormatException e =
          assertThrows(NpyFormatException.class, () -> read(shape(tuple)).close(), tuple);
      assertTrue(e.getMessage().contains("malformed"), e.getMessage());
    }
    for (String header :
        new String[] {
          "",
          "{",
          "}",
          "{}",
          "{'descr': '<f4', 'fortran_order': False}",
          "{'descr': '<f4', 'fortran_order': 0, 'shape': ()}",
          "{'descr': '<f4', 'fortran_order': False, 'shape': (), 'more': 1}",
          "{'descr': '<f4' 'fortran_order': False, 'shape': ()}",
          "{'descr': '<f4, 'fortran_order': False, 'shape': ()}",
          "{'descr\": '<f4', 'fortran_order': False, 'shape': ()}",
          "{'descr': f4, 'fortran_order': False, 'shape': ()}",
          "x{'descr': '<f4', 'fortran_order': False, 'shape': ()}",
          "{'descr': '<f4', 'fortran_order': False, 'shape': ()} \0",
          "{'descr': '<f4', 'fortran_order': False, 'shape': ()} x"
        }) {
      assertThrows(NpyFormatException.class, () -> read(header).close(), header);
    }
    byte[] minor = npy(1, 1, shape("()"), 64);
    assertThrows(
        NpyFormatException.class, () -> Tensor.readNpy(new ByteArrayInputStream(minor)).close());
    // No elements, but lengths beside the 0 that make no sense.
    for (String absurd : new String[] {"(0, 4611686018427387904)", "(9223372036854775808, 0)"}) {
      NpyFormatException e =
          assertThrows(NpyFormatException.class, () -> read(shape(absurd)).close());
      assertTrue(e.getMessage().contains("absurd"), e.getMessage());
    }
  }

  @Test
  void manyAxesAreReadAndWritten() throws IOException {
    for (int rank : new int[] {65, 3000, 30_000}) {
      long[] ones = new long[rank];
      Arrays.fill(ones, 1);
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      try (Tensor t = Tensor.full(DType.F32, 7, ones)) {
        t.writeNpy(out);
      }
      byte[] bytes = out.toByteArray();
      assertEquals(rank < 30_000 ? 1 : 2, bytes[6], "version of the header");
      try (Tensor back = Tensor.readNpy(new ByteArrayInputStream(bytes))) {
        assertEquals(rank, back.rank());
        assertEquals(7, back.item());
      }
    }
  }

  @Test
  void longHeadersAreRefusedAtOnceAndShownInShort() {
    String digits = "(" + "9, ".repeat(300_000) + ")";
    NpyFormatException e =
        assertThrows(NpyFormatException.class, () -> read(shape(digits)).close());
    assertTrue(e.getMessage().contains("absurd"), e.getMessage());
    assertTrue(e.getMessage().length() < 400, "shown in short");
    for (String filler : new String[] {" ", "(", "'", "{", "'a'", "\\", "1", ",", "L"}) {
      String header = "{" + filler.repeat(300_000 / filler.length());
      NpyFormatException f = assertThrows(NpyFormatException.class, () -> read(header).close());
      assertTrue(f.getMessage().length() < 400, "shown in short");
    }
    byte[] claim = npy(2, 0, shape("()"), 64);
    ByteBuffer.wrap(claim).order(ByteOrder.LITTLE_ENDIAN).putInt(8, Integer.MAX_VALUE);
    NpyFormatException g =
        assertThrows(
            NpyFormatException.class,
            () -> Tensor.readNpy(new ByteArrayInputStream(claim)).close());
    assertTrue(g.getMessage().contains("2147483647"), g.getMessage());
  }
}
