// Kronecker: linear algebra factor by factor through LAPACK.
package io.github.einblas.internal.kronecker;

import io.github.einblas.DType;
import io.github.einblas.internal.natives.NativeKronecker;
import io.github.einblas.internal.sparse.Words;
import io.github.einblas.internal.tensor.Lease;
import io.github.einblas.internal.tensor.Strided;
import io.github.einblas.internal.tensor.TensorArrays;
import io.github.einblas.internal.tensor.TensorCopy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/** Of operators that are open, each of whose factors is square, and that are no batch. */
@SuppressWarnings("try") // leases are closed for what they hold, not read
public final class Algebra {
  /** All are the library's own: nobody closes them meanwhile. */
  private static final Words WORDS = new Words("Kronecker", "", "a tensor");

  private Algebra() {}

  // ---- what LAPACK takes in place of what it does not

  /**
   * What {@code then} makes of the operator with dense factors in place of sparse ones, and with
   * factors of F32 in place of BF16 and F16.
   */
  private static <R> R prepared(String what, Factors k, Function<Factors, R> then) {
    if (Widened.isNeeded(k)) {
      try (Widened wide = Widened.of(k)) {
        return prepared(what, wide.factors(), then);
      }
    }
    if (!k.hasSparse()) {
      return then.apply(k);
    }
    List<Strided> made = new ArrayList<>();
    try {
      List<Term> terms = new ArrayList<>();
      for (Term t : k.terms()) {
        if (!t.isSparse()) {
          terms.add(t);
          continue;
        }
        double bytes = (double) t.rows() * t.columns() * t.dtype().bytes();
        if (bytes > MatrixElements.DENSE_BYTES) {
          throw new IllegalArgumentException(
              String.format(
                  Locale.ROOT,
                  "Kronecker %s: a sparse factor is made dense, but %s needs %.4g bytes, and at"
                      + " most %d are allowed",
                  what,
                  t.describe(),
                  bytes,
                  MatrixElements.DENSE_BYTES));
        }
        Strided dense = t.csr().toDense();
        made.add(dense);
        Strided turned = t.turned() ? dense.transpose() : dense;
        terms.add(Term.dense(t.conjugate() ? turned.conj() : turned));
      }
      return then.apply(Factors.of(terms));
    } finally {
      made.forEach(Strided::close);
    }
  }

  // ---- LU

  /** LU factors of a dense factor, column-major, with the pivots. */
  private record Lu(Strided matrix, Strided pivots, long singular) implements AutoCloseable {
    private static final long NOT_DONE = -1;

    static Lu of(Term term) {
      long n = term.rows();
      requireOrder("LU", n);
      Lu copy =
          new Lu(
              TensorCopy.copy(term.transposed().tensor()), Strided.empty(DType.I32, n), NOT_DONE);
      boolean done = false;
      try (Lease own = Lease.of(WORDS, null, copy.matrix, copy.pivots)) {
        long info =
            n == 0
                ? 0
                : NativeKronecker.lu(
                    copy.matrix.dtype(), n, copy.matrix.address(), copy.pivots.address());
        done = true;
        return new Lu(copy.matrix, copy.pivots, info);
      } finally {
        if (!done) {
          copy.close();
        }
      }
    }

    /** Sign of the permutation: row i was exchanged with row pivots[i] - 1. */
    int swapSign() {
      int[] swaps = TensorArrays.ints(pivots);
      int sign = 1;
      for (int i = 0; i < swaps.length; i++) {
        sign = swaps[i] == i + 1 ? sign : -sign;
      }
      return sign;
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

  /** X such that the operator times X is b. */
  public static Strided solve(Factors k, Strided b) {
    k.requireType("Kronecker solve", "b", b);
    requireRightSide(k, b);
    DType wide = b.dtype().computeType();
    if (wide == b.dtype()) {
      return prepared("solve", k, dense -> solveDense(dense, b));
    }
    try (Strided own = TensorCopy.convert(b, wide);
        Strided x = prepared("solve", k, dense -> solveDense(dense, own))) {
      return TensorCopy.convert(x, b.dtype());
    }
  }

  /** Which axis of b the operator acts on. */
  private static int axisOf(Strided b) {
    return b.rank() == 1 ? 0 : b.rank() - 2;
  }

  private static void requireRightSide(Factors k, Strided b) {
    int axis = axisOf(b);
    if (b.rank() == 0 || b.length(axis) != k.rows()) {
      throw new IllegalArgumentException(
          "Kronecker solve: b must be a vector of length "
              + k.rows()
              + " or have the shape (..., "
              + k.rows()
              + ", n), got "
              + b.describe());
    }
  }

  private static Strided solveDense(Factors k, Strided b) {
    int axis = axisOf(b);
    long[] split =
        IntStream.range(0, b.rank())
            .mapToObj(d -> d == axis ? Arrays.stream(k.lengths(true)) : LongStream.of(b.length(d)))
            .flatMapToLong(s -> s)
            .toArray();
    Strided result = TensorCopy.copy(b);
    boolean done = false;
    try {
      Strided view = result.reshape(split);
      for (int f = 0; f < k.count(); f++) {
        Term term = k.term(f);
        if (term.isDense()) {
          solveAlong(view, axis + f, term, f);
        } else if (term.isDiagonal()) {
          divideAlong(view, axis + f, term, f);
        }
      }
      done = true;
      return result;
    } finally {
      if (!done) {
        result.close();
      }
    }
  }

  /** X becomes F^-1 X along an axis: LAPACK needs that axis at unit stride. */
  private static void solveAlong(Strided x, int axis, Term term, int f) {
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
      Strided swapped = x.permute(swap);
      Strided columns = swapped.isContiguous() ? swapped : TensorCopy.copy(swapped);
      try (columns;
          Lease own = Lease.of(WORDS, null, columns, lu.matrix, lu.pivots)) {
        NativeKronecker.luSolve(
            x.dtype(),
            term.rows(),
            x.size() / term.rows(),
            lu.matrix.address(),
            lu.pivots.address(),
            columns.address());
        if (columns != swapped) {
          TensorCopy.copy(columns, swapped);
        }
      }
    }
  }

  private static void divideAlong(Strided x, int axis, Term term, int f) {
    double[] inverse = Numbers.of(term.tensor());
    int parts = Numbers.parts(x.dtype());
    for (int i = 0; i < inverse.length; i += parts) {
      double im = parts == 2 ? inverse[i + 1] : 0;
      if (inverse[i] == 0 && im == 0) {
        throw singular(f, i / parts);
      }
      if (parts == 1) {
        inverse[i] = 1 / inverse[i];
      } else {
        System.arraycopy(Numbers.inverse(inverse[i], im), 0, inverse, i, 2);
      }
    }
    int[] labels = IntStream.range(0, x.rank()).toArray();
    try (Strided factor = Numbers.vector(x.dtype(), inverse);
        Strided source = TensorCopy.copy(x)) {
      LabelledOperands operands = new LabelledOperands();
      operands.add(source, labels);
      operands.add(factor, new int[] {axis});
      operands.runInto(labels, x, 1, 0);
    }
  }

  private static ArithmeticException singular(int factor, long pivot) {
    return new ArithmeticException(
        "Kronecker solve: factor " + factor + " is singular: pivot " + pivot + " is 0");
  }

  /**
   * Logarithm of a determinant's absolute value, and its phase: det / |det|, or 0.
   *
   * @param real real part of the phase
   * @param imaginary 0 where the factors are real
   */
  public record LogDeterminant(double real, double imaginary, double logAbsolute) {}

  /** That of an operator, from those of its factors. */
  public static LogDeterminant logDeterminant(Factors k) {
    return prepared("logDeterminant", k, Algebra::logDeterminantDense);
  }

  private static LogDeterminant logDeterminantDense(Factors k) {
    double[] phase = {1, 0};
    double log = 0;
    if (k.rows() == 0) {
      return new LogDeterminant(1, 0, 0);
    }
    for (Term term : k.terms()) {
      if (term.isIdentity()) {
        continue;
      }
      double[] pivots;
      double[] own = {1, 0};
      if (term.isDiagonal()) {
        pivots = Numbers.of(term.tensor());
      } else {
        try (Lu lu = Lu.of(term)) {
          pivots = Numbers.of(lu.matrix.view(lu.matrix.geometry().diagonal(0, 1)));
          own[0] = lu.swapSign();
        }
      }
      double sum = 0;
      int parts = Numbers.parts(term.dtype());
      for (int i = 0; i < pivots.length; i += parts) {
        double im = parts == 2 ? pivots[i + 1] : 0;
        double size = parts == 2 ? Math.hypot(pivots[i], im) : Math.abs(pivots[i]);
        sum += Math.log(size);
        own = times(own, phase(pivots[i], im, size));
      }
      long times = k.rows() / term.rows();
      log += times * sum;
      phase = times(phase, power(own, times));
    }
    boolean zero = phase[0] == 0 && phase[1] == 0;
    // + 0.0: no -0.
    return new LogDeterminant(
        phase[0] + 0.0, phase[1] + 0.0, zero ? Double.NEGATIVE_INFINITY : log);
  }

  /** (re + i im) / size; of a real number its sign, 1 for NaN. */
  private static double[] phase(double re, double im, double size) {
    if (size == 0) {
      return new double[2];
    }
    return im == 0 ? new double[] {re < 0 ? -1 : 1, 0} : new double[] {re / size, im / size};
  }

  /** Products of phases, brought back to length 1; exact of 1, -1, i, -i and 0. */
  private static double[] times(double[] a, double[] b) {
    double re = a[0] * b[0] - a[1] * b[1];
    double im = a[0] * b[1] + a[1] * b[0];
    double size = Math.hypot(re, im);
    return size == 0 ? new double[2] : new double[] {re / size, im / size};
  }

  private static double[] power(double[] phase, long exponent) {
    double[] result = {1, 0};
    double[] square = phase;
    for (long rest = exponent; rest > 0; rest >>= 1) {
      result = (rest & 1) == 1 ? times(result, square) : result;
      square = times(square, square);
    }
    return result;
  }

  // ---- eigenvalues

  /** Real and imaginary parts, each a new vector of the parts' type. */
  public record Eigenvalues(Strided real, Strided imaginary) implements AutoCloseable {
    static Eigenvalues real(Strided real) {
      boolean done = false;
      try {
        Eigenvalues made = new Eigenvalues(real, zeros(real.dtype(), real.size()));
        done = true;
        return made;
      } finally {
        if (!done) {
          real.close();
        }
      }
    }

    /** The same in another type. */
    Eigenvalues rounded(DType type) {
      Strided re = TensorCopy.convert(real, type);
      boolean done = false;
      try {
        Eigenvalues made = new Eigenvalues(re, TensorCopy.convert(imaginary, type));
        done = true;
        return made;
      } finally {
        if (!done) {
          re.close();
        }
      }
    }

    @Override
    public void close() {
      real.close();
      imaginary.close();
    }
  }

  private static Strided zeros(DType dtype, long n) {
    return TensorCopy.full(dtype, 0, n);
  }

  private static Strided ones(DType dtype, long n) {
    return TensorCopy.full(dtype, 1, n);
  }

  /** The products of the factors' eigenvalues. */
  public static Eigenvalues eigenvalues(Factors k) {
    Eigenvalues all = prepared("eigenvalues", k, Algebra::eigenvaluesDense);
    if (k.dtype() == null || k.dtype() == k.dtype().computeType()) {
      return all;
    }
    try (all) {
      return all.rounded(k.dtype());
    }
  }

  private static Eigenvalues eigenvaluesDense(Factors k) {
    DType dtype = k.dtype(DType.F64).partType();
    Eigenvalues all = Eigenvalues.real(ones(dtype, 1));
    boolean done = false;
    try {
      for (int f = 0; f < k.count(); f++) {
        try (Eigenvalues before = all;
            Eigenvalues own = ofTerm(k.term(f), f, dtype)) {
          all = times(before, own);
        }
      }
      done = true;
      return all;
    } finally {
      if (!done) {
        all.close();
      }
    }
  }

  private static Eigenvalues ofTerm(Term term, int f, DType dtype) {
    long n = term.rows();
    if (term.isIdentity()) {
      return Eigenvalues.real(ones(dtype, n));
    }
    if (term.isDiagonal()) {
      return ofDiagonal(term.tensor());
    }
    requireOrder("eigenvalues", n);
    Eigenvalues own = Eigenvalues.real(zeros(dtype, n));
    boolean done = false;
    try (Strided matrix = TensorCopy.copy(term.transposed().tensor());
        Lease lease = Lease.of(WORDS, null, matrix, own.real, own.imaginary)) {
      double[] values = Numbers.of(matrix);
      // LAPACK's iteration may run for ever on such numbers.
      if (!Arrays.stream(values).allMatch(Double::isFinite)) {
        throw new ArithmeticException(
            "Kronecker eigenvalues: factor " + f + " has a NaN or an infinity");
      }
      long info =
          n == 0
              ? 0
              : NativeKronecker.eigenvalues(
                  matrix.dtype(),
                  isHermitian(values, (int) n, Numbers.parts(matrix.dtype())),
                  n,
                  matrix.address(),
                  own.real.address(),
                  own.imaginary.address());
      if (info > 0) {
        throw new ArithmeticException(
            "Kronecker eigenvalues: no convergence for factor " + f + " after " + info);
      }
      done = true;
      return own;
    } finally {
      if (!done) {
        own.close();
      }
    }
  }

  private static Eigenvalues ofDiagonal(Strided vector) {
    try (Strided own = TensorCopy.contiguous(vector)) { // no conjugate view any more
      Eigenvalues all = Eigenvalues.real(TensorCopy.copy(own.real()));
      boolean done = false;
      try {
        if (own.dtype().isComplex()) {
          TensorCopy.copy(own.imag(), all.imaginary);
        }
        done = true;
        return all;
      } finally {
        if (!done) {
          all.close();
        }
      }
    }
  }

  /** Whether a matrix is its own conjugate transpose; a real one is symmetric then. */
  private static boolean isHermitian(double[] values, int n, int parts) {
    for (int i = 0; i < n; i++) {
      for (int j = 0; j <= i; j++) {
        int at = (i * n + j) * parts;
        int across = (j * n + i) * parts;
        if (values[at] != values[across] || (parts == 2 && values[at + 1] != -values[across + 1])) {
          return false;
        }
      }
    }
    return true;
  }

  /** Every product of one of a with one of b: (ar + i am)(br + i bm). */
  private static Eigenvalues times(Eigenvalues a, Eigenvalues b) {
    long n = a.real.size() * b.real.size();
    Eigenvalues all = Eigenvalues.real(zeros(a.real.dtype(), n));
    boolean done = false;
    try {
      products(all.real, 1, 0, a.real, b.real);
      products(all.real, -1, 1, a.imaginary, b.imaginary);
      products(all.imaginary, 1, 0, a.real, b.imaginary);
      products(all.imaginary, 1, 1, a.imaginary, b.real);
      done = true;
      return all;
    } finally {
      if (!done) {
        all.close();
      }
    }
  }

  private static void products(Strided out, double alpha, double beta, Strided a, Strided b) {
    LabelledOperands operands = new LabelledOperands();
    operands.add(a, new int[] {0});
    operands.add(b, new int[] {1});
    operands.runInto(new int[] {0, 1}, out.reshape(a.size(), b.size()), alpha, beta);
  }
}
