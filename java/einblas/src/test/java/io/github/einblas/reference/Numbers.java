// Test support: elements of any type as Java numbers, and contractions of them by definition.
package io.github.einblas.reference;

import io.github.einblas.DType;
import io.github.einblas.internal.equation.Equation;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/**
 * Elements of one type: integers and BOOL (0, 1) in {@code whole}, all others in {@code re} and
 * {@code im}. Values of the reals are such that sums of a few thousand products are exact in F32.
 */
public final class Numbers {
  public final DType type;
  public final long[] whole;
  public final double[] re;
  public final double[] im;

  public Numbers(DType type, int size) {
    this.type = type;
    this.whole = new long[size];
    this.re = new double[size];
    this.im = new double[size];
  }

  /** Random elements; integers over their whole range where products stay among integers. */
  public static Numbers random(Random random, DType type, int size, boolean wild) {
    Numbers n = new Numbers(type, size);
    for (int i = 0; i < size; i++) {
      switch (type.kind()) {
        case BOOL -> n.set(i, random.nextInt(3) == 0 ? 1 : 0);
        case INTEGER -> n.set(i, wild ? wrap(type, random.nextLong()) : small(random, type));
        case REAL -> n.re[i] = (random.nextInt(13) - 6) / 2.0;
        case COMPLEX -> {
          n.re[i] = (random.nextInt(13) - 6) / 2.0;
          n.im[i] = (random.nextInt(13) - 6) / 2.0;
        }
      }
    }
    return n;
  }

  private static long small(Random random, DType type) {
    return type == DType.U8 ? random.nextInt(7) : random.nextInt(13) - 6;
  }

  private void set(int i, long value) {
    whole[i] = value;
    re[i] = value;
  }

  /** Modulo 2 to the number of bits. */
  public static long wrap(DType type, long value) {
    return switch (type) {
      case I8 -> (byte) value;
      case U8 -> value & 0xff;
      case I16 -> (short) value;
      case I32 -> (int) value;
      case I64 -> value;
      default -> throw new AssertionError(type);
    };
  }

  /** To the nearest number of the type, ties to even. */
  public static double round(DType type, double value) {
    return switch (type) {
      case BF16 -> round(value, 7, -126, 0x1.fep127);
      case F16 -> round(value, 10, -14, 65504);
      case F32, C64 -> (float) value;
      case F64, C128 -> value;
      default -> throw new AssertionError(type);
    };
  }

  private static double round(double value, int digits, int least, double most) {
    if (!Double.isFinite(value) || value == 0) {
      return value;
    }
    double quantum = Math.scalb(1.0, Math.max(Math.getExponent(value), least) - digits);
    double rounded = Math.rint(value / quantum) * quantum;
    return Math.abs(rounded) > most ? Math.copySign(Double.POSITIVE_INFINITY, value) : rounded;
  }

  /**
   * {@code alpha * result + beta * before} by definition.
   *
   * @param conjugate which operands are conjugated
   * @param before of the result's type, its elements in row-major order
   */
  public static Numbers contract(
      Equation e,
      long[][] shapes,
      Numbers[] in,
      boolean[] conjugate,
      double alpha,
      double beta,
      Numbers before) {
    Map<Integer, Long> lengths = new TreeMap<>(e.lengths(shapes));
    int[] labels = lengths.keySet().stream().mapToInt(Integer::intValue).toArray();
    long points = lengths.values().stream().reduce(1L, (x, y) -> x * y);
    Numbers sum = new Numbers(before.type, before.re.length);
    Map<Integer, Long> at = new TreeMap<>();
    for (long p = 0; p < points; p++) {
      long rest = p;
      for (int l = labels.length - 1; l >= 0; l--) {
        at.put(labels[l], rest % lengths.get(labels[l]));
        rest /= lengths.get(labels[l]);
      }
      long whole = 1;
      double re = 1;
      double im = 0;
      for (int i = 0; i < in.length; i++) {
        int place = place(e.operand(i), shapes[i], at);
        whole *= in[i].whole[place];
        double x = in[i].re[place];
        double y = conjugate[i] ? -in[i].im[place] : in[i].im[place];
        double next = re * x - im * y;
        im = re * y + im * x;
        re = next;
      }
      int place = place(e.output(), outputShape(e, lengths), at);
      sum.whole[place] =
          before.type.isBool() ? sum.whole[place] | (whole != 0 ? 1 : 0) : sum.whole[place] + whole;
      sum.re[place] += re;
      sum.im[place] += im;
    }
    return sum.scaled(alpha, beta, before);
  }

  private Numbers scaled(double alpha, double beta, Numbers before) {
    Numbers result = new Numbers(type, re.length);
    for (int i = 0; i < re.length; i++) {
      switch (type.kind()) {
        case BOOL -> result.set(i, alpha * whole[i] + beta * before.whole[i] != 0 ? 1 : 0);
        case INTEGER -> {
          long a = (long) alpha;
          long b = (long) beta;
          result.set(i, wrap(type, a * whole[i] + b * before.whole[i]));
        }
        case REAL, COMPLEX -> {
          result.re[i] = round(type, alpha * re[i] + beta * before.re[i]);
          result.im[i] = round(type, alpha * im[i] + beta * before.im[i]);
        }
      }
    }
    return result;
  }

  private static long[] outputShape(Equation e, Map<Integer, Long> lengths) {
    int[] output = e.output();
    long[] shape = new long[output.length];
    for (int d = 0; d < shape.length; d++) {
      shape[d] = lengths.get(output[d]);
    }
    return shape;
  }

  private static int place(int[] labels, long[] shape, Map<Integer, Long> at) {
    long place = 0;
    for (int d = 0; d < labels.length; d++) {
      place = place * shape[d] + (shape[d] == 1 ? 0 : at.get(labels[d]));
    }
    return (int) place;
  }
}
