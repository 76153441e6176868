// View: the geometry of a tensor's view, and the views that can be made of it. NumPy's rules.
package io.github.einblas.internal.tensor;

import java.util.Arrays;

/**
 * Where the elements of a view lie, in elements of its memory. Arrays are shared, never changed.
 *
 * @param offset of the element [0, 0, ...] from the start of the memory
 * @param shape lengths of the axes
 * @param strides of the axes, also negative or 0
 */
public record View(long offset, long[] shape, long[] strides) {

  /** Axis i of the view is axis {@code axes[i]} of this. */
  public View permute(int[] axes) {
    int[] order = Views.permutation(axes, shape.length);
    long[] newShape = new long[order.length];
    long[] newStrides = new long[order.length];
    for (int d = 0; d < order.length; d++) {
      newShape[d] = shape[order[d]];
      newStrides[d] = strides[order[d]];
    }
    return new View(offset, newShape, newStrides);
  }

  /** The axes in reverse order. */
  public View transpose() {
    int[] order = new int[shape.length];
    Arrays.setAll(order, d -> order.length - 1 - d);
    return permute(order);
  }

  /** Python's slice start:stop:step of one axis; bounds beyond the ends are clipped. */
  public View slice(int whichAxis, long start, long stop, long step) {
    int axis = Views.axis(whichAxis, shape.length);
    if (step == 0) {
      throw new IllegalArgumentException("slice of axis " + axis + ": the step is 0");
    }
    long length = shape[axis];
    long low = step > 0 ? 0 : -1;
    long high = step > 0 ? length : length - 1;
    long first = clip(start, length, low, high);
    long last = clip(stop, length, low, high);
    long span = step > 0 ? last - first : first - last;
    long by = step == Long.MIN_VALUE ? Long.MAX_VALUE : Math.abs(step);
    long count = span <= 0 ? 0 : (span - 1) / by + 1;
    long[] newShape = shape.clone();
    long[] newStrides = strides.clone();
    newShape[axis] = count;
    // Wraps around only where there is no element.
    newStrides[axis] = count <= 1 ? strides[axis] : strides[axis] * step;
    return new View(count == 0 ? offset : offset + first * strides[axis], newShape, newStrides);
  }

  private static long clip(long index, long length, long low, long high) {
    long i = index < 0 ? index + length : index;
    // Beyond -length after the shift, and the ends MIN/MAX_VALUE, fall on the clip borders.
    return Math.max(low, Math.min(high, i));
  }

  /** One index of an axis, which is dropped. */
  public View select(int axis, long index) {
    int a = Views.axis(axis, shape.length);
    long i = index < 0 ? index + shape[a] : index;
    if (i < 0 || i >= shape[a]) {
      throw new IndexOutOfBoundsException(
          "index " + index + " is outside axis " + a + " of length " + shape[a]);
    }
    return new View(offset + i * strides[a], without(shape, a), without(strides, a));
  }

  /** One axis backwards. */
  public View flip(int axis) {
    int a = Views.axis(axis, shape.length);
    long[] newStrides = strides.clone();
    newStrides[a] = -strides[a];
    return new View(offset + Math.max(0, shape[a] - 1) * strides[a], shape, newStrides);
  }

  /** The same elements in row-major order under another shape; one length may be -1. */
  public View reshape(long[] newShape) {
    long size = Views.size(shape);
    long[] wanted = Views.inferred(newShape, size);
    if (Views.size(wanted) != size) {
      throw new IllegalArgumentException(
          "a tensor of shape "
              + Arrays.toString(shape)
              + " has "
              + size
              + " elements and cannot take the shape "
              + Arrays.toString(wanted));
    }
    long[] newStrides = Views.reshape(shape, strides, wanted);
    if (newStrides == null) {
      throw new IllegalArgumentException(
          "a view of shape "
              + Arrays.toString(shape)
              + " and strides "
              + Arrays.toString(strides)
              + " cannot take the shape "
              + Arrays.toString(wanted)
              + " without a copy: call contiguous() first");
    }
    return new View(offset, wanted, newStrides);
  }

  /** Without the axes of length 1. */
  public View squeeze() {
    boolean[] drop = new boolean[shape.length];
    for (int d = 0; d < shape.length; d++) {
      drop[d] = shape[d] == 1;
    }
    return without(drop);
  }

  /** Without the given axes, which must have length 1. */
  public View squeeze(int[] axes) {
    boolean[] drop = new boolean[shape.length];
    for (int axis : axes) {
      int a = Views.axis(axis, shape.length);
      if (shape[a] != 1) {
        throw new IllegalArgumentException(
            "squeeze of axis " + a + ": its length is " + shape[a] + ", not 1");
      }
      drop[a] = true;
    }
    return without(drop);
  }

  private View without(boolean[] drop) {
    long[] newShape = new long[shape.length];
    long[] newStrides = new long[shape.length];
    int n = 0;
    for (int d = 0; d < shape.length; d++) {
      if (!drop[d]) {
        newShape[n] = shape[d];
        newStrides[n++] = strides[d];
      }
    }
    return new View(offset, Arrays.copyOf(newShape, n), Arrays.copyOf(newStrides, n));
  }

  /** With a new axis of length 1 before the given one; the rank puts it last. */
  public View unsqueeze(int axis) {
    int a = Views.axis(axis, shape.length + 1);
    long[] newShape = new long[shape.length + 1];
    long[] newStrides = new long[shape.length + 1];
    for (int d = 0; d < newShape.length; d++) {
      newShape[d] = d == a ? 1 : shape[d < a ? d : d - 1];
      newStrides[d] = d == a ? 0 : strides[d < a ? d : d - 1];
    }
    return new View(offset, newShape, newStrides);
  }

  /** Axes of length 1, and new leading ones, repeated with stride 0. */
  public View broadcastTo(long[] newShape) {
    long[] own = newShape.clone();
    return new View(offset, own, Views.broadcast(shape, strides, own));
  }

  /** The elements whose indices on both axes agree; the new axis comes last. */
  public View diagonal(int axis1, int axis2) {
    int a = Views.axis(axis1, shape.length);
    int b = Views.axis(axis2, shape.length);
    if (a == b) {
      throw new IllegalArgumentException("diagonal needs two different axes, got " + a + " twice");
    }
    long[] newShape = without(without(shape, Math.max(a, b)), Math.min(a, b));
    long[] newStrides = without(without(strides, Math.max(a, b)), Math.min(a, b));
    newShape = Arrays.copyOf(newShape, newShape.length + 1);
    newStrides = Arrays.copyOf(newStrides, newStrides.length + 1);
    newShape[newShape.length - 1] = Math.min(shape[a], shape[b]);
    newStrides[newStrides.length - 1] = strides[a] + strides[b];
    return new View(offset, newShape, newStrides);
  }

  /**
   * Any view of a memory of so many elements.
   *
   * @throws IllegalArgumentException if an element would lie outside it
   */
  public static View strided(long elements, long offset, long[] shape, long[] strides) {
    long[] s = shape.clone();
    long[] t = strides.clone();
    if (s.length != t.length) {
      throw new IllegalArgumentException(
          "asStrided: " + s.length + " lengths but " + t.length + " strides");
    }
    Views.size(s);
    long[] range;
    try {
      range = Views.range(s, t);
    } catch (ArithmeticException e) {
      throw new IllegalArgumentException("asStrided: the strides reach beyond 2^63", e);
    }
    boolean empty = range[1] < range[0];
    if (offset < 0
        || offset > elements
        || (!empty && (offset + range[0] < 0 || offset > elements - 1 - range[1]))) {
      throw new IllegalArgumentException(
          "asStrided: offset "
              + offset
              + ", shape "
              + Arrays.toString(s)
              + " and strides "
              + Arrays.toString(t)
              + " reach outside the "
              + elements
              + " elements of the memory");
    }
    return new View(offset, s, t);
  }

  /** Place of one element in the memory; a negative index counts from the end. */
  public long at(long[] index) {
    if (index.length != shape.length) {
      throw new IllegalArgumentException(
          "an index of a tensor of rank "
              + shape.length
              + " needs as many numbers, got "
              + Arrays.toString(index));
    }
    long at = offset;
    for (int d = 0; d < index.length; d++) {
      long i = index[d] < 0 ? index[d] + shape[d] : index[d];
      if (i < 0 || i >= shape[d]) {
        throw new IndexOutOfBoundsException(
            "index " + Arrays.toString(index) + " is outside shape " + Arrays.toString(shape));
      }
      at += i * strides[d];
    }
    return at;
  }

  private static long[] without(long[] values, int index) {
    long[] rest = new long[values.length - 1];
    System.arraycopy(values, 0, rest, 0, index);
    System.arraycopy(values, index + 1, rest, index, rest.length - index);
    return rest;
  }
}
