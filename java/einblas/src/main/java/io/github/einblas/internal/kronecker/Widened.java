// Kronecker: the factors of 16-bit floats in F32, which they are computed in.
package io.github.einblas.internal.kronecker;

import io.github.einblas.DType;
import io.github.einblas.internal.sparse.Csr;
import io.github.einblas.internal.tensor.Strided;
import io.github.einblas.internal.tensor.TensorCopy;
import java.util.ArrayList;
import java.util.List;

/**
 * Copies of an operator's factors in the type that they are computed in, and what frees them. Of a
 * sparse factor only the values are copied.
 */
record Widened(Factors factors, List<Runnable> copies) implements AutoCloseable {
  /** Whether the factors are computed in another type than theirs. */
  static boolean isNeeded(Factors k) {
    return k.dtype() != null && k.dtype() != k.dtype().computeType();
  }

  static Widened of(Factors k) {
    DType wide = k.dtype().computeType();
    List<Runnable> copies = new ArrayList<>();
    boolean done = false;
    try {
      Factors factors =
          Factors.of(k.terms().stream().map(term -> widened(term, wide, copies)).toList());
      done = true;
      return new Widened(factors, copies);
    } finally {
      if (!done) {
        copies.forEach(Runnable::run);
      }
    }
  }

  private static Term widened(Term term, DType wide, List<Runnable> copies) {
    if (term.isIdentity()) {
      return term;
    }
    if (term.isSparse()) {
      Csr csr = term.csr().widened();
      copies.add(csr::close);
      return Term.sparse(csr, term.turned(), term.conjugate());
    }
    Strided copy = TensorCopy.convert(term.tensor(), wide);
    copies.add(copy::close);
    return term.isDiagonal() ? Term.diagonal(copy) : Term.dense(copy);
  }

  @Override
  public void close() {
    copies.forEach(Runnable::run);
  }
}
