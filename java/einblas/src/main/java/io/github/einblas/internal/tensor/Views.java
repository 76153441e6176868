// Views: shape and stride arithmetic of tensors, without memory. NumPy's rules.
package io.github.einblas.internal.tensor;

import java.util.Arrays;
import java.util.Objects;

/** Shapes and strides. All lengths and strides in elements. */
public final class Views {
  private Views() {}

  /**
   * Number of elements of a shape.
   *
   * @throws IllegalArgumentException if a length is negative or the product exceeds 2^63 - 1
   */
  public static long size(long[] shape) {
    long size = 1;
    boolean empty = false;
    for (long length : shape) {
      if (length < 0) {
        throw new IllegalArgumentException(
            "shape " + Arrays.toString(shape) + " has a negative length " + length);
      }
      empty |= length == 0;
    }
    if (empty) {
      return 0;
    }
    for (long length : shape) {
      if (size > Long.MAX_VALUE / length) {
        throw new IllegalArgumentException(
            "shape " + Arrays.toString(shape) + " has more than 2^63 - 1 elements");
      }
      size *= length;
    }
    return size;
  }

  /**
   * The shape of so many elements: the wanted one, or rank 1 where none is given.
   *
   * @throws IllegalArgumentException if it needs another number of elements
   */
  public static long[] shapeFor(long[] wanted, long elements) {
    if (Objects.requireNonNull(wanted, "shape").length == 0) {
      return new long[] {elements};
    }
    if (size(wanted) != elements) {
      throw new IllegalArgumentException(
          "shape "
              + Arrays.toString(wanted)
              + " needs "
              + size(wanted)
              + " elements, data has "
              + elements);
    }
    return wanted.clone();
  }

  /** Bytes of a shape's elements; refuses what does not fit 63 bits. */
  public static long bytes(long[] shape, int elementBytes) {
    long size = size(shape);
    if (size > Long.MAX_VALUE / elementBytes) {
      throw new IllegalArgumentException(
          "shape " + Arrays.toString(shape) + " needs more than 2^63 - 1 bytes");
    }
    return size * elementBytes;
  }

  /** Whether two shapes or sets of strides agree; often they are the same array. */
  public static boolean same(long[] x, long[] y) {
    if (x == y) {
      return true;
    }
    if (x.length != y.length) {
      return false;
    }
    for (int i = 0; i < x.length; i++) {
      if (x[i] != y[i]) {
        return false;
      }
    }
    return true;
  }

  /** Row-major strides. */
  public static long[] contiguous(long[] shape) {
    long[] strides = new long[shape.length];
    long stride = 1;
    for (int d = shape.length - 1; d >= 0; d--) {
      strides[d] = stride;
      stride *= Math.max(shape[d], 1);
    }
    return strides;
  }

  /**
   * Whether the elements lie in row-major order without gaps (strides of length-1 axes do not
   * matter).
   */
  public static boolean isContiguous(long[] shape, long[] strides) {
    long expected = 1;
    for (int d = shape.length - 1; d >= 0; d--) {
      if (shape[d] == 0) {
        return true;
      }
      if (shape[d] != 1) {
        if (strides[d] != expected) {
          return false;
        }
        expected *= shape[d];
      }
    }
    return true;
  }

  /**
   * An axis number counted from the front.
   *
   * @throws IndexOutOfBoundsException if not in [-rank, rank)
   */
  public static int axis(int axis, int rank) {
    if (axis < -rank || axis >= rank) {
      throw new IndexOutOfBoundsException(
          "axis " + axis + " does not exist in a tensor of rank " + rank);
    }
    return axis < 0 ? axis + rank : axis;
  }

  /** The axes in another order, each exactly once. */
  public static int[] permutation(int[] axes, int rank) {
    int[] order = new int[axes.length];
    boolean[] seen = new boolean[rank];
    if (axes.length != rank) {
      throw new IllegalArgumentException(
          "permute needs each of " + rank + " axes once, got " + Arrays.toString(axes));
    }
    for (int i = 0; i < rank; i++) {
      order[i] = axis(axes[i], rank);
      if (seen[order[i]]) {
        throw new IllegalArgumentException(
            "permute got axis " + order[i] + " twice in " + Arrays.toString(axes));
      }
      seen[order[i]] = true;
    }
    return order;
  }

  /**
   * The same elements in another shape, without a copy.
   *
   * @return the strides, or null when only a copy could have that shape
   */
  public static long[] reshape(long[] shape, long[] strides, long[] wanted) {
    if (size(shape) == 0) {
      return contiguous(wanted);
    }
    long[] result = new long[wanted.length];
    int from = 0;
    int to = 0;
    while (from < shape.length || to < wanted.length) {
      // The shortest runs of old and new axes with equal products.
      int fromEnd = from;
      int toEnd = to;
      long have = 1;
      long want = 1;
      do {
        if (fromEnd < shape.length && (have <= want || toEnd == wanted.length)) {
          have *= shape[fromEnd++];
        } else {
          want *= wanted[toEnd++];
        }
      } while (have != want);
      while (fromEnd < shape.length && shape[fromEnd] == 1) {
        fromEnd++;
      }
      while (toEnd < wanted.length && wanted[toEnd] == 1) {
        toEnd++;
      }
      long stride = runStride(shape, strides, from, fromEnd);
      if (stride == Long.MIN_VALUE) {
        return null;
      }
      for (int d = toEnd - 1; d >= to; d--) {
        result[d] = stride;
        stride *= wanted[d];
      }
      from = fromEnd;
      to = toEnd;
    }
    return result;
  }

  /**
   * The innermost stride of axes that fold into one; 1 when all have length 1; MIN_VALUE when they
   * do not fold.
   */
  private static long runStride(long[] shape, long[] strides, int begin, int end) {
    long innermost = 1;
    long expected = Long.MIN_VALUE;
    for (int d = end - 1; d >= begin; d--) {
      if (shape[d] == 1) {
        continue;
      }
      if (expected == Long.MIN_VALUE) {
        innermost = strides[d];
      } else if (strides[d] != expected) {
        return Long.MIN_VALUE;
      }
      expected = strides[d] * shape[d];
    }
    return innermost;
  }

  /** Replaces one -1 in a wanted shape by the length that fits. */
  public static long[] inferred(long[] wanted, long size) {
    long[] shape = wanted.clone();
    int unknown = -1;
    for (int d = 0; d < shape.length; d++) {
      if (shape[d] == -1 && unknown < 0) {
        unknown = d;
        shape[d] = 1;
      } else if (shape[d] < 0) {
        throw new IllegalArgumentException(
            "reshape to "
                + Arrays.toString(wanted)
                + ": one length may be -1, none otherwise negative");
      }
    }
    if (unknown >= 0) {
      long known = size(shape);
      if (known == 0 || size % known != 0) {
        throw new IllegalArgumentException(
            "reshape to " + Arrays.toString(wanted) + ": " + size + " elements do not fit");
      }
      shape[unknown] = size / known;
    }
    return shape;
  }

  /**
   * Strides of a shape broadcast to another by NumPy's rules; throws naming the axis that does not
   * fit.
   */
  public static long[] broadcast(long[] shape, long[] strides, long[] to) {
    size(to);
    long[] result = new long[to.length];
    int lead = to.length - shape.length;
    String trouble = lead < 0 ? "too few axes" : null;
    for (int d = Math.max(lead, 0); trouble == null && d < to.length; d++) {
      long have = shape[d - lead];
      if (have != to[d] && have != 1) {
        trouble = "axis " + d + " has length " + have;
      }
      result[d] = have == to[d] ? strides[d - lead] : 0;
    }
    if (trouble != null) {
      throw new IllegalArgumentException(
          "a tensor of shape "
              + Arrays.toString(shape)
              + " cannot be broadcast to "
              + Arrays.toString(to)
              + ": "
              + trouble);
    }
    return result;
  }

  /** First and last element that a view touches, relative to its origin; {0, -1} when empty. */
  public static long[] range(long[] shape, long[] strides) {
    long low = 0;
    long high = 0;
    for (int d = 0; d < shape.length; d++) {
      if (shape[d] == 0) {
        return new long[] {0, -1};
      }
      long span = Math.multiplyExact(shape[d] - 1, strides[d]);
      if (span < 0) {
        low = Math.addExact(low, span);
      } else {
        high = Math.addExact(high, span);
      }
    }
    return new long[] {low, high};
  }
}
