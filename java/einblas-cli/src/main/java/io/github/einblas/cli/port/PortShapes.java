// Port: shapes and axes as lists of numbers.
package io.github.einblas.cli.port;

import java.util.Arrays;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Helpers of shapes. */
public final class PortShapes {
  private PortShapes() {}

  /** Shapes that do not agree; with other shapes of the operands they may. */
  static final class Mismatch extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Mismatch(String message) {
      super(message);
    }
  }

  public static String text(int... shape) {
    return shape.length == 0
        ? "scalar"
        : Arrays.stream(shape).mapToObj(Integer::toString).collect(Collectors.joining("x"));
  }

  /** The shape that two broadcast to. */
  static int[] broadcast(int[] a, int[] b) {
    int[] shape = new int[Math.max(a.length, b.length)];
    for (int i = 1; i <= shape.length; i++) {
      int x = i <= a.length ? a[a.length - i] : 1;
      int y = i <= b.length ? b[b.length - i] : 1;
      if (x != y && x != 1 && y != 1) {
        throw new Mismatch("shapes " + text(a) + " and " + text(b) + " do not broadcast");
      }
      shape[shape.length - i] = x == 1 ? y : x;
    }
    return shape;
  }

  /** The axes of a rank that are not among some, in order. */
  static int[] others(int[] axes, int rank) {
    return IntStream.range(0, rank).filter(i -> !contains(axes, i)).toArray();
  }

  static boolean contains(int[] axes, int axis) {
    return Arrays.stream(axes).anyMatch(a -> a == axis);
  }

  static int[] taken(int[] shape, int[] axes) {
    return Arrays.stream(axes).map(a -> shape[a]).toArray();
  }

  static void put(int[] index, int[] axes, int[] values) {
    for (int i = 0; i < axes.length; i++) {
      index[axes[i]] = values[i];
    }
  }

  static int[] with(int[] shape, int axis, int length) {
    int[] longer = new int[shape.length + 1];
    System.arraycopy(shape, 0, longer, 0, axis);
    longer[axis] = length;
    System.arraycopy(shape, axis, longer, axis + 1, shape.length - axis);
    return longer;
  }

  static int[] join(int[] a, int... b) {
    int[] joined = Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, joined, a.length, b.length);
    return joined;
  }

  static int[] range(int from, int to) {
    return IntStream.range(from, to).toArray();
  }

  static int[] filled(int length, int value) {
    int[] all = new int[length];
    Arrays.fill(all, value);
    return all;
  }
}
