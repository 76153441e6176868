// Kronecker operators of random factors of every kind, layout and batch, beside the matrix that
// they stand for.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.internal.kronecker.Term;
import io.github.einblas.internal.sparse.Csr;
import io.github.einblas.internal.tensor.Elements;
import io.github.einblas.internal.tensor.Precision;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;

abstract class RandomKronecker {
  static final long SEED = 20261121;
  final List<Tensor> open = new ArrayList<>();

  @AfterEach
  void close() {
    open.forEach(Tensor::close);
  }

  Tensor own(Tensor t) {
    open.add(t);
    return t;
  }

  /**
   * Random numbers in one of several layouts: contiguous, reversed, permuted, every second. Half of
   * the complex ones are conjugate views.
   */
  Tensor random(Random random, DType dtype, long... shape) {
    int rank = shape.length;
    int kind = random.nextInt(4);
    long[] stored = shape.clone();
    int[] order = new int[rank];
    for (int d = 0; d < rank; d++) {
      order[d] = kind == 1 ? rank - 1 - d : d;
    }
    for (int d = 0; d < rank; d++) {
      stored[order[d]] = kind == 2 ? 2 * shape[d] : shape[d];
    }
    long size = Arrays.stream(stored).reduce(1, (a, b) -> a * b);
    double[] values = new double[(int) size * (dtype.isComplex() ? 2 : 1)];
    for (int i = 0; i < values.length; i++) {
      values[i] = 2 * random.nextDouble() - 1;
    }
    Tensor wide = dtype.isComplex() ? Tensor.ofComplex(values, stored) : Tensor.of(values, stored);
    Tensor typed = own(own(wide).to(dtype));
    Tensor view = typed.permute(order);
    if (dtype.isComplex() && random.nextBoolean()) {
      view = view.conj();
    }
    for (int d = 0; d < rank; d++) {
      if (kind == 2) {
        view = view.slice(d, 0, 2 * shape[d], 2);
      } else if (kind == 3) {
        view = view.flip(d);
      }
    }
    assertArrayEquals(shape, view.shape());
    return view;
  }

  /** Elements of the sparse factors that were made. */
  private final IdentityHashMap<Csr, ComplexMatrix> sparse = new IdentityHashMap<>();

  /** Those of a matrix that was made here, or of a product of operators. */
  ComplexMatrix elements(Csr csr) {
    return sparse.computeIfAbsent(
        csr,
        c -> {
          try (Tensor dense = new Tensor(c.toDense())) {
            return ComplexMatrix.of(dense);
          }
        });
  }

  /** The matrix of batch number b of an operator. */
  ComplexMatrix matrix(Kronecker k, long b) {
    return ComplexMatrix.of(k, b, this::elements);
  }

  /** A number of a place: real and imaginary part. */
  interface Numbers {
    double[] next();
  }

  /** A third of the places, some of them twice, in any order; the diagonal too when regular. */
  CsrMatrix sparse(Random random, DType dtype, long rows, long columns, boolean regular) {
    Numbers any = () -> new double[] {2 * random.nextFloat() - 1, 2 * random.nextFloat() - 1};
    return sparse(random, dtype, rows, columns, regular, any);
  }

  /** The same with given numbers. Half of the complex ones are conjugate views. */
  CsrMatrix sparse(
      Random random, DType dtype, long rows, long columns, boolean regular, Numbers numbers) {
    boolean conjugate = dtype.isComplex() && random.nextBoolean();
    ComplexMatrix all = new ComplexMatrix((int) rows, (int) columns);
    List<long[]> places = new ArrayList<>();
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < columns; j++) {
        int times = random.nextInt(3) > 0 && !(regular && i == j) ? 0 : 1 + random.nextInt(2);
        double[] z = numbers.next();
        if (times > 0) {
          Tensor one = own(own(Tensor.ofComplex(z, 1)).to(DType.C128));
          Tensor rounded =
              dtype.isComplex() ? own(one.to(dtype)) : own(own(one.real().copy()).to(dtype));
          double[] value = ComplexMatrix.get(rounded.strided(), 0);
          all.set(i, j, new double[] {times * value[0], times * value[1]});
        }
        for (int e = 0; e < times; e++) {
          places.add(random.nextInt(places.size() + 1), new long[] {i, j, times});
        }
      }
    }
    double[] values = new double[places.size() * (dtype.isComplex() ? 2 : 1)];
    for (int e = 0; e < places.size(); e++) {
      long[] p = places.get(e);
      double[] z = all.at((int) p[0], (int) p[1]);
      if (dtype.isComplex()) {
        values[2 * e] = z[0] / p[2];
        values[2 * e + 1] = (conjugate ? -z[1] : z[1]) / p[2];
      } else {
        values[e] = z[0] / p[2];
      }
    }
    Tensor wide = own(dtype.isComplex() ? Tensor.ofComplex(values) : Tensor.of(values));
    Tensor v = own(wide.to(dtype));
    Tensor r = own(Tensor.of(places.stream().mapToLong(p -> p[0]).toArray()));
    Tensor c = own(Tensor.of(places.stream().mapToLong(p -> p[1]).toArray()));
    CsrMatrix made = CsrMatrix.ofTriples(v, r, c, rows, columns);
    made = conjugate ? made.conj() : made;
    sparse.put(made.core(), all);
    return made;
  }

  record Case(Kronecker operator, String text) {}

  Case operator(Random random, DType dtype, boolean square, boolean batched) {
    int n = 1 + random.nextInt(4);
    Operand[] factors = new Operand[n];
    StringBuilder text = new StringBuilder(dtype.toString());
    boolean typed = false;
    for (int i = 0; i < n; i++) {
      int kind = random.nextInt(8);
      long r = 1L + random.nextInt(5);
      long c = square ? r : 1L + random.nextInt(5);
      if (kind == 0 && (typed || i + 1 < n)) {
        factors[i] = Kronecker.identity(r);
      } else if (kind == 1) {
        factors[i] = Kronecker.diagonal(random(random, dtype, r));
        typed = true;
      } else if (kind >= 6) {
        factors[i] = sparse(random, dtype, r, c, square);
        typed = true;
      } else {
        factors[i] =
            batched && random.nextBoolean()
                ? random(random, dtype, random.nextBoolean() ? 1 : 3, r, c)
                : random(random, dtype, r, c);
        typed = true;
      }
      text.append(' ').append(factors[i] instanceof Tensor t ? t.strided().describe() : factors[i]);
    }
    if (!typed) {
      factors[n - 1] = random(random, dtype, 2, 2);
    }
    return new Case(Kronecker.of(factors), text.toString());
  }

  private static double get(Term t, long... index) {
    return Elements.get(t.tensor(), index);
  }

  /** Element [b, i, j] of the matrix, by the definition. */
  double element(Kronecker k, long b, long i, long j) {
    double value = 1;
    for (int f = k.factors() - 1; f >= 0; f--) {
      Term t = k.core().term(f);
      long r = i % t.rows();
      long c = j % t.columns();
      i /= t.rows();
      j /= t.columns();
      if (t.isDense()) {
        value *=
            t.batchRank() == 0 ? get(t, r, c) : get(t, t.tensor().length(0) == 1 ? 0 : b, r, c);
      } else if (t.isSparse()) {
        double[][] all = elements(t.csr()).re();
        value *= t.turned() ? all[(int) c][(int) r] : all[(int) r][(int) c];
      } else {
        value *= r != c ? 0 : t.isIdentity() ? 1 : get(t, r);
      }
    }
    return value;
  }

  double[][][] matrices(Kronecker k) {
    int batch = k.core().batch().length == 0 ? 1 : (int) k.core().batch()[0];
    double[][][] all = new double[batch][(int) k.rows()][(int) k.columns()];
    for (int b = 0; b < batch; b++) {
      for (int i = 0; i < k.rows(); i++) {
        for (int j = 0; j < k.columns(); j++) {
          all[b][i][j] = element(k, b, i, j);
        }
      }
    }
    return all;
  }

  /** Most relative error of a rounding. */
  static double unit(DType dtype) {
    return Precision.of(dtype).unit();
  }

  /** Roundings of an element: a sum over each factor, and scaling. */
  static double roundings(Kronecker k) {
    return k.core().terms().stream().mapToDouble(t -> Math.max(t.rows(), t.columns()) + 2).sum()
        + 4;
  }

  static void message(Runnable call, String... parts) {
    IllegalArgumentException e = assertThrows(IllegalArgumentException.class, call::run);
    for (String part : parts) {
      assertTrue(e.getMessage().contains(part), () -> e.getMessage() + " lacks " + part);
    }
  }
}
