// Test support: the API fuzzer's views, copies and elements of one tensor.
package io.github.einblas.fuzz;

import io.github.einblas.DType;
import io.github.einblas.Tensor;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.util.Arrays;
import java.util.stream.IntStream;

/** A tensor is viewed again and again, beside a list of the places that the view must have. */
final class TensorArea {
  private final World w;
  private Field f;
  private String doing = "";

  private TensorArea(World w) {
    this.w = w;
    this.f = w.field(w.pick(World.TYPES), w.shape(w.in(0, 4), 5));
  }

  static void run(World w) throws Exception {
    TensorArea area = new TensorArea(w);
    try {
      for (int i = w.in(4, 12); i > 0; i--) {
        area.view();
        if (w.chance(2)) {
          area.use();
        }
        if (w.chance(2)) {
          area.refuse();
        }
      }
    } catch (Exception | Error e) {
      throw new AssertionError(area.doing + " of " + area.f + ": " + e, e);
    }
  }

  /** The place in the buffer of each element of a shape, by a function of its index. */
  @FunctionalInterface
  private interface Place {
    int of(int[] index);
  }

  private int[] places(long[] shape, Place place) {
    int[] at = new int[Loops.size(shape)];
    int[] index = new int[shape.length];
    for (int i = 0; i < at.length; i++) {
      int rest = i;
      for (int d = shape.length - 1; d >= 0; d--) {
        index[d] = (int) (rest % shape[d]);
        rest /= (int) shape[d];
      }
      at[i] = place.of(index);
    }
    return at;
  }

  private int at(int[] index) {
    int i = 0;
    for (int d = 0; d < index.length; d++) {
      i = i * (int) f.shape[d] + index[d];
    }
    return f.at[i];
  }

  /** Goes on with another view of the same buffer. */
  private void become(Tensor view, long[] shape, Place place) {
    World.CALLS.incrementAndGet();
    if (!Arrays.equals(view.shape(), shape)) {
      throw new AssertionError(Arrays.toString(view.shape()) + " for " + Arrays.toString(shape));
    }
    int[] at = places(shape, place);
    f = new Field(f.base, view, at, f.content);
    double[] now = Field.elements(view);
    for (int i = 0; i < at.length; i++) {
      if (now[i] != f.content[at[i]]) {
        throw new AssertionError("element " + i + " is " + now[i]);
      }
    }
  }

  private void view() {
    int rank = f.shape.length;
    int d = rank == 0 ? 0 : w.in(0, rank - 1);
    int kind = rank == 0 ? w.in(5, 7) : w.in(0, 8);
    doing = "view " + kind;
    TensorArea old = new TensorArea(w, f);
    switch (kind) {
      case 0 -> {
        int[] order = w.permutation(rank);
        long[] shape = Arrays.stream(order).mapToLong(i -> f.shape[i]).toArray();
        become(
            f.view.permute(order),
            shape,
            x -> {
              int[] from = new int[rank];
              for (int i = 0; i < rank; i++) {
                from[order[i]] = x[i];
              }
              return old.at(from);
            });
      }
      case 1 -> {
        long[] shape = IntStream.range(0, rank).mapToLong(i -> f.shape[rank - 1 - i]).toArray();
        become(
            f.view.transpose(),
            shape,
            x -> old.at(IntStream.range(0, rank).map(i -> x[rank - 1 - i]).toArray()));
      }
      case 2 -> slice(old, d);
      case 3 -> {
        if (f.shape[d] > 0) {
          int i = w.in(0, (int) f.shape[d] - 1);
          long given = w.chance(2) ? i - f.shape[d] : i;
          long[] shape =
              IntStream.range(0, rank).filter(k -> k != d).mapToLong(k -> f.shape[k]).toArray();
          become(
              f.view.select(d, given),
              shape,
              x ->
                  old.at(
                      IntStream.range(0, rank)
                          .map(k -> k == d ? i : x[k < d ? k : k - 1])
                          .toArray()));
        }
      }
      case 4 ->
          become(f.view.flip(d), f.shape, x -> old.at(with(x, d, (int) f.shape[d] - 1 - x[d])));
      case 5 -> {
        int axis = w.in(0, rank);
        long[] shape =
            IntStream.rangeClosed(0, rank)
                .mapToLong(k -> k == axis ? 1 : f.shape[k < axis ? k : k - 1])
                .toArray();
        become(f.view.unsqueeze(axis), shape, x -> old.at(without(x, axis)));
      }
      case 6 -> reshape(old);
      case 7 -> {
        long[] shape = new long[rank + 1];
        shape[0] = w.in(1, 2);
        System.arraycopy(f.shape, 0, shape, 1, rank);
        if (Loops.size(shape) < 2000 && rank < 6) {
          Tensor wide = f.view.broadcastTo(shape);
          become(wide.select(0, shape[0] - 1), f.shape, old::at);
        }
      }
      default -> {
        int other = w.in(0, rank - 1);
        if (other != d) {
          int least = (int) Math.min(f.shape[d], f.shape[other]);
          long[] shape =
              IntStream.rangeClosed(0, rank)
                  .filter(k -> k != d && k != other)
                  .mapToLong(k -> k == rank ? least : f.shape[k])
                  .toArray();
          become(
              f.view.diagonal(d, other),
              shape,
              x -> {
                int[] from = new int[rank];
                for (int k = 0, n = 0; k < rank; k++) {
                  from[k] = k == d || k == other ? x[x.length - 1] : x[n++];
                }
                return old.at(from);
              });
        }
      }
    }
  }

  private TensorArea(World w, Field f) {
    this.w = w;
    this.f = f;
  }

  private static int[] with(int[] x, int d, int value) {
    int[] y = x.clone();
    y[d] = value;
    return y;
  }

  private static int[] without(int[] x, int axis) {
    return IntStream.range(0, x.length).filter(k -> k != axis).map(k -> x[k]).toArray();
  }

  /** As Python slices: negative positions count from the end. */
  private void slice(TensorArea old, int d) {
    int n = (int) f.shape[d];
    int step = w.pick(1, 1, 2, 3, -1, -2);
    int start = w.in(0, Math.max(0, n - 1));
    int stop = w.in(0, n);
    if (n == 0 || (step < 0 ? stop >= start : stop < start)) {
      return;
    }
    int count = step < 0 ? (start - stop - step - 1) / -step : (stop - start + step - 1) / step;
    long[] shape = f.shape.clone();
    shape[d] = count;
    become(
        f.view.slice(d, w.chance(3) ? start - n : start, stop, step),
        shape,
        x -> old.at(with(x, d, start + x[d] * step)));
  }

  private void reshape(TensorArea old) {
    int size = f.at.length;
    long[] shape = w.chance(2) ? new long[] {size} : new long[] {1, size, 1};
    if (!w.attempt("reshape", () -> f.view.reshape(shape))) {
      become(f.view.reshape(shape), shape, x -> old.f.at[shape.length == 1 ? x[0] : x[1]]);
    } else if (f.view.isContiguous()) {
      throw new AssertionError("reshape of a contiguous tensor is refused");
    }
  }

  private boolean repeats() {
    return Arrays.stream(f.at).distinct().count() < f.at.length;
  }

  private void use() throws Exception {
    doing = "use";
    DType own = f.view.dtype();
    w.gives("copy", own, f.shape, f.values(), () -> f.view.copy());
    DType other = w.pick(World.TYPES);
    double[] v = f.values();
    boolean clipped = own.isReal() && other == DType.U8;
    double[] held = clipped ? Arrays.stream(v).map(x -> Math.max(0, x)).toArray() : v;
    boolean lost = own.isInteger() && other.isInteger();
    lost &= !Arrays.equals(v, Field.stored(other, v));
    lost |= own.isComplex() && !other.isComplex() && !other.isBool();
    if (!lost) {
      w.gives("to " + other, other, f.shape, held, () -> f.view.to(other));
    } else if (!w.attempt("to " + other, () -> f.view.to(other).close())) {
      throw new AssertionError("numbers that do not fit became " + other);
    }
    if (!repeats()) {
      doing = "fill";
      double[] filled = new double[f.at.length];
      double one = own.isBool() ? 1 : 5;
      Arrays.fill(filled, one);
      f.view.fill(one);
      f.expect(filled);
      f.verify(doing);
      Field from = w.field(own, f.shape);
      doing = "copyFrom";
      f.view.copyFrom(from.view);
      f.expect(from.values());
      f.verify(doing);
    }
    doing = "elements";
    for (int i = 0; i < Math.min(3, f.at.length); i++) {
      int e = w.in(0, f.at.length - 1);
      long[] index = new long[f.shape.length];
      int rest = e;
      for (int d = index.length - 1; d >= 0; d--) {
        index[d] = rest % f.shape[d];
        rest /= (int) f.shape[d];
      }
      f.view.set(own.isBool() ? 1 : 3, index);
      f.content[f.at[e]] = own.isBool() ? 1 : 3;
      if (f.view.getReal(index) != f.content[f.at[e]] || f.view.toString().isEmpty()) {
        throw new AssertionError("set and get differ");
      }
    }
    f.verify("set");
    files();
    buffers();
  }

  private void files() throws IOException {
    doing = "writeNpy";
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    f.view.writeNpy(out);
    byte[] bytes = out.toByteArray();
    try (Tensor read = Tensor.readNpy(new ByteArrayInputStream(bytes))) {
      Field.check("readNpy", read.contiguous(), f.view.dtype(), f.shape, f.values());
    }
    int at = w.in(0, bytes.length - 1);
    bytes[at] ^= (byte) (1 << w.in(0, 7));
    byte[] part = Arrays.copyOf(bytes, w.chance(2) ? w.in(0, bytes.length) : bytes.length);
    w.attempt("mutated npy", () -> Tensor.readNpy(new ByteArrayInputStream(part)).close());
  }

  private void buffers() throws Exception {
    doing = "buffers";
    double[] v = f.values();
    // No lengths mean a vector.
    long[] shape = f.shape.length == 0 ? new long[] {1} : f.shape;
    switch (f.view.dtype()) {
      case F64 -> {
        DoubleBuffer b = DoubleBuffer.allocate(v.length);
        f.view.copyTo(b);
        w.gives(doing, DType.F64, shape, v, () -> Tensor.of(b.flip(), shape));
      }
      case F32 -> {
        FloatBuffer b = FloatBuffer.allocate(v.length);
        f.view.copyTo(b);
        w.gives(doing, DType.F32, shape, v, () -> Tensor.of(b.flip(), shape));
      }
      case I32 -> {
        IntBuffer b = IntBuffer.allocate(v.length);
        f.view.copyTo(b);
        w.gives(doing, DType.I32, shape, v, () -> Tensor.of(b.flip(), shape));
      }
      case I64 -> {
        LongBuffer b = LongBuffer.allocate(v.length);
        f.view.copyTo(b);
        w.gives(doing, DType.I64, shape, v, () -> Tensor.of(b.flip(), shape));
      }
      case BF16, F16, I8, U8, I16, BOOL, C64, C128 -> {
        DType type = f.view.dtype();
        ByteBuffer b = ByteBuffer.allocate(v.length * type.bytes()).order(ByteOrder.nativeOrder());
        f.view.copyTo(b);
        w.gives(doing, type, shape, v, () -> Tensor.of(type, b.flip(), shape));
      }
    }
  }

  private long wild() {
    return w.pick(
        0L,
        1L,
        -1L,
        2L,
        5L,
        -7L,
        1L << 31,
        (1L << 31) - 1,
        1L << 32,
        1L << 62,
        Long.MAX_VALUE,
        Long.MIN_VALUE);
  }

  /** Arguments of any kind; where they pass, what comes is not looked at. */
  private void refuse() {
    Tensor t = f.view;
    int d = (int) Math.max(-3, Math.min(9, wild()));
    doing = "wild arguments";
    long a = wild();
    long b = wild();
    long c = wild();
    int kind = w.in(0, 13);
    w.attempt(
        "kind " + kind + " with " + d + " " + a + " " + b + " " + c + " of " + f,
        () -> {
          switch (kind) {
            case 0 -> t.slice(d, a, b, c);
            case 1 -> t.select(d, a);
            case 2 -> t.reshape(a, b);
            case 3 -> t.broadcastTo(a, b, c);
            case 4 -> t.asStrided(a, new long[] {b}, new long[] {c});
            case 5 -> t.permute(d, 0);
            case 6 -> t.diagonal(d, 0);
            case 7 -> t.get(a, b);
            case 8 -> t.flip(d);
            case 9 -> t.unsqueeze(d);
            case 10 -> t.squeeze(d);
            case 11 -> {
              try (Tensor none = Tensor.empty(t.dtype(), Math.min(a, 9), b, c, 0)) {
                w.own(none.toString().isEmpty() ? none : none.reshape(0));
              }
            }
            case 12 -> Tensor.of(new double[3], a, b).close();
            // Never so many that the machine has them: they would be filled.
            default -> Tensor.full(DType.F32, 1, a > 1L << 61 && b < 9 ? a : -1, b).close();
          }
        });
    if (w.chance(3)) {
      DType other = w.pick(World.TYPES);
      Field from = w.field(other, w.shape(2, 3));
      if (!w.attempt("copyFrom " + from, () -> t.copyFrom(from.view))) {
        f.resync("copyFrom " + from);
      }
    }
    f.verify("after wild arguments");
  }
}
