// Public API: reads and writes the files of weights of Hugging Face's safetensors.
package io.github.einblas;

import io.github.einblas.internal.io.Npy;
import io.github.einblas.internal.io.SafetensorsFile;
import io.github.einblas.internal.io.SafetensorsWriter;
import io.github.einblas.internal.tensor.Strided;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * Reads and writes {@code .safetensors} files: a header of JSON, and tensors in row-major order.
 * Types are BOOL, U8, I8, I16, I32, I64, F16, BF16, F32, F64 and C64.
 *
 * <pre>{@code
 * Map<String, Tensor> weights = Safetensors.read(Path.of("model.safetensors"));
 * Tensor query = weights.get("layers.0.attention.query.weight");
 * }</pre>
 *
 * <p>What the format forbids is refused before memory is taken: two tensors of one name, offsets
 * outside the file, overlaps, gaps, and sizes that are not those of the shape. The file may exceed
 * the Java heap. An interrupted thread reads on and stays interrupted.
 */
public final class Safetensors implements AutoCloseable {
  private final SafetensorsFile file;

  /** All elements as bytes. */
  private final Strided memory;

  /** Those that could not be views, by name. */
  private final Map<String, Strided> copies = new HashMap<>();

  private boolean closed;

  private Safetensors(SafetensorsFile file, Strided memory) {
    this.file = file;
    this.memory = memory;
  }

  /**
   * Opens a file and maps it into memory, whatever its size: nothing is read before it is used, and
   * nothing is copied.
   *
   * <pre>{@code
   * try (Safetensors model = Safetensors.open(Path.of("model.safetensors"));
   *     Tensor y = Einsum.einsum("oi,i->o", model.tensor("layers.0.weight"), x)) {
   *   System.out.println(y);
   * }
   * }</pre>
   *
   * <p>The file must not be cut while it is open. Before JDK 22 the mapping ends when the collector
   * finds it, some time after {@link #close}.
   *
   * @param file path of the file
   * @return the open file, to be closed by the caller
   * @throws NpyFormatException if it is no such file
   */
  public static Safetensors open(Path file) throws IOException {
    SafetensorsFile opened = SafetensorsFile.open(Objects.requireNonNull(file, "file"));
    boolean done = false;
    try {
      Safetensors made = new Safetensors(opened, opened.map());
      done = true;
      return made;
    } finally {
      if (!done) {
        opened.close();
      }
    }
  }

  /** {@return the names of all tensors, in the order of the header} */
  public Set<String> names() {
    return file.names();
  }

  /**
   * {@return a tensor over the file's memory, {@linkplain Tensor#isReadOnly read-only}} It ends
   * when this is closed. One whose elements lie where its type cannot be read is copied, once.
   *
   * @param name name of the array
   * @throws NpyFormatException if there is no tensor of that name, or it has another type
   * @throws IllegalStateException if this is closed
   */
  public synchronized Tensor tensor(String name) throws IOException {
    Objects.requireNonNull(name, "name");
    if (closed) {
      throw new IllegalStateException("the file of the tensor '" + name + "' is closed");
    }
    Strided view = file.view(memory, name);
    if (view == null) {
      Strided copy = copies.get(name);
      if (copy == null) {
        copy = file.read(name);
        copies.put(name, copy);
      }
      view = copy.view(copy.geometry());
    }
    return new Tensor(view);
  }

  /** Ends all tensors of this file, as soon as no call uses them. */
  @Override
  public synchronized void close() throws IOException {
    closed = true;
    memory.close();
    copies.values().forEach(Strided::close);
    file.close();
  }

  /**
   * Reads all tensors, in the order of the header; the caller closes them.
   *
   * @param file path of the file
   * @return the tensors by their names
   * @throws NpyFormatException if it is no such file, or a tensor has another type, naming file,
   *     tensor and what is wrong
   */
  public static Map<String, Tensor> read(Path file) throws IOException {
    try (SafetensorsFile tensors = SafetensorsFile.open(Objects.requireNonNull(file, "file"))) {
      Map<String, Tensor> doors = new LinkedHashMap<>();
      tensors.readAll().forEach((name, core) -> doors.put(name, new Tensor(core)));
      return doors;
    }
  }

  /**
   * Reads one tensor; the others may have any type.
   *
   * @param file path of the file
   * @param name name of the array
   * @return a new tensor, to be closed by the caller
   * @throws NpyFormatException as {@link #read(Path)}; also if there is no tensor of that name
   */
  public static Tensor read(Path file, String name) throws IOException {
    Objects.requireNonNull(name, "name");
    try (SafetensorsFile tensors = SafetensorsFile.open(Objects.requireNonNull(file, "file"))) {
      return new Tensor(tensors.read(name));
    }
  }

  /**
   * Writes tensors in row-major order, whole or not at all, as {@link Tensor#writeNpy(Path,
   * WriteOption...)} does. Elements of larger types come first, as the format's own library has
   * them, so that each lies at a multiple of its size; else the map's order holds.
   *
   * <pre>{@code
   * Safetensors.write(Path.of("model.safetensors"), Map.of("query", q, "key", k));
   * }</pre>
   *
   * @param file path of the file
   * @param tensors by name, of any types but C128; may be empty
   * @param options {@link WriteOption#SYNC}, or none
   * @throws IllegalArgumentException if a type is C128, which the format lacks, or a name is none
   *     of it: {@code __metadata__}, or half of a surrogate pair
   * @throws IllegalStateException if a tensor is closed
   * @throws IOException if it cannot be written
   */
  public static void write(Path file, Map<String, Tensor> tensors, WriteOption... options)
      throws IOException {
    Objects.requireNonNull(file, "file");
    Map<String, Strided> cores = new LinkedHashMap<>();
    Objects.requireNonNull(tensors, "tensors")
        .forEach((name, t) -> cores.put(name, t == null ? null : Tensor.core(t)));
    SafetensorsWriter.write(file, cores, Npy.sync(options));
  }
}
