// Maps: which type a function of elements gives, and in which it computes.
package io.github.einblas.internal.map;

import io.github.einblas.DType;
import io.github.einblas.internal.tensor.Strided;

/** The type of a result and the one that it is computed in. */
record MapTypes(DType result, DType compute) {
  /** What a function does with the kinds of numbers. */
  enum Rule {
    /** Keeps the type; BOOL has no such function. */
    ARITHMETIC,
    /** The same without complex numbers, which have no order. */
    ORDERED,
    /** Leaves the integers: F32 for those of at most 16 bits and BOOL, else F64. */
    REAL,
    /** The same with complex numbers. */
    FLOATING
  }

  static DType promoted(Strided... operands) {
    DType type = operands[0].dtype();
    for (int i = 1; i < operands.length; i++) {
      type = DType.promote(type, operands[i].dtype());
    }
    return type;
  }

  static MapTypes of(String name, Rule rule, DType promoted) {
    switch (rule) {
      case ARITHMETIC, ORDERED -> {
        if (promoted.isBool()) {
          throw new IllegalArgumentException(
              name + ": BOOL holds no numbers; convert with to(DType.I32) or another type");
        }
        if (rule == Rule.ORDERED) {
          requireReal(name, promoted);
        }
        return new MapTypes(promoted, promoted.computeType());
      }
      default -> {
        if (rule == Rule.REAL) {
          requireReal(name, promoted);
        }
        DType floating = floating(promoted);
        return new MapTypes(floating, floating.computeType());
      }
    }
  }

  /** The type itself, or the floating-point type that integers and BOOL are computed in. */
  static DType floating(DType type) {
    return switch (type) {
      case BOOL, I8, U8, I16 -> DType.F32;
      case I32, I64 -> DType.F64;
      default -> type;
    };
  }

  static void requireReal(String name, DType type) {
    if (type.isComplex()) {
      throw new IllegalArgumentException(
          name + " needs real numbers, got " + type + ": abs, real and imag make them");
    }
  }

  /** The same for a given output: computed in what both need. */
  MapTypes into(String name, Strided out) {
    DType type = out.dtype();
    boolean fits =
        type.kind() == result.kind()
            || (result.isReal() && type.isComplex())
            || (result.isBool() && !type.isBool());
    if (!fits) {
      throw new IllegalArgumentException(
          name + ": the result is of " + result + ", which an output of " + type + " cannot hold");
    }
    if (type == result || result.isBool() || type.isComplex() != result.isComplex()) {
      return this;
    }
    return new MapTypes(result, DType.promote(result, type).computeType());
  }
}
