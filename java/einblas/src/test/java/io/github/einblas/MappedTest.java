// Files in memory: .npy and .safetensors that are read and written without a copy.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.reference.ChildJvm;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel.MapMode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class MappedTest {
  @TempDir Path folder;

  private Path npy(Tensor t) throws IOException {
    Path file = folder.resolve("x.npy");
    try (t) {
      t.writeNpy(file);
    }
    return file;
  }

  @Test
  void everyTypeAndOrderIsReadInPlace() throws IOException {
    for (DType type : DType.values()) {
      double value = type.isBool() ? 1 : 3;
      for (boolean fortran : new boolean[] {false, true}) {
        Tensor made = Tensor.full(type, value, 3, 4, 5);
        Path file = npy(fortran ? made.transpose().owning() : made);
        try (Tensor mapped = Tensor.map(file);
            Tensor read = Tensor.readNpy(file)) {
          assertTrue(mapped.isReadOnly());
          assertTrue(mapped.isOwner());
          assertEquals(type, mapped.dtype());
          assertArrayEquals(read.shape(), mapped.shape());
          assertArrayEquals(read.strides(), mapped.strides());
          assertEquals(value, mapped.getReal(2, 1, 2));
          assertThrows(IllegalArgumentException.class, () -> mapped.set(1, 0, 0, 0));
        }
      }
    }
    Path scalar = npy(Tensor.scalar(DType.F64, 7));
    try (Tensor mapped = Tensor.map(scalar)) {
      assertEquals(0, mapped.rank());
      assertEquals(7, mapped.item());
    }
    Path empty = npy(Tensor.zeros(DType.F32, 0, 3));
    try (Tensor mapped = Tensor.map(empty)) {
      assertEquals(0, mapped.size());
      assertEquals(0, mapped.toFloatArray().length);
    }
  }

  @Test
  void changesReachTheFileOrDoNot() throws IOException {
    Path file = npy(Tensor.zeros(DType.F32, 2, 3));
    try (Tensor own = Tensor.map(file, MapMode.PRIVATE)) {
      own.fill(5);
      assertEquals(5, own.get(1, 1));
    }
    try (Tensor t = Tensor.map(file, MapMode.READ_WRITE);
        Tensor a = Tensor.ones(DType.F32, 2, 4);
        Tensor b = Tensor.ones(DType.F32, 4, 3)) {
      assertFalse(t.isReadOnly());
      assertEquals(0, t.get(1, 1));
      Einsum.plan("ij,jk->ik", a, b).runInto(t, a, b);
      t.set(-1, 0, 2);
      try (Tensor read = Tensor.readNpy(file)) {
        assertArrayEquals(new float[] {4, 4, -1, 4, 4, 4}, read.toFloatArray());
      }
    }
  }

  @Test
  void whatCannotBeMappedIsRefused() throws IOException {
    assertThrows(NoSuchFileException.class, () -> Tensor.map(folder.resolve("none.npy")));
    assertThrows(NpyFormatException.class, () -> Tensor.map(folder));
    assertThrows(NullPointerException.class, () -> Tensor.map(null));
    assertThrows(NullPointerException.class, () -> Tensor.map(folder, null));
    Path text = Files.writeString(folder.resolve("text.npy"), "no array at all");
    assertThrows(NpyFormatException.class, () -> Tensor.map(text));
    Path file = npy(Tensor.ones(DType.F64, 100));
    byte[] bytes = Files.readAllBytes(file);
    Files.write(file, Arrays.copyOf(bytes, bytes.length - 1));
    String cut = assertThrows(NpyFormatException.class, () -> Tensor.map(file)).getMessage();
    assertTrue(cut.contains("promises 800 bytes of elements, it has 799"), cut);
    Files.write(file, Arrays.copyOf(bytes, 128));
    assertThrows(NpyFormatException.class, () -> Tensor.map(file));
    byte[] big = bytes.clone();
    for (int i = 0; i < 64; i++) {
      big[i] = big[i] == '<' ? (byte) '>' : big[i];
    }
    Files.write(file, big);
    String turned = assertThrows(NpyFormatException.class, () -> Tensor.map(file)).getMessage();
    assertTrue(turned.contains("readNpy"), turned);
    // NumPy pads headers; another writer may not.
    String dict = "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }\n";
    ByteBuffer odd = ByteBuffer.allocate(10 + dict.length() + 16).order(ByteOrder.LITTLE_ENDIAN);
    odd.put(bytes, 0, 8).putShort((short) dict.length());
    odd.put(dict.getBytes(StandardCharsets.ISO_8859_1));
    Files.write(file, odd.array());
    assertEquals(2, Tensor.readNpy(file).size());
    String unaligned = assertThrows(NpyFormatException.class, () -> Tensor.map(file)).getMessage();
    assertTrue(unaligned.contains("readNpy"), unaligned);
  }

  @Test
  void aFileThatIsCutMeanwhileEndsTheTensor() throws IOException {
    Path file = npy(Tensor.ones(DType.F64, 100_000));
    try (Tensor t = Tensor.map(file);
        Tensor half = t.slice(0, 50_000, 100_000)) {
      assertEquals(1, half.get(7));
      try (RandomAccessFile cut = new RandomAccessFile(file.toFile(), "rw")) {
        cut.setLength(5000);
      }
      String text = assertThrows(IllegalStateException.class, () -> half.get(7)).getMessage();
      assertTrue(text.contains("x.npy") && text.contains("to 5000 bytes"), text);
      assertThrows(IllegalStateException.class, () -> Einsum.einsum("i->", t));
      assertTrue(t.isClosed());
    }
  }

  @Test
  void anInterruptedThreadMapsAndStaysInterrupted() throws IOException {
    Path file = npy(Tensor.ones(DType.F64, 10));
    Thread.currentThread().interrupt();
    try (Tensor t = Tensor.map(file)) {
      assertTrue(Thread.interrupted());
      assertEquals(1, t.get(9));
    } finally {
      Thread.interrupted();
    }
  }

  // ---- .safetensors

  private Path safetensors(String header, int elements) throws IOException {
    byte[] text = header.getBytes(StandardCharsets.UTF_8);
    ByteBuffer all = ByteBuffer.allocate(8 + text.length + elements).order(ByteOrder.LITTLE_ENDIAN);
    all.putLong(text.length).put(text);
    for (int i = 0; i < elements; i++) {
      all.put((byte) i);
    }
    return Files.write(folder.resolve("w.safetensors"), all.array());
  }

  private static String header(int padding) {
    return "{\"a\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]},"
        + "\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[24,28]},"
        + "\"c\":{\"dtype\":\"C64\",\"shape\":[],\"data_offsets\":[28,36]},"
        + "\"d\":{\"dtype\":\"F8_E5M2\",\"shape\":[4],\"data_offsets\":[36,40]}}"
        + " ".repeat(padding);
  }

  @Test
  void weightsAreViewsOfTheFile() throws IOException {
    for (int padding = 0; padding < 8; padding++) {
      Path file = safetensors(header(padding), 40);
      Tensor a;
      Tensor b;
      try (Safetensors model = Safetensors.open(file)) {
        assertEquals(Set.of("a", "b", "c", "d"), model.names());
        assertEquals("[a, b, c, d]", model.names().toString());
        a = model.tensor("a");
        b = model.tensor("b");
        for (String name : List.of("a", "b", "c")) {
          try (Tensor lazy = model.tensor(name);
              Tensor again = model.tensor(name);
              Tensor read = Safetensors.read(file, name)) {
            assertEquals(read.dtype(), lazy.dtype());
            assertArrayEquals(read.shape(), lazy.shape());
            assertArrayEquals(
                read.to(DType.C128).toDoubleArray(), lazy.to(DType.C128).toDoubleArray());
            assertEquals(again.address(), lazy.address());
          }
        }
        assertTrue(b.isReadOnly());
        assertEquals(25, b.get(1));
        assertThrows(NpyFormatException.class, () -> model.tensor("e"));
        assertThrows(NpyFormatException.class, () -> model.tensor("d"));
        assertThrows(NullPointerException.class, () -> model.tensor(null));
        a.close();
        assertEquals(25, model.tensor("b").get(1));
      }
      assertThrows(IllegalStateException.class, () -> b.get(1));
      assertThrows(IllegalStateException.class, () -> a.get(1, 1));
      Safetensors closed = Safetensors.open(file);
      closed.close();
      closed.close();
      assertThrows(IllegalStateException.class, () -> closed.tensor("a"));
    }
    try (Safetensors none = Safetensors.open(safetensors("{}", 0))) {
      assertEquals(Set.of(), none.names());
    }
    assertThrows(NpyFormatException.class, () -> Safetensors.open(safetensors(header(0), 39)));
  }

  // ---- more than a buffer holds

  /** 4 GB and more of zeros, of which no block is on the disk, with a heap of 64 MB. */
  static final class Large {
    public static void main(String[] files) throws IOException {
      try (Tensor t = Tensor.map(Path.of(files[0]));
          Tensor sums = Einsum.einsum("ij->i", t)) {
        System.out.println(t.nbytes() + " bytes: " + sums.get(0) + ", " + sums.get(-1));
      }
    }
  }

  static void sparse(Path file, long rows, long columns) throws IOException {
    try (Tensor none = Tensor.zeros(DType.F32, 0, 0)) {
      none.writeNpy(file);
    }
    byte[] header = Files.readAllBytes(file);
    String shape = "(" + rows + ", " + columns + "), }";
    String text = new String(header, StandardCharsets.ISO_8859_1);
    String changed = text.substring(0, text.indexOf("(0, 0)")) + shape;
    byte[] whole = Arrays.copyOf(header, header.length);
    Arrays.fill(whole, 10, whole.length - 1, (byte) ' ');
    System.arraycopy(
        changed.getBytes(StandardCharsets.ISO_8859_1), 10, whole, 10, changed.length() - 10);
    Files.write(file, whole);
    try (RandomAccessFile longer = new RandomAccessFile(file.toFile(), "rw")) {
      longer.setLength(whole.length + 4 * rows * columns);
      longer.seek(longer.length() - 4);
      longer.write(new byte[] {0, 0, (byte) 0x80, 0x3f});
    }
  }

  private void sumsOfALargeFile(long rows, long columns) throws Exception {
    Path file = folder.resolve("large.npy");
    sparse(file, rows, columns);
    List<String> command = new ArrayList<>(ChildJvm.plain());
    command.addAll(List.of("-Xmx64m", "-XX:MaxDirectMemorySize=64m"));
    command.addAll(ChildJvm.classes());
    command.addAll(List.of(Large.class.getName(), file.toString()));
    Path output = folder.resolve("output.txt");
    Process child =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    assertTrue(child.waitFor(5, TimeUnit.MINUTES), "still running: " + command);
    String text = Files.readString(output);
    assertEquals(0, child.exitValue(), text);
    assertTrue(text.contains(4 * rows * columns + " bytes: 0.0, 1.0"), text);
  }

  /** Three pieces of the mapping; its columns keep the sum short. */
  @Test
  void aFileLargerThanABufferIsMappedAsOne() throws IOException {
    Assumptions.assumeTrue(
        Runtime.version().feature() >= 22 || OS.LINUX.isCurrentOs(),
        "before JDK 22 other systems may not put pieces side by side");
    Path file = folder.resolve("large.npy");
    sparse(file, 3 << 10, 1 << 18);
    try (Tensor t = Tensor.map(file)) {
      assertEquals(3L << 30, t.nbytes());
      try (Tensor last = t.slice(0, (3 << 10) - 2, 3 << 10);
          Tensor sums = Einsum.einsum("ij->i", last)) {
        assertArrayEquals(new float[] {0, 1}, sums.toFloatArray());
      }
      // Across the borders of pieces.
      for (long row : new long[] {1023, 1024, 2047, 2048}) {
        assertEquals(0, t.get(row, (1 << 18) - 1));
      }
    }
  }

  /** Some 5 GB of memory for the system's cache of the file, which gives it back when asked. */
  @Test
  @EnabledIfSystemProperty(named = "einblas.large", matches = ".+")
  void fourGigabytesWithASmallHeap() throws Exception {
    sumsOfALargeFile(1 << 12, (1 << 18) + (1 << 16));
  }
}
