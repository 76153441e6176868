// Fuzzing of files guided by coverage: what Jazzer runs.
package io.github.einblas.fuzz;

import io.github.einblas.BsrMatrix;
import io.github.einblas.CsrMatrix;
import io.github.einblas.Einblas;
import io.github.einblas.NativeMemoryException;
import io.github.einblas.Tensor;
import io.github.einblas.ZipBytes;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.SplittableRandom;

/** All readers on bytes that come from outside; only documented exceptions may come out. */
public final class FileReaders {
  private static final long MEMORY = 256L << 20;

  /** The members of SciPy's files; the second and third kind of input is cut at their borders. */
  private static final String[] MEMBERS = {
    "format", "shape", "data", "indices", "indptr", "row", "col", "coords"
  };

  private static Path file;

  private FileReaders() {}

  /** Called once. */
  public static void fuzzerInitialize() throws IOException {
    Path memory = Path.of("/dev/shm");
    file =
        Files.isWritable(memory)
            ? Files.createTempFile(memory, "einblas-jazzer", ".npz")
            : Files.createTempFile("einblas-jazzer", ".npz");
    file.toFile().deleteOnExit();
    Einblas.setNativeMemoryLimit(MEMORY);
  }

  /** The first byte says what the rest is: a .npy, a .npz, or the members of one. */
  public static void fuzzerTestOneInput(byte[] data) throws IOException {
    if (data.length == 0) {
      return;
    }
    byte[] rest = Arrays.copyOfRange(data, 1, data.length);
    if (data[0] == 'y') {
      quietly(() -> Tensor.readNpy(new ByteArrayInputStream(rest)).close());
      return;
    }
    Files.write(file, data[0] == 'z' ? rest : members(rest, data[0]));
    quietly(() -> Tensor.readNpz(file).values().forEach(Tensor::close));
    quietly(() -> CsrMatrix.readNpz(file).close());
    quietly(() -> BsrMatrix.readNpz(file).close());
  }

  private interface Reader {
    void read() throws IOException;
  }

  private static void quietly(Reader reader) {
    try {
      reader.read();
    } catch (IOException | NativeMemoryException e) {
      // Documented.
    }
  }

  /** An archive whose members are what the bytes hold between two marks "\x93NUMPY". */
  private static byte[] members(byte[] bytes, byte names) {
    ZipBytes zip = new ZipBytes();
    int from = 0;
    for (int i = 1, member = 0; i <= bytes.length && member < MEMBERS.length; i++) {
      if (i == bytes.length || bytes[i] == (byte) 0x93) {
        boolean named = (names >> member & 1) == 0;
        String name = named ? MEMBERS[member] : MEMBERS[MEMBERS.length - 1 - member];
        zip.add(name + ".npy", Arrays.copyOfRange(bytes, from, i), false);
        from = i;
        member++;
      }
    }
    return zip.make();
  }

  /** Writes good inputs to begin with to a folder. */
  public static void main(String[] args) throws IOException {
    Path folder = Files.createDirectories(Path.of(args[0]));
    FileMutator mutator = new FileMutator(new SplittableRandom(1));
    for (int i = 0; i < 100; i++) {
      Files.write(folder.resolve("y" + i), marked('y', mutator.npy()));
      ZipBytes zip = mutator.archive();
      Files.write(folder.resolve("z" + i), marked('z', zip.make()));
      byte[] all = {};
      for (String name : MEMBERS) {
        for (ZipBytes.Entry e : zip.entries) {
          if (e.name.equals(name + ".npy")) {
            byte[] plain = FileMutator.plain(e);
            int length = all.length;
            all = Arrays.copyOf(all, length + plain.length);
            System.arraycopy(plain, 0, all, length, plain.length);
          }
        }
      }
      Files.write(folder.resolve("m" + i), marked('\0', all));
    }
  }

  private static byte[] marked(char kind, byte[] bytes) {
    byte[] all = new byte[bytes.length + 1];
    all[0] = (byte) kind;
    System.arraycopy(bytes, 0, all, 1, bytes.length);
    return all;
  }
}
