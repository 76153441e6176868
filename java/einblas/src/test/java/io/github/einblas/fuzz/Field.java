// Test support: a tensor as a view of a larger buffer, and what every element of both must be.
package io.github.einblas.fuzz;

import io.github.einblas.DType;
import io.github.einblas.Tensor;
import java.util.Arrays;

/** A tensor under test with its model: the buffer's elements and the view's places in it. */
final class Field {
  final Tensor base;
  final Tensor view;
  final long[] shape;

  /** Place in the buffer of each element of the view, in row-major order. */
  final int[] at;

  /** What the buffer must hold. */
  final double[] content;

  Field(Tensor base, Tensor view, int[] at, double[] content) {
    this.base = base;
    this.view = view;
    this.shape = view.shape();
    this.at = at;
    this.content = content;
  }

  /** The view's elements in row-major order. */
  double[] values() {
    double[] v = new double[at.length];
    Arrays.setAll(v, i -> content[at[i]]);
    return v;
  }

  /** From now on the view must hold these, as its type stores them. */
  void expect(double[] values) {
    double[] own = stored(view.dtype(), values);
    for (int i = 0; i < at.length; i++) {
      content[at[i]] = own[i];
    }
  }

  /**
   * What a type holds of numbers, whole ones of integers: rounded to nearest even, modulo 2^n, or
   * whether it is 0. Of complex types the real part; the imaginary one is 0.
   */
  static double[] stored(DType dtype, double[] values) {
    return Arrays.stream(values).map(v -> stored(dtype, v)).toArray();
  }

  private static double stored(DType dtype, double v) {
    return switch (dtype) {
      case F64, C128 -> v;
      case F32, C64 -> (float) v;
      case BF16 -> rounded(v, 7, -126, 0x1p128);
      case F16 -> rounded(v, 10, -14, 0x1p16);
      case I8 -> (byte) (long) v;
      case U8 -> (long) v & 0xff;
      case I16 -> (short) (long) v;
      case I32 -> (int) (long) v;
      case I64 -> (long) v;
      case BOOL -> v != 0 ? 1 : 0;
    };
  }

  /** To so many digits behind the first. */
  private static double rounded(double v, int digits, int least, double beyond) {
    if (Double.isNaN(v) || Double.isInfinite(v)) {
      return v;
    }
    double unit = Math.scalb(1.0, Math.max(Math.getExponent(v), least) - digits);
    double near = Math.rint(v / unit) * unit;
    return Math.abs(near) >= beyond ? Math.copySign(Double.POSITIVE_INFINITY, v) : near;
  }

  /** What {@code alpha * result + beta * before} is. */
  double[] combined(double alpha, double beta, double[] result) {
    double[] before = values();
    double[] v = new double[at.length];
    Arrays.setAll(
        v, i -> (alpha == 0 ? 0 : alpha * result[i]) + (beta == 0 ? 0 : beta * before[i]));
    return v;
  }

  /** Fails unless the whole buffer is as it must be. */
  void verify(String what) {
    double[] now = elements(base);
    for (int i = 0; i < now.length; i++) {
      if (!same(now[i], content[i])) {
        int p = i;
        boolean inside = Arrays.stream(at).anyMatch(a -> a == p);
        throw new AssertionError(
            what
                + ": element "
                + i
                + " of the buffer, "
                + (inside ? "inside" : "OUTSIDE")
                + " the view, is "
                + now[i]
                + ", must be "
                + content[i]
                + " ("
                + this
                + ")");
      }
    }
  }

  /** Takes over what the view holds now; nothing else may have changed. */
  void resync(String what) {
    double[] now = elements(base);
    for (int p : at) {
      content[p] = now[p];
    }
    verify(what);
  }

  /** Whether two elements are the same value; one NaN is as good as another. */
  static boolean same(double a, double b) {
    return a == b || (Double.isNaN(a) && Double.isNaN(b));
  }

  /** A new result must have this shape and these elements, as its type stores them. */
  static void check(String what, Tensor got, DType dtype, long[] shape, double[] values) {
    if (got.dtype() != dtype
        || !Arrays.equals(got.shape(), shape)
        || !got.isContiguous()
        || got.isClosed()) {
      throw new AssertionError(
          what + ": got " + got.dtype() + Arrays.toString(got.shape()) + Arrays.toString(shape));
    }
    double[] now = elements(got);
    double[] own = stored(dtype, values);
    for (int i = 0; i < now.length; i++) {
      if (!same(now[i], own[i])) {
        throw new AssertionError(what + ": element " + i + " is " + now[i] + ", must be " + own[i]);
      }
    }
  }

  /** The elements of a tensor in row-major order; complex ones must have no imaginary part. */
  static double[] elements(Tensor t) {
    return switch (t.dtype()) {
      case F64, BF16, F16, I8, U8, I16, BOOL -> t.toDoubleArray();
      case F32 -> {
        float[] f = t.toFloatArray();
        double[] d = new double[f.length];
        Arrays.setAll(d, i -> f[i]);
        yield d;
      }
      case I32 -> Arrays.stream(t.toIntArray()).asDoubleStream().toArray();
      case I64 -> Arrays.stream(t.toLongArray()).asDoubleStream().toArray();
      case C64, C128 -> {
        double[] parts = t.toDoubleArray();
        double[] d = new double[parts.length / 2];
        for (int i = 0; i < d.length; i++) {
          d[i] = parts[2 * i];
          boolean real = parts[2 * i + 1] == 0 || Double.isNaN(d[i]);
          if (!real) {
            throw new AssertionError("element " + i + " has imaginary part " + parts[2 * i + 1]);
          }
        }
        yield d;
      }
    };
  }

  @Override
  public String toString() {
    return view.dtype() + Arrays.toString(shape) + " strides " + Arrays.toString(view.strides());
  }
}
