// Public API: the element types.
package io.github.einblas;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * Type of a tensor's elements.
 *
 * <table>
 * <caption>Types, NumPy's names, and the arrays that hold their elements in Java</caption>
 * <tr><th>type</th><th>bytes</th><th>NumPy</th><th>computed in</th><th>Java</th></tr>
 * <tr><td>F32, F64</td><td>4, 8</td><td>f4, f8</td><td>itself</td><td>float[], double[]</td></tr>
 * <tr><td>BF16</td><td>2</td><td>V2</td><td>F32</td><td>short[] of bits</td></tr>
 * <tr><td>F16</td><td>2</td><td>f2</td><td>F32</td><td>short[] of bits</td></tr>
 * <tr><td>I8, U8</td><td>1, 1</td><td>i1, u1</td><td>I32</td><td>byte[]</td></tr>
 * <tr><td>I16</td><td>2</td><td>i2</td><td>I32</td><td>short[]</td></tr>
 * <tr><td>I32, I64</td><td>4, 8</td><td>i4, i8</td><td>itself</td><td>int[], long[]</td></tr>
 * <tr><td>BOOL</td><td>1</td><td>b1</td><td>F32</td><td>boolean[]</td></tr>
 * <tr><td>C64, C128</td><td>8, 16</td><td>c8, c16</td><td>itself</td>
 *   <td>float[], double[], real and imaginary parts in turn</td></tr>
 * </table>
 *
 * <pre>{@code
 * Tensor half = Tensor.of(new float[] {1, 2, 3}).to(DType.BF16);
 * System.out.println(half.nbytes()); // 6
 * System.out.println(DType.promote(DType.BF16, DType.F64)); // F64
 * }</pre>
 */
public enum DType {
  /** 32-bit IEEE 754 floating point, Java's {@code float}. */
  F32(4, "f4", Kind.REAL),
  /** 64-bit IEEE 754 floating point, Java's {@code double}. */
  F64(8, "f8", Kind.REAL),
  /** 32-bit signed integer, Java's {@code int}. */
  I32(4, "i4", Kind.INTEGER),
  /** 64-bit signed integer, Java's {@code long}. */
  I64(8, "i8", Kind.INTEGER),
  /** The upper half of an F32: its range with 8 bits of precision (bfloat16). */
  BF16(2, "V2", Kind.REAL),
  /** 16-bit IEEE 754 floating point: 11 bits of precision, up to 65504. */
  F16(2, "f2", Kind.REAL),
  /** 8-bit signed integer, Java's {@code byte}. */
  I8(1, "i1", Kind.INTEGER),
  /** 8-bit unsigned integer, 0 to 255. */
  U8(1, "u1", Kind.INTEGER),
  /** 16-bit signed integer, Java's {@code short}. */
  I16(2, "i2", Kind.INTEGER),
  /** False or true: a byte of 0 or 1; any other byte reads as true. */
  BOOL(1, "b1", Kind.BOOL),
  /** Complex number of two F32, the real part first. */
  C64(8, "c8", Kind.COMPLEX),
  /** Complex number of two F64, the real part first. */
  C128(16, "c16", Kind.COMPLEX);

  /** What a type's elements are; each kind promotes into those behind it. */
  public enum Kind {
    /** False and true. */
    BOOL,
    /** Whole numbers, modulo 2 to the number of bits. */
    INTEGER,
    /** Floating-point numbers. */
    REAL,
    /** Pairs of floating-point numbers. */
    COMPLEX
  }

  private static final List<DType> FLOATING =
      Arrays.stream(values()).filter(DType::isFloating).toList();

  private final int bytes;
  private final String numpy;
  private final Kind kind;

  DType(int bytes, String numpy, Kind kind) {
    this.bytes = bytes;
    this.numpy = numpy;
    this.kind = kind;
  }

  /** {@return bytes of one element} */
  public int bytes() {
    return bytes;
  }

  /** {@return what the elements are} */
  public Kind kind() {
    return kind;
  }

  /** {@return whether it is BOOL} */
  public boolean isBool() {
    return kind == Kind.BOOL;
  }

  /** {@return whether the elements are integers: I8, U8, I16, I32, I64} */
  public boolean isInteger() {
    return kind == Kind.INTEGER;
  }

  /** {@return whether the elements are floating-point numbers: F32, F64, BF16, F16} */
  public boolean isReal() {
    return kind == Kind.REAL;
  }

  /** {@return whether the elements are complex numbers: C64, C128} */
  public boolean isComplex() {
    return kind == Kind.COMPLEX;
  }

  /** {@return whether it is F32 or F64, the types that every operation knows} */
  public boolean isFloating() {
    return this == F32 || this == F64;
  }

  /**
   * {@return NumPy's name without the byte order, such as {@code f4}, {@code i8}, {@code c16}} BF16
   * is {@code V2}, as which NumPy writes the bfloat16 of ml_dtypes.
   */
  public String numpyName() {
    return numpy;
  }

  /** {@return the type that products of this type are computed and added up in} */
  public DType computeType() {
    return switch (this) {
      case F32, F64, I32, I64, C64, C128 -> this;
      case BF16, F16, BOOL -> F32;
      case I8, U8, I16 -> I32;
    };
  }

  /**
   * {@return type of the real and imaginary parts: F32 of C64, F64 of C128; of others the type
   * itself}
   */
  public DType partType() {
    return switch (this) {
      case C64 -> F32;
      case C128 -> F64;
      case F32, F64, I32, I64, BF16, F16, I8, U8, I16, BOOL -> this;
    };
  }

  /**
   * {@return the type that holds the elements of two types, as NumPy's {@code result_type} has it
   * for arrays, with BF16 added: {@code promote(I8, U8)} is I16, {@code promote(F32, I32)} is F64,
   * {@code promote(BF16, F16)} is F32, {@code promote(C64, F64)} is C128}
   *
   * @param a one type
   * @param b another
   */
  public static DType promote(DType a, DType b) {
    Objects.requireNonNull(a, "a");
    Objects.requireNonNull(b, "b");
    if (a == b) {
      return a;
    }
    if (a.kind.compareTo(b.kind) > 0) {
      return promote(b, a);
    }
    return switch (b.kind) {
      case BOOL -> b;
      case INTEGER -> a.isBool() ? b : a.bytes == b.bytes ? I16 : wider(a, b);
      case REAL -> a.isBool() ? b : a.isInteger() ? floatFor(b, a) : promoteReals(a, b);
      case COMPLEX -> a.needsDouble() || b.needsDouble() ? C128 : C64;
    };
  }

  private static DType wider(DType a, DType b) {
    return a.bytes > b.bytes ? a : b;
  }

  private static DType promoteReals(DType a, DType b) {
    return a.bytes == b.bytes ? F32 : wider(a, b);
  }

  /** The floating-point type for elements of one and of an integer type. */
  private static DType floatFor(DType real, DType integer) {
    if (integer.bytes >= 4) {
      return F64;
    }
    return real.bytes > integer.bytes ? real : F32;
  }

  /** Whether a complex type needs parts of F64 to hold the elements. */
  private boolean needsDouble() {
    return this == F64 || this == I32 || this == I64 || this == C128;
  }

  /** {@return the types that every operation knows: F32 and F64} */
  public static List<DType> floating() {
    return FLOATING;
  }
}
