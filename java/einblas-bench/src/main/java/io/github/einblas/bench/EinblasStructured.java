// Benchmarks: einblas's products with CSR, BSR and Kronecker matrices.
package io.github.einblas.bench;

import io.github.einblas.BsrMatrix;
import io.github.einblas.CsrMatrix;
import io.github.einblas.DType;
import io.github.einblas.Einblas;
import io.github.einblas.Kronecker;
import io.github.einblas.MatrixOperator;
import io.github.einblas.Tensor;
import java.util.ArrayList;
import java.util.List;

/** A product into a given result. */
final class EinblasStructured implements Rival.Job {
  private final List<AutoCloseable> owned = new ArrayList<>();
  private final Tensor x;
  private final Tensor out;
  private final MatrixOperator matrix;
  private final boolean left;
  private final NativeArray elements;

  private EinblasStructured(Structured c, DType dtype) {
    x = operand(dtype, 1, c.operand());
    out = own(Tensor.zeros(dtype, c.result()));
    left = c.kind().equals("kron") || c.kind().equals("bsrx");
    matrix = matrix(c, dtype);
    elements = NativeArray.at(out.address(), dtype, out.size());
  }

  /** The job of a case. */
  static Rival.Job of(Structured c, DType dtype) {
    return c.kind().equals("block")
        ? new EinblasBlocks().job(c.blocks(), dtype)
        : new EinblasStructured(c, dtype);
  }

  private <T extends AutoCloseable> T own(T resource) {
    owned.add(resource);
    return resource;
  }

  private Tensor operand(DType dtype, int number, long... shape) {
    Tensor t = own(Tensor.empty(dtype, shape));
    NativeArray.at(t.address(), dtype, t.size()).setOperand(number, t.size());
    return t;
  }

  private MatrixOperator matrix(Structured c, DType dtype) {
    if (c.kind().equals("kron")) {
      Tensor[] factors = new Tensor[(int) c.sizes()[2]];
      for (int i = 0; i < factors.length; i++) {
        factors[i] = operand(dtype, i + 2, c.sizes()[1], c.sizes()[1]);
      }
      return Kronecker.of(factors);
    }
    if (c.group().equals("csr")) {
      int entries = c.rows() * c.each();
      CsrMatrix m =
          own(
              dtype == DType.F32
                  ? CsrMatrix.of(
                      Values.floats(0, entries), c.indices(), c.indptr(), c.rows(), c.columns())
                  : CsrMatrix.of(
                      Values.doubles(0, entries), c.indices(), c.indptr(), c.rows(), c.columns()));
      return c.kind().equals("csrt") ? own(m.transpose()) : m;
    }
    Tensor values = operand(dtype, 0, (long) c.rows() * c.each(), c.block(), c.block());
    BsrMatrix m = own(BsrMatrix.of(values, c.indices(), c.indptr(), c.sizes()[0], c.sizes()[0]));
    return c.kind().equals("bsrt") ? own(m.transpose()) : m;
  }

  @Override
  public String form() {
    return left ? "timesLeftInto" : "timesInto";
  }

  @Override
  public void run() {
    if (left) {
      matrix.timesLeftInto(out, 1, 0, x);
    } else {
      matrix.timesInto(out, 1, 0, x);
    }
  }

  @Override
  public double result(long index) {
    return elements.get(index);
  }

  @Override
  public void close() {
    for (int i = owned.size() - 1; i >= 0; i--) {
      try {
        owned.get(i).close();
      } catch (Exception e) {
        throw new IllegalStateException(e);
      }
    }
    Einblas.trim();
  }
}
