// BSR matrices: the core: where blocks lie, their values, and the native products.
package io.github.einblas.internal.sparse;

import io.github.einblas.DType;
import io.github.einblas.internal.natives.NativeSparse;
import io.github.einblas.internal.tensor.Lease;
import io.github.einblas.internal.tensor.Strided;
import io.github.einblas.internal.tensor.TensorCopy;
import io.github.einblas.internal.tensor.View;
import java.lang.ref.Reference;
import java.util.Arrays;
import java.util.function.Consumer;

/**
 * A matrix of stored blocks, or a transposed view of one.
 *
 * @param structure where the blocks of the stored matrix lie
 * @param blocks their values, (blocks, r, c); a conjugate view where the matrix is one
 * @param transposed whether this is the stored matrix transposed
 */
@SuppressWarnings("try") // leases are closed for what they hold, not read
public record Bsr(BsrStructure structure, Strided blocks, boolean transposed) {
  private static final String NAME = "BSR matrix";

  /** From SciPy's arrays, which are nobody else's; repeated blocks are added up. */
  public static Bsr of(Strided values, long[] indices, long[] indptr, long rows, long columns) {
    if (values.rank() != 3 || !Strided.isMultiplied(values.dtype())) {
      throw new IllegalArgumentException(
          NAME
              + ": values must be "
              + Strided.MULTIPLIED
              + " of shape (blocks, r, c), got "
              + values.describe());
    }
    if (values.length(0) != indices.length) {
      throw new IllegalArgumentException(
          NAME
              + ": values has "
              + values.length(0)
              + " blocks, but there are "
              + indices.length
              + " indices");
    }
    long[] shape = BsrStructure.shapeOf(rows, columns, values.length(1), values.length(2));
    long[] slots = new long[indices.length];
    try (Lease lease = hold("values", values);
        Strided copy = values.isConjugate() ? TensorCopy.copy(values) : null) {
      Strided own = copy == null ? values : copy;
      BsrStructure structure = BsrStructure.of(shape, indptr, indices, slots);
      Strided blocks = Strided.empty(values.dtype(), structure.blocks, shape[2], shape[3]);
      try {
        NativeSparse.bsrGather(
            structure.handle(),
            values.dtype(),
            slots,
            own.address(),
            own.strides(),
            blocks.address());
      } finally {
        Reference.reachabilityFence(structure);
      }
      return new Bsr(structure, blocks, false);
    }
  }

  /** As {@link #of(Strided, long[], long[], long, long)}, the indices from tensors. */
  public static Bsr of(Strided values, Strided indices, Strided indptr, long rows, long columns) {
    return of(values, numbers("indices", indices), numbers("indptr", indptr), rows, columns);
  }

  private static long[] numbers(String name, Strided t) {
    if (t.rank() != 1 || !t.holdsIndices()) {
      throw new IllegalArgumentException(
          NAME + ": " + name + " must be integers of rank 1 (I32 or I64), got " + t.describe());
    }
    return Indices.of(t);
  }

  /** Of the blocks of a dense matrix that hold anything but zeros. */
  public static Bsr ofDense(Strided dense, long r, long c) {
    if (dense.rank() != 2 || !Strided.isMultiplied(dense.dtype())) {
      throw new IllegalArgumentException(
          NAME + ": dense must be a matrix of " + Strided.MULTIPLIED + ", got " + dense.describe());
    }
    long[] shape = BsrStructure.shapeOf(dense.length(0), dense.length(1), r, c);
    try (Lease lease = hold("dense", dense);
        Strided copy = dense.isConjugate() ? TensorCopy.copy(dense) : null) {
      Strided own = copy == null ? dense : copy;
      BsrStructure structure = BsrStructure.ofDense(shape, own);
      Strided blocks = Strided.empty(dense.dtype(), structure.blocks, r, c);
      new Bsr(structure, blocks, false).exchange(false, own);
      return new Bsr(structure, blocks, false);
    }
  }

  private void exchange(boolean toDense, Strided dense) {
    try {
      long[] strides = dense.strides();
      NativeSparse.bsrExchange(
          structure.handle(),
          dtype(),
          toDense,
          blocks.isConjugate(),
          blocks.address(),
          dense.address(),
          transposed ? reversed(strides) : strides);
    } finally {
      Reference.reachabilityFence(structure);
    }
  }

  // ---- facts

  /** Type of the elements. */
  public DType dtype() {
    return blocks.dtype();
  }

  /** Number of rows. */
  public long rows() {
    long[] s = structure.shape;
    return transposed ? s[1] * s[3] : s[0] * s[2];
  }

  /** Number of columns. */
  public long columns() {
    long[] s = structure.shape;
    return transposed ? s[0] * s[2] : s[1] * s[3];
  }

  /** Rows and columns of a block. */
  public long[] blockShape() {
    long[] s = structure.shape;
    return transposed ? new long[] {s[3], s[2]} : new long[] {s[2], s[3]};
  }

  /** Number of stored blocks. */
  public long blockCount() {
    return structure.blocks;
  }

  /** SciPy's indices of the stored matrix, a new I32 tensor. */
  public Strided indices() {
    try (Strided wide = Indices.tensor(structure.arrays()[1])) {
      return TensorCopy.convert(wide, DType.I32);
    }
  }

  /** SciPy's indptr of the stored matrix, a new I64 tensor. */
  public Strided indptr() {
    return Indices.tensor(structure.arrays()[0]);
  }

  /** The transposed matrix: a view of the same blocks. */
  public Bsr transpose() {
    return new Bsr(structure, blocks.permute(0, 1, 2), !transposed);
  }

  /** The conjugates of the elements: a view of the same blocks. */
  public Bsr conj() {
    return new Bsr(structure, blocks.conj(), transposed);
  }

  /** A dense copy. */
  public Strided toDense() {
    try (Lease lease = hold("the matrix", blocks)) {
      Strided dense = TensorCopy.full(dtype(), 0, rows(), columns());
      exchange(true, dense);
      return dense;
    }
  }

  // ---- products

  /** {@code this x}: a new tensor. */
  public Strided times(Strided x) {
    requireOperand(x);
    return filled(resultShape(x), out -> timesInto(out, 1, 0, x));
  }

  /** {@code x this}: a new tensor. */
  public Strided timesLeft(Strided x) {
    requireLeftOperand(x);
    return filled(leftResultShape(x), out -> timesLeftInto(out, 1, 0, x));
  }

  private Strided filled(long[] shape, Consumer<Strided> product) {
    Strided out = Strided.empty(dtype(), shape);
    boolean done = false;
    try {
      product.accept(out);
      done = true;
      return out;
    } finally {
      if (!done) {
        out.close();
      }
    }
  }

  /** {@code out = alpha * this x + beta * out}. */
  public void timesInto(Strided out, double alpha, double beta, Strided x) {
    requireOperand(x);
    requireShape("out", out, resultShape(x));
    multiply(out, out.geometry(), alpha, beta, x, x.geometry());
  }

  /** {@code out = alpha * x this + beta * out}: the transposed matrix times x transposed. */
  public void timesLeftInto(Strided out, double alpha, double beta, Strided x) {
    requireLeftOperand(x);
    requireShape("out", out, leftResultShape(x));
    new Bsr(structure, blocks, !transposed)
        .multiply(out, out.geometry().transpose(), alpha, beta, x, x.geometry().transpose());
  }

  /** The product of checked tensors, looked at so that their first axes are the matrix's. */
  private void multiply(
      Strided out, View outView, double alpha, double beta, Strided x, View view) {
    out.requireWritable(NAME);
    Words words = new Words(NAME, "the output", "x", "the blocks");
    try (Lease lease = Lease.of(words, out, x, blocks).apart()) {
      long[] from = matrixStrides(view);
      long[] to = matrixStrides(outView);
      NativeSparse.bsrProduct(
          structure.handle(),
          dtype(),
          transposed,
          NativeSparse.conjugated(blocks.isConjugate(), x.isConjugate()),
          x.rank() == 1 ? 1 : view.shape()[1],
          new long[] {blocks.address(), x.address(), out.address()},
          new long[] {from[0], from[1], to[0], to[1]},
          alpha,
          beta);
    } finally {
      Reference.reachabilityFence(structure);
    }
  }

  /** Shape of {@code this x}. */
  public long[] resultShape(Strided x) {
    return x.rank() == 1 ? new long[] {rows()} : new long[] {rows(), x.length(1)};
  }

  /** Shape of {@code x this}. */
  public long[] leftResultShape(Strided x) {
    return x.rank() == 1 ? new long[] {columns()} : new long[] {x.length(0), columns()};
  }

  /** Strides as a matrix. */
  private static long[] matrixStrides(View v) {
    long[] strides = v.strides();
    return strides.length == 1 ? new long[] {strides[0], 1} : strides;
  }

  /** The blocks of {@code a b} that this stores, a new matrix with the same pattern. */
  public Bsr sampled(Strided a, Strided b) {
    requireSampled(a, b);
    try (Lease lease = hold("the matrix", blocks)) {
      Strided values =
          Strided.empty(dtype(), structure.blocks, structure.shape[2], structure.shape[3]);
      boolean done = false;
      try {
        Bsr made = new Bsr(structure, values, transposed);
        made.sampledInto(1, 0, a, b);
        done = true;
        return made;
      } finally {
        if (!done) {
          values.close();
        }
      }
    }
  }

  /** {@code this = alpha * (a b where this stores blocks) + beta * this}. */
  public void sampledInto(double alpha, double beta, Strided a, Strided b) {
    requireSampled(a, b);
    Words words = new Words(NAME, "the matrix", "a", "b");
    try (Lease lease = Lease.of(words, blocks, a, b).apart()) {
      // The transpose of a b is b^T a^T, whose strides are those of b and a turned round.
      Strided first = transposed ? b : a;
      Strided second = transposed ? a : b;
      // So are the conjugates of a b those of both, where this is a view of conjugates.
      boolean conjugate = blocks.isConjugate();
      long[] x = transposed ? reversed(b.strides()) : a.strides();
      long[] y = transposed ? reversed(a.strides()) : b.strides();
      NativeSparse.bsrSampled(
          structure.handle(),
          dtype(),
          NativeSparse.conjugated(
              first.isConjugate() != conjugate, second.isConjugate() != conjugate),
          a.length(1),
          new long[] {blocks.address(), first.address(), second.address()},
          new long[] {x[0], x[1], y[0], y[1]},
          alpha,
          beta);
    } finally {
      Reference.reachabilityFence(structure);
    }
  }

  // ---- checks

  private static Lease hold(String what, Strided t) {
    return Lease.of(new Words(NAME, "", what), null, t);
  }

  /** Refuses an x that {@link #times} does not take. */
  public void requireOperand(Strided x) {
    requireOperand(x, 0, columns());
  }

  /** Refuses an x that {@link #timesLeft} does not take. */
  public void requireLeftOperand(Strided x) {
    requireOperand(x, x.rank() - 1, rows());
  }

  private void requireOperand(Strided x, int axis, long length) {
    requireType("x", x);
    if ((x.rank() != 1 && x.rank() != 2) || x.length(axis) != length) {
      throw new IllegalArgumentException(
          NAME
              + ": x must be a matrix or a vector whose axis "
              + axis
              + " has length "
              + length
              + ", as the BSR operand has shape "
              + Arrays.toString(new long[] {rows(), columns()})
              + "; got "
              + x.describe());
    }
  }

  private void requireSampled(Strided a, Strided b) {
    requireType("a", a);
    requireType("b", b);
    if (a.rank() != 2 || b.rank() != 2 || a.length(1) != b.length(0)) {
      throw new IllegalArgumentException(
          NAME
              + ": a sampled product needs matrices a (m, k) and b (k, n), got "
              + a.describe()
              + " and "
              + b.describe());
    }
    requireShape("a", a, rows(), a.length(1));
    requireShape("b", b, b.length(0), columns());
  }

  /** Refuses another type or shape. */
  public void requireShape(String which, Strided t, long... shape) {
    requireType(which, t);
    if (!Arrays.equals(t.shape(), shape)) {
      throw new IllegalArgumentException(
          NAME
              + ": "
              + which
              + " must have shape "
              + Arrays.toString(shape)
              + ", got "
              + t.describe());
    }
  }

  private void requireType(String which, Strided t) {
    if (t.dtype() != dtype()) {
      throw new IllegalArgumentException(
          NAME
              + ": "
              + which
              + " must be "
              + dtype()
              + " as the BSR operand is, got "
              + t.describe());
    }
  }

  private static long[] reversed(long[] pair) {
    return new long[] {pair[1], pair[0]};
  }
}
