// Demo: a case computed by plain loops in double, from the numbers themselves and not from a file.
package io.github.einblas.cli;

import java.util.Arrays;

/** Elements of a case's result, each by a loop over the summed labels. */
final class PlainLoops {
  private final long[] kept; // lengths of the result's axes
  private final long[] summed; // lengths of the labels summed over
  private final long[][] keptStrides = new long[2][];
  private final long[][] summedStrides = new long[2][];
  private final RandomData[] data;

  PlainLoops(DemoCase demoCase, RandomData... data) {
    String[] terms = demoCase.terms();
    StringBuilder gone = new StringBuilder();
    demoCase.lengths().keySet().stream()
        .filter(label -> terms[2].indexOf(label) < 0)
        .forEach(gone::append);
    this.kept = demoCase.shape(2);
    this.summed = gone.chars().mapToLong(l -> demoCase.lengths().get((char) l)).toArray();
    this.data = data;
    for (int i = 0; i < 2; i++) {
      keptStrides[i] = strides(demoCase, terms[i], terms[2]);
      summedStrides[i] = strides(demoCase, terms[i], gone.toString());
    }
  }

  /** C-order strides of a term for each of some labels; 0 where the term lacks the label. */
  private static long[] strides(DemoCase demoCase, String term, String labels) {
    long[] strides = new long[labels.length()];
    long stride = 1;
    for (int axis = term.length() - 1; axis >= 0; axis--) {
      int at = labels.indexOf(term.charAt(axis));
      if (at >= 0) {
        strides[at] = stride;
      }
      stride *= demoCase.lengths().get(term.charAt(axis));
    }
    return strides;
  }

  /** Computes elements one after another; for one thread. */
  final class Cursor {
    private final long[] at = new long[summed.length];
    private final double[] value = new double[2];
    private final double[] magnitude = new double[2];

    /** Goes to an element of the result. */
    void moveTo(long[] index) {
      long a = dot(index, keptStrides[0]);
      long b = dot(index, keptStrides[1]);
      Arrays.fill(value, 0);
      Arrays.fill(magnitude, 0);
      do {
        long x = a + dot(at, summedStrides[0]);
        long y = b + dot(at, summedStrides[1]);
        if (data[0].isComplex()) {
          double re = data[0].element(2 * x);
          double im = data[0].element(2 * x + 1);
          add(0, re * data[1].element(2 * y));
          add(0, -im * data[1].element(2 * y + 1));
          add(1, re * data[1].element(2 * y + 1));
          add(1, im * data[1].element(2 * y));
        } else {
          add(0, data[0].element(x) * data[1].element(y));
        }
      } while (next(at, summed)); // all zeros again after the last
    }

    private void add(int part, double product) {
      value[part] += product;
      magnitude[part] += Math.abs(product);
    }

    /** The element; of a complex one the real part. */
    double value() {
      return value(0);
    }

    /** The real part, 0, or the imaginary one, 1. */
    double value(int part) {
      return value[part];
    }

    /** The sum of the absolute values of its products. */
    double magnitude() {
      return magnitude(0);
    }

    /** The same of a part. */
    double magnitude(int part) {
      return magnitude[part];
    }
  }

  /** The result's lengths. */
  long[] shape() {
    return kept.clone();
  }

  /** Moves an index on in C order; false, and all zeros, after the last. */
  static boolean next(long[] index, long[] shape) {
    for (int axis = index.length - 1; axis >= 0; axis--) {
      if (++index[axis] < shape[axis]) {
        return true;
      }
      index[axis] = 0;
    }
    return false;
  }

  /** The index of element number {@code flat} in C order. */
  static long[] index(long flat, long[] shape) {
    long[] index = new long[shape.length];
    long rest = flat;
    for (int axis = shape.length - 1; axis >= 0; axis--) {
      index[axis] = rest % shape[axis];
      rest /= shape[axis];
    }
    return index;
  }

  private static long dot(long[] index, long[] strides) {
    long sum = 0;
    for (int i = 0; i < index.length; i++) {
      sum += index[i] * strides[i];
    }
    return sum;
  }
}
