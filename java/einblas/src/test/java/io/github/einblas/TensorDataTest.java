// Tensors through DataInput and DataOutput: every type and layout, several in a row, truncated
// input, serialisers.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInput;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.Externalizable;
import java.io.IOException;
import java.io.ObjectInput;
import java.io.ObjectInputStream;
import java.io.ObjectOutput;
import java.io.ObjectOutputStream;
import java.lang.reflect.Proxy;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TensorDataTest {
  /** A block as a cluster's serialiser sees it. */
  public static final class Block implements Externalizable {
    private static final long serialVersionUID = 1;
    transient Tensor tensor;

    /** For deserialisation. */
    public Block() {}

    Block(Tensor tensor) {
      this.tensor = tensor;
    }

    @Override
    public void writeExternal(ObjectOutput out) throws IOException {
      tensor.writeTo(out);
    }

    @Override
    public void readExternal(ObjectInput in) throws IOException {
      tensor = Tensor.readFrom(in);
    }
  }

  /** A DataInput that is no InputStream, as those of files and of Kryo's bridges. */
  private static DataInput bare(byte[] bytes) {
    DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes));
    return (DataInput)
        Proxy.newProxyInstance(
            DataInput.class.getClassLoader(),
            new Class<?>[] {DataInput.class},
            (proxy, method, arguments) -> {
              try {
                return method.invoke(in, arguments);
              } catch (java.lang.reflect.InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  private static byte[] written(Tensor... tensors) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(bytes);
    for (Tensor t : tensors) {
      t.writeTo(out);
    }
    out.writeInt(42);
    return bytes.toByteArray();
  }

  @ParameterizedTest
  @EnumSource(DType.class)
  void everyTypeComesBackWithItsBits(DType type) throws IOException {
    try (Tensor numbers = Tensor.of(new float[] {0, 1, 1, 0, 1, 1}, 2, 3);
        Tensor t = numbers.to(type);
        Tensor turned = t.transpose();
        Tensor scalar = t.slice(0, 1, 2).slice(1, 2, 3);
        Tensor empty = Tensor.zeros(type, 0, 4)) {
      byte[] bytes = written(t, turned, scalar, empty);
      for (DataInput in :
          Arrays.asList(new DataInputStream(new ByteArrayInputStream(bytes)), bare(bytes))) {
        for (Tensor want : Arrays.asList(t, turned, scalar, empty)) {
          try (Tensor got = Tensor.readFrom(in)) {
            assertEquals(type, got.dtype());
            assertArrayEquals(want.shape(), got.shape());
            assertArrayEquals(written(want), written(got));
            assertEquals(want.toString(), got.toString());
          }
        }
        assertEquals(42, in.readInt());
      }
    }
  }

  @Test
  void blocksGoThroughJavaSerialisation() throws IOException, ClassNotFoundException {
    double[] values = new double[100_003];
    Arrays.setAll(values, i -> Math.sin(i));
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (Tensor t = Tensor.of(values, values.length);
        ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(new Block(t));
      out.writeObject("behind");
    }
    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      Block block = (Block) in.readObject();
      try (Tensor got = block.tensor) {
        assertArrayEquals(values, got.toDoubleArray());
      }
      assertEquals("behind", in.readObject());
    }
  }

  @Test
  void inputThatEndsEarlyIsRefused() throws IOException {
    byte[] bytes;
    try (Tensor t = Tensor.of(new double[] {1, 2, 3}, 3)) {
      bytes = written(t);
    }
    for (int length : new int[] {0, 3, 9, 40, bytes.length - 12}) {
      byte[] part = Arrays.copyOf(bytes, length);
      for (DataInput in :
          Arrays.asList(new DataInputStream(new ByteArrayInputStream(part)), bare(part))) {
        NpyFormatException e =
            assertThrows(NpyFormatException.class, () -> Tensor.readFrom(in).close());
        assertTrue(e.getMessage().startsWith("input "), e.getMessage());
      }
    }
    assertThrows(NullPointerException.class, () -> Tensor.readFrom(null));
    try (Tensor t = Tensor.of(new double[] {1}, 1)) {
      assertThrows(NullPointerException.class, () -> t.writeTo(null));
    }
  }
}
