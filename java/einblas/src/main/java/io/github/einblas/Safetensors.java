// Public API: reads the files of weights that Hugging Face's safetensors writes.
package io.github.einblas;

import io.github.einblas.internal.io.SafetensorsFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/**
 * Reads {@code .safetensors} files: a header of JSON, and tensors in row-major order. Types are
 * BOOL, U8, I8, I16, I32, I64, F16, BF16, F32, F64 and C64.
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
public final class Safetensors {
  private Safetensors() {}

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
}
