// Block-sparse products of 16-bit floats and complex numbers: beside F64 and C128, conjugate views,
// gradients by
// differences, refusals.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.reference.Seeds;
import java.util.Arrays;
import java.util.Random;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** All numbers are whole and so small that every sum is exact in every type. */
class TypedBlockSparseTest {
  private static final int CASES = 20;

  private static long product(long[] shape) {
    return Arrays.stream(shape).reduce(1, (a, b) -> a * b);
  }

  /** Of interleaved parts where the type is complex. */
  private static Tensor of(DType type, double[] parts, long... shape) {
    try (Tensor flat = type.isComplex() ? Tensor.ofComplex(parts) : Tensor.of(parts);
        Tensor own = flat.to(type);
        Tensor shaped = own.reshape(shape)) {
      return shaped.copy();
    }
  }

  private static Tensor random(Random random, DType type, long... shape) {
    double[] parts = new double[(int) product(shape) * (type.isComplex() ? 2 : 1)];
    Arrays.setAll(parts, i -> random.nextInt(3) - 1);
    return of(type, parts, shape);
  }

  private static final class Problem implements AutoCloseable {
    final BlockPattern pattern;
    final Tensor o;
    final Tensor w;
    final Tensor h;
    final Tensor bias;
    final Tensor g;

    Problem(Random random, DType type) {
      int batch = 1 + random.nextInt(3);
      int in = 1 + random.nextInt(3);
      int out = 1 + random.nextInt(3);
      int m = 1 + random.nextInt(5);
      int n = 1 + random.nextInt(5);
      long[][] input = new long[batch][1 + random.nextInt(3)];
      long[][] output = new long[batch][1 + random.nextInt(3)];
      Arrays.setAll(input, b -> random.longs(input[b].length, 0, in).toArray());
      Arrays.setAll(output, b -> random.longs(output[b].length, 0, out).toArray());
      pattern = BlockPattern.of(input, output, in, out);
      o = random(random, type, batch, output[0].length, n);
      w = random(random, type, in, out, m, n);
      h = random(random, type, batch, input[0].length, m);
      bias = random(random, type, out, n);
      g = random(random, type, batch, output[0].length, n);
    }

    @Override
    public void close() {
      for (Tensor t : new Tensor[] {o, w, h, bias, g}) {
        t.close();
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"BF16", "F16", "C64", "C128"})
  void areThoseOfWiderTypes(DType type) {
    DType wide = type.isComplex() ? DType.C128 : DType.F64;
    for (long seed : Seeds.upTo(CASES)) {
      Random random = new Random(seed);
      try (Problem q = new Problem(random, type);
          Tensor o = TypedTensors.scattered(random, q.o);
          Tensor w = TypedTensors.scattered(random, q.w);
          Tensor h = TypedTensors.scattered(random, q.h);
          Tensor bias = TypedTensors.scattered(random, q.bias);
          Tensor wideO = q.o.to(wide);
          Tensor wideW = q.w.to(wide);
          Tensor wideH = q.h.to(wide);
          Tensor wideBias = q.bias.to(wide)) {
        BlockPattern p = q.pattern;
        same(BlockSparse.gemv(wideO, wideW, wideH, p), BlockSparse.gemv(o, w, h, p), seed);
        same(BlockSparse.dot(wideW, wideH, wideBias, p), BlockSparse.dot(w, h, bias, p), seed);
        same(
            BlockSparse.outer(wideW, -0.5, wideH, wideO, p),
            BlockSparse.outer(w, -0.5, h, o, p),
            seed);
        try (Tensor out = o.copy();
            Tensor wideOut = wideO.copy()) {
          BlockSparse.gemvInto(out, 2, -0.5, w, h, p);
          BlockSparse.gemvInto(wideOut, 2, -0.5, wideW, wideH, p);
          same(wideOut.copy(), out.copy(), seed);
        }
      }
    }
  }

  /** Closes both. */
  private static void same(Tensor wide, Tensor got, long seed) {
    try (wide;
        got;
        Tensor expected = wide.to(got.dtype())) {
      assertArrayEquals(expected.toDoubleArray(), got.toDoubleArray(), "seed " + seed);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"C64", "C128"})
  void readConjugateViewsWhereTheyLie(DType type) {
    for (long seed : Seeds.upTo(CASES)) {
      try (Problem q = new Problem(new Random(seed), type);
          Tensor w = q.w.conj();
          Tensor h = q.h.conj();
          Tensor bias = q.bias.conj();
          Tensor g = q.g.conj();
          Tensor copiedW = w.copy();
          Tensor copiedH = h.copy();
          Tensor copiedBias = bias.copy();
          Tensor copiedG = g.copy()) {
        BlockPattern p = q.pattern;
        same(BlockSparse.dot(copiedW, q.h, q.bias, p), BlockSparse.dot(w, q.h, q.bias, p), seed);
        same(BlockSparse.dot(q.w, copiedH, q.bias, p), BlockSparse.dot(q.w, h, q.bias, p), seed);
        same(
            BlockSparse.dot(copiedW, copiedH, copiedBias, p), BlockSparse.dot(w, h, bias, p), seed);
        same(
            BlockSparse.outer(q.w, 1, copiedH, copiedG, p),
            BlockSparse.outer(q.w, 1, h, g, p),
            seed);
        same(BlockSparse.gemv(copiedG, q.w, q.h, p), BlockSparse.gemv(g, q.w, q.h, p), seed);
        try (BlockSparse.DotGradient copied =
                BlockSparse.dotGradient(copiedW, copiedH, copiedG, p);
            BlockSparse.DotGradient viewed = BlockSparse.dotGradient(w, h, g, p)) {
          same(copied.w().copy(), viewed.w().copy(), seed);
          same(copied.h().copy(), viewed.h().copy(), seed);
          same(copied.bias().copy(), viewed.bias().copy(), seed);
        }
      }
    }
  }

  /** Each loss is linear in each operand: the difference for a step of 1 is the derivative. */
  private static void assertGradient(
      String what, Tensor variable, Tensor gradient, Function<Tensor, Tensor> result, Tensor g) {
    double[] values = variable.toDoubleArray();
    double[] got = gradient.toDoubleArray();
    assertEquals(variable.dtype(), gradient.dtype(), what);
    double before = loss(variable, result, g);
    for (int i = 0; i < values.length; i++) {
      values[i]++;
      try (Tensor moved = of(variable.dtype(), values, variable.shape())) {
        assertEquals(loss(moved, result, g) - before, got[i], what + ", part " + i);
      }
      values[i]--;
    }
  }

  /** Re(sum of conj(g) * result). */
  private static double loss(Tensor variable, Function<Tensor, Tensor> result, Tensor g) {
    try (Tensor out = result.apply(variable)) {
      double[] x = out.toDoubleArray();
      double[] y = g.toDoubleArray();
      double sum = 0;
      for (int i = 0; i < x.length; i++) {
        sum += x[i] * y[i];
      }
      return sum;
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"F32", "BF16", "F16", "C64", "C128"})
  void gradientsAreDifferences(DType type) {
    for (long seed : Seeds.upTo(CASES)) {
      Random random = new Random(seed * 31 + type.ordinal());
      try (Problem q = new Problem(random, type);
          Tensor gw = random(random, type, q.w.shape());
          BlockSparse.GemvGradient v = BlockSparse.gemvGradient(q.w, q.h, q.g, q.pattern);
          BlockSparse.DotGradient d = BlockSparse.dotGradient(q.w, q.h, q.g, q.pattern);
          BlockSparse.OuterGradient u = BlockSparse.outerGradient(q.h, q.o, gw, q.pattern, 2)) {
        BlockPattern p = q.pattern;
        String name = type + " seed " + seed + ": ";
        assertGradient(name + "o", q.o, v.o(), t -> BlockSparse.gemv(t, q.w, q.h, p), q.g);
        assertGradient(name + "gemv w", q.w, v.w(), t -> BlockSparse.gemv(q.o, t, q.h, p), q.g);
        assertGradient(name + "gemv h", q.h, v.h(), t -> BlockSparse.gemv(q.o, q.w, t, p), q.g);
        assertGradient(name + "w", q.w, d.w(), t -> BlockSparse.dot(t, q.h, q.bias, p), q.g);
        assertGradient(name + "h", q.h, d.h(), t -> BlockSparse.dot(q.w, t, q.bias, p), q.g);
        assertGradient(name + "bias", q.bias, d.bias(), t -> BlockSparse.dot(q.w, q.h, t, p), q.g);
        assertGradient(name + "x", q.h, u.x(), t -> BlockSparse.outer(q.w, 2, t, q.o, p), gw);
        assertGradient(name + "y", q.o, u.y(), t -> BlockSparse.outer(q.w, 2, q.h, t, p), gw);
        double more = loss(q.w, t -> BlockSparse.outer(t, 3, q.h, q.o, p), gw);
        double less = loss(q.w, t -> BlockSparse.outer(t, 2, q.h, q.o, p), gw);
        assertEquals(more - less, u.alpha(), 0, name + "alpha");
        try (Tensor w = q.w.copy();
            Tensor bias = q.bias.copy()) {
          BlockSparse.addDotGradient(w, bias, -1, q.h, q.g, p);
          assertArrayEquals(stepped(q.w, d.w()), w.toDoubleArray(), name + "step of w");
          assertArrayEquals(stepped(q.bias, d.bias()), bias.toDoubleArray(), name + "step of bias");
        }
      }
    }
  }

  private static double[] stepped(Tensor from, Tensor gradient) {
    double[] values = from.toDoubleArray();
    double[] step = gradient.toDoubleArray();
    Arrays.setAll(values, i -> values[i] - step[i]);
    return values;
  }

  @Test
  void refuseOtherTypesBeforeTheyWrite() {
    try (Problem q = new Problem(new Random(1), DType.C64);
        Tensor whole = q.w.real().to(DType.I32);
        Tensor wholeH = q.h.real().to(DType.I32);
        Tensor wholeO = q.o.real().to(DType.I32);
        Tensor wholeBias = q.bias.real().to(DType.I32);
        Tensor real = q.h.real();
        Tensor conjugate = q.o.conj()) {
      double[] before = q.o.toDoubleArray();
      BlockPattern p = q.pattern;
      refused("got I32", () -> BlockSparse.gemv(wholeO, whole, wholeH, p));
      refused("got I32", () -> BlockSparse.dot(whole, wholeH, wholeBias, p));
      refused("got I32", () -> BlockSparse.outer(whole, 1, wholeH, wholeO, p));
      refused("got I32", () -> BlockSparse.gemvGradient(whole, wholeH, wholeO, p));
      refused("got I32", () -> BlockSparse.dotGradient(whole, wholeH, wholeO, p));
      refused("got I32", () -> BlockSparse.outerGradient(wholeH, wholeO, whole, p, 1));
      refused("o has C64 and h has F32", () -> BlockSparse.gemvInPlace(q.o, q.w, real, p));
      refused("conjugate view", () -> BlockSparse.gemvInPlace(conjugate, q.w, q.h, p));
      assertArrayEquals(before, q.o.toDoubleArray());
    }
  }

  private static void refused(String part, Runnable call) {
    String text = assertThrows(IllegalArgumentException.class, call::run).getMessage();
    assertTrue(text.contains(part), text);
  }
}
