// Tensors: rows of Java's arrays in and out, and elements as streams.
package io.github.einblas.internal.tensor;

import io.github.einblas.DType;
import java.lang.reflect.Array;
import java.nio.Buffer;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.DoubleStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/** Arrays of arrays are matrices, an array for each row. */
public final class Nested {
  /** Elements that a stream holds at a time. */
  private static final long PIECE = 1 << 13;

  private Nested() {}

  /** A copy of rows, as F64. */
  public static Strided of(double[][] rows) {
    return of(DType.F64, rows, DoubleBuffer::wrap);
  }

  /** A copy of rows, as F32. */
  public static Strided of(float[][] rows) {
    return of(DType.F32, rows, FloatBuffer::wrap);
  }

  private static <A> Strided of(DType type, A[] rows, Function<A, Buffer> over) {
    A[] own = Objects.requireNonNull(rows, "rows").clone();
    int columns = own.length == 0 ? 0 : length(own, 0);
    for (int i = 0; i < own.length; i++) {
      if (length(own, i) != columns) {
        throw new IllegalArgumentException(
            "of: rows must have one length, but row 0 has "
                + columns
                + " elements and row "
                + i
                + " has "
                + length(own, i));
      }
    }
    Strided t = Strided.empty(type, own.length, columns);
    boolean done = false;
    try {
      t.using(
          at -> {
            for (int i = 0; i < own.length; i++) {
              Transfer.in(over.apply(own[i]), at + (long) i * columns * type.bytes());
            }
          });
      done = true;
      return t;
    } finally {
      if (!done) {
        t.close();
      }
    }
  }

  private static int length(Object[] rows, int i) {
    return Array.getLength(Objects.requireNonNull(rows[i], () -> "row " + i));
  }

  /** The rows of a matrix; of complex elements the parts in turn. */
  public static double[][] doubleRows(Strided t) {
    requireMatrix(t, "toDoubleMatrix");
    double[][] rows = new double[rows(t, "toDoubleMatrix")][];
    for (int i = 0; i < rows.length; i++) {
      try (Strided row = t.select(0, i)) {
        rows[i] = TensorArrays.doubles(row);
      }
    }
    return rows;
  }

  /** The rows of a matrix; of complex elements the parts in turn. */
  public static float[][] floatRows(Strided t) {
    requireMatrix(t, "toFloatMatrix");
    float[][] rows = new float[rows(t, "toFloatMatrix")][];
    for (int i = 0; i < rows.length; i++) {
      try (Strided row = t.select(0, i)) {
        rows[i] = TensorArrays.floats(row);
      }
    }
    return rows;
  }

  private static int rows(Strided t, String what) {
    if (t.isClosed()) {
      throw new IllegalStateException("the tensor is closed");
    }
    if (t.shape()[0] > Integer.MAX_VALUE - 8) {
      throw new IllegalArgumentException(
          what + ": a Java array cannot hold the " + t.shape()[0] + " rows of this tensor");
    }
    return (int) t.shape()[0];
  }

  private static void requireMatrix(Strided t, String what) {
    if (t.rank() != 2) {
      throw new IllegalArgumentException(
          what + " needs a tensor of rank 2, this is " + t.describe());
    }
  }

  /** The elements in row-major order, of which a piece at a time is copied. */
  public static DoubleStream doubles(Strided t) {
    DType type = t.dtype();
    if (type.isComplex() || type == DType.I64) {
      throw new IllegalArgumentException(
          "doubles needs real elements that F64 holds, this has "
              + type
              + (type.isComplex() ? "; real() and imag() are views of the parts" : "; longs()"));
    }
    Strided flat = flat(t);
    return pieces(flat).flatMapToDouble(p -> Arrays.stream(doubles(flat, p))).onClose(flat::close);
  }

  private static double[] doubles(Strided flat, long piece) {
    try (Strided part = piece(flat, piece)) {
      return TensorArrays.doubles(part);
    }
  }

  /** The integers in row-major order, of which a piece at a time is copied. */
  public static LongStream longs(Strided t) {
    if (!t.dtype().isInteger() && !t.dtype().isBool()) {
      throw new IllegalArgumentException(
          "longs needs integers or BOOL, this has " + t.dtype() + "; doubles()");
    }
    Strided flat = flat(t);
    return pieces(flat).flatMapToLong(p -> Arrays.stream(longs(flat, p))).onClose(flat::close);
  }

  private static long[] longs(Strided flat, long piece) {
    try (Strided part = piece(flat, piece)) {
      return TensorArrays.longs(part, "longs");
    }
  }

  /** A view where the tensor is contiguous, else a copy. */
  private static Strided flat(Strided t) {
    if (t.isClosed()) {
      throw new IllegalStateException("the tensor is closed");
    }
    return TensorCopy.contiguous(t).reshapeInPlace(t.size());
  }

  private static Stream<Long> pieces(Strided flat) {
    return LongStream.range(0, (flat.size() + PIECE - 1) / PIECE).boxed();
  }

  private static Strided piece(Strided flat, long piece) {
    return flat.slice(0, piece * PIECE, Math.min(flat.size(), (piece + 1) * PIECE));
  }
}
