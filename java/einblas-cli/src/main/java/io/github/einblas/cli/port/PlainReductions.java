// Port: sums, extremes and functions of rows by plain loops.
package io.github.einblas.cli.port;

import io.github.einblas.cli.port.PlainTensor.Kind;
import java.util.Arrays;

/**
 * Functions of the elements along axes, with bounds of their errors to first order.
 *
 * @param rounding unit of the type
 */
record PlainReductions(PlainRounding rounding) {
  /** A function of elements that gives one. */
  interface Reduction {
    void apply(double[] values, double[] errors, PlainTensor out, int place);
  }

  /** A function of a row that gives a row. */
  interface RowFunction {
    void apply(double[] values, double[] errors, double[] results, double[] bounds);
  }

  /** Reduces over axes, which the result lacks. */
  PlainTensor reduce(PlainTensor x, int[] axes, Kind kind, Reduction f) {
    int[] kept = PortShapes.others(axes, x.rank());
    int[] shape = PortShapes.taken(x.shape(), kept);
    int[] lengths = PortShapes.taken(x.shape(), axes);
    PlainTensor out = PlainTensor.empty(kind, shape);
    int count = (int) PlainTensor.size(lengths);
    double[] values = new double[count];
    double[] errors = new double[count];
    int[] index = new int[x.rank()];
    for (int i = 0; i < out.size(); i++) {
      PortShapes.put(index, kept, PlainTensor.index(i, shape));
      for (int k = 0; k < count; k++) {
        PortShapes.put(index, axes, PlainTensor.index(k, lengths));
        int place = x.place(index);
        values[k] = x.values()[place];
        errors[k] = x.errors()[place];
      }
      f.apply(values, errors, out, i);
    }
    return out;
  }

  /** Applies a function to each row along an axis. */
  PlainTensor rows(PlainTensor x, int axis, RowFunction f) {
    PlainTensor out = PlainTensor.empty(Kind.REAL, x.shape());
    int length = x.shape()[axis];
    int[] kept = PortShapes.others(new int[] {axis}, x.rank());
    int[] outer = PortShapes.taken(x.shape(), kept);
    int[] index = new int[x.rank()];
    double[] values = new double[length];
    double[] errors = new double[length];
    double[] results = new double[length];
    double[] bounds = new double[length];
    for (int i = 0; length > 0 && i < PlainTensor.size(outer); i++) {
      PortShapes.put(index, kept, PlainTensor.index(i, outer));
      int[] places = new int[length];
      for (int k = 0; k < length; k++) {
        index[axis] = k;
        places[k] = x.place(index);
        values[k] = x.values()[places[k]];
        errors[k] = x.errors()[places[k]];
      }
      f.apply(values, errors, results, bounds);
      for (int k = 0; k < length; k++) {
        out.set(places[k], results[k], bounds[k]);
      }
    }
    return out;
  }

  private double sumBound(double[] values, double[] errors, int count) {
    double magnitude = 0;
    double moved = 0;
    for (int k = 0; k < count; k++) {
      magnitude += Math.abs(values[k]);
      moved += errors[k];
    }
    return rounding.times(count, magnitude, moved);
  }

  PlainTensor sum(PlainTensor x, int... axes) {
    return reduce(
        x,
        axes,
        Kind.REAL,
        (v, e, out, i) -> out.set(i, Arrays.stream(v).sum(), sumBound(v, e, v.length)));
  }

  PlainTensor mean(PlainTensor x, int... axes) {
    return reduce(
        x,
        axes,
        Kind.REAL,
        (v, e, out, i) -> {
          double mean = Arrays.stream(v).sum() / v.length;
          out.set(i, mean, rounding.times(2, mean, sumBound(v, e, v.length) / v.length));
        });
  }

  PlainTensor norm(PlainTensor x, int... axes) {
    PlainMaps maps = new PlainMaps(rounding);
    return maps.sqrt(sum(maps.multiply(x, x), axes));
  }

  PlainTensor max(PlainTensor x, int... axes) {
    return reduce(x, axes, Kind.REAL, (v, e, out, i) -> out.set(i, largest(v), largest(e)));
  }

  PlainTensor min(PlainTensor x, int... axes) {
    PlainMaps maps = new PlainMaps(rounding);
    return maps.negative(max(maps.negative(x), axes));
  }

  private static double largest(double... values) {
    return Arrays.stream(values).max().orElse(Double.NEGATIVE_INFINITY);
  }

  PlainTensor logSumExp(PlainTensor x, int... axes) {
    return reduce(
        x,
        axes,
        Kind.REAL,
        (v, e, out, i) -> {
          double m = largest(v);
          double value = m + Math.log(Arrays.stream(v).map(a -> Math.exp(a - m)).sum());
          double moved = largest(e); // as the gradient's parts add up to 1
          double roundings = (v.length + 12) * rounding.unit();
          double reach = 1 + Math.abs(value) + 2 * Math.abs(m) + 2 * largest(absolute(v));
          out.set(i, value, 1.01 * (moved + roundings * reach) + rounding.least());
        });
  }

  private static double[] absolute(double... values) {
    return Arrays.stream(values).map(Math::abs).toArray();
  }

  /** The index of the largest; where errors leave it open, any index is right. */
  PlainTensor argmax(PlainTensor x, int axis) {
    return reduce(
        x,
        new int[] {axis},
        Kind.INDEX,
        (v, e, out, i) -> {
          int best = 0;
          for (int k = 1; k < v.length; k++) {
            best = v[k] > v[best] ? k : best;
          }
          boolean open = false;
          for (int k = 0; k < v.length; k++) {
            double errors = e[k] + e[best];
            open |= k != best && errors > 0 && v[best] - v[k] <= errors;
          }
          out.set(i, best, open ? v.length : 0);
        });
  }

  PlainTensor argmin(PlainTensor x, int axis) {
    return argmax(new PlainMaps(rounding).negative(x), axis);
  }

  PlainTensor cumsum(PlainTensor x, int axis) {
    return rows(
        x,
        axis,
        (v, e, results, bounds) -> {
          double sum = 0;
          for (int k = 0; k < v.length; k++) {
            sum += v[k];
            results[k] = sum;
            bounds[k] = sumBound(v, e, k + 1);
          }
        });
  }

  /**
   * e^x over its sum: relatively off by what the exponents are off twice, one rounding of each
   * exponent's difference, and those of the sum, of exp and of the quotient.
   */
  PlainTensor softmax(PlainTensor x, int axis) {
    return rows(
        x,
        axis,
        (v, e, results, bounds) -> {
          double m = largest(v);
          double sum = Arrays.stream(v).map(a -> Math.exp(a - m)).sum();
          double reach = 2 * largest(absolute(v));
          double relative = 2 * largest(e) + (v.length + 20 + 2 * reach) * rounding.unit();
          for (int k = 0; k < v.length; k++) {
            results[k] = Math.exp(v[k] - m) / sum;
            bounds[k] = 1.01 * Math.expm1(relative) * results[k] + rounding.least();
          }
        });
  }

  /** Along the last axis, before weight and bias. */
  PlainTensor normalised(PlainTensor x, double epsilon) {
    return rows(
        x,
        x.rank() - 1,
        (v, e, results, bounds) -> {
          int n = v.length;
          double mean = Arrays.stream(v).sum() / n;
          double meanError = rounding.times(2, mean, sumBound(v, e, n) / n);
          double variance = Arrays.stream(v).map(a -> (a - mean) * (a - mean)).sum() / n;
          double squares = Arrays.stream(v).map(a -> a * a).sum() / n;
          double off = 0;
          for (int k = 0; k < n; k++) {
            double own = e[k] + meanError + 2 * rounding.unit() * (Math.abs(v[k]) + Math.abs(mean));
            off += (2 * Math.abs(v[k] - mean) * own + own * own) / n;
          }
          off += (n + 6) * rounding.unit() * squares;
          double root = Math.sqrt(variance + epsilon);
          double relative = off / (variance + epsilon) + 8 * rounding.unit();
          for (int k = 0; k < n; k++) {
            double own = e[k] + meanError + 2 * rounding.unit() * (Math.abs(v[k]) + Math.abs(mean));
            results[k] = (v[k] - mean) / root;
            bounds[k] =
                1.01 * (own / root * (1 + relative) + relative * Math.abs(results[k]))
                    + rounding.least();
          }
        });
  }
}
