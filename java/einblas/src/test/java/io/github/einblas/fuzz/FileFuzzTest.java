// Fuzzing of files: whatever was done to a file, its reader gives the numbers that are in it or
// says
// what is wrong.
package io.github.einblas.fuzz;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.BsrMatrix;
import io.github.einblas.CsrMatrix;
import io.github.einblas.DType;
import io.github.einblas.Einblas;
import io.github.einblas.NativeMemoryException;
import io.github.einblas.NpyFormatException;
import io.github.einblas.Tensor;
import io.github.einblas.ZipBytes;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Some 60 files a round. */
class FileFuzzTest {
  private static final int FILES = 20;

  /** What one byte of an archive can stand for at most, as deflate has it. */
  private static final long MOST_RATIO = 1032;

  private static final long ROOM = 1 << 20;

  private final Map<String, Integer> outcomes = new LinkedHashMap<>();
  private Path folder;
  private Path file;
  private long files;

  @Test
  void filesAreReadRightOrRefused() throws IOException {
    // In memory where there is such a folder: a disk takes milliseconds for each file.
    Path memory = Path.of("/dev/shm");
    folder =
        Files.isWritable(memory)
            ? Files.createTempDirectory(memory, "einblas-fuzz")
            : Files.createTempDirectory("einblas-fuzz");
    file = folder.resolve("f");
    long limit = Einblas.nativeMemoryLimit();
    try {
      Fuzz.run("files", 60, this::round);
    } finally {
      Einblas.setNativeMemoryLimit(limit);
      Files.deleteIfExists(file);
      Files.delete(folder);
    }
    System.out.println("fuzz files: " + files + " files; " + outcomes);
  }

  private void round(long seed) throws IOException {
    SplittableRandom random = new SplittableRandom(seed);
    FileMutator mutator = new FileMutator(random);
    for (int i = 0; i < FILES; i++) {
      byte[] npy = mutator.npy();
      readNpy(npy, true);
      readNpy(random.nextBoolean() ? mutator.headerEdited(npy) : mutator.damaged(npy), false);
      ZipBytes zip = mutator.archive();
      byte[] good = zip.make();
      readArchive(good, numbers(zip), true);
      byte[] bad =
          switch (random.nextInt(3)) {
            case 0 -> mutator.damaged(good);
            case 1 -> mutator.fieldEdited(good);
            default -> null;
          };
      readArchive(
          bad != null ? bad : mutator.repacked(zip).make(),
          bad == null ? null : numbers(zip),
          false);
    }
  }

  private void count(String what) {
    outcomes.merge(what, 1, Integer::sum);
  }

  /** Puts the bytes in the file and leaves so much native memory as they can stand for. */
  private void put(byte[] bytes, long ratio) throws IOException {
    Files.deleteIfExists(file);
    Files.write(file, bytes);
    files++;
    Einblas.setNativeMemoryLimit(Einblas.nativeBytesInUse() + ratio * bytes.length + ROOM);
  }

  // ---- .npy

  private void readNpy(byte[] bytes, boolean good) throws IOException {
    put(bytes, 1);
    long before = Einblas.nativeBytesInUse();
    boolean read = false;
    try (Tensor t = Tensor.readNpy(file)) {
      read = true;
      assertArrayEquals(elements(bytes, t), raw(t), "elements");
      count("npy read");
    } catch (NpyFormatException e) {
      assertTrue(e.getMessage().startsWith(file.toString()), e.getMessage());
      count("npy refused");
    }
    assertTrue(read || !good, "a good file was refused");
    try (Tensor t = Tensor.readNpy(new ByteArrayInputStream(bytes))) {
      assertTrue(read, "the stream is read, the file is not");
      assertArrayEquals(elements(bytes, t), raw(t), "elements of the stream");
    } catch (NpyFormatException | NativeMemoryException e) {
      assertTrue(!read, "the file is read, the stream is not");
    }
    assertTrue(Einblas.nativeBytesInUse() <= before, "native memory stays");
  }

  /** The bytes behind the header that a tensor of this type and shape has. */
  private static byte[] elements(byte[] file, Tensor t) {
    ByteBuffer b = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
    int start = file[6] == 1 ? 10 + (b.getShort(8) & 0xffff) : 12 + b.getInt(8);
    byte[] elements = Arrays.copyOfRange(file, start, start + (int) t.nbytes());
    String header = new String(file, 0, start, StandardCharsets.ISO_8859_1);
    if (header.contains(">f") || header.contains(">i") || header.contains(">c")) {
      int n = t.dtype().partType().bytes();
      for (int i = 0; i < elements.length; i += n) {
        for (int j = 0; j < n / 2; j++) {
          byte swapped = elements[i + j];
          elements[i + j] = elements[i + n - 1 - j];
          elements[i + n - 1 - j] = swapped;
        }
      }
    }
    return elements;
  }

  /** A tensor's bytes as they lie in memory, little-endian. */
  private static byte[] raw(Tensor t) {
    ByteBuffer bytes = ByteBuffer.allocate((int) t.nbytes()).order(ByteOrder.nativeOrder());
    try (Tensor stored = t.isContiguous() ? t.permute(axes(t)) : t.transpose()) {
      stored.copyTo(bytes);
    }
    return bytes.array();
  }

  private static int[] axes(Tensor t) {
    int[] axes = new int[t.rank()];
    Arrays.setAll(axes, i -> i);
    return axes;
  }

  // ---- archives

  /** What a good archive holds: texts of its arrays by name, without those that are no numbers. */
  private static Map<String, String> numbers(ZipBytes zip) throws IOException {
    Map<String, String> numbers = new LinkedHashMap<>();
    for (ZipBytes.Entry e : zip.entries) {
      String name = e.name.replace(".npy", "");
      if (!e.name.endsWith("/") && !"format".equals(name)) {
        try (Tensor t = Tensor.readNpy(new ByteArrayInputStream(FileMutator.plain(e)))) {
          numbers.put(name, text(t));
        }
      }
    }
    return numbers;
  }

  private static String text(Tensor t) {
    return t.dtype() + Arrays.toString(t.shape()) + Arrays.toString(raw(t));
  }

  /** numbers: what is in it, or null where it was changed with its CRC-32. */
  private void readArchive(byte[] bytes, Map<String, String> numbers, boolean good)
      throws IOException {
    put(bytes, MOST_RATIO);
    long before = Einblas.nativeBytesInUse();
    boolean sparse = numbers == null || numbers.containsKey("shape");
    try {
      Map<String, Tensor> all = Tensor.readNpz(file);
      try {
        if (numbers != null) {
          Map<String, String> got = new LinkedHashMap<>();
          all.forEach((name, t) -> got.put(name, text(t)));
          assertEquals(numbers, got);
        }
      } finally {
        all.values().forEach(Tensor::close);
      }
      count("npz read");
    } catch (NpyFormatException e) {
      assertTrue(e.getMessage().startsWith(file.toString()), e.getMessage());
      assertTrue(sparse || !good, e.getMessage());
      count("npz refused");
    }
    readOne(numbers, good);
    boolean csr = matrix(true);
    boolean bsr = matrix(false);
    assertTrue(!good || !sparse || csr != bsr, "one of the two readers must read a good matrix");
    assertTrue(Einblas.nativeBytesInUse() <= before, "native memory stays");
  }

  private void readOne(Map<String, String> numbers, boolean good) throws IOException {
    String name = numbers == null || numbers.isEmpty() ? "m0" : numbers.keySet().iterator().next();
    try (Tensor t = Tensor.readNpz(file, name)) {
      if (numbers != null) {
        assertEquals(numbers.get(name), text(t));
      }
    } catch (NpyFormatException e) {
      assertTrue(!good, e.getMessage());
    }
  }

  /** Whether it was read as a sparse matrix. */
  private boolean matrix(boolean csr) throws IOException {
    String kind = csr ? "csr " : "bsr ";
    try {
      if (csr) {
        try (CsrMatrix a = CsrMatrix.readNpz(file);
            Tensor values = a.values()) {
          assertEquals(a.entries(), values.size());
        }
      } else {
        try (BsrMatrix a = BsrMatrix.readNpz(file);
            Tensor indices = a.indices()) {
          assertEquals(a.blockCount(), indices.size());
        }
      }
      count(kind + "read");
      return true;
    } catch (NpyFormatException e) {
      assertTrue(e.getMessage().startsWith(file.toString()), e.getMessage());
      count(kind + "refused");
    } catch (NativeMemoryException e) {
      // Two numbers say how many rows a CSR matrix made of triples or columns has.
      count(kind + "too large");
    }
    return false;
  }

  /** Types by name, so that none is forgotten above. */
  @Test
  void allTypesHaveBytes() {
    for (DType type : DType.values()) {
      try (Tensor t = Tensor.ones(type, 2)) {
        assertEquals(2L * type.bytes(), raw(t).length);
      }
    }
  }
}
