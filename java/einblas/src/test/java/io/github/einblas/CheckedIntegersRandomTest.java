// PlanOptions.withCheckedIntegers on random contractions, step by step against whole numbers.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.reference.RandomEquation;
import io.github.einblas.reference.Seeds;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CheckedIntegersRandomTest {
  private static final PlanOptions CHECKED = PlanOptions.DEFAULT.withCheckedIntegers(true);
  private static final DType[] INTEGERS =
      Stream.of(DType.values()).filter(DType::isInteger).toArray(DType[]::new);

  static BigInteger least(DType type) {
    return type == DType.U8
        ? BigInteger.ZERO
        : BigInteger.ONE.shiftLeft(8 * type.bytes() - 1).negate();
  }

  static BigInteger most(DType type) {
    return least(type).add(BigInteger.ONE.shiftLeft(8 * type.bytes())).subtract(BigInteger.ONE);
  }

  static Tensor tensor(DType type, long[] values, long... shape) {
    try (Tensor flat = Tensor.of(values);
        Tensor own = flat.to(type);
        Tensor view = own.reshape(shape)) {
      return view.copy();
    }
  }

  /** Where and what the first overflow is. */
  private record Overflow(int step, List<Long> index, BigInteger value, DType type) {}

  /** A random contraction of integers, and what its steps come to as whole numbers. */
  private static final class Case implements AutoCloseable {
    final RandomEquation e;
    final long[][] in;
    final Tensor[] operands;
    final EinsumPlan plan;
    final Map<Integer, Long> lengths = new HashMap<>();
    final List<String> slotLabels = new ArrayList<>();
    final List<BigInteger[]> slots = new ArrayList<>();

    Case(Random random, RandomEquation e, DType first, PlanOptions options) {
      this.e = e;
      int n = e.shapes.length;
      in = new long[n][];
      operands = new Tensor[n];
      DType[] types = new DType[n];
      Arrays.setAll(
          types, i -> i == 0 || random.nextInt(3) > 0 ? first : INTEGERS[random.nextInt(5)]);
      for (int i = 0; i < n; i++) {
        DType type = types[i];
        int bits = 1 + random.nextInt(8 * type.bytes());
        in[i] =
            LongStream.range(0, e.data[i].length)
                .map(
                    k -> {
                      long v = random.nextLong() >> (Long.SIZE - bits);
                      return type == DType.U8 ? v & 0xff : v;
                    })
                .toArray();
        try (Tensor own = tensor(type, in[i], e.shapes[i])) {
          operands[i] = TypedTensors.scattered(random, own);
        }
      }
      plan = Einsum.plan(e.text, options, operands);
      e.parse().lengths(e.shapes).forEach(lengths::put);
      String[] terms = e.text.substring(0, e.text.indexOf("->")).split(",", -1);
      slotLabels.addAll(Arrays.asList(terms));
    }

    private long length(char label) {
      return lengths.get(labelOf(label));
    }

    private int labelOf(char label) {
      for (int id : lengths.keySet()) {
        if (e.parse().names(new int[] {id}).equals(String.valueOf(label))) {
          return id;
        }
      }
      throw new AssertionError(label);
    }

    private BigInteger at(int slot, Map<Character, Long> index) {
      String labels = slotLabels.get(slot);
      long place = 0;
      for (int d = 0; d < labels.length(); d++) {
        boolean operand = slot < operands.length;
        long length = operand ? e.shapes[slot][d] : length(labels.charAt(d));
        long own = length == 1 ? 0 : index.getOrDefault(labels.charAt(d), 0L);
        place = place * length + own;
      }
      return slot < operands.length
          ? BigInteger.valueOf(in[slot][(int) place])
          : slots.get(slot - operands.length)[(int) place];
    }

    private long[] lengthsOf(String labels) {
      return labels.chars().mapToLong(c -> length((char) c)).toArray();
    }

    /** The first overflow of a run, or null; results go to {@link #slots}. */
    Overflow model(double alpha, double beta, long[] before) {
      List<PlanReport.Step> steps = plan.report().steps();
      for (PlanReport.Step step : steps) {
        boolean last = step.output() < 0;
        String text = step.equation();
        String outer = text.substring(text.indexOf("->") + 2);
        StringBuilder reduced = new StringBuilder();
        String all = step.lengths();
        int summed = all.indexOf("summed over");
        if (summed >= 0) {
          for (String part : all.substring(summed + 11).trim().split(" ")) {
            reduced.append(part.charAt(0));
          }
        }
        DType type = last ? plan.dtype() : plan.computeType();
        long[] own = lengthsOf(outer);
        int outputs = (int) Arrays.stream(own).reduce(1, (x, y) -> x * y);
        BigInteger[] result = new BigInteger[outputs];
        for (int o = 0; o < outputs; o++) {
          Map<Character, Long> index = new HashMap<>();
          List<Long> place = put(index, outer, own, o);
          BigInteger sum = BigInteger.ZERO;
          long[] inner = lengthsOf(reduced.toString());
          long terms = Arrays.stream(inner).reduce(1, (x, y) -> x * y);
          for (long r = 0; r < terms; r++) {
            put(index, reduced.toString(), inner, r);
            BigInteger product = BigInteger.ONE;
            for (int slot : step.inputs()) {
              product = product.multiply(at(slot, index));
            }
            sum = sum.add(product);
          }
          BigInteger v = last ? sum.multiply(BigInteger.valueOf((long) alpha)) : sum;
          if (last && beta != 0) {
            v = v.add(BigInteger.valueOf((long) beta).multiply(BigInteger.valueOf(before[o])));
          }
          result[o] = v;
          if (v.compareTo(least(type)) < 0 || v.compareTo(most(type)) > 0) {
            return new Overflow(step.number(), place, v, type);
          }
        }
        slots.add(result);
        slotLabels.add(outer);
      }
      return null;
    }

    private static List<Long> put(
        Map<Character, Long> index, String labels, long[] lengths, long number) {
      Long[] place = new Long[lengths.length];
      long rest = number;
      for (int d = lengths.length - 1; d >= 0; d--) {
        place[d] = rest % lengths[d];
        index.put(labels.charAt(d), place[d]);
        rest /= lengths[d];
      }
      return List.of(place);
    }

    @Override
    public void close() {
      Arrays.stream(operands).forEach(Tensor::close);
    }
  }

  private static void same(Overflow expected, IntegerOverflowException got, String what) {
    assertNotNull(expected, what + ": a false alarm: " + got.getMessage());
    IntegerOverflowException.Place place = got.place();
    Overflow found = new Overflow(place.step(), place.index(), got.value(), place.dtype());
    assertEquals(expected, found, what);
    assertTrue(got.getMessage().contains(String.valueOf(expected.value)), got.getMessage());
    assertTrue(got.isOutputUntouched(), what);
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"I8", "U8", "I16", "I32", "I64"})
  void randomEquationsAreRefusedExactlyWhereTheyWrap(DType type) {
    int refused = 0;
    int ran = 0;
    for (long seed : Seeds.upTo(60)) {
      Random random = new Random(seed * 31 + type.ordinal());
      RandomEquation e = new RandomEquation(random, 1 + random.nextInt(4));
      PlanOptions options = CHECKED.withThreads(1 + random.nextInt(2));
      if (random.nextInt(3) == 0) {
        options = options.withOutputType(INTEGERS[random.nextInt(INTEGERS.length)]);
      }
      double alpha = random.nextInt(3) > 0 ? 1 : random.nextInt(7) - 3;
      double beta = random.nextInt(2) > 0 ? 0 : random.nextInt(5) - 2;
      try (Case c = new Case(random, e, type, options)) {
        String what = "seed " + seed + ": " + e + " " + c.plan.operandTypes() + " " + options;
        int size = (int) Arrays.stream(c.plan.outputShape()).reduce(1, (x, y) -> x * y);
        long[] before = random.longs(size).map(v -> v >> (Long.SIZE - 6)).map(Math::abs).toArray();
        try (Tensor out = tensor(c.plan.dtype(), before, c.plan.outputShape())) {
          Overflow expected = alpha == 0 ? null : c.model(alpha, beta, before);
          if (alpha == 0) {
            expected = scaled(beta, before, c);
          }
          if (expected == null) {
            c.plan.runInto(out, alpha, beta, c.operands);
            ran++;
            if (alpha != 0) {
              BigInteger[] result = c.slots.get(c.slots.size() - 1);
              assertArrayEquals(
                  Arrays.stream(result).mapToLong(BigInteger::longValueExact).toArray(),
                  out.toLongArray(),
                  what);
            }
          } else {
            var got =
                assertThrows(
                    IntegerOverflowException.class,
                    () -> c.plan.runInto(out, alpha, beta, c.operands),
                    what);
            same(expected, got, what);
            assertArrayEquals(before, out.toLongArray(), what);
            refused++;
          }
        }
      }
    }
    assertTrue(Seeds.one() || (refused > 5 && ran > 5), refused + " refused, " + ran + " ran");
  }

  private static Overflow scaled(double beta, long[] before, Case c) {
    if (beta == 0 || beta == 1) {
      return null;
    }
    DType type = c.plan.dtype();
    List<PlanReport.Step> steps = c.plan.report().steps();
    String text = steps.get(steps.size() - 1).equation();
    String outer = text.substring(text.indexOf("->") + 2);
    for (int o = 0; o < before.length; o++) {
      BigInteger v = BigInteger.valueOf((long) beta).multiply(BigInteger.valueOf(before[o]));
      if (v.compareTo(least(type)) < 0 || v.compareTo(most(type)) > 0) {
        List<Long> place = Case.put(new HashMap<>(), outer, c.lengthsOf(outer), o);
        return new Overflow(steps.size(), place, v, type);
      }
    }
    return null;
  }
}
