// Test support: tensors of any type from and to Java numbers.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.einblas.reference.Numbers;
import java.util.Random;
import java.util.stream.IntStream;

/** Makes tensors of {@link Numbers} and reads them again. */
final class TypedTensors {
  private TypedTensors() {}

  /** A contiguous tensor. */
  static Tensor of(Numbers n, long... shape) {
    try (Tensor flat = flat(n);
        Tensor own = flat.to(n.type);
        Tensor view = own.reshape(shape)) {
      return view.copy();
    }
  }

  private static Tensor flat(Numbers n) {
    return switch (n.type.kind()) {
      case BOOL, INTEGER -> Tensor.of(n.whole);
      case REAL -> Tensor.of(n.re);
      case COMPLEX -> {
        double[] parts = new double[2 * n.re.length];
        for (int i = 0; i < n.re.length; i++) {
          parts[2 * i] = n.re[i];
          parts[2 * i + 1] = n.im[i];
        }
        yield Tensor.ofComplex(parts);
      }
    };
  }

  /** The same elements, with axes in any order in memory. */
  static Tensor scattered(Random random, Tensor t) {
    int[] order = IntStream.range(0, t.rank()).toArray();
    int[] back = new int[order.length];
    for (int i = order.length - 1; i > 0; i--) {
      int j = random.nextInt(i + 1);
      int other = order[j];
      order[j] = order[i];
      order[i] = other;
    }
    for (int i = 0; i < order.length; i++) {
      back[order[i]] = i;
    }
    try (Tensor turned = t.permute(order)) {
      return turned.copy().permute(back);
    }
  }

  /** The elements in row-major order. */
  static Numbers numbers(Tensor t) {
    Numbers n = new Numbers(t.dtype(), Math.toIntExact(t.size()));
    switch (t.dtype().kind()) {
      case BOOL, INTEGER -> {
        long[] all = t.toLongArray();
        for (int i = 0; i < all.length; i++) {
          n.whole[i] = all[i];
          n.re[i] = all[i];
        }
      }
      case REAL -> System.arraycopy(t.toDoubleArray(), 0, n.re, 0, n.re.length);
      case COMPLEX -> {
        double[] parts = t.toDoubleArray();
        for (int i = 0; i < n.re.length; i++) {
          n.re[i] = parts[2 * i];
          n.im[i] = parts[2 * i + 1];
        }
      }
    }
    return n;
  }

  /** Equal types and elements; -0 is 0. */
  static void check(Numbers expected, Tensor got, String what) {
    assertEquals(expected.type, got.dtype(), what);
    Numbers n = numbers(got);
    if (expected.type.isInteger() || expected.type.isBool()) {
      assertArrayEquals(expected.whole, n.whole, what);
    } else {
      assertArrayEquals(plus(expected.re), plus(n.re), what);
      assertArrayEquals(plus(expected.im), plus(n.im), what);
    }
  }

  private static double[] plus(double[] values) {
    double[] all = values.clone();
    for (int i = 0; i < all.length; i++) {
      all[i] += 0.0;
    }
    return all;
  }
}
