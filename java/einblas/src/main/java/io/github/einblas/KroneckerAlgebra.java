// Kronecker: products of operators, and linear algebra factor by factor through LAPACK.
package io.github.einblas;

import io.github.einblas.internal.natives.NativeKronecker;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Operators are open; for all but {@link #product} their factors are square, and neither a batch
 * nor sparse.
 */
final class KroneckerAlgebra {
  private KroneckerAlgebra() {}

  // ---- product of two operators

  static Kronecker product(Kronecker a, Kronecker b) {
    if (a.columns() != b.rows()) {
      throw new IllegalArgumentException(
          "Kronecker product: the first has "
              + a.columns()
              + " columns, the second "
              + b.rows()
              + " rows");
    }
    if (a.dtype() != null && b.dtype() != null && a.dtype() != b.dtype()) {
      throw new IllegalArgumentException(
          "Kronecker product: operators of " + a.dtype() + " and " + b.dtype());
    }
    Deque<KroneckerTerm> left = new ArrayDeque<>(a.terms());
    Deque<KroneckerTerm> right = new ArrayDeque<>(b.terms());
    List<KroneckerTerm> result = new ArrayList<>();
    while (!left.isEmpty() && !right.isEmpty()) {
      KroneckerTerm x = left.poll();
      KroneckerTerm y = right.poll();
      if (x.columns() > y.rows() && splits(x, y.rows())) {
        left.push(KroneckerTerm.identity(x.rows() / y.rows()));
        x = KroneckerTerm.identity(y.rows());
      } else if (y.rows() > x.columns() && splits(y, x.columns())) {
        right.push(KroneckerTerm.identity(y.rows() / x.columns()));
        y = KroneckerTerm.identity(x.columns());
      }
      if (x.columns() != y.rows()) {
        throw misfit(a, b, x, y);
      }
      result.add(multiply(x, y));
    }
    for (KroneckerTerm rest : left.isEmpty() ? right : left) {
      if (rest.rows() != 1 || !rest.isIdentity()) {
        throw misfit(a, b, rest, null);
      }
    }
    return Kronecker.ofTerms(result);
  }

  private static boolean splits(KroneckerTerm identity, long length) {
    return identity.isIdentity() && length > 0 && identity.rows() % length == 0;
  }

  private static IllegalArgumentException misfit(
      Kronecker a, Kronecker b, KroneckerTerm x, KroneckerTerm y) {
    return new IllegalArgumentException(
        "Kronecker product of "
            + a
            + " and "
            + b
            + ": the factors do not fit one by one: "
            + (y == null
                ? x.describe() + " has no partner"
                : "the columns of " + x.describe() + " are not the rows of " + y.describe()));
  }

  private static KroneckerTerm multiply(KroneckerTerm x, KroneckerTerm y) {
    if (x.isIdentity()) {
      return y;
    }
    if (y.isIdentity()) {
      return x;
    }
    if (x.isSparse() || y.isSparse()) {
      return KroneckerSparse.multiply(x, y);
    }
    String equation =
        (x.isDiagonal() ? "i" : "...ij")
            + ","
            + (y.isDiagonal() ? (x.isDiagonal() ? "i" : "j") : x.isDiagonal() ? "...ik" : "...jk")
            + "->"
            + (x.isDiagonal() && y.isDiagonal() ? "i" : y.isDiagonal() ? "...ij" : "...ik");
    Tensor made = Einsum.einsum(equation, x.tensor(), y.tensor());
    return made.rank() == 1 ? KroneckerTerm.diagonal(made) : KroneckerTerm.dense(made);
  }

  // ---- LU

  /** LU factors of a dense factor, column-major, with the pivots. */
  private record Lu(Tensor matrix, Tensor pivots, long singular) implements AutoCloseable {
    static Lu of(KroneckerTerm term) {
      long n = term.rows();
      requireOrder("LU", n);
      Tensor columns = term.transposed().tensor().copy();
      Tensor pivots = Tensor.empty(DType.I32, n);
      long info =
          n == 0 ? 0 : NativeKronecker.lu(columns.dtype(), n, columns.address(), pivots.address());
      return new Lu(columns, pivots, info);
    }

    @Override
    public void close() {
      matrix.close();
      pivots.close();
    }
  }

  private static void requireOrder(String what, long n) {
    if (n > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "Kronecker " + what + ": a factor of order " + n + ", and LAPACK takes 2^31 - 1");
    }
  }

  static Tensor solve(Kronecker k, Tensor b) {
    DType dtype = k.dtype() == null ? b.dtype() : k.dtype();
    int axis = b.rank() == 1 ? 0 : b.rank() - 2;
    if (b.dtype() != dtype || !dtype.isFloating()) {
      throw new IllegalArgumentException(
          "Kronecker solve: the factors have type " + k.dtype() + ", b has " + b.dtype());
    }
    if (b.rank() == 0 || b.length(axis) != k.rows()) {
      throw new IllegalArgumentException(
          "Kronecker solve: b must be a vector of length "
              + k.rows()
              + " or have the shape (..., "
              + k.rows()
              + ", n), got "
              + b.describe());
    }
    long[] split =
        IntStream.range(0, b.rank())
            .mapToObj(
                d ->
                    d == axis
                        ? k.terms().stream().mapToLong(KroneckerTerm::rows)
                        : java.util.stream.LongStream.of(b.length(d)))
            .flatMapToLong(s -> s)
            .toArray();
    Tensor result = b.copy();
    try {
      Tensor view = result.reshape(split);
      for (int f = 0; f < k.factors(); f++) {
        KroneckerTerm term = k.terms().get(f);
        if (term.isDense()) {
          solveAlong(view, axis + f, term, f);
        } else if (term.isDiagonal()) {
          divideAlong(view, axis + f, term, f);
        }
      }
      return result;
    } catch (RuntimeException | Error e) {
      result.close();
      throw e;
    }
  }

  /** X becomes F^-1 X along an axis: LAPACK needs that axis at unit stride. */
  private static void solveAlong(Tensor x, int axis, KroneckerTerm term, int f) {
    try (Lu lu = Lu.of(term)) {
      if (lu.singular > 0) {
        throw singular(f, lu.singular - 1);
      }
      if (x.size() == 0) {
        return;
      }
      int last = x.rank() - 1;
      int[] swap = IntStream.range(0, x.rank()).toArray();
      swap[axis] = last;
      swap[last] = axis;
      Tensor swapped = x.permute(swap);
      Tensor columns = swapped.isContiguous() ? swapped : swapped.copy();
      try {
        NativeKronecker.luSolve(
            x.dtype(),
            term.rows(),
            x.size() / term.rows(),
            lu.matrix.address(),
            lu.pivots.address(),
            columns.address());
        if (columns != swapped) {
          swapped.copyFrom(columns);
        }
      } finally {
        columns.close();
      }
    }
  }

  private static void divideAlong(Tensor x, int axis, KroneckerTerm term, int f) {
    double[] inverse = KroneckerElements.doubles(term.tensor());
    for (int i = 0; i < inverse.length; i++) {
      if (inverse[i] == 0) {
        throw singular(f, i);
      }
      inverse[i] = 1 / inverse[i];
    }
    int[] labels = IntStream.range(0, x.rank()).toArray();
    try (Tensor wide = Tensor.of(inverse);
        Tensor factor = wide.to(x.dtype());
        Tensor source = x.copy()) {
      Einsum.plan(labels, Sublist.of(source, labels), Sublist.of(factor, axis))
          .runInto(x, source, factor);
    }
  }

  private static ArithmeticException singular(int factor, long pivot) {
    return new ArithmeticException(
        "Kronecker solve: factor " + factor + " is singular: pivot " + pivot + " is 0");
  }

  static Kronecker.LogDeterminant logDeterminant(Kronecker k) {
    int sign = 1;
    double log = 0;
    if (k.rows() == 0) {
      return new Kronecker.LogDeterminant(1, 0);
    }
    for (KroneckerTerm term : k.terms()) {
      if (term.isIdentity()) {
        continue;
      }
      double[] pivots;
      int own = 1;
      if (term.isDiagonal()) {
        pivots = KroneckerElements.doubles(term.tensor());
      } else {
        try (Lu lu = Lu.of(term)) {
          pivots = KroneckerElements.doubles(lu.matrix.diagonal(0, 1));
          int[] swaps = lu.pivots.toIntArray();
          for (int i = 0; i < swaps.length; i++) {
            own = swaps[i] == i + 1 ? own : -own;
          }
        }
      }
      double sum = 0;
      for (double p : pivots) {
        sum += Math.log(Math.abs(p));
        own = p == 0 ? 0 : p < 0 ? -own : own;
      }
      long times = k.rows() / term.rows();
      log += times * sum;
      sign *= own == -1 && times % 2 == 0 ? 1 : own;
    }
    return new Kronecker.LogDeterminant(sign, sign == 0 ? Double.NEGATIVE_INFINITY : log);
  }

  // ---- eigenvalues

  static Kronecker.Eigenvalues eigenvalues(Kronecker k) {
    DType dtype = k.dtype() == null ? DType.F64 : k.dtype();
    Kronecker.Eigenvalues all =
        new Kronecker.Eigenvalues(Tensor.ones(dtype, 1), Tensor.zeros(dtype, 1));
    try {
      for (int f = 0; f < k.factors(); f++) {
        try (Kronecker.Eigenvalues before = all;
            Kronecker.Eigenvalues own = ofTerm(k.terms().get(f), f, dtype)) {
          all = times(before, own);
        }
      }
      return all;
    } catch (RuntimeException | Error e) {
      all.close();
      throw e;
    }
  }

  private static Kronecker.Eigenvalues ofTerm(KroneckerTerm term, int f, DType dtype) {
    long n = term.rows();
    if (!term.isDense()) {
      Tensor real = term.isIdentity() ? Tensor.ones(dtype, n) : term.tensor().copy();
      return new Kronecker.Eigenvalues(real, Tensor.zeros(dtype, n));
    }
    requireOrder("eigenvalues", n);
    Kronecker.Eigenvalues own =
        new Kronecker.Eigenvalues(Tensor.zeros(dtype, n), Tensor.zeros(dtype, n));
    try (Tensor matrix = term.transposed().tensor().copy()) {
      double[] values = KroneckerElements.doubles(matrix);
      // LAPACK's iteration may run for ever on such numbers.
      if (!Arrays.stream(values).allMatch(Double::isFinite)) {
        throw new ArithmeticException(
            "Kronecker eigenvalues: factor " + f + " has a NaN or an infinity");
      }
      long info =
          n == 0
              ? 0
              : NativeKronecker.eigenvalues(
                  dtype,
                  isSymmetric(values, (int) n),
                  n,
                  matrix.address(),
                  own.real().address(),
                  own.imaginary().address());
      if (info > 0) {
        throw new ArithmeticException(
            "Kronecker eigenvalues: no convergence for factor " + f + " after " + info);
      }
      return own;
    } catch (RuntimeException | Error e) {
      own.close();
      throw e;
    }
  }

  private static boolean isSymmetric(double[] values, int n) {
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < i; j++) {
        if (values[i * n + j] != values[j * n + i]) {
          return false;
        }
      }
    }
    return true;
  }

  /** Every product of one of a with one of b: (ar + i am)(br + i bm). */
  private static Kronecker.Eigenvalues times(Kronecker.Eigenvalues a, Kronecker.Eigenvalues b) {
    Tensor real = TensorOps.kron(a.real(), b.real());
    try {
      TensorOps.kronInto(real, -1, 1, a.imaginary(), b.imaginary());
      Tensor imaginary = TensorOps.kron(a.real(), b.imaginary());
      try {
        TensorOps.kronInto(imaginary, 1, 1, a.imaginary(), b.real());
        return new Kronecker.Eigenvalues(real, imaginary);
      } catch (RuntimeException | Error e) {
        imaginary.close();
        throw e;
      }
    } catch (RuntimeException | Error e) {
      real.close();
      throw e;
    }
  }
}
