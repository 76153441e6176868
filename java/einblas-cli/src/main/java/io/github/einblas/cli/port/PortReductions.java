// Port: sums and extremes by name.
package io.github.einblas.cli.port;

import io.github.einblas.TensorMath;
import java.util.Arrays;

/** Reductions; axes are printed as they were given. */
final class PortReductions {
  private PortReductions() {}

  /** What plain loops compute over axes. */
  interface Plain {
    PlainTensor of(PlainReductions reductions, PlainTensor x, int... axes);
  }

  /** What plain loops compute along an axis. */
  private interface PlainRow {
    PlainTensor of(PlainReductions reductions, PlainTensor x, int axis);
  }

  static void addTo(PortFunctions.Table table) {
    String numpy = "a|x, axis=, /, keepdims=";
    String torch = "input, dim|axis=, keepdim|keepdims=";
    String method = "self, axis|dim=, keepdims|keepdim=";
    over(table, "np.sum", numpy, "sum", PlainReductions::sum);
    over(table, "torch.sum", torch, "sum", PlainReductions::sum);
    over(table, ".sum", method, "sum", PlainReductions::sum);
    over(table, "np.mean", numpy, "mean", PlainReductions::mean);
    over(table, "torch.mean", torch, "mean", PlainReductions::mean);
    over(table, ".mean", method, "mean", PlainReductions::mean);
    over(table, "np.max np.amax", numpy, "max", PlainReductions::max);
    over(table, "torch.amax", torch, "max", PlainReductions::max);
    over(table, "np.min np.amin", numpy, "min", PlainReductions::min);
    over(table, "torch.amin", torch, "min", PlainReductions::min);
    over(table, ".max", "self, axis=, /, keepdims=", "max", PlainReductions::max);
    over(table, ".min", "self, axis=, /, keepdims=", "min", PlainReductions::min);
    over(table, ".amax", method, "max", PlainReductions::max);
    over(table, ".amin", method, "min", PlainReductions::min);
    over(table, "torch.max", "input", "max", PlainReductions::max);
    over(table, "torch.min", "input", "min", PlainReductions::min);
    over(
        table,
        "torch.logsumexp .logsumexp",
        "input, dim, keepdim=",
        "logSumExp",
        PlainReductions::logSumExp);
    over(
        table,
        "special.logsumexp",
        "a, axis=, /, keepdims=",
        "logSumExp",
        PlainReductions::logSumExp);
    over(
        table,
        "np.linalg.norm torch.linalg.norm",
        "x|A, /, axis|dim=, keepdims|keepdim=",
        "norm",
        PlainReductions::norm);
    along(table, "np.argmax", numpy, "argmax", PlainReductions::argmax);
    along(table, "torch.argmax", torch, "argmax", PlainReductions::argmax);
    along(table, ".argmax", method, "argmax", PlainReductions::argmax);
    along(table, "np.argmin", numpy, "argmin", PlainReductions::argmin);
    along(table, "torch.argmin", torch, "argmin", PlainReductions::argmin);
    along(table, ".argmin", method, "argmin", PlainReductions::argmin);
    table.put("np.cumsum .cumsum", "a|self, axis|dim=", (c, want) -> cumsum(c, want));
    table.put("torch.cumsum", "input, dim", (c, want) -> cumsum(c, want));
  }

  private static void over(
      PortFunctions.Table table, String names, String parameters, String method, Plain f) {
    boolean keeps = parameters.contains("keep");
    boolean hasAxes = parameters.contains(",");
    table.put(
        names,
        parameters,
        (c, want) -> {
          int[] given = hasAxes && c.has(1) ? c.in().integers(c.node(1)) : new int[0];
          Ported x = c.in().reals(c.node(0), wantOf(given));
          if (hasAxes && c.has(1) && given.length == 0) {
            throw c.wrong(1, "no axis is given; None means all");
          }
          return over(c, x, method, f, given, keeps && c.flag(2));
        });
  }

  /** Of enough axes for those that are given, where that is more than two. */
  private static int[] wantOf(int... given) {
    int largest = Arrays.stream(given).map(a -> a < 0 ? -a - 1 : a).max().orElse(0);
    return largest < 2 || largest > 20 ? null : PortShapes.filled(largest + 1, -1);
  }

  private static Ported over(
      PortCall c, Ported x, String method, Plain f, int[] given, boolean keeps) {
    int[] axes = given.length == 0 ? PortShapes.range(0, x.rank()) : c.axes(1, given, x.rank());
    if (PlainTensor.size(PortShapes.taken(x.shape(), axes)) == 0) {
      throw c.mismatch("nothing is reduced, as an axis has the length 0");
    }
    PlainTensor plain = f.of(c.in().reductions(), x.plain(), axes);
    JavaExpression java =
        JavaExpression.call(TensorMath.class, method, x.java(), Ported.boxed(given));
    return keeps ? kept(x, java, plain, axes) : Ported.made(java, plain);
  }

  /** With axes of length 1 where others were reduced. */
  private static Ported kept(Ported x, JavaExpression java, PlainTensor plain, int... axes) {
    int[] shape = x.shape().clone();
    for (int axis : Arrays.stream(axes).sorted().toArray()) {
      java = java.then("unsqueeze", axis);
      shape[axis] = 1;
    }
    return Ported.made(java, plain.reshaped(shape));
  }

  private static void along(
      PortFunctions.Table table, String names, String parameters, String method, PlainRow f) {
    table.put(
        names,
        parameters,
        (c, want) -> {
          int given = c.integer(1, 0);
          Ported x = c.in().reals(c.node(0), wantOf(given));
          if (!c.has(1) && x.rank() != 1) {
            if (c.flag(2)) {
              throw c.wrong(2, "keepdims needs an axis");
            }
            x = x.reshaped(new int[] {x.plain().size()}, x.plain().size());
          }
          int axis = c.axis(1, given, x.rank());
          if (x.shape()[axis] == 0) {
            throw c.mismatch("the axis has the length 0");
          }
          JavaExpression java = JavaExpression.call(TensorMath.class, method, x.java(), given);
          PlainTensor plain = f.of(c.in().reductions(), x.plain(), axis);
          return c.flag(2) ? kept(x, java, plain, axis) : Ported.made(java, plain);
        });
  }

  private static Ported cumsum(PortCall c, int[] want) {
    int given = c.integer(1, 0);
    Ported x = c.in().reals(c.node(0), wantOf(given) == null ? want : wantOf(given));
    if (!c.has(1) && x.rank() != 1) {
      x = x.reshaped(new int[] {x.plain().size()}, x.plain().size());
    }
    int axis = c.axis(1, given, x.rank());
    return Ported.made(
        JavaExpression.call(TensorMath.class, "cumsum", x.java(), given),
        c.in().reductions().cumsum(x.plain(), axis));
  }
}
