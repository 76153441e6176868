// Command line: shapes as text, such as 32x64x128.
package io.github.einblas.cli;

/** Reads and writes shapes. */
final class Shapes {
  private Shapes() {}

  /** The lengths in text such as {@code 32x64x128}; {@code scalar} or empty text is rank 0. */
  static long[] parse(String text) {
    String trimmed = text.strip();
    if (trimmed.isEmpty() || trimmed.equals("scalar")) {
      return new long[0];
    }
    String[] parts = trimmed.split("x", -1);
    long[] shape = new long[parts.length];
    for (int i = 0; i < parts.length; i++) {
      if (!parts[i].matches("[0-9]{1,18}")) {
        throw new InputException(
            "the shape '"
                + text
                + "' is not lengths with x between them, such as 32x64x128 (or scalar)");
      }
      shape[i] = Long.parseLong(parts[i]);
    }
    return shape;
  }
}
