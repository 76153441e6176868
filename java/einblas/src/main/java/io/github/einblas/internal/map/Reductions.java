// Maps: sums, means, norms and extremes over axes.
package io.github.einblas.internal.map;

import io.github.einblas.DType;
import io.github.einblas.internal.equation.Equation;
import io.github.einblas.internal.natives.NativeMaps;
import io.github.einblas.internal.plan.Contraction;
import io.github.einblas.internal.plan.PlanCache;
import io.github.einblas.internal.tensor.Lease;
import io.github.einblas.internal.tensor.Strided;
import io.github.einblas.internal.tensor.TensorCopy;
import io.github.einblas.internal.tensor.Views;
import java.util.Arrays;
import java.util.Objects;

/** An operand and the axes that are reduced. */
public final class Reductions {
  private final String name;
  private final Strided x;

  /** The axes that are kept, then those that are reduced, each in order. */
  private final int[] order;

  private final int kept;
  private final long[] shape;

  /** Some axes of a tensor; none given means all. */
  public Reductions(String name, Strided x, int... axes) {
    this.name = name;
    this.x = x;
    int[] given = Objects.requireNonNull(axes, "axes").clone();
    boolean[] reduced = new boolean[x.rank()];
    Arrays.fill(reduced, given.length == 0);
    for (int axis : given) {
      int at = Views.axis(axis, x.rank());
      if (reduced[at]) {
        throw new IllegalArgumentException(
            name + ": axis " + axis + " comes twice in " + Arrays.toString(given));
      }
      reduced[at] = true;
    }
    order = new int[x.rank()];
    int n = 0;
    for (boolean side : new boolean[] {false, true}) {
      for (int d = 0; d < order.length; d++) {
        if (reduced[d] == side) {
          order[n++] = d;
        }
      }
    }
    int open = 0;
    for (boolean r : reduced) {
      open += r ? 0 : 1;
    }
    kept = open;
    shape = new long[kept];
    Arrays.setAll(shape, d -> x.shape()[order[d]]);
  }

  private double count() {
    double count = 1;
    for (int d = kept; d < order.length; d++) {
      count *= x.shape()[order[d]];
    }
    return count;
  }

  // ---- sums: contractions

  /** Type of a sum: integers and BOOL are added up in I64. */
  private DType sumType() {
    DType type = x.dtype();
    return type.isInteger() || type.isBool() ? DType.I64 : type;
  }

  private Contraction contraction(Strided of) {
    int[] labels = new int[order.length];
    Arrays.setAll(labels, d -> d);
    Equation.Numbers equation =
        new Equation.Numbers(new int[][] {labels}, Arrays.copyOf(order, kept));
    return PlanCache.get(equation, new Strided[] {of}).plan();
  }

  private static Strided as(Strided x, DType type) {
    return x.dtype() == type ? x.view(x.geometry()) : TensorCopy.convert(x, type);
  }

  /** The sum. */
  public Strided sum() {
    return Outputs.made(sumType(), shape, out -> addUp(out, sumType(), 1));
  }

  /** Writes the sum. */
  public void sumInto(Strided out) {
    Outputs.require(name, out, shape);
    addUp(out, sumType(), 1);
  }

  /** The mean; of integers of F32 or F64. */
  public Strided mean() {
    DType type = MapTypes.floating(x.dtype());
    return Outputs.made(type, shape, out -> addUp(out, type, 1 / count()));
  }

  /** Writes the mean. */
  public void meanInto(Strided out) {
    Outputs.require(name, out, shape);
    addUp(out, MapTypes.floating(x.dtype()), 1 / count());
  }

  /** Writes a sum of this type times a factor. */
  private void addUp(Strided out, DType type, double factor) {
    MapTypes types = new MapTypes(type, type.computeType()).into(name, out);
    if (Double.isInfinite(factor)) { // the mean of nothing, whose sum would be 0 in any case
      try (Strided none = TensorCopy.full(type, Double.NaN);
          Strided all = none.broadcastTo(shape)) {
        Elementwise.copy(name, all, out);
      }
      return;
    }
    DType wide = out.dtype() == type ? type : types.compute();
    try (Strided from = as(x, wide)) {
      Contraction sum = contraction(from);
      if (out.dtype() == wide) {
        sum.runInto(out, factor, 0, new Strided[] {from});
        return;
      }
      try (Strided result = Strided.empty(wide, shape)) {
        sum.runInto(result, factor, 0, new Strided[] {from});
        Elementwise.copy(name, result, out);
      }
    }
  }

  /** The square root of the sum of the squares of the absolute values, which is real. */
  public Strided norm() {
    DType type = MapTypes.floating(x.dtype()).partType();
    return Outputs.made(type, shape, this::normTo);
  }

  /** Writes the norm. */
  public void normInto(Strided out) {
    Outputs.require(name, out, shape);
    DType type = MapTypes.floating(x.dtype()).partType();
    new MapTypes(type, type.computeType()).into(name, out);
    normTo(out);
  }

  private void normTo(Strided out) {
    DType type = MapTypes.floating(x.dtype()).computeType();
    try (Strided from = as(x, type);
        Strided conj = from.conj()) {
      int[] labels = new int[order.length];
      Arrays.setAll(labels, d -> d);
      Strided[] both = {from, conj};
      Equation.Numbers equation =
          new Equation.Numbers(new int[][] {labels, labels}, Arrays.copyOf(order, kept));
      try (Strided squares = PlanCache.get(equation, both).plan().run(both);
          Strided real = squares.real()) {
        Elementwise.real(name, NativeMaps.Map.SQRT, real).runInto(out);
      }
    }
  }

  // ---- extremes

  /** The largest or smallest element, of the operand's type, or the logarithm of a sum. */
  public Strided reduce(NativeMaps.Reduction what) {
    return Outputs.made(types(what).result(), shape, out -> reduceTo(what, out));
  }

  /** Writes it. */
  public void reduceInto(NativeMaps.Reduction what, Strided out) {
    Outputs.require(name, out, shape);
    types(what).into(name, out);
    reduceTo(what, out);
  }

  private MapTypes types(NativeMaps.Reduction what) {
    MapTypes.requireReal(name, x.dtype());
    if (what == NativeMaps.Reduction.LOG_SUM_EXP) {
      return MapTypes.of(name, MapTypes.Rule.REAL, x.dtype());
    }
    DType compute = x.dtype().isBool() ? DType.I32 : x.dtype().computeType();
    return new MapTypes(x.dtype(), compute);
  }

  private void reduceTo(NativeMaps.Reduction what, Strided out) {
    if (count() == 0 && Views.size(shape) > 0) {
      if (what == NativeMaps.Reduction.LOG_SUM_EXP) {
        TensorCopy.fill(out, Double.NEGATIVE_INFINITY);
        return;
      }
      throw new IllegalArgumentException(
          name + " of no elements: the tensor of " + x.describe() + " has none to choose from");
    }
    MapTypes types = types(what).into(name, out);
    Strided turned = x.permute(order);
    try (Lease lease = Outputs.hold(name, out, turned)) {
      NativeMaps.reduce(
          what,
          types.compute(),
          turned.dtype(),
          out.dtype(),
          kept,
          turned.shape(),
          lease.address(0),
          turned.strides(),
          out.address(),
          out.strides());
    }
  }
}
