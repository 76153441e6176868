// Command line: the named operations as labels, which can be planned.
package io.github.einblas.cli;

import io.github.einblas.DType;
import io.github.einblas.Einsum;
import io.github.einblas.EinsumPlan;
import io.github.einblas.PlanOptions;
import io.github.einblas.Sublist;
import java.util.Arrays;
import java.util.List;

/**
 * An einsum by numbers as labels, whose result has the elements of a named operation in its order.
 *
 * @param labels of each operand's axes
 * @param output of the result's axes
 * @param shape of the operation's result where that joins axes of the einsum's, else null
 */
record ProductForm(int[][] labels, int[] output, long[] shape) {
  private static int[] range(int from, int count) {
    int[] labels = new int[count];
    Arrays.setAll(labels, i -> from + i);
    return labels;
  }

  private static int[] join(int[]... parts) {
    return Arrays.stream(parts).flatMapToInt(Arrays::stream).toArray();
  }

  /** NumPy's matmul: leading axes are batches, aligned at their ends. */
  static ProductForm matmul(long[][] shapes) {
    int p = shapes[0].length;
    int q = shapes[1].length;
    requireAxes("matmul", shapes, 1);
    int[] left = p == 1 ? new int[] {1} : new int[] {Sublist.ELLIPSIS, 0, 1};
    int[] right = q == 1 ? new int[] {1} : new int[] {Sublist.ELLIPSIS, 1, 2};
    int[] rows = p > 1 ? new int[] {0} : new int[0];
    int[] columns = q > 1 ? new int[] {2} : new int[0];
    int[] leading = p > 1 || q > 1 ? new int[] {Sublist.ELLIPSIS} : new int[0];
    return new ProductForm(new int[][] {left, right}, join(leading, rows, columns), null);
  }

  /** Every operand must have so many axes at least. */
  private static void requireAxes(String name, long[][] shapes, int least) {
    for (int i = 0; i < shapes.length; i++) {
      if (shapes[i].length < least) {
        throw new InputException(
            name + ": operand " + i + " needs an axis, and is " + Arrays.toString(shapes[i]));
      }
    }
  }

  /** Theano's batched_dot: the last axis of the first with the last but one of the second. */
  static ProductForm batchedDot(long[][] shapes) {
    requireAxes("batched-dot", shapes, 1);
    int p = shapes[0].length;
    int q = shapes[1].length;
    int[] left = range(0, p);
    int[] right = join(new int[] {0}, range(p, q - 1));
    if (p > 1 && q > 1) {
      right[q == 2 ? 1 : q - 2] = p - 1;
      int[] free = Arrays.stream(right).filter(label -> label >= p).toArray();
      return new ProductForm(new int[][] {left, right}, join(range(0, p - 1), free), null);
    }
    return new ProductForm(
        new int[][] {left, right}, join(left, Arrays.copyOfRange(right, 1, q)), null);
  }

  /** NumPy's tensordot; axes count from 0, or from the end where they are negative. */
  static ProductForm tensordot(long[][] shapes, int[] givenA, int[] givenB) {
    if (givenA.length != givenB.length) {
      throw new InputException(
          "tensordot: "
              + givenA.length
              + " axes of the first are paired with "
              + givenB.length
              + " of the second");
    }
    int[] axesA = axes(givenA, shapes[0]);
    int[] axesB = axes(givenB, shapes[1]);
    int p = shapes[0].length;
    int[] left = range(0, p);
    int[] right = range(p, shapes[1].length);
    boolean[] used = new boolean[p];
    for (int i = 0; i < axesA.length; i++) {
      right[axesB[i]] = axesA[i];
      used[axesA[i]] = true;
    }
    int[] output =
        join(
            Arrays.stream(left).filter(label -> !used[label]).toArray(),
            Arrays.stream(right).filter(label -> label >= p).toArray());
    return new ProductForm(new int[][] {left, right}, output, null);
  }

  /** The last axes of the first operand with the first of the second. */
  static ProductForm tensordot(long[][] shapes, int axes) {
    return tensordot(shapes, range(-axes, axes), range(0, axes));
  }

  private static int[] axes(int[] given, long[] shape) {
    int[] axes = Arrays.stream(given).map(a -> a < 0 ? a + shape.length : a).toArray();
    boolean fit = Arrays.stream(axes).allMatch(a -> a >= 0 && a < shape.length);
    if (!fit || Arrays.stream(axes).distinct().count() < axes.length) {
      throw new InputException(
          "tensordot: axes "
              + Arrays.toString(given)
              + " must be different ones of a tensor "
              + Arrays.toString(shape));
    }
    return axes;
  }

  static ProductForm outer(long[][] shapes) {
    int[][] labels = new int[shapes.length][];
    int rank = 0;
    for (int i = 0; i < labels.length; i++) {
      labels[i] = range(rank, shapes[i].length);
      rank += labels[i].length;
    }
    return new ProductForm(labels, range(0, rank), null);
  }

  static ProductForm hadamardOuter(long[][] shapes) {
    requireAxes("hadamard-outer", shapes, 1);
    if (shapes[0].length != shapes[1].length) {
      throw new InputException(
          "hadamard-outer needs as many axes in both, and got "
              + Arrays.toString(shapes[0])
              + " and "
              + Arrays.toString(shapes[1]));
    }
    int[] shared = range(2, shapes[0].length - 1);
    return new ProductForm(
        new int[][] {join(new int[] {0}, shared), join(new int[] {1}, shared)},
        join(new int[] {0, 1}, shared),
        null);
  }

  /** NumPy's kron: shorter shapes have ones in front; an axis joins those of all factors. */
  static ProductForm kron(long[][] shapes) {
    int n = shapes.length;
    int rank = Arrays.stream(shapes).mapToInt(s -> s.length).max().orElse(0);
    int[][] labels = new int[n][];
    long[] shape = new long[rank];
    Arrays.fill(shape, 1);
    boolean[] there = new boolean[rank * n];
    for (int f = 0; f < n; f++) {
      int first = rank - shapes[f].length;
      labels[f] = new int[shapes[f].length];
      for (int d = first; d < rank; d++) {
        labels[f][d - first] = d * n + f;
        there[d * n + f] = true;
        shape[d] = Math.multiplyExact(shape[d], shapes[f][d - first]);
      }
    }
    int[] output = Arrays.stream(range(0, rank * n)).filter(label -> there[label]).toArray();
    return new ProductForm(labels, output, shape);
  }

  /**
   * Kronecker products of matrices column by column or row by row.
   *
   * @param shared the axis that all factors share: 1 for columns, 0 for rows
   */
  static ProductForm paired(long[][] shapes, int shared) {
    int n = shapes.length;
    for (long[] shape : shapes) {
      if (shape.length != 2) {
        throw new InputException("all factors must be matrices, got " + Arrays.toString(shape));
      }
    }
    int[][] labels = new int[n][];
    long[] shape = {1, 1};
    for (int f = 0; f < n; f++) {
      labels[f] = shared == 0 ? new int[] {n, f} : new int[] {f, n};
      shape[1 - shared] = Math.multiplyExact(shape[1 - shared], shapes[f][1 - shared]);
    }
    shape[shared] = shapes[0][shared];
    int[] joined = range(0, n);
    int[] output = shared == 0 ? join(new int[] {n}, joined) : join(joined, new int[] {n});
    return new ProductForm(labels, output, shape);
  }

  /** The plan for operands of these shapes, in the order of the labels. */
  EinsumPlan plan(PlanOptions options, List<DType> types, long[]... shapes) {
    return Einsum.plan(labels, output, options, types, shapes);
  }
}
