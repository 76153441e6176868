// Public API: the element types.
package io.github.einblas;

import java.util.Arrays;
import java.util.List;

/**
 * Type of a tensor's elements. Products are computed in the floating-point types; tensors of
 * integers hold indices, and can be made, viewed, copied, converted, read and written.
 */
public enum DType {
  /** 32-bit IEEE 754 floating point, Java's {@code float}. */
  F32(4, "f4", true),
  /** 64-bit IEEE 754 floating point, Java's {@code double}. */
  F64(8, "f8", true),
  /** 32-bit signed integer, Java's {@code int}. */
  I32(4, "i4", false),
  /** 64-bit signed integer, Java's {@code long}. */
  I64(8, "i8", false);

  private static final List<DType> FLOATING =
      Arrays.stream(values()).filter(DType::isFloating).toList();

  private final int bytes;
  private final String numpy;
  private final boolean floating;

  DType(int bytes, String numpy, boolean floating) {
    this.bytes = bytes;
    this.numpy = numpy;
    this.floating = floating;
  }

  /** Bytes of one element. */
  public int bytes() {
    return bytes;
  }

  /** Whether products are computed in this type. */
  public boolean isFloating() {
    return floating;
  }

  /** NumPy's name without the byte order: {@code f4}, {@code f8}, {@code i4}, {@code i8}. */
  public String numpyName() {
    return numpy;
  }

  /** The types that products are computed in. */
  public static List<DType> floating() {
    return FLOATING;
  }
}
