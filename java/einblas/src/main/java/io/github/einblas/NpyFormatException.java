// Public API: a file is not the .npy, .npz or .safetensors that it claims to be.
package io.github.einblas;

import java.io.IOException;

/**
 * Thrown when a {@code .npy}, {@code .npz} or {@code .safetensors} file is malformed, truncated or
 * of an unsupported type.
 *
 * <pre>{@code
 * Path file = Files.createTempFile("text", ".npy");
 * Files.writeString(file, "no array");
 * try {
 *   Tensor.readNpy(file);
 * } catch (NpyFormatException e) {
 *   System.out.println(e.getMessage().endsWith("it does not begin with \\x93NUMPY")); // true
 * }
 * }</pre>
 */
public final class NpyFormatException extends IOException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates the exception.
   *
   * @param message the file, what it holds and what was needed
   */
  public NpyFormatException(String message) {
    super(message);
  }
}
