// Maps: functions of rows along one axis.
package io.github.einblas.internal.map;

import io.github.einblas.DType;
import io.github.einblas.internal.natives.NativeMaps;
import io.github.einblas.internal.natives.NativeMaps.Rows;
import io.github.einblas.internal.tensor.Lease;
import io.github.einblas.internal.tensor.Strided;
import io.github.einblas.internal.tensor.Views;
import java.util.Arrays;

/** A function of rows, with its operands. */
public final class RowFunctions {
  private final String name;
  private final Rows what;
  private final MapTypes types;
  private final int axis;
  private final Strided x;
  private final Strided second;
  private final Strided weight;
  private final Strided bias;
  private final double scalar;
  private final long[] shape;

  private RowFunctions(
      String name,
      Rows what,
      MapTypes types,
      int axis,
      Strided x,
      Strided second,
      Strided weight,
      Strided bias,
      double scalar) {
    this.name = name;
    this.what = what;
    this.types = types;
    this.axis = Views.axis(axis, x.rank());
    this.x = x;
    this.second = second;
    this.weight = weight;
    this.bias = bias;
    this.scalar = scalar;
    long[] lengths = x.shape();
    if (finds()) {
      long[] rest = new long[lengths.length - 1];
      for (int d = 0, n = 0; d < lengths.length; d++) {
        if (d != this.axis) {
          rest[n++] = lengths[d];
        }
      }
      lengths = rest;
    }
    this.shape = lengths;
    if (second != null && !Arrays.equals(second.shape(), x.shape())) {
      throw new IllegalArgumentException(
          name + ": " + x.describe() + " and " + second.describe() + " differ in shape");
    }
    requireRow("weight", weight);
    requireRow("bias", bias);
  }

  private void requireRow(String what, Strided t) {
    long n = x.shape()[axis];
    if (t != null && (t.rank() != 1 || t.shape()[0] != n)) {
      throw new IllegalArgumentException(
          name
              + ": the "
              + what
              + " must have shape ["
              + n
              + "], the length of the axis that is normalised, got "
              + t.describe());
    }
  }

  private boolean finds() {
    return what == Rows.ARG_MAX || what == Rows.ARG_MIN;
  }

  /** Softmax along an axis. */
  public static RowFunctions softmax(Strided x, int axis) {
    MapTypes types = MapTypes.of("softmax", MapTypes.Rule.REAL, x.dtype());
    return new RowFunctions("softmax", Rows.SOFTMAX, types, axis, x, null, null, null, 0);
  }

  /** Its gradient. */
  public static RowFunctions softmaxGradient(Strided y, Strided dy, int axis) {
    String name = "softmaxGradient";
    MapTypes types = MapTypes.of(name, MapTypes.Rule.REAL, MapTypes.promoted(y, dy));
    return new RowFunctions(name, Rows.SOFTMAX_GRADIENT, types, axis, y, dy, null, null, 0);
  }

  /** Layer normalisation along the last axis; weight and bias may be null. */
  public static RowFunctions layerNorm(Strided x, Strided weight, Strided bias, double epsilon) {
    String name = "layerNorm";
    MapTypes types = MapTypes.of(name, MapTypes.Rule.REAL, promoted(x, weight, bias));
    requireEpsilon(name, epsilon);
    requireAxis(name, x);
    return new RowFunctions(name, Rows.LAYER_NORM, types, -1, x, null, weight, bias, epsilon);
  }

  /** The gradient of its operand; weight may be null. */
  public static RowFunctions layerNormGradient(
      Strided x, Strided weight, Strided dy, double epsilon) {
    String name = "layerNormGradient";
    MapTypes types = MapTypes.of(name, MapTypes.Rule.REAL, promoted(x, weight, dy));
    requireEpsilon(name, epsilon);
    requireAxis(name, x);
    return new RowFunctions(
        name, Rows.LAYER_NORM_GRADIENT, types, -1, x, dy, weight, null, epsilon);
  }

  private static void requireEpsilon(String name, double epsilon) {
    if (!(epsilon >= 0) || Double.isInfinite(epsilon)) {
      throw new IllegalArgumentException(
          name + ": epsilon must be a number of at least 0, got " + epsilon);
    }
  }

  private static void requireAxis(String name, Strided x) {
    if (x.rank() == 0) {
      throw new IllegalArgumentException(name + " needs an axis, got " + x.describe());
    }
  }

  private static DType promoted(Strided x, Strided... others) {
    DType type = x.dtype();
    for (Strided t : others) {
      type = t == null ? type : DType.promote(type, t.dtype());
    }
    return type;
  }

  /** Sums along an axis up to each element; integers and BOOL are added up in I64. */
  public static RowFunctions cumulativeSum(Strided x, int axis) {
    DType type = x.dtype().isInteger() || x.dtype().isBool() ? DType.I64 : x.dtype();
    MapTypes types = new MapTypes(type, type.computeType());
    return new RowFunctions("cumsum", Rows.CUMULATIVE_SUM, types, axis, x, null, null, null, 0);
  }

  /** The first index of the largest, or smallest, element along an axis. */
  public static RowFunctions argument(String name, Rows what, Strided x, int axis) {
    MapTypes.requireReal(name, x.dtype());
    DType compute = x.dtype().isBool() ? DType.I32 : x.dtype().computeType();
    return new RowFunctions(
        name, what, new MapTypes(DType.I64, compute), axis, x, null, null, null, 0);
  }

  /** The result as a new tensor. */
  public Strided run() {
    return Outputs.made(types.result(), shape, out -> run(out, types.compute()));
  }

  /** Writes the result; an operand may be the output itself. */
  public void runInto(Strided out) {
    Outputs.require(name, out, shape);
    run(out, finds() ? checked(out) : types.into(name, out).compute());
  }

  private DType checked(Strided out) {
    types.into(name, out);
    return types.compute();
  }

  private void run(Strided out, DType compute) {
    if (finds() && x.shape()[axis] == 0 && Views.size(shape) > 0) {
      throw new IllegalArgumentException(
          name + " of no elements: the tensor of " + x.describe() + " has none to choose from");
    }
    int[] order = new int[x.rank()];
    int n = 0;
    for (int d = 0; d < order.length; d++) {
      if (d != axis) {
        order[n++] = d;
      }
    }
    order[n] = axis;
    Strided rows = x.permute(order);
    Strided others = second == null ? null : second.permute(order);
    Strided target = finds() ? out : out.permute(order);
    long[] targetStrides = Arrays.copyOf(target.strides(), order.length);
    DType[] all = {
      x.dtype(), type(second), type(weight), type(bias), out.dtype(),
    };
    try (Lease lease = Outputs.hold(name, target, rows, others, weight, bias)) {
      requireParameterApart(target, weight);
      requireParameterApart(target, bias);
      NativeMaps.rows(
          what,
          compute,
          all,
          Outputs.conjugated(rows, others),
          rows.shape(),
          new long[] {
            lease.address(0),
            lease.address(1),
            lease.address(2),
            lease.address(3),
            target.address(),
          },
          Outputs.joined(
              rows.strides(),
              others == null ? new long[order.length] : others.strides(),
              targetStrides,
              new long[] {stride(weight), stride(bias)}),
          scalar);
    }
  }

  /** Weight and bias are read for every row, so that no row may be written over them. */
  private void requireParameterApart(Strided out, Strided t) {
    if (t != null && out.sharesElements(t)) {
      throw new IllegalArgumentException(
          name + ": the output shares elements with weight or bias (" + t.describe() + ")");
    }
  }

  private DType type(Strided t) {
    return t == null ? x.dtype() : t.dtype();
  }

  private static long stride(Strided t) {
    return t == null ? 0 : t.strides()[0];
  }
}
