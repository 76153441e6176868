// Test support: matrices of complex numbers in F64, by their definitions.
package io.github.einblas;

import io.github.einblas.internal.kronecker.Term;
import io.github.einblas.internal.sparse.Csr;
import io.github.einblas.internal.tensor.Elements;
import io.github.einblas.internal.tensor.Strided;
import java.util.function.Function;

/**
 * Real and imaginary parts; of real numbers the latter are 0.
 *
 * @param re real parts, by rows
 * @param im imaginary parts
 */
record ComplexMatrix(double[][] re, double[][] im) {
  ComplexMatrix(int rows, int columns) {
    this(new double[rows][columns], new double[rows][columns]);
  }

  int rows() {
    return re.length;
  }

  int columns() {
    return re.length == 0 ? 0 : re[0].length;
  }

  /** Element (i, j) as real and imaginary part. */
  double[] at(int i, int j) {
    return new double[] {re[i][j], im[i][j]};
  }

  void set(int i, int j, double[] z) {
    re[i][j] = z[0];
    im[i][j] = z[1];
  }

  static double[] times(double[] a, double[] b) {
    return new double[] {a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0]};
  }

  static double size(double[] z) {
    return Math.hypot(z[0], z[1]);
  }

  /** An element of a tensor of real or complex numbers. */
  static double[] get(Strided t, long... index) {
    return new double[] {Elements.real(t, index), Elements.imaginary(t, index)};
  }

  /** The elements of a matrix. */
  static ComplexMatrix of(Tensor matrix) {
    ComplexMatrix m = new ComplexMatrix((int) matrix.length(0), (int) matrix.length(1));
    for (int i = 0; i < m.rows(); i++) {
      for (int j = 0; j < m.columns(); j++) {
        m.set(i, j, get(matrix.strided(), i, j));
      }
    }
    return m;
  }

  /** The matrix of batch number b of an operator; {@code sparse} has those of sparse factors. */
  static ComplexMatrix of(Kronecker k, long b, Function<Csr, ComplexMatrix> sparse) {
    ComplexMatrix m = new ComplexMatrix((int) k.rows(), (int) k.columns());
    for (int i = 0; i < m.rows(); i++) {
      for (int j = 0; j < m.columns(); j++) {
        m.set(i, j, element(k, b, i, j, sparse));
      }
    }
    return m;
  }

  private static double[] element(
      Kronecker k, long b, long row, long column, Function<Csr, ComplexMatrix> sparse) {
    double[] value = {1, 0};
    long i = row;
    long j = column;
    for (int f = k.factors() - 1; f >= 0; f--) {
      Term t = k.core().term(f);
      long r = i % t.rows();
      long c = j % t.columns();
      i /= t.rows();
      j /= t.columns();
      if (t.isDense()) {
        long own = t.batchRank() == 0 || t.tensor().length(0) == 1 ? 0 : b;
        value =
            times(value, t.batchRank() == 0 ? get(t.tensor(), r, c) : get(t.tensor(), own, r, c));
      } else if (t.isSparse()) {
        ComplexMatrix all = sparse.apply(t.csr());
        double[] z = t.turned() ? all.at((int) c, (int) r) : all.at((int) r, (int) c);
        value = times(value, new double[] {z[0], t.conjugate() ? -z[1] : z[1]});
      } else if (r != c) {
        return new double[2];
      } else if (!t.isIdentity()) {
        value = times(value, get(t.tensor(), r));
      }
    }
    return value;
  }

  /** The transpose, or the conjugate transpose. */
  ComplexMatrix turned(boolean conjugate) {
    ComplexMatrix m = new ComplexMatrix(/* rows= */ columns(), /* columns= */ rows());
    for (int i = 0; i < rows(); i++) {
      for (int j = 0; j < columns(); j++) {
        m.set(j, i, new double[] {re[i][j], conjugate ? -im[i][j] : im[i][j]});
      }
    }
    return m;
  }

  /**
   * The determinant by elimination with pivoting: real and imaginary part of its phase, and the
   * logarithm of its absolute value.
   */
  double[] determinant() {
    int n = rows();
    double[][][] a = new double[n][n][];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        a[i][j] = at(i, j);
      }
    }
    double[] phase = {1, 0};
    double log = 0;
    for (int p = 0; p < n; p++) {
      int best = p;
      for (int i = p; i < n; i++) {
        best = size(a[i][p]) > size(a[best][p]) ? i : best;
      }
      double[][] swap = a[p];
      a[p] = a[best];
      a[best] = swap;
      double size = size(a[p][p]);
      double sign = best == p ? 1 : -1;
      phase = times(phase, new double[] {sign * a[p][p][0] / size, sign * a[p][p][1] / size});
      log += Math.log(size);
      double[] inverse = {a[p][p][0] / size / size, -a[p][p][1] / size / size};
      for (int i = p + 1; i < n; i++) {
        double[] f = times(a[i][p], inverse);
        for (int j = p; j < n; j++) {
          double[] part = times(f, a[p][j]);
          a[i][j] = new double[] {a[i][j][0] - part[0], a[i][j][1] - part[1]};
        }
      }
    }
    return new double[] {phase[0], phase[1], log};
  }
}
