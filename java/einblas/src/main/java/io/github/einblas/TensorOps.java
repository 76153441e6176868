// Public API: named operations, each an einsum.
package io.github.einblas;

import static io.github.einblas.internal.equation.LabelLists.join;
import static io.github.einblas.internal.equation.LabelLists.range;
import static io.github.einblas.internal.equation.LabelLists.without;

import io.github.einblas.internal.equation.Equation;
import io.github.einblas.internal.plan.Contraction;
import io.github.einblas.internal.plan.PlanCache;
import io.github.einblas.internal.plan.PlanChecks;
import io.github.einblas.internal.tensor.Strided;
import io.github.einblas.internal.tensor.Views;
import java.util.Arrays;
import java.util.Objects;

/**
 * Named products of tensors. Each {@code xInto(out, alpha, beta, ...)} writes {@code out = alpha *
 * x(...) + beta * out} into a given tensor of any strides; beta = 0 does not read it; {@code
 * xInto(out, ...)} is that with alpha = 1 and beta = 0. Operands may have any types, and different
 * ones: {@link Einsum} says which type the result has.
 *
 * <pre>{@code
 * Tensor a = Tensor.of(new double[] {1, 2, 3, 4}, 2, 2);
 * Tensor b = Tensor.of(new double[] {1, 0, 0, 1}, 2, 2);
 * System.out.println(TensorOps.matmul(a, b).get(1, 0)); // 3.0
 * System.out.println(TensorOps.kron(a, b).length(0)); // 4
 * TensorOps.matmulInto(b, 2, 0, a, a); // b = 2 a a
 * }</pre>
 */
public final class TensorOps {
  private TensorOps() {}

  /** An operation as an equation over its operands, and the shape of its result. */
  private record Call(Contraction plan, Tensor[] operands, long[] shape) {
    Tensor run() {
      Strided result = plan.run(Tensor.cores(operands));
      return new Tensor(
          Arrays.equals(result.shape(), shape) ? result : result.reshapeInPlace(shape));
    }

    void runInto(String name, Tensor out, double alpha, double beta) {
      Objects.requireNonNull(out, "out");
      if (!Views.same(out.strided().shape(), shape)) {
        throw new IllegalArgumentException(
            name
                + ": the output must have shape "
                + Arrays.toString(shape)
                + ", got "
                + out.strided().describe());
      }
      // Only kron's result differs from its equation's; splitting axes never needs a copy.
      Strided target =
          Views.same(shape, plan.outputShape())
              ? out.strided()
              : out.strided().reshape(plan.outputShape());
      try {
        plan.runInto(target, alpha, beta, Tensor.cores(operands));
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException(name + ": " + e.getMessage(), e);
      }
    }
  }

  private static Call call(int[][] labels, int[] output, Tensor... operands) {
    Contraction plan =
        PlanCache.get(new Equation.Numbers(labels, output), Tensor.cores(operands)).plan();
    return new Call(plan, operands, plan.outputShape());
  }

  private static IllegalArgumentException bad(String name, String why, Tensor... operands) {
    StringBuilder s = new StringBuilder(name).append(" of ");
    for (int i = 0; i < operands.length; i++) {
      s.append(i == 0 ? "" : " and ").append(Arrays.toString(operands[i].strided().shape()));
    }
    return new IllegalArgumentException(s.append(": ").append(why).toString());
  }

  // ---- matmul

  /**
   * {@return matrix product by NumPy's {@code matmul}: (..., m, k) x (..., k, n) gives (..., m, n);
   * leading axes broadcast; a rank-1 operand is a row (left) or column (right) whose axis the
   * result lacks}
   *
   * @param a first operand
   * @param b second operand
   * @throws IllegalArgumentException if a rank is 0, if the inner lengths differ, or if leading
   *     axes do not broadcast
   */
  public static Tensor matmul(Tensor a, Tensor b) {
    return matmulCall(a, b).run();
  }

  /**
   * As {@link #matmul}, into {@code out}: {@code out = matmul(...)}.
   *
   * @param out tensor of the result's shape, of any strides
   * @param a first operand
   * @param b second operand
   */
  public static void matmulInto(Tensor out, Tensor a, Tensor b) {
    matmulInto(out, 1, 0, a, b);
  }

  /**
   * As {@link #matmul}, into {@code out}.
   *
   * @param out tensor of the result's shape, of any strides
   * @param alpha factor of the result
   * @param beta factor of what {@code out} holds; 0 does not read it
   * @param a first operand
   * @param b second operand
   */
  public static void matmulInto(Tensor out, double alpha, double beta, Tensor a, Tensor b) {
    matmulCall(a, b).runInto("matmul", out, alpha, beta);
  }

  private static Call matmulCall(Tensor a, Tensor b) {
    check("matmul", a, b);
    if (a.rank() == 0 || b.rank() == 0) {
      throw bad("matmul", "a rank-0 operand is not allowed; multiply by a scalar with alpha", a, b);
    }
    long inner = b.length(b.rank() == 1 ? 0 : -2);
    if (a.length(-1) != inner) {
      throw bad("matmul", "the inner lengths " + a.length(-1) + " and " + inner + " differ", a, b);
    }
    long[] x = a.strided().shape();
    long[] y = b.strided().shape();
    for (int d = 3; d <= Math.min(x.length, y.length); d++) {
      long p = x[x.length - d];
      long q = y[y.length - d];
      if (p != q && p != 1 && q != 1) {
        throw bad("matmul", "the leading lengths " + p + " and " + q + " do not broadcast", a, b);
      }
    }
    String left = a.rank() == 1 ? "k" : "...mk";
    String right = b.rank() == 1 ? "k" : "...kn";
    boolean dots = a.rank() > 1 || b.rank() > 1;
    String out = (dots ? "..." : "") + (a.rank() > 1 ? "m" : "") + (b.rank() > 1 ? "n" : "");
    String equation = left + "," + right + "->" + out;
    Tensor[] operands = {a, b};
    Contraction plan = Einsum.planned(equation, PlanOptions.DEFAULT, Tensor.cores(operands)).plan();
    return new Call(plan, operands, plan.outputShape());
  }

  // ---- batchedDot

  /**
   * {@return Theano's {@code batched_dot}: item i of the result is the dot product of item i of
   * both (last axis of a's item with the second to last of b's, or its only one); a product where
   * an item is a scalar}
   *
   * @param a first operand
   * @param b second operand
   * @throws IllegalArgumentException if a rank is 0, or if the batch or inner lengths differ
   */
  public static Tensor batchedDot(Tensor a, Tensor b) {
    return batchedDotCall(a, b).run();
  }

  /**
   * As {@link #batchedDot}, into {@code out}: {@code out = batchedDot(...)}.
   *
   * @param out tensor of the result's shape, of any strides
   * @param a first operand
   * @param b second operand
   */
  public static void batchedDotInto(Tensor out, Tensor a, Tensor b) {
    batchedDotInto(out, 1, 0, a, b);
  }

  /**
   * As {@link #batchedDot}, into {@code out}.
   *
   * @param out tensor of the result's shape, of any strides
   * @param alpha factor of the result
   * @param beta factor of what {@code out} holds; 0 does not read it
   * @param a first operand
   * @param b second operand
   */
  public static void batchedDotInto(Tensor out, double alpha, double beta, Tensor a, Tensor b) {
    batchedDotCall(a, b).runInto("batchedDot", out, alpha, beta);
  }

  private static Call batchedDotCall(Tensor a, Tensor b) {
    check("batchedDot", a, b);
    if (a.rank() == 0 || b.rank() == 0) {
      throw bad("batchedDot", "both need a batch axis", a, b);
    }
    if (a.length(0) != b.length(0)) {
      throw bad(
          "batchedDot",
          "the batch lengths " + a.length(0) + " and " + b.length(0) + " differ",
          a,
          b);
    }
    int p = a.rank() - 1;
    int q = b.rank() - 1;
    int[] left = join(new int[] {0}, range(1, p));
    int[] right = join(new int[] {0}, range(1 + p, q));
    if (p == 0 || q == 0) {
      return call(new int[][] {left, right}, join(left, Arrays.copyOfRange(right, 1, q + 1)), a, b);
    }
    int axis = q == 1 ? 1 : q - 1;
    if (a.length(-1) != b.length(axis)) {
      throw bad(
          "batchedDot",
          "the inner lengths " + a.length(-1) + " and " + b.length(axis) + " differ",
          a,
          b);
    }
    right[axis] = left[p];
    boolean[] shared = new boolean[right.length];
    shared[0] = true;
    shared[axis] = true;
    int[] output = join(Arrays.copyOf(left, p), without(right, shared));
    return call(new int[][] {left, right}, output, a, b);
  }

  // ---- tensordot

  /**
   * Sums over the last {@code axes} axes of a and the first of b (NumPy's {@code tensordot}).
   *
   * @param a first operand
   * @param b second operand
   * @param axes number of axes that are summed
   * @return a new tensor, to be closed by the caller
   * @throws IllegalArgumentException if an operand has fewer axes, or if their lengths differ
   */
  public static Tensor tensordot(Tensor a, Tensor b, int axes) {
    return tensordotCall(a, b, axes).run();
  }

  /**
   * Sums over pairs of axes; the result has the free axes of a, then those of b.
   *
   * @param a first operand
   * @param b second operand
   * @param axesA axes of a, summed with those of b in their order
   * @param axesB axes of b
   * @return a new tensor, to be closed by the caller
   * @throws IllegalArgumentException if the lists differ in length, repeat an axis, or pair axes of
   *     different lengths
   * @throws IndexOutOfBoundsException if an axis does not exist
   */
  public static Tensor tensordot(Tensor a, Tensor b, int[] axesA, int[] axesB) {
    return tensordotCall(a, b, axesA, axesB).run();
  }

  /**
   * As {@link #tensordot}, into {@code out}: {@code out = tensordot(...)}.
   *
   * @param out tensor of the result's shape, of any strides
   * @param a first operand
   * @param b second operand
   * @param axes number of axes that are summed
   */
  public static void tensordotInto(Tensor out, Tensor a, Tensor b, int axes) {
    tensordotInto(out, 1, 0, a, b, axes);
  }

  /**
   * As {@link #tensordot(Tensor, Tensor, int)}, into {@code out}.
   *
   * @param out tensor of the result's shape, of any strides
   * @param alpha factor of the result
   * @param beta factor of what {@code out} holds; 0 does not read it
   * @param a first operand
   * @param b second operand
   * @param axes number of axes that are summed
   */
  public static void tensordotInto(
      Tensor out, double alpha, double beta, Tensor a, Tensor b, int axes) {
    tensordotCall(a, b, axes).runInto("tensordot", out, alpha, beta);
  }

  /**
   * As {@link #tensordot}, into {@code out}: {@code out = tensordot(...)}.
   *
   * @param out tensor of the result's shape, of any strides
   * @param a first operand
   * @param b second operand
   * @param axesA axes of a, summed with those of b in their order
   * @param axesB axes of b
   */
  public static void tensordotInto(Tensor out, Tensor a, Tensor b, int[] axesA, int[] axesB) {
    tensordotInto(out, 1, 0, a, b, axesA, axesB);
  }

  /**
   * As {@link #tensordot(Tensor, Tensor, int[], int[])}, into {@code out}.
   *
   * @param out tensor of the result's shape, of any strides
   * @param alpha factor of the result
   * @param beta factor of what {@code out} holds; 0 does not read it
   * @param a first operand
   * @param b second operand
   * @param axesA axes of a, summed with those of b in their order
   * @param axesB axes of b
   */
  public static void tensordotInto(
      Tensor out, double alpha, double beta, Tensor a, Tensor b, int[] axesA, int[] axesB) {
    tensordotCall(a, b, axesA, axesB).runInto("tensordot", out, alpha, beta);
  }

  private static Call tensordotCall(Tensor a, Tensor b, int axes) {
    check("tensordot", a, b);
    if (axes < 0 || axes > a.rank() || axes > b.rank()) {
      throw bad("tensordot", "cannot sum over " + axes + " axes", a, b);
    }
    return tensordotCall(a, b, range(a.rank() - axes, axes), range(0, axes));
  }

  private static Call tensordotCall(Tensor a, Tensor b, int[] axesA, int[] axesB) {
    check("tensordot", a, b);
    Objects.requireNonNull(axesA, "axesA");
    Objects.requireNonNull(axesB, "axesB");
    if (axesA.length != axesB.length) {
      throw bad(
          "tensordot",
          axesA.length + " axes of the first are paired with " + axesB.length + " of the second",
          a,
          b);
    }
    int[] left = range(0, a.rank());
    int[] right = range(a.rank(), b.rank());
    boolean[] usedA = new boolean[a.rank()];
    boolean[] usedB = new boolean[b.rank()];
    for (int i = 0; i < axesA.length; i++) {
      int x = axis("tensordot", axesA[i], usedA, a, b);
      int y = axis("tensordot", axesB[i], usedB, a, b);
      if (a.length(x) != b.length(y)) {
        throw bad(
            "tensordot",
            "axis "
                + x
                + " of length "
                + a.length(x)
                + " is paired with axis "
                + y
                + " of length "
                + b.length(y),
            a,
            b);
      }
      right[y] = left[x];
    }
    int[] free = join(without(left, usedA), without(right, usedB));
    return call(new int[][] {left, right}, free, a, b);
  }

  private static int axis(String name, int axis, boolean[] used, Tensor a, Tensor b) {
    int d = axis < 0 ? axis + used.length : axis;
    if (d < 0 || d >= used.length) {
      throw new IndexOutOfBoundsException(
          bad(name, "axis " + axis + " does not exist in a tensor of rank " + used.length, a, b)
              .getMessage());
    }
    if (used[d]) {
      throw bad(name, "axis " + axis + " is named twice", a, b);
    }
    used[d] = true;
    return d;
  }

  // ---- outer, hadamardOuter, kron

  /**
   * {@return outer product: every element of the first times every element of the second, and so
   * on; the shapes are joined}
   *
   * @param operands tensors, at least one
   */
  public static Tensor outer(Tensor... operands) {
    return outerCall(operands).run();
  }

  /**
   * As {@link #outer}, into {@code out}: {@code out = outer(...)}.
   *
   * @param out tensor of the result's shape, of any strides
   * @param operands tensors, at least one
   */
  public static void outerInto(Tensor out, Tensor... operands) {
    outerInto(out, 1, 0, operands);
  }

  /**
   * As {@link #outer}, into {@code out}.
   *
   * @param out tensor of the result's shape, of any strides
   * @param alpha factor of the result
   * @param beta factor of what {@code out} holds; 0 does not read it
   * @param operands tensors, at least one
   */
  public static void outerInto(Tensor out, double alpha, double beta, Tensor... operands) {
    outerCall(operands).runInto("outer", out, alpha, beta);
  }

  private static Call outerCall(Tensor... given) {
    Tensor[] operands = own("outer", given);
    int[][] labels = new int[operands.length][];
    int rank = 0;
    for (int i = 0; i < labels.length; i++) {
      labels[i] = range(rank, operands[i].rank());
      rank += labels[i].length;
    }
    return call(labels, range(0, rank), operands);
  }

  /**
   * {@return batch-outer-Hadamard product: {@code c[i,j,...] = a[i,...] * b[j,...]}}
   *
   * @param a first operand
   * @param b second operand
   * @throws IllegalArgumentException if a rank is 0, or if the shapes differ behind the first axis
   */
  public static Tensor hadamardOuter(Tensor a, Tensor b) {
    return hadamardOuterCall(a, b).run();
  }

  /**
   * As {@link #hadamardOuter}, into {@code out}: {@code out = hadamardOuter(...)}.
   *
   * @param out tensor of the result's shape, of any strides
   * @param a first operand
   * @param b second operand
   */
  public static void hadamardOuterInto(Tensor out, Tensor a, Tensor b) {
    hadamardOuterInto(out, 1, 0, a, b);
  }

  /**
   * As {@link #hadamardOuter}, into {@code out}.
   *
   * @param out tensor of the result's shape, of any strides
   * @param alpha factor of the result
   * @param beta factor of what {@code out} holds; 0 does not read it
   * @param a first operand
   * @param b second operand
   */
  public static void hadamardOuterInto(Tensor out, double alpha, double beta, Tensor a, Tensor b) {
    hadamardOuterCall(a, b).runInto("hadamardOuter", out, alpha, beta);
  }

  private static Call hadamardOuterCall(Tensor a, Tensor b) {
    check("hadamardOuter", a, b);
    long[] x = a.strided().shape();
    long[] y = b.strided().shape();
    if (x.length == 0 || x.length != y.length || !Arrays.equals(x, 1, x.length, y, 1, y.length)) {
      throw bad("hadamardOuter", "all axes behind the first must agree", a, b);
    }
    int[] shared = range(2, x.length - 1);
    return call(
        new int[][] {join(new int[] {0}, shared), join(new int[] {1}, shared)},
        join(new int[] {0, 1}, shared),
        a,
        b);
  }

  /**
   * {@return Kronecker product of any number of tensors, ranks padded with leading axes of length
   * 1: along each axis the result's index is {@code i_0 * n_1 * n_2 * ... + i_1 * n_2 * ... + ...}
   * (NumPy's {@code kron}, from left to right)}
   *
   * @param factors tensors, at least one
   */
  public static Tensor kron(Tensor... factors) {
    return kronCall(factors).run();
  }

  /**
   * As {@link #kron}, into {@code out}: {@code out = kron(...)}.
   *
   * @param out tensor of the result's shape, of any strides
   * @param factors tensors, at least one
   */
  public static void kronInto(Tensor out, Tensor... factors) {
    kronInto(out, 1, 0, factors);
  }

  /**
   * As {@link #kron}, into {@code out}.
   *
   * @param out tensor of the result's shape, of any strides
   * @param alpha factor of the result
   * @param beta factor of what {@code out} holds; 0 does not read it
   * @param factors tensors, at least one
   */
  public static void kronInto(Tensor out, double alpha, double beta, Tensor... factors) {
    kronCall(factors).runInto("kron", out, alpha, beta);
  }

  private static Call kronCall(Tensor... given) {
    Tensor[] factors = own("kron", given);
    int rank = Arrays.stream(factors).mapToInt(Tensor::rank).max().orElse(0);
    int n = factors.length;
    Tensor[] padded = new Tensor[n];
    int[][] labels = new int[n][];
    long[] shape = new long[rank];
    Arrays.fill(shape, 1);
    for (int f = 0; f < n; f++) {
      padded[f] = factors[f];
      while (padded[f].rank() < rank) {
        padded[f] = padded[f].unsqueeze(0);
      }
      labels[f] = new int[rank];
      for (int d = 0; d < rank; d++) {
        labels[f][d] = d * n + f;
        shape[d] = multiply(shape[d], padded[f].length(d), factors);
      }
    }
    Call call = call(labels, range(0, rank * n), padded);
    return new Call(call.plan, padded, shape);
  }

  /**
   * {@return Khatri-Rao product of two or more matrices with as many columns: each column is the
   * Kronecker product of their columns, (m, n) and (p, n) give (m * p, n)}
   *
   * @param factors matrices of as many columns
   * @throws IllegalArgumentException if a rank is not 2 or the columns differ
   */
  public static Tensor khatriRao(Tensor... factors) {
    return pairedCall("khatriRao", 1, factors).run();
  }

  /**
   * As {@link #khatriRao}, into {@code out}: {@code out = khatriRao(...)}.
   *
   * @param out tensor of the result's shape, of any strides
   * @param factors matrices of as many columns
   */
  public static void khatriRaoInto(Tensor out, Tensor... factors) {
    khatriRaoInto(out, 1, 0, factors);
  }

  /**
   * As {@link #khatriRao}, into {@code out}.
   *
   * @param out tensor of the result's shape, of any strides
   * @param alpha factor of the result
   * @param beta factor of what {@code out} holds; 0 does not read it
   * @param factors matrices of as many columns
   */
  public static void khatriRaoInto(Tensor out, double alpha, double beta, Tensor... factors) {
    pairedCall("khatriRao", 1, factors).runInto("khatriRao", out, alpha, beta);
  }

  /**
   * {@return face-splitting (row-wise Khatri-Rao) product of two or more matrices with as many
   * rows: each row is the Kronecker product of their rows, (n, p) and (n, q) give (n, p * q)}
   *
   * @param factors matrices of as many rows
   * @throws IllegalArgumentException if a rank is not 2 or the rows differ
   */
  public static Tensor faceSplitting(Tensor... factors) {
    return pairedCall("faceSplitting", 0, factors).run();
  }

  /**
   * As {@link #faceSplitting}, into {@code out}: {@code out = faceSplitting(...)}.
   *
   * @param out tensor of the result's shape, of any strides
   * @param factors matrices of as many rows
   */
  public static void faceSplittingInto(Tensor out, Tensor... factors) {
    faceSplittingInto(out, 1, 0, factors);
  }

  /**
   * As {@link #faceSplitting}, into {@code out}.
   *
   * @param out tensor of the result's shape, of any strides
   * @param alpha factor of the result
   * @param beta factor of what {@code out} holds; 0 does not read it
   * @param factors matrices of as many rows
   */
  public static void faceSplittingInto(Tensor out, double alpha, double beta, Tensor... factors) {
    pairedCall("faceSplitting", 0, factors).runInto("faceSplitting", out, alpha, beta);
  }

  /**
   * Kronecker products along one axis of matrices, item by item along the other, {@code shared}.
   */
  private static Call pairedCall(String name, int shared, Tensor... given) {
    Tensor[] factors = own(name, given);
    int n = factors.length;
    int[][] labels = new int[n][];
    long[] shape = {1, 1};
    for (int f = 0; f < n; f++) {
      if (factors[f].rank() != 2) {
        throw bad(
            name,
            "operand " + f + " has rank " + factors[f].rank() + ", needed are matrices",
            factors);
      }
      if (factors[f].length(shared) != factors[0].length(shared)) {
        throw bad(
            name,
            "all need as many "
                + (shared == 0 ? "rows" : "columns")
                + " as the first, "
                + factors[0].length(shared)
                + ", but operand "
                + f
                + " has "
                + factors[f].length(shared),
            factors);
      }
      labels[f] = shared == 0 ? new int[] {n, f} : new int[] {f, n};
      shape[1 - shared] = multiply(shape[1 - shared], factors[f].length(1 - shared), factors);
    }
    shape[shared] = factors[0].length(shared);
    int[] joined = range(0, n);
    int[] output = shared == 0 ? join(new int[] {n}, joined) : join(joined, new int[] {n});
    return new Call(call(labels, output, factors).plan, factors, shape);
  }

  private static long multiply(long x, long y, Tensor[] factors) {
    try {
      return Math.multiplyExact(x, y);
    } catch (ArithmeticException e) {
      throw bad("kron", "the result has more than 2^63 - 1 elements", factors);
    }
  }

  /** A copy of the caller's array, checked: nothing that is put into that later is used. */
  private static Tensor[] own(String name, Tensor[] given) {
    Tensor[] own = Objects.requireNonNull(given, "operands").clone();
    PlanChecks.open(name, Tensor.cores(own));
    return own;
  }

  private static void check(String name, Tensor a, Tensor b) {
    Objects.requireNonNull(a, name + ": a");
    Objects.requireNonNull(b, name + ": b");
    PlanChecks.open(name, Tensor.cores(new Tensor[] {a, b}));
  }
}
