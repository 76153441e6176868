// Block-sparse: checks the operands of one product, and hands their addresses and strides to the
// kernels.
package io.github.einblas;

import io.github.einblas.internal.natives.NativeSparse;
import java.lang.ref.Reference;
import java.util.Arrays;
import java.util.Objects;

/** The two native products. Everything is checked before anything is written. */
final class BlockProduct {
  /** What the caller of an operation calls its operands, for errors. */
  record Names(String operation, String out, String first, String second) {}

  private BlockProduct() {}

  /**
   * out[b,j,:] = beta * out[b,j,:] + bias[index,:] + alpha * sum_i h[b,i,:] . W[block(b,i,j)];
   * backwards: from the output window to the input window, with W's axes (1, 0, 3, 2) where they
   * lie. Names are out, W, h; bias may be null.
   */
  static void gemv(
      Names names,
      Tensor out,
      double alpha,
      double beta,
      Tensor w,
      Tensor h,
      Tensor bias,
      BlockPattern p,
      boolean backwards) {
    Objects.requireNonNull(p, "pattern");
    requireRank(names, names.first, w, 4);
    long source = w.shapeRef()[backwards ? 3 : 2];
    long target = w.shapeRef()[backwards ? 2 : 3];
    long from = backwards ? p.outputWindow : p.inputWindow;
    long to = backwards ? p.inputWindow : p.outputWindow;
    requireBlocks(names, names.first, w, p);
    requireRows(names, names.second, h, p, from, source);
    requireRows(names, names.out, out, p, to, target);
    if (bias != null) {
      requireShape(names, "bias", bias, p.outputBlocks, target);
    }
    Tensor[] operands = bias == null ? new Tensor[] {w, h} : new Tensor[] {w, h, bias};
    requireType(names, out, operands);
    out.requireWritable(names.operation);
    int used = acquire(names, out, operands);
    try {
      requireApart(names, out, operands);
      long[] hs = h.stridesRef();
      long[] ws = w.stridesRef();
      long[] os = out.stridesRef();
      boolean b = backwards;
      NativeSparse.blockGemv(
          p.handle(),
          out.dtype().ordinal(),
          backwards,
          new long[] {source, target},
          new long[] {h.address(), w.address(), out.address(), bias == null ? 0 : bias.address()},
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
            bias == null ? 0 : bias.stridesRef()[0],
            bias == null ? 0 : bias.stridesRef()[1]
          },
          alpha,
          beta,
          p.bytes());
    } finally {
      release(used, out, operands);
      Reference.reachabilityFence(p);
    }
  }

  /** o[block(b,i,j)] += alpha * outer(x[b,i,:], y[b,j,:]). Names are o, x, y. */
  static void outer(Names names, Tensor o, Tensor x, Tensor y, BlockPattern p, double alpha) {
    checkOuter(names, o, x, y, p);
    long[] shape = o.shapeRef();
    Tensor[] operands = {x, y};
    int used = acquire(names, o, operands);
    try {
      requireApart(names, o, operands);
      long[] xs = x.stridesRef();
      long[] ys = y.stridesRef();
      long[] os = o.stridesRef();
      NativeSparse.blockOuter(
          p.handle(),
          o.dtype().ordinal(),
          new long[] {shape[2], shape[3]},
          new long[] {x.address(), y.address(), o.address()},
          new long[] {xs[0], xs[1], xs[2], ys[0], ys[1], ys[2], os[0], os[1], os[2], os[3]},
          alpha,
          p.bytes());
    } finally {
      release(used, o, operands);
      Reference.reachabilityFence(p);
    }
  }

  /** What {@link #outer} refuses, but for tensors that are closed or share elements. */
  static void checkOuter(Names names, Tensor o, Tensor x, Tensor y, BlockPattern p) {
    Objects.requireNonNull(p, "pattern");
    requireRank(names, names.out, o, 4);
    requireBlocks(names, names.out, o, p);
    requireRows(names, names.first, x, p, p.inputWindow, o.shapeRef()[2]);
    requireRows(names, names.second, y, p, p.outputWindow, o.shapeRef()[3]);
    requireType(names, o, new Tensor[] {x, y});
    o.requireWritable(names.operation);
  }

  static void requireRank(Names names, String which, Tensor t, int rank) {
    Objects.requireNonNull(t, which);
    if (t.rank() != rank) {
      throw new IllegalArgumentException(
          names.operation + ": " + which + " must have rank " + rank + ", got " + t.describe());
    }
  }

  private static void requireBlocks(Names names, String which, Tensor t, BlockPattern p) {
    long[] s = t.shapeRef();
    if (s[0] != p.inputBlocks || s[1] != p.outputBlocks) {
      requireShape(names, which, t, p.inputBlocks, p.outputBlocks, s[2], s[3]);
    }
  }

  /** Shape (batch, window, size); with no example at all, whichever window it has. */
  private static void requireRows(
      Names names, String which, Tensor t, BlockPattern p, long window, long size) {
    Objects.requireNonNull(t, which);
    long[] s = t.shapeRef();
    if (s.length != 3 || s[0] != p.batch || (s[1] != window && p.batch != 0) || s[2] != size) {
      requireShape(names, which, t, p.batch, window, size);
    }
  }

  private static void requireShape(Names names, String which, Tensor t, long... shape) {
    Objects.requireNonNull(t, which);
    if (!Arrays.equals(t.shapeRef(), shape)) {
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

  private static void requireType(Names names, Tensor out, Tensor[] operands) {
    for (Tensor t : operands) {
      if (t.dtype() != out.dtype()) {
        throw new IllegalArgumentException(
            names.operation
                + ": all tensors must be of one type, but "
                + names.out
                + " has "
                + out.dtype()
                + " and "
                + name(names, operands, t)
                + " has "
                + t.dtype());
      }
    }
    if (!out.dtype().isFloating()) {
      throw new IllegalArgumentException(
          names.operation + ": products are computed in F32 and F64, got " + out.dtype());
    }
  }

  private static String name(Names names, Tensor[] operands, Tensor t) {
    return t == operands[0] ? names.first : t == operands[1] ? names.second : "bias";
  }

  static void requireApart(Names names, Tensor out, Tensor[] operands) {
    for (Tensor t : operands) {
      if (out.sharesElements(t)) {
        throw new IllegalArgumentException(
            names.operation
                + ": "
                + names.out
                + " shares elements with "
                + name(names, operands, t)
                + " ("
                + t.describe()
                + ")");
      }
    }
  }

  /** Counts this call in at every tensor, so that a close meanwhile waits; how many there are. */
  private static int acquire(Names names, Tensor out, Tensor[] operands) {
    int done = 0;
    try {
      for (; done < operands.length; done++) {
        operands[done].acquire();
      }
      out.acquire();
      return done + 1;
    } catch (IllegalStateException e) {
      release(done, out, operands);
      throw new IllegalStateException(
          names.operation
              + ": "
              + (done < operands.length ? name(names, operands, operands[done]) : names.out)
              + " is closed",
          e);
    }
  }

  private static void release(int count, Tensor out, Tensor[] operands) {
    for (int i = 0; i < count; i++) {
      (i < operands.length ? operands[i] : out).release();
    }
  }
}
