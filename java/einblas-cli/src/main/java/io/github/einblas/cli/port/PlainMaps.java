// Port: functions of elements by plain loops.
package io.github.einblas.cli.port;

import io.github.einblas.cli.port.PlainTensor.Kind;
import java.util.function.DoubleUnaryOperator;

/**
 * Functions of elements, with bounds of their errors. What operands are off moves a result by as
 * much as the function differs between the ends of their intervals, as the functions are monotone,
 * or Lipschitz where they are not.
 *
 * @param rounding unit of the type
 */
record PlainMaps(PlainRounding rounding) {
  /**
   * Units in the last place of TensorMath's functions at most, and 2 for those of java.lang.Math.
   */
  private static final int ULPS = 4;

  private static final int SIGMOID_ULPS = 5;
  private static final int GELU_ULPS = 10;

  /** Of gelu's slope: its largest is 1.129. */
  private static final double GELU_SLOPE = 1.13;

  PlainTensor exp(PlainTensor x) {
    return monotone(x, Math::exp, ULPS);
  }

  PlainTensor log(PlainTensor x) {
    return monotone(x, Math::log, ULPS);
  }

  PlainTensor sqrt(PlainTensor x) {
    return monotone(x, Math::sqrt, 1);
  }

  PlainTensor tanh(PlainTensor x) {
    return monotone(x, Math::tanh, ULPS);
  }

  PlainTensor sigmoid(PlainTensor x) {
    return monotone(x, v -> 1 / (1 + Math.exp(-v)), SIGMOID_ULPS);
  }

  PlainTensor relu(PlainTensor x) {
    return lipschitz(x, v -> Math.max(v, 0), 1, 0);
  }

  PlainTensor abs(PlainTensor x) {
    return lipschitz(x, Math::abs, 1, 0);
  }

  PlainTensor gelu(PlainTensor x) {
    PlainTensor y = lipschitz(x, v -> v * normal(v), GELU_SLOPE, GELU_ULPS);
    for (int i = 0; i < y.size(); i++) {
      y.errors()[i] += 0x1p-49 * Math.abs(x.values()[i]); // of the loops' own normal distribution
    }
    return y;
  }

  PlainTensor sign(PlainTensor x) {
    PlainTensor y = PlainTensor.empty(Kind.REAL, x.shape());
    for (int i = 0; i < y.size(); i++) {
      double v = x.values()[i];
      double e = x.errors()[i];
      y.set(i, Math.signum(v), e > 0 && Math.abs(v) <= e ? 2 : 0);
    }
    return y;
  }

  private PlainTensor monotone(PlainTensor x, DoubleUnaryOperator f, int ulps) {
    PlainTensor y = PlainTensor.empty(Kind.REAL, x.shape());
    for (int i = 0; i < y.size(); i++) {
      double v = x.values()[i];
      double e = x.errors()[i];
      double value = f.applyAsDouble(v);
      double moved =
          e == 0
              ? 0
              : Math.max(
                  Math.abs(f.applyAsDouble(v + e) - value),
                  Math.abs(f.applyAsDouble(v - e) - value));
      y.set(i, value, rounding.times(2.0 * ulps, value, moved));
    }
    return y;
  }

  private PlainTensor lipschitz(PlainTensor x, DoubleUnaryOperator f, double slope, int ulps) {
    PlainTensor y = PlainTensor.empty(Kind.REAL, x.shape());
    for (int i = 0; i < y.size(); i++) {
      double value = f.applyAsDouble(x.values()[i]);
      double moved = slope * x.errors()[i];
      y.set(i, value, ulps == 0 ? moved : rounding.times(2.0 * ulps, value, moved));
    }
    return y;
  }

  /** P(X <= x) of the normal distribution, by a series of positive terms; off by some 1e-16. */
  private static double normal(double x) {
    double z = Math.abs(x);
    if (z > 9) {
      return x > 0 ? 1 : 0; // 1e-19 off
    }
    double term = z;
    double sum = z;
    for (int n = 1; term > sum * 0x1p-60; n++) {
      term *= z * z / (2 * n + 1);
      sum += term;
    }
    double half = sum * Math.exp(-z * z / 2) / Math.sqrt(2 * Math.PI);
    return x > 0 ? 0.5 + half : 0.5 - half;
  }

  // ---- of two, of one shape after broadcasting

  /** A number with the bound of its error. */
  private interface Two {
    void apply(PlainTensor out, int place, double a, double b, double ea, double eb);
  }

  private PlainTensor two(Kind kind, PlainTensor a, PlainTensor b, Two f) {
    int[] shape = PortShapes.broadcast(a.shape(), b.shape());
    PlainTensor x = a.broadcast(shape);
    PlainTensor y = b.broadcast(shape);
    PlainTensor out = PlainTensor.empty(kind, shape);
    for (int i = 0; i < out.size(); i++) {
      f.apply(out, i, x.values()[i], y.values()[i], x.errors()[i], y.errors()[i]);
    }
    return out;
  }

  /** a + b; the bound holds for fused and for separate roundings of the terms too. */
  PlainTensor add(PlainTensor a, PlainTensor b) {
    return two(
        Kind.REAL,
        a,
        b,
        (out, i, x, y, ex, ey) ->
            out.set(i, x + y, rounding.times(2, Math.abs(x) + Math.abs(y), ex + ey)));
  }

  PlainTensor subtract(PlainTensor a, PlainTensor b) {
    return add(a, negative(b));
  }

  PlainTensor negative(PlainTensor x) {
    PlainTensor y = PlainTensor.empty(Kind.REAL, x.shape());
    for (int i = 0; i < y.size(); i++) {
      y.set(i, -x.values()[i], x.errors()[i]);
    }
    return y;
  }

  PlainTensor multiply(PlainTensor a, PlainTensor b) {
    return two(
        Kind.REAL,
        a,
        b,
        (out, i, x, y, ex, ey) ->
            out.set(
                i, x * y, rounding.times(2, x * y, Math.abs(x) * ey + Math.abs(y) * ex + ex * ey)));
  }

  PlainTensor divide(PlainTensor a, PlainTensor b) {
    return two(
        Kind.REAL,
        a,
        b,
        (out, i, x, y, ex, ey) -> {
          double least = Math.abs(y) - ey;
          double moved =
              ex == 0 && ey == 0
                  ? 0
                  : least > 0 ? (ex + Math.abs(x / y) * ey) / least : Double.POSITIVE_INFINITY;
          out.set(i, x / y, rounding.times(2, x / y, moved));
        });
  }

  PlainTensor maximum(PlainTensor a, PlainTensor b) {
    return two(
        Kind.REAL, a, b, (out, i, x, y, ex, ey) -> out.set(i, Math.max(x, y), Math.max(ex, ey)));
  }

  PlainTensor minimum(PlainTensor a, PlainTensor b) {
    return two(
        Kind.REAL, a, b, (out, i, x, y, ex, ey) -> out.set(i, Math.min(x, y), Math.max(ex, ey)));
  }

  /** 1 where a sign of Python holds; where errors leave it open, either is right. */
  PlainTensor compare(String sign, PlainTensor a, PlainTensor b) {
    return two(
        Kind.TRUTH,
        a,
        b,
        (out, i, x, y, ex, ey) ->
            out.set(
                i, holds(sign, x, y) ? 1 : 0, ex + ey > 0 && Math.abs(x - y) <= ex + ey ? 1 : 0));
  }

  private static boolean holds(String sign, double x, double y) {
    return switch (sign) {
      case "<" -> x < y;
      case "<=" -> x <= y;
      case ">" -> x > y;
      case ">=" -> x >= y;
      case "==" -> x == y;
      case "!=" -> x != y;
      default -> throw new AssertionError(sign);
    };
  }

  PlainTensor where(PlainTensor condition, PlainTensor a, PlainTensor b) {
    int[] shape =
        PortShapes.broadcast(condition.shape(), PortShapes.broadcast(a.shape(), b.shape()));
    PlainTensor c = condition.broadcast(shape);
    PlainTensor x = a.broadcast(shape);
    PlainTensor y = b.broadcast(shape);
    PlainTensor out = PlainTensor.empty(a.kind(), shape);
    for (int i = 0; i < out.size(); i++) {
      PlainTensor chosen = c.values()[i] != 0 ? x : y;
      double open = c.errors()[i] > 0 ? Math.abs(x.values()[i] - y.values()[i]) : 0;
      double either = Math.max(x.errors()[i], y.errors()[i]);
      out.set(i, chosen.values()[i], open > 0 ? open + either : chosen.errors()[i]);
    }
    return out;
  }
}
