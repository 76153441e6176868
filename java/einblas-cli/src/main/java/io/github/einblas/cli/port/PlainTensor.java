// Port: an array of plain loops: numbers, and by how much the library may be off.
package io.github.einblas.cli.port;

import java.util.Arrays;
import java.util.function.UnaryOperator;

/**
 * Elements in C order. An error is a bound of the difference that roundings in the library, and in
 * the loops themselves, may make at an element.
 *
 * @param shape lengths of the axes
 * @param values the elements
 * @param errors one bound for each element
 * @param kind what the elements are
 */
public record PlainTensor(int[] shape, double[] values, double[] errors, Kind kind) {
  /** What elements are. */
  enum Kind {
    REAL("real numbers"),
    INDEX("indices"),
    TRUTH("truths");

    final String text;

    Kind(String text) {
      this.text = text;
    }
  }

  /** Elements of one array, and products of one call, at most. */
  static final long MOST = 20_000_000;

  /** Zeros of a shape, to be filled. */
  static PlainTensor empty(Kind kind, int... shape) {
    int size = Math.toIntExact(requireSmall(size(shape)));
    return new PlainTensor(shape, new double[size], new double[size], kind);
  }

  /** Exact numbers. */
  static PlainTensor of(Kind kind, double[] values, int... shape) {
    return new PlainTensor(shape, values, new double[values.length], kind);
  }

  public static long requireSmall(long count) {
    if (count > MOST || count < 0) {
      throw new IllegalArgumentException(
          "plain loops prove at most "
              + MOST
              + " elements or products, and this has "
              + (count < 0 || count == Long.MAX_VALUE ? "more" : Long.toString(count))
              + "; give smaller --shapes");
    }
    return count;
  }

  /** The number of elements of a shape, Long.MAX_VALUE if it is larger. */
  public static long size(int... shape) {
    long size = 1;
    for (int length : shape) {
      if (length == 0) {
        return 0;
      }
      size = size > Long.MAX_VALUE / length ? Long.MAX_VALUE : size * length;
    }
    return size;
  }

  int rank() {
    return shape.length;
  }

  public int size() {
    return values.length;
  }

  /** The place of an index in C order. */
  int place(int... index) {
    int place = 0;
    for (int i = 0; i < shape.length; i++) {
      place = place * shape[i] + index[i];
    }
    return place;
  }

  /** The index of a place. */
  static int[] index(int place, int... shape) {
    int[] index = new int[shape.length];
    for (int i = shape.length - 1; i >= 0; i--) {
      index[i] = place % shape[i];
      place /= shape[i];
    }
    return index;
  }

  /**
   * Elements moved: the element at an index of the new shape comes from the index that is given.
   */
  PlainTensor gathered(int[] newShape, UnaryOperator<int[]> from) {
    PlainTensor moved = empty(kind, newShape);
    for (int i = 0; i < moved.size(); i++) {
      moved.set(i, this, place(from.apply(index(i, newShape))));
    }
    return moved;
  }

  /** Copies an element of another tensor. */
  void set(int place, PlainTensor from, int at) {
    values[place] = from.values[at];
    errors[place] = from.errors[at];
  }

  void set(int place, double value, double error) {
    values[place] = value;
    errors[place] = error;
  }

  /** The same elements under another shape. */
  PlainTensor reshaped(int... newShape) {
    return new PlainTensor(newShape, values, errors, kind);
  }

  /** With lengths 1 in front and repeated, as NumPy broadcasts. */
  PlainTensor broadcast(int... newShape) {
    if (Arrays.equals(shape, newShape)) {
      return this;
    }
    int front = newShape.length - shape.length;
    return gathered(
        newShape,
        index -> {
          int[] own = new int[shape.length];
          for (int i = 0; i < own.length; i++) {
            own[i] = shape[i] == 1 ? 0 : index[front + i];
          }
          return own;
        });
  }

  /** Whether all elements and bounds are numbers. */
  public boolean isFinite() {
    return Arrays.stream(values).allMatch(Double::isFinite)
        && Arrays.stream(errors).allMatch(Double::isFinite);
  }
}
