// Test support: what one round of the API fuzzer draws from, makes, counts and checks.
package io.github.einblas.fuzz;

import io.github.einblas.DType;
import io.github.einblas.MemoryLimitException;
import io.github.einblas.NativeMemoryException;
import io.github.einblas.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicLong;

/** Random tensors in random layouts, kept until the round ends, and the rules of refusal. */
final class World implements AutoCloseable {
  /** Calls of the library so far, in all rounds. */
  static final AtomicLong CALLS = new AtomicLong();

  /** Those that were refused. */
  static final AtomicLong REFUSED = new AtomicLong();

  /** Types whose tensors are fields; {@link Field#stored} says what they hold of a number. */
  static final DType[] TYPES = DType.values();

  private static final double GUARD = 7.25;

  final Random random;

  /** Others run at the same time: nothing that is one for the whole process may be changed. */
  final boolean beside;

  final List<Field> fields = new ArrayList<>();
  private final List<AutoCloseable> open = new ArrayList<>();

  /** Something that calls the library. */
  @FunctionalInterface
  interface Action {
    void run() throws Exception;
  }

  World(long seed, boolean beside) {
    random = new Random(seed);
    this.beside = beside;
  }

  int in(int from, int to) {
    return from + random.nextInt(to - from + 1);
  }

  boolean chance(int oneIn) {
    return random.nextInt(oneIn) == 0;
  }

  @SafeVarargs
  @SuppressWarnings("varargs")
  final <T> T pick(T... from) {
    return from[random.nextInt(from.length)];
  }

  DType floating() {
    return random.nextBoolean() ? DType.F32 : DType.F64;
  }

  /** A type of a product's operands: one that every operation knows, or any. */
  DType any() {
    return chance(2) ? floating() : pick(TYPES);
  }

  /** Factors that a type's results take. */
  double factor(DType dtype) {
    double factor = factor();
    return switch (dtype.kind()) {
      case BOOL -> factor == 0 ? 0 : 1;
      case INTEGER -> factor == 0.5 ? 3 : factor;
      case REAL, COMPLEX -> factor;
    };
  }

  /** Factors that are exact with small whole numbers. */
  double factor() {
    return pick(0.0, 1.0, 1.0, -1.0, 2.0, 0.5);
  }

  long[] shape(int rank, int most) {
    return random.longs(rank, 0, most + 1).map(l -> l == 0 && !chance(6) ? 1 : l).toArray();
  }

  /** Whole numbers from -2 to 2. */
  double[] data(int size) {
    double[] d = new double[size];
    Arrays.setAll(d, i -> random.nextInt(5) - 2);
    return d;
  }

  int[] permutation(int n) {
    int[] p = new int[n];
    for (int i = 0; i < n; i++) {
      int j = random.nextInt(i + 1);
      p[i] = p[j];
      p[j] = i;
    }
    return p;
  }

  <T extends AutoCloseable> T own(T t) {
    open.add(t);
    return t;
  }

  Field field(DType dtype, long... shape) {
    return field(dtype, data(Loops.size(shape)), shape);
  }

  /** A tensor of these elements: a view with gaps, steps and signs in a buffer of guards. */
  Field field(DType dtype, double[] values, long... shape) {
    int rank = shape.length;
    long[] strides = new long[rank];
    long stride = chance(3) ? in(1, 3) : 1;
    int offset = in(0, 3);
    boolean plain = chance(3);
    int[] order = plain ? null : permutation(rank);
    for (int i = rank - 1; i >= 0; i--) {
      int d = plain ? i : order[i];
      boolean back = !plain && shape[d] > 0 && chance(4);
      strides[d] = back ? -stride : stride;
      offset += back ? (int) ((shape[d] - 1) * stride) : 0;
      stride *= Math.max(1, shape[d]);
      stride += !plain && chance(4) ? in(0, 2) : 0;
    }
    int[] at = new int[values.length];
    int last = offset;
    for (int i = 0; i < at.length; i++) {
      int place = offset;
      int rest = i;
      for (int d = rank - 1; d >= 0; d--) {
        place += (int) (rest % shape[d] * strides[d]);
        rest /= (int) shape[d];
      }
      at[i] = place;
      last = Math.max(last, place);
    }
    double[] content = new double[last + 1 + in(0, 3)];
    Arrays.fill(content, dtype.isFloating() ? GUARD : 7);
    for (int i = 0; i < at.length; i++) {
      content[at[i]] = values[i];
    }
    content = Field.stored(dtype, content);
    Tensor base = own(tensor(dtype, content));
    Field f = new Field(base, base.asStrided(offset, shape, strides), at, content);
    fields.add(f);
    return f;
  }

  /** A vector of these elements. */
  Tensor tensor(DType dtype, double[] v) {
    return switch (dtype) {
      case F64 -> Tensor.of(v);
      case F32 -> {
        float[] narrow = new float[v.length];
        for (int i = 0; i < v.length; i++) {
          narrow[i] = (float) v[i];
        }
        yield Tensor.of(narrow);
      }
      case I32 -> Tensor.of(Arrays.stream(v).mapToInt(x -> (int) x).toArray());
      case I64 -> Tensor.of(Arrays.stream(v).mapToLong(x -> (long) x).toArray());
      case BF16, F16, I8, U8, I16, BOOL, C64, C128 -> {
        try (Tensor wide = Tensor.of(v)) {
          yield wide.to(dtype);
        }
      }
    };
  }

  /** An output to be overwritten with beta: NaN where that must not be read. */
  Field output(DType dtype, double beta, long... shape) {
    Field f = field(dtype, shape);
    if (beta == 0 && !dtype.isInteger() && !dtype.isBool()) {
      double[] nan = new double[f.at.length];
      Arrays.fill(nan, Double.NaN);
      f.expect(nan);
      f.view.fill(Double.NaN);
    }
    return f;
  }

  /** A call that must work: its new tensor must have these elements. */
  void gives(String what, DType dtype, long[] shape, double[] values, Callable<Tensor> call)
      throws Exception {
    CALLS.incrementAndGet();
    try (Tensor got = call.call()) {
      Field.check(what, got, dtype, shape, values);
    }
  }

  /** A call that must work and write {@code alpha * result + beta * out}. */
  void writes(String what, Field out, double alpha, double beta, double[] result, Action call)
      throws Exception {
    CALLS.incrementAndGet();
    double[] expected = out.combined(alpha, beta, result);
    call.run();
    out.expect(expected);
    out.verify(what + " alpha " + alpha + " beta " + beta);
  }

  /** A call that may be refused, in a documented way; true if it was. */
  boolean attempt(String what, Action call) {
    CALLS.incrementAndGet();
    try {
      call.run();
      return false;
    } catch (Exception | StackOverflowError | OutOfMemoryError e) {
      documented(what, e);
      REFUSED.incrementAndGet();
      return true;
    }
  }

  /** Fails unless it is an exception that the documentation names, with a text of our own. */
  static void documented(String what, Throwable e) {
    Class<?> c = e.getClass();
    String text = String.valueOf(e.getMessage());
    boolean known =
        c == IllegalArgumentException.class
            || c == MemoryLimitException.class
            || c == IllegalStateException.class
            || c == IndexOutOfBoundsException.class
            || c == NativeMemoryException.class
            || c == UnsupportedOperationException.class
            || (c == NullPointerException.class && !text.startsWith("Cannot "))
            || (c == ArithmeticException.class && !text.contains("overflow"))
            || e instanceof java.io.IOException;
    if (!known || text.isBlank() || text.equals("null") || text.contains("needs 0 bytes")) {
      throw new AssertionError(what + " threw " + e, e);
    }
  }

  /** Nothing may have changed that nobody wrote. */
  void verify() {
    for (Field f : fields) {
      if (!f.base.isClosed()) {
        f.verify("afterwards");
      }
    }
  }

  @Override
  public void close() {
    for (AutoCloseable c : open) {
      try {
        c.close();
      } catch (Exception e) {
        throw new AssertionError("close: " + e, e);
      }
    }
  }
}
