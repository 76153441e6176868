// Kronecker: elements of any type in Java, in F64: one number each, of complex ones two.
package io.github.einblas.internal.kronecker;

import io.github.einblas.DType;
import io.github.einblas.internal.tensor.Strided;
import io.github.einblas.internal.tensor.TensorArrays;
import io.github.einblas.internal.tensor.TensorCopy;
import java.nio.DoubleBuffer;

/** Real and imaginary parts in turn. */
final class Numbers {
  private Numbers() {}

  /** Numbers of one element: 2 of a complex type. */
  static int parts(DType type) {
    return type.isComplex() ? 2 : 1;
  }

  /** All elements in row-major order. */
  static double[] of(Strided t) {
    return TensorArrays.doubles(t);
  }

  /** A new vector of elements, rounded to the type once. */
  static Strided vector(DType type, double[] numbers) {
    if (!type.isComplex()) {
      return TensorCopy.of(type, numbers);
    }
    Strided wide = TensorArrays.of(DType.C128, DoubleBuffer.wrap(numbers), new long[0]);
    if (type == DType.C128) {
      return wide;
    }
    try (wide) {
      return TensorCopy.convert(wide, type);
    }
  }

  /**
   * The product of two numbers of a type, as real and imaginary part: (ar br - ai bi, ar bi + ai
   * br). Of real numbers no imaginary part is computed, which infinity times 0 would make NaN.
   */
  static double[] product(DType type, double[] a, double[] b) {
    if (!type.isComplex()) {
      return new double[] {a[0] * b[0], 0};
    }
    return new double[] {a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0]};
  }

  /** 1 / (re + i im), by Smith's scaling, as NumPy divides: no square overflows. */
  static double[] inverse(double re, double im) {
    if (Math.abs(re) >= Math.abs(im)) {
      double ratio = im / re;
      double scale = 1 / (re + im * ratio);
      return new double[] {scale, -ratio * scale};
    }
    double ratio = re / im;
    double scale = 1 / (im + re * ratio);
    return new double[] {ratio * scale, -scale};
  }
}
