// Maps: tensors joined, rows found and added by index, tensors compared, and elements made by
// place.
package io.github.einblas.internal.map;

import io.github.einblas.DType;
import io.github.einblas.internal.natives.NativeMaps;
import io.github.einblas.internal.tensor.Elements;
import io.github.einblas.internal.tensor.Lease;
import io.github.einblas.internal.tensor.Strided;
import io.github.einblas.internal.tensor.TensorArrays;
import io.github.einblas.internal.tensor.Views;
import java.util.Arrays;

/** What moves elements or makes them. */
public final class Moves {
  private Moves() {}

  // ---- joined

  /** The shape of tensors one after the other along an axis. */
  private static long[] joined(String name, Strided[] parts, int axis) {
    if (parts.length == 0) {
      throw new IllegalArgumentException(name + " needs a tensor");
    }
    long[] shape = parts[0].shape().clone();
    int at = Views.axis(axis, shape.length);
    long length = 0;
    for (int i = 0; i < parts.length; i++) {
      long[] own = parts[i].shape();
      boolean fits = own.length == shape.length;
      for (int d = 0; fits && d < own.length; d++) {
        fits = d == at || own[d] == shape[d];
      }
      if (!fits) {
        throw new IllegalArgumentException(
            name
                + ": tensor "
                + i
                + " of shape "
                + Arrays.toString(own)
                + " does not fit tensor 0 of shape "
                + Arrays.toString(parts[0].shape())
                + (name.equals("stack") ? "" : " beside axis " + axis));
      }
      length += own[at];
      if (length < 0) {
        throw new IllegalArgumentException(
            name + ": the lengths of axis " + axis + " add up to more than 2^63 - 1");
      }
    }
    shape[at] = length;
    return shape;
  }

  /** Tensors one after the other along an axis, as a new one of the type they promote to. */
  public static Strided concat(String name, int axis, Strided... parts) {
    long[] shape = joined(name, parts, axis);
    return Outputs.made(MapTypes.promoted(parts), shape, out -> fill(name, out, axis, parts));
  }

  /** Writes them. */
  public static void concatInto(String name, Strided out, int axis, Strided... parts) {
    Outputs.require(name, out, joined(name, parts, axis));
    DType type = MapTypes.promoted(parts);
    new MapTypes(type, type).into(name, out);
    for (int i = 0; i < parts.length; i++) {
      if (out.sharesElements(parts[i])) {
        throw new IllegalArgumentException(
            name
                + ": the output shares elements with tensor "
                + i
                + " ("
                + parts[i].describe()
                + ")");
      }
    }
    fill(name, out, axis, parts);
  }

  private static void fill(String name, Strided out, int axis, Strided[] parts) {
    int at = Views.axis(axis, out.rank());
    long from = 0;
    for (Strided part : parts) {
      long end = from + part.shape()[at];
      Elementwise.copy(name, part, out.slice(at, from, end));
      from = end;
    }
  }

  // ---- by index

  private static long[] indices(String name, Strided indices, long limit) {
    if (!indices.holdsIndices()) {
      throw new IllegalArgumentException(
          name + ": indices are of I32 or I64, got " + indices.describe());
    }
    long[] own = TensorArrays.longs(indices, name);
    for (int i = 0; i < own.length; i++) {
      long index = own[i] < 0 ? own[i] + limit : own[i];
      if (index < 0 || index >= limit) {
        throw new IndexOutOfBoundsException(
            name
                + ": index "
                + own[i]
                + " at place "
                + i
                + " is outside an axis of length "
                + limit);
      }
      own[i] = index;
    }
    return own;
  }

  private static long[] taken(Strided x, int axis, Strided indices) {
    return Outputs.joined(
        Arrays.copyOf(x.shape(), axis),
        indices.shape(),
        Arrays.copyOfRange(x.shape(), axis + 1, x.rank()));
  }

  /** The elements at indices of an axis; the indices' axes take its place. */
  public static Strided take(Strided x, int axis, Strided indices) {
    int at = Views.axis(axis, x.rank());
    long[] own = indices("take", indices, x.shape()[at]);
    return Outputs.made(x.dtype(), taken(x, at, indices), out -> take(out, x, at, own));
  }

  /** Writes them. */
  public static void takeInto(Strided out, Strided x, int axis, Strided indices) {
    int at = Views.axis(axis, x.rank());
    long[] own = indices("take", indices, x.shape()[at]);
    Outputs.require("take", out, taken(x, at, indices));
    if (out.dtype() != x.dtype()) {
      throw new IllegalArgumentException(
          "take: the output must be of " + x.dtype() + ", got " + out.describe());
    }
    if (out.sharesElements(x)) {
      throw new IllegalArgumentException(
          "take: the output shares elements with the operand (" + x.describe() + ")");
    }
    take(out, x, at, own);
  }

  private static void take(Strided out, Strided x, int axis, long[] indices) {
    // The axes of the indices as one: an output whose strides do not allow that is filled by a
    // copy.
    long[] lengths =
        Outputs.joined(
            Arrays.copyOf(x.shape(), axis),
            new long[] {indices.length},
            Arrays.copyOfRange(x.shape(), axis + 1, x.rank()));
    Strided flat = flat(out, lengths);
    if (flat == null) {
      try (Strided copy = Strided.empty(x.dtype(), lengths)) {
        take(copy, x, axis, indices);
        Elementwise.copy("take", copy.reshape(out.shape()), out);
      }
      return;
    }
    move(false, flat, x, axis, lengths, indices);
    if (x.isConjugate()) {
      Elementwise.conjugate("take", flat);
    }
  }

  private static Strided flat(Strided out, long[] lengths) {
    if (Views.same(out.shape(), lengths)) {
      return out;
    }
    return Views.reshape(out.shape(), out.strides(), lengths) == null ? null : out.reshape(lengths);
  }

  /** out[.., indices[k], ..] += updates[.., k, ..]. */
  public static void scatterAdd(Strided out, int axis, Strided indices, Strided updates) {
    int at = Views.axis(axis, out.rank());
    if (indices.rank() != 1) {
      throw new IllegalArgumentException(
          "scatterAdd: the indices must be of rank 1, got " + indices.describe());
    }
    long[] own = indices("scatterAdd", indices, out.shape()[at]);
    long[] wanted = out.shape().clone();
    wanted[at] = own.length;
    if (!Views.same(updates.shape(), wanted)) {
      throw new IllegalArgumentException(
          "scatterAdd: the updates must have shape "
              + Arrays.toString(wanted)
              + ", got "
              + updates.describe());
    }
    out.requireWritable("scatterAdd");
    DType type = updates.dtype();
    new MapTypes(type, type.computeType()).into("scatterAdd", out);
    if (out.sharesElements(updates)) {
      throw new IllegalArgumentException(
          "scatterAdd: the output shares elements with the updates (" + updates.describe() + ")");
    }
    move(true, out, updates, at, updates.shape(), own);
  }

  private static void move(
      boolean add, Strided out, Strided x, int axis, long[] lengths, long[] indices) {
    try (Lease lease =
        Lease.of(Outputs.words(add ? "scatterAdd" : "take", 1), out, new Strided[] {x})) {
      NativeMaps.move(
          add,
          x.dtype(),
          out.dtype(),
          add && x.isConjugate(),
          axis,
          lengths,
          indices,
          lease.address(0),
          x.strides(),
          out.address(),
          out.strides());
    }
  }

  // ---- compared

  /** Whether all elements are close: |a - b| is at most absolute + relative |b|. */
  public static boolean close(
      String name, Strided a, Strided b, double relative, double absolute, boolean nan) {
    if (!(relative >= 0) || !(absolute >= 0)) {
      throw new IllegalArgumentException(
          name + ": tolerances are numbers of at least 0, got " + relative + " and " + absolute);
    }
    if (!Arrays.equals(a.shape(), b.shape())) {
      throw new IllegalArgumentException(
          name + ": " + a.describe() + " and " + b.describe() + " differ in shape");
    }
    try (Lease lease = Lease.of(Outputs.words(name, 2), null, a, b)) {
      return NativeMaps.close(
          a.dtype(),
          b.dtype(),
          Outputs.conjugated(a, b),
          a.shape(),
          lease.address(0),
          a.strides(),
          lease.address(1),
          b.strides(),
          relative,
          absolute,
          nan);
    }
  }

  // ---- made by place

  /** Numbers at equal distances. */
  public static Strided steps(String name, DType type, double start, double stop, double step) {
    requireNumbers(name, type);
    if (!Double.isFinite(start) || !Double.isFinite(stop) || !Double.isFinite(step) || step == 0) {
      throw new IllegalArgumentException(
          name
              + ": start, stop and step are numbers and step is not 0, got "
              + start
              + ", "
              + stop
              + " and "
              + step);
    }
    double count = Math.max(0, Math.ceil((stop - start) / step));
    if (count > Long.MAX_VALUE / 16.) {
      throw new IllegalArgumentException(name + ": " + count + " numbers are too many");
    }
    if (count > 0) {
      Elements.requireHeld(type, start);
      Elements.requireHeld(type, start + (count - 1) * step);
    }
    return series(type, NativeMaps.Series.STEPS, new long[] {(long) count}, start, step, 0);
  }

  /** Numbers from one to another, both among them. */
  public static Strided between(String name, DType type, double start, double stop, long count) {
    requireNumbers(name, type);
    if (count < 0 || !Double.isFinite(start) || !Double.isFinite(stop)) {
      throw new IllegalArgumentException(
          name
              + ": needs two numbers and a count of at least 0, got "
              + start
              + ", "
              + stop
              + " and "
              + count);
    }
    Elements.requireHeld(type, start);
    Elements.requireHeld(type, stop);
    return series(type, NativeMaps.Series.BETWEEN, new long[] {count}, start, stop, 0);
  }

  /** Random numbers. */
  public static Strided random(
      String name,
      NativeMaps.Series what,
      DType type,
      long seed,
      double first,
      double second,
      long[] shape) {
    requireNumbers(name, type);
    if (type.isInteger() && what == NativeMaps.Series.NORMAL) {
      throw new IllegalArgumentException(name + " makes real numbers, got the type " + type);
    }
    boolean ordered = what == NativeMaps.Series.NORMAL ? second >= 0 : first <= second;
    if (!ordered || !Double.isFinite(first) || !Double.isFinite(second)) {
      throw new IllegalArgumentException(
          name
              + (what == NativeMaps.Series.NORMAL
                  ? ": needs a mean and a standard deviation of at least 0, got "
                  : ": needs two numbers, the first not larger, got ")
              + first
              + " and "
              + second);
    }
    if (type.isInteger()) {
      Elements.requireHeld(type, first);
      Elements.requireHeld(type, Math.max(first, second - 1));
    }
    return series(type, what, shape.clone(), first, second, seed);
  }

  private static void requireNumbers(String name, DType type) {
    if (type.isComplex() || type.isBool()) {
      throw new IllegalArgumentException(
          name + " makes real numbers or integers, got the type " + type);
    }
  }

  private static Strided series(
      DType type, NativeMaps.Series what, long[] shape, double first, double second, long seed) {
    return Outputs.made(
        type,
        shape,
        out ->
            out.using(
                at -> NativeMaps.series(what, type, Views.size(shape), at, first, second, seed)));
  }
}
