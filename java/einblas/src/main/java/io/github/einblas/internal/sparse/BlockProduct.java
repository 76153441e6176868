// Block-sparse: checks the operands of one product, and hands their addresses and strides to the
// kernels.
package io.github.einblas.internal.sparse;

import io.github.einblas.internal.natives.NativeSparse;
import io.github.einblas.internal.tensor.Lease;
import io.github.einblas.internal.tensor.Strided;
import java.util.Arrays;

/** The two native products. Everything is checked before anything is written. */
public final class BlockProduct {
  /** What the caller of an operation calls its operands, for errors. */
  public record Names(String operation, String out, String first, String second)
      implements Lease.Words {
    @Override
    public String where() {
      return operation + ": ";
    }

    @Override
    public String tensor(int operand) {
      return switch (operand) {
        case Lease.OUTPUT -> out;
        case 0 -> first;
        case 1 -> second;
        default -> "bias";
      };
    }
  }

  private BlockProduct() {}

  /**
   * out[b,j,:] = beta * out[b,j,:] + bias[index,:] + alpha * sum_i h[b,i,:] . W[block(b,i,j)];
   * backwards: from the output window to the input window, with W's axes (1, 0, 3, 2) where they
   * lie. Names are out, W, h; bias may be null.
   */
  public static void gemv(
      Names names,
      Strided out,
      double alpha,
      double beta,
      Strided w,
      Strided h,
      Strided bias,
      BlockTerms.Lent lent,
      boolean backwards) {
    BlockTerms p = lent.terms();
    requireRank(names, names.first, w, 4);
    long source = w.shape()[backwards ? 3 : 2];
    long target = w.shape()[backwards ? 2 : 3];
    long from = backwards ? p.outputWindow() : p.inputWindow();
    long to = backwards ? p.inputWindow() : p.outputWindow();
    requireBlocks(names, names.first, w, p);
    requireRows(names, names.second, h, p, from, source);
    requireRows(names, names.out, out, p, to, target);
    if (bias != null) {
      requireShape(names, "bias", bias, p.outputBlocks(), target);
    }
    requireType(names, out, w, h, bias);
    out.requireWritable(names.operation);
    try (Lease lease = Lease.of(names, out, w, h, bias).apart()) {
      long[] hs = h.strides();
      long[] ws = w.strides();
      long[] os = out.strides();
      boolean b = backwards;
      NativeSparse.blockGemv(
          lent.handle(),
          out.dtype(),
          NativeSparse.conjugated(
              h.isConjugate(), w.isConjugate(), bias != null && bias.isConjugate()),
          backwards,
          new long[] {source, target},
          new long[] {h.address(), w.address(), out.address(), lease.address(2)},
          new long[] {
            hs[0],
            hs[1],
            hs[2],
            ws[b ? 1 : 0],
            ws[b ? 0 : 1],
            ws[b ? 3 : 2],
            ws[b ? 2 : 3],
            os[0],
            os[1],
            os[2],
            bias == null ? 0 : bias.strides()[0],
            bias == null ? 0 : bias.strides()[1]
          },
          alpha,
          beta,
          p.bytes());
    }
  }

  /** o[block(b,i,j)] += alpha * outer(x[b,i,:], y[b,j,:]). Names are o, x, y. */
  @SuppressWarnings("try") // the lease is closed for what it holds, not read
  public static void outer(
      Names names, Strided o, Strided x, Strided y, BlockTerms.Lent lent, double alpha) {
    checkOuter(names, o, x, y, lent.terms());
    long[] shape = o.shape();
    try (Lease lease = Lease.of(names, o, x, y).apart()) {
      long[] xs = x.strides();
      long[] ys = y.strides();
      long[] os = o.strides();
      NativeSparse.blockOuter(
          lent.handle(),
          o.dtype(),
          NativeSparse.conjugated(x.isConjugate(), y.isConjugate()),
          new long[] {shape[2], shape[3]},
          new long[] {x.address(), y.address(), o.address()},
          new long[] {xs[0], xs[1], xs[2], ys[0], ys[1], ys[2], os[0], os[1], os[2], os[3]},
          alpha,
          lent.terms().bytes());
    }
  }

  /** What {@link #outer} refuses, but for tensors that are closed or share elements. */
  public static void checkOuter(Names names, Strided o, Strided x, Strided y, BlockTerms p) {
    requireRank(names, names.out, o, 4);
    requireBlocks(names, names.out, o, p);
    requireRows(names, names.first, x, p, p.inputWindow(), o.shape()[2]);
    requireRows(names, names.second, y, p, p.outputWindow(), o.shape()[3]);
    requireType(names, o, x, y);
    o.requireWritable(names.operation);
  }

  /** Refuses an output that shares elements with an operand, and tensors that are closed. */
  @SuppressWarnings("try") // the lease is closed for what it holds, not read
  public static void requireApart(Names names, Strided out, Strided... operands) {
    try (Lease lease = Lease.of(names, out, operands).apart()) {
      // held, compared and let go
    }
  }

  /** Refuses another rank. */
  public static void requireRank(Names names, String which, Strided t, int rank) {
    if (t.rank() != rank) {
      throw new IllegalArgumentException(
          names.operation + ": " + which + " must have rank " + rank + ", got " + t.describe());
    }
  }

  private static void requireBlocks(Names names, String which, Strided t, BlockTerms p) {
    long[] s = t.shape();
    if (s[0] != p.inputBlocks() || s[1] != p.outputBlocks()) {
      requireShape(names, which, t, p.inputBlocks(), p.outputBlocks(), s[2], s[3]);
    }
  }

  /** Shape (batch, window, size); with no example at all, whichever window it has. */
  private static void requireRows(
      Names names, String which, Strided t, BlockTerms p, long window, long size) {
    long[] s = t.shape();
    if (s.length != 3 || s[0] != p.batch() || (s[1] != window && p.batch() != 0) || s[2] != size) {
      requireShape(names, which, t, p.batch(), window, size);
    }
  }

  /** Refuses another shape. */
  public static void requireShape(Names names, String which, Strided t, long... shape) {
    if (!Arrays.equals(t.shape(), shape)) {
      throw new IllegalArgumentException(
          names.operation
              + ": "
              + which
              + " must have shape "
              + Arrays.toString(shape)
              + ", got "
              + t.describe());
    }
  }

  private static void requireType(Names names, Strided out, Strided... operands) {
    for (int i = 0; i < operands.length; i++) {
      if (operands[i] != null && operands[i].dtype() != out.dtype()) {
        throw new IllegalArgumentException(
            names.operation
                + ": all tensors must be of one type, but "
                + names.out
                + " has "
                + out.dtype()
                + " and "
                + names.tensor(i)
                + " has "
                + operands[i].dtype());
      }
    }
    requireProducts(names, out);
  }

  /** Refuses integers and BOOL. */
  public static void requireProducts(Names names, Strided t) {
    if (!Strided.isMultiplied(t.dtype())) {
      throw new IllegalArgumentException(
          names.operation
              + ": products are computed in "
              + Strided.MULTIPLIED
              + ", got "
              + t.dtype());
    }
  }
}
