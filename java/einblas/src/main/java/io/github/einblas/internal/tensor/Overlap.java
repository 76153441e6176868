// Checks: whether strided views share elements, exactly where that is cheap, else on the safe side.
package io.github.einblas.internal.tensor;

import java.util.Arrays;
import java.util.BitSet;

/** Overlap of strided views. Offsets and strides in elements of one storage. */
public final class Overlap {
  /** Most elements that an exact check enumerates: about a millisecond. */
  private static final long ENUMERATED = 1 << 20;

  private Overlap() {}

  /**
   * Whether some element is addressed twice. Exact up to a million elements, else true when in
   * doubt.
   */
  public static boolean selfOverlaps(long[] shape, long[] strides) {
    long[][] axes = axes(shape, strides);
    if (axes == null) {
      return false;
    }
    // Sorted by stride, each axis must step over all that the smaller ones reach.
    long reach = 0;
    boolean nested = true;
    for (long[] axis : axes) {
      nested &= axis[1] > reach;
      reach += (axis[0] - 1) * axis[1];
    }
    if (nested) {
      return false;
    }
    long size = size(axes);
    if (size > reach + 1) {
      return true;
    }
    if (size > ENUMERATED || reach > 64 * ENUMERATED) {
      return true;
    }
    BitSet seen = new BitSet();
    return !enumerate(axes, axes.length - 1, 0, seen, null);
  }

  /**
   * Whether two views of one storage share an element. Exact up to a million elements, else true
   * when neither their ranges nor their strides' common divisor tell them apart.
   */
  public static boolean mayShare(
      long offsetA, long[] shapeA, long[] stridesA, long offsetB, long[] shapeB, long[] stridesB) {
    long[][] a = axes(shapeA, stridesA);
    long[][] b = axes(shapeB, stridesB);
    if (a == null || b == null) {
      return false;
    }
    long lowA = offsetA + low(shapeA, stridesA);
    long lowB = offsetB + low(shapeB, stridesB);
    if (lowA > lowB + reach(b) || lowB > lowA + reach(a)) {
      return false;
    }
    long divisor = gcd(gcd(0, a), b);
    if (divisor > 1 && (lowA - lowB) % divisor != 0) {
      return false;
    }
    if (size(a) > ENUMERATED
        || size(b) > ENUMERATED
        || reach(a) > 64 * ENUMERATED
        || reach(b) > 64 * ENUMERATED) {
      return true;
    }
    long base = Math.min(lowA, lowB);
    BitSet seen = new BitSet();
    enumerate(a, a.length - 1, lowA - base, seen, null);
    return !enumerate(b, b.length - 1, lowB - base, null, seen);
  }

  /**
   * (length, |stride|) of the axes longer than 1, by rising stride; null when there is no element
   * at all.
   */
  private static long[][] axes(long[] shape, long[] strides) {
    int n = 0;
    for (long length : shape) {
      if (length == 0) {
        return null;
      }
      if (length > 1) {
        n++;
      }
    }
    long[][] axes = new long[n][];
    int i = 0;
    for (int d = 0; d < shape.length; d++) {
      if (shape[d] > 1) {
        axes[i++] = new long[] {shape[d], Math.abs(strides[d])};
      }
    }
    Arrays.sort(axes, (x, y) -> Long.compare(x[1], y[1]));
    return axes;
  }

  private static long low(long[] shape, long[] strides) {
    long low = 0;
    for (int d = 0; d < shape.length; d++) {
      if (strides[d] < 0) {
        low += (shape[d] - 1) * strides[d];
      }
    }
    return low;
  }

  private static long reach(long[][] axes) {
    long reach = 0;
    for (long[] axis : axes) {
      reach += (axis[0] - 1) * axis[1];
    }
    return reach;
  }

  private static long size(long[][] axes) {
    long size = 1;
    for (long[] axis : axes) {
      if (axis[0] > Long.MAX_VALUE / size) {
        return Long.MAX_VALUE;
      }
      size *= axis[0];
    }
    return size;
  }

  private static long gcd(long divisor, long[][] axes) {
    for (long[] axis : axes) {
      long x = divisor;
      long y = axis[1];
      while (y != 0) {
        long r = x % y;
        x = y;
        y = r;
      }
      divisor = x;
    }
    return divisor;
  }

  /**
   * Marks every offset in {@code mark}; false as soon as one was marked before, or is in {@code
   * forbidden}.
   */
  private static boolean enumerate(
      long[][] axes, int axis, long offset, BitSet mark, BitSet forbidden) {
    if (axis < 0) {
      int at = (int) offset;
      if (forbidden != null) {
        return !forbidden.get(at);
      }
      if (mark.get(at)) {
        return false;
      }
      mark.set(at);
      return true;
    }
    boolean fine = true;
    for (long i = 0; i < axes[axis][0]; i++) {
      fine &= enumerate(axes, axis - 1, offset + i * axes[axis][1], mark, forbidden);
      if (!fine && forbidden != null) {
        return false;
      }
    }
    return fine;
  }
}
