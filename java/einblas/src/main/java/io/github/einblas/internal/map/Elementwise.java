// Maps: functions of elements, with NumPy's broadcasting.
package io.github.einblas.internal.map;

import io.github.einblas.DType;
import io.github.einblas.internal.natives.NativeMaps;
import io.github.einblas.internal.tensor.Lease;
import io.github.einblas.internal.tensor.Strided;
import java.util.Arrays;

/** A function of elements, with its operands. */
public final class Elementwise {
  /** Integers beyond are no doubles of their own. */
  private static final double MOST_WHOLE = 0x1p53;

  private final String name;
  private final NativeMaps.Map what;
  private final MapTypes types;
  private final double[] scalars;
  private final Strided[] operands;
  private final long[] shape;

  private Elementwise(
      String name, NativeMaps.Map what, MapTypes types, double[] scalars, Strided... operands) {
    this.name = name;
    this.what = what;
    this.types = types;
    this.scalars = scalars;
    this.operands = operands;
    this.shape = broadcast(name, operands);
    if (types.compute().isInteger()) {
      for (double s : scalars) {
        if (s != Math.rint(s) || Math.abs(s) > MOST_WHOLE) {
          throw new IllegalArgumentException(
              name
                  + ": the result is of "
                  + types.result()
                  + ", so factors are whole numbers of at most 2^53, got "
                  + s
                  + "; convert with to(DType.F64) for others");
        }
      }
    }
  }

  private static final double[] NONE = {1, 1, 0};

  /** A function that keeps the type. */
  public static Elementwise arithmetic(String name, NativeMaps.Map what, Strided... x) {
    return arithmetic(name, what, NONE, x);
  }

  /** The same with numbers s0, s1, s2. */
  public static Elementwise arithmetic(
      String name, NativeMaps.Map what, double[] scalars, Strided... x) {
    return of(name, what, MapTypes.Rule.ARITHMETIC, scalars, x);
  }

  /** A function that keeps the type, of numbers that have an order. */
  public static Elementwise ordered(String name, NativeMaps.Map what, Strided... x) {
    return of(name, what, MapTypes.Rule.ORDERED, NONE, x);
  }

  /** A function that leaves the integers. */
  public static Elementwise floating(String name, NativeMaps.Map what, Strided... x) {
    return of(name, what, MapTypes.Rule.FLOATING, NONE, x);
  }

  /** A function of real numbers that leaves the integers. */
  public static Elementwise real(String name, NativeMaps.Map what, Strided... x) {
    return of(name, what, MapTypes.Rule.REAL, NONE, x);
  }

  private static Elementwise of(
      String name, NativeMaps.Map what, MapTypes.Rule rule, double[] scalars, Strided... x) {
    return new Elementwise(name, what, MapTypes.of(name, rule, MapTypes.promoted(x)), scalars, x);
  }

  /** Absolute values: real ones of complex numbers. */
  public static Elementwise abs(Strided x) {
    DType type = x.dtype();
    MapTypes types = MapTypes.of("abs", MapTypes.Rule.ARITHMETIC, type);
    return new Elementwise(
        "abs", NativeMaps.Map.ABS, new MapTypes(type.partType(), types.compute()), NONE, x);
  }

  /** A comparison, which gives BOOL; of complex numbers only whether they are equal. */
  public static Elementwise compare(NativeMaps.Map what, Strided a, Strided b) {
    DType type = MapTypes.promoted(a, b);
    if (what != NativeMaps.Map.EQUAL && what != NativeMaps.Map.NOT_EQUAL) {
      MapTypes.requireReal("compare", type);
    }
    DType compute = type.isBool() ? DType.I32 : type.computeType();
    return new Elementwise("compare", what, new MapTypes(DType.BOOL, compute), NONE, a, b);
  }

  /** a where the condition is not 0, else b. */
  public static Elementwise where(Strided condition, Strided a, Strided b) {
    if (!condition.dtype().isBool()) {
      throw new IllegalArgumentException(
          "where: the condition must be of BOOL, as compare gives it, got " + condition.describe());
    }
    DType type = MapTypes.promoted(a, b);
    DType compute = type.isBool() ? DType.I32 : type.computeType();
    return new Elementwise(
        "where", NativeMaps.Map.WHERE, new MapTypes(type, compute), NONE, condition, a, b);
  }

  /** A copy, converted as arithmetic converts. */
  static void copy(String name, Strided from, Strided out) {
    DType compute = out.dtype().isBool() ? DType.I32 : out.dtype().computeType();
    new Elementwise(name, NativeMaps.Map.COPY, new MapTypes(out.dtype(), compute), NONE, from)
        .run(out, compute);
  }

  /** Turns the sign of imaginary parts where they lie. */
  static void conjugate(String name, Strided t) {
    try (Lease lease = Outputs.hold(name, t, t)) {
      DType[] types = {t.dtype(), t.dtype()};
      long[] strides = Outputs.joined(t.strides(), t.strides());
      long[] addresses = {lease.address(0), 0, 0, t.address()};
      NativeMaps.map(NativeMaps.Map.COPY, t.dtype(), types, 1, t.shape(), strides, addresses, NONE);
    }
  }

  /** The lengths that operands broadcast to, as in NumPy. */
  private static long[] broadcast(String name, Strided[] operands) {
    int rank = 0;
    for (Strided x : operands) {
      rank = Math.max(rank, x.rank());
    }
    long[] shape = new long[rank];
    Arrays.fill(shape, 1);
    for (Strided x : operands) {
      for (int d = 1; d <= x.rank(); d++) {
        long length = x.shape()[x.rank() - d];
        long known = shape[rank - d];
        if (length != known && length != 1) {
          if (known != 1) {
            throw new IllegalArgumentException(
                name + ": the shapes " + shapes(operands) + " do not broadcast");
          }
          shape[rank - d] = length;
        }
      }
    }
    return shape;
  }

  private static String shapes(Strided[] operands) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < operands.length; i++) {
      text.append(i == 0 ? "" : " and ").append(Arrays.toString(operands[i].shape()));
    }
    return text.toString();
  }

  /** The result as a new tensor. */
  public Strided run() {
    return Outputs.made(types.result(), shape, out -> run(out, types.compute()));
  }

  /** Writes the result; an operand may be the output itself. */
  public void runInto(Strided out) {
    Outputs.require(name, out, shape);
    run(out, types.into(name, out).compute());
  }

  private void run(Strided out, DType compute) {
    Strided[] x = new Strided[operands.length];
    DType[] all = new DType[x.length + 1];
    long[][] strides = new long[x.length + 1][];
    for (int i = 0; i < x.length; i++) {
      x[i] =
          Arrays.equals(operands[i].shape(), shape) ? operands[i] : operands[i].broadcastTo(shape);
      all[i] = x[i].dtype();
      strides[i] = x[i].strides();
    }
    all[x.length] = out.dtype();
    strides[x.length] = out.strides();
    try (Lease lease = Outputs.hold(name, out, x)) {
      NativeMaps.map(
          what,
          compute,
          all,
          Outputs.conjugated(x),
          shape,
          Outputs.joined(strides),
          new long[] {lease.address(0), lease.address(1), lease.address(2), out.address()},
          scalars);
    }
  }
}
