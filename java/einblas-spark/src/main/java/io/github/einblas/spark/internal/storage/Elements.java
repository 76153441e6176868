// Storage: elements of any type as bytes: order of bytes, order of axes, boxes, fills.
package io.github.einblas.spark.internal.storage;

import io.github.einblas.DType;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/** Copies of elements between arrays of bytes, in row-major order. */
final class Elements {
  /** Rows and columns of a tile of a transposition: 16 lines of a cache on either side. */
  private static final int TILE = 32;

  private static final VarHandle SHORTS = view(short[].class);
  private static final VarHandle INTS = view(int[].class);
  private static final VarHandle LONGS = view(long[].class);

  private Elements() {}

  private static VarHandle view(Class<?> type) {
    return MethodHandles.byteArrayViewVarHandle(type, ByteOrder.nativeOrder());
  }

  /** Number of elements, which fits. */
  static int count(long[] shape) {
    long count = 1;
    for (long length : shape) {
      count *= length;
    }
    return (int) count;
  }

  static long[] reversed(long[] of) {
    long[] r = new long[of.length];
    for (int d = 0; d < r.length; d++) {
      r[d] = of[r.length - 1 - d];
    }
    return r;
  }

  static int[] backwards(int rank) {
    int[] order = new int[rank];
    Arrays.setAll(order, d -> rank - 1 - d);
    return order;
  }

  /** Turns the bytes of each number, of which complex elements have two. */
  static void swap(byte[] bytes, DType dtype) {
    int width = dtype.partType().bytes();
    for (int i = 0; i < bytes.length && width > 1; i += width) {
      switch (width) {
        case 2 -> SHORTS.set(bytes, i, Short.reverseBytes((short) SHORTS.get(bytes, i)));
        case 4 -> INTS.set(bytes, i, Integer.reverseBytes((int) INTS.get(bytes, i)));
        default -> LONGS.set(bytes, i, Long.reverseBytes((long) LONGS.get(bytes, i)));
      }
    }
  }

  /** So many elements of one value. */
  static byte[] filled(int count, byte[] value) {
    byte[] bytes = new byte[count * value.length];
    if (count == 0 || Arrays.equals(value, new byte[value.length])) {
      return bytes;
    }
    System.arraycopy(value, 0, bytes, 0, value.length);
    for (int done = value.length; done < bytes.length; done *= 2) {
      System.arraycopy(bytes, 0, bytes, done, Math.min(done, bytes.length - done));
      if (done > bytes.length / 2) {
        break; // doubled once more it might not be an int
      }
    }
    return bytes;
  }

  /** Copies a box from one place of an array to another place of another array. */
  static void copyBox(
      byte[] from,
      long[] fromShape,
      long[] fromAt,
      byte[] to,
      long[] toShape,
      long[] toAt,
      long[] box,
      int width) {
    if (count(box) == 0) {
      return;
    }
    int last = box.length - 1; // the last axis that is not copied whole with those behind it
    int run = width;
    while (last >= 0 && box[last] == fromShape[last] && box[last] == toShape[last]) {
      run *= (int) box[last--];
    }
    if (last < 0) {
      System.arraycopy(from, 0, to, 0, run);
      return;
    }
    int[] fromStride = strides(fromShape, width);
    int[] toStride = strides(toShape, width);
    int fromOffset = 0;
    int toOffset = 0;
    for (int d = 0; d <= last; d++) {
      fromOffset += (int) fromAt[d] * fromStride[d];
      toOffset += (int) toAt[d] * toStride[d];
    }
    run *= (int) box[last];
    long[] at = new long[last];
    while (true) {
      System.arraycopy(from, fromOffset, to, toOffset, run);
      int d = last - 1;
      while (d >= 0 && ++at[d] == box[d]) {
        fromOffset -= (int) (box[d] - 1) * fromStride[d];
        toOffset -= (int) (box[d] - 1) * toStride[d];
        at[d--] = 0;
      }
      if (d < 0) {
        return;
      }
      fromOffset += fromStride[d];
      toOffset += toStride[d];
    }
  }

  private static int[] strides(long[] shape, int width) {
    int[] strides = new int[shape.length];
    int stride = width;
    for (int d = shape.length - 1; d >= 0; d--) {
      strides[d] = stride;
      stride *= (int) shape[d];
    }
    return strides;
  }

  /**
   * Elements with their axes in another order: axis d of the result is axis {@code order[d]}. The
   * same array where nothing moves.
   */
  static byte[] permuted(byte[] from, long[] shape, int[] order, int width) {
    int[] strides = strides(shape, width);
    int[] length = new int[order.length]; // of the result, axes of length 1 left out, merged
    int[] stride = new int[order.length];
    int rank = 0;
    for (int axis : order) {
      int n = (int) shape[axis];
      if (n == 1) {
        continue;
      }
      if (rank > 0 && stride[rank - 1] == n * strides[axis]) {
        length[rank - 1] *= n;
        stride[rank - 1] = strides[axis];
      } else {
        length[rank] = n;
        stride[rank++] = strides[axis];
      }
    }
    if (from.length == 0 || rank <= 1) {
      return from;
    }
    byte[] to = new byte[from.length];
    int[] toStride = new int[rank];
    for (int d = rank - 1, s = width; d >= 0; d--) {
      toStride[d] = s;
      s *= length[d];
    }
    int inner = 0; // the axis along which elements lie side by side in from
    while (stride[inner] != width) {
      inner++;
    }
    move(from, to, length, stride, toStride, rank, inner, width);
    return to;
  }

  /** Walks over all axes but the last and the inner one, which are moved tile by tile. */
  private static void move(
      byte[] from,
      byte[] to,
      int[] length,
      int[] stride,
      int[] toStride,
      int rank,
      int inner,
      int width) {
    int[] at = new int[rank];
    int fromOffset = 0;
    int toOffset = 0;
    int last = rank - 1;
    while (true) {
      if (inner == last) {
        System.arraycopy(from, fromOffset, to, toOffset, length[last] * width);
      } else {
        tiles(
            from,
            fromOffset,
            stride[last],
            to,
            toOffset,
            toStride[inner],
            length[inner],
            length[last],
            width);
      }
      int d = last - 1;
      while (d >= 0 && (d == inner || ++at[d] == length[d])) {
        if (d != inner) {
          fromOffset -= (length[d] - 1) * stride[d];
          toOffset -= (length[d] - 1) * toStride[d];
          at[d] = 0;
        }
        d--;
      }
      if (d < 0) {
        return;
      }
      fromOffset += stride[d];
      toOffset += toStride[d];
    }
  }

  /** Transposes: rows of {@code to} are columns of {@code from}. */
  private static void tiles(
      byte[] from,
      int fromAt,
      int fromStride,
      byte[] to,
      int toAt,
      int toStride,
      int rows,
      int columns,
      int width) {
    for (int i = 0; i < rows; i += TILE) {
      int iEnd = Math.min(rows, i + TILE);
      for (int j = 0; j < columns; j += TILE) {
        int jEnd = Math.min(columns, j + TILE);
        for (int r = i; r < iEnd; r++) {
          int f = fromAt + r * width + j * fromStride;
          int t = toAt + r * toStride + j * width;
          row(from, f, fromStride, to, t, jEnd - j, width);
        }
      }
    }
  }

  private static void row(
      byte[] from, int f, int fromStride, byte[] to, int t, int count, int width) {
    switch (width) {
      case 1 -> {
        for (int j = 0; j < count; j++) {
          to[t + j] = from[f + j * fromStride];
        }
      }
      case 2 -> {
        for (int j = 0; j < count; j++) {
          SHORTS.set(to, t + 2 * j, (short) SHORTS.get(from, f + j * fromStride));
        }
      }
      case 4 -> {
        for (int j = 0; j < count; j++) {
          INTS.set(to, t + 4 * j, (int) INTS.get(from, f + j * fromStride));
        }
      }
      case 8 -> {
        for (int j = 0; j < count; j++) {
          LONGS.set(to, t + 8 * j, (long) LONGS.get(from, f + j * fromStride));
        }
      }
      default -> {
        for (int j = 0; j < count; j++) {
          LONGS.set(to, t + 16 * j, (long) LONGS.get(from, f + j * fromStride));
          LONGS.set(to, t + 16 * j + 8, (long) LONGS.get(from, f + j * fromStride + 8));
        }
      }
    }
  }
}
