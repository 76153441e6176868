// Public API: the element types.
package io.github.einblas;

/** Type of a tensor's elements. */
public enum DType {
  /** 32-bit IEEE 754 floating point, Java's {@code float}. */
  F32(4),
  /** 64-bit IEEE 754 floating point, Java's {@code double}. */
  F64(8);

  private final int bytes;

  DType(int bytes) {
    this.bytes = bytes;
  }

  /** Bytes of one element. */
  public int bytes() {
    return bytes;
  }
}
