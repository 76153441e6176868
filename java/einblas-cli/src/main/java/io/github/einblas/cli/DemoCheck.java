// Demo: compares a result with the plain loops, against a derived error bound; large ones by
// sample and by random sums.
package io.github.einblas.cli;

import io.github.einblas.DType;
import io.github.einblas.Tensor;
import io.github.einblas.Verification;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.LongStream;

/**
 * Outcome of a check.
 *
 * @param checked elements compared
 * @param whole whether those are all
 * @param sums sums with random signs that cover all elements, compared beside a sample; 0 for none
 * @param error largest absolute difference
 * @param ofBound largest difference relative to its element's bound; right when at most 1
 * @param worst index of the element with that difference
 */
record DemoCheck(
    long checked, boolean whole, long sums, double error, double ofBound, long[] worst) {
  /** Multiplications of plain loops that are cheap: about two seconds of one processor. */
  static final long CHEAP = 300_000_000L;

  /** Elements taken when the whole is not cheap. */
  static final int SAMPLE = 20_000;

  private static final double UNIT_F32 = 0x1p-24;
  private static final double UNIT_F64 = 0x1p-53;
  private static final double UNIT_BF16 = 0x1p-8;

  private static final DemoCheck NOTHING = new DemoCheck(0, true, 0, 0, 0, new long[0]);

  boolean right() {
    return ofBound <= 1;
  }

  /** Compares the whole result when that is cheap, else a sample chosen at random by the seed. */
  static DemoCheck of(DemoCase demoCase, Tensor result, PlainLoops loops, long seed) {
    long[] shape = loops.shape();
    long size = DemoCase.size(shape);
    Bound bound = Bound.of(demoCase);
    int parts = demoCase.dtype().isComplex() ? 2 : 1;
    if (size <= SAMPLE || size * demoCase.summed() <= CHEAP) {
      return LongStream.range(0, shape[0])
          .parallel()
          .mapToObj(row -> row(row, shape, parts(result, parts), loops, bound))
          .reduce(NOTHING, DemoCheck::worse);
    }
    SplittableRandom random = new SplittableRandom(seed);
    long[] places = random.longs(SAMPLE, 0, size).toArray();
    return Arrays.stream(places)
        .parallel()
        .mapToObj(
            place -> {
              Worst worst = new Worst(loops, bound);
              worst.compare(PlainLoops.index(place, shape), parts(result, parts));
              return worst.check(1, false);
            })
        .reduce(new DemoCheck(0, false, 0, 0, 0, new long[0]), DemoCheck::worse);
  }

  /** Views of the real numbers that elements have. */
  private static Tensor[] parts(Tensor result, int parts) {
    return parts == 1 ? new Tensor[] {result} : new Tensor[] {result.real(), result.imag()};
  }

  /** All elements whose first index is {@code row}. */
  private static DemoCheck row(
      long row, long[] shape, Tensor[] parts, PlainLoops loops, Bound bound) {
    double[][] values = new double[parts.length][];
    for (int part = 0; part < parts.length; part++) {
      try (Tensor view = parts[part].select(0, row);
          Tensor wide = view.to(DType.F64)) {
        values[part] = wide.toDoubleArray();
      }
    }
    long[] index = new long[shape.length];
    index[0] = row;
    Worst worst = new Worst(loops, bound);
    for (int i = 0; i < values[0].length; i++) {
      for (int part = 0; part < parts.length; part++) {
        worst.compare(index, part, values[part][i]);
      }
      PlainLoops.next(index, shape);
    }
    return worst.check(values[0].length, true);
  }

  /** This and what random sums of all elements show; the error is that of single elements. */
  DemoCheck with(Verification v) {
    double share = v.passed() || v.share() > 1 ? v.share() : Double.POSITIVE_INFINITY;
    boolean mine = ofBound >= share;
    return new DemoCheck(
        checked,
        whole,
        v.sums(),
        v.passed() ? error : Math.max(error, v.error()),
        mine ? ofBound : share,
        mine ? worst : new long[0]);
  }

  private DemoCheck worse(DemoCheck other) {
    boolean mine = ofBound >= other.ofBound;
    return new DemoCheck(
        checked + other.checked,
        whole && other.whole,
        sums + other.sums,
        Math.max(error, other.error),
        mine ? ofBound : other.ofBound,
        mine ? worst : other.worst);
  }

  /**
   * Bound of an element's error: a sum of n products, in any order, is off by at most n u sum|ab|
   * to first order, with u the unit roundoff; the loops in double add as much with their own u. A
   * part of a complex sum has 2n products. A narrow result is rounded once more, by its own u of
   * its value. One percent covers the second order (n u is below 1e-4 here). Integers, and the
   * loops with them, are exact.
   *
   * @param factor of the sum of the products' absolute values
   * @param rounding of the element's own
   */
  private record Bound(double factor, double rounding) {
    static Bound of(DemoCase demoCase) {
      return switch (demoCase.dtype()) {
        case F32 -> of(demoCase.summed(), UNIT_F32, 0);
        case F64 -> of(demoCase.summed(), UNIT_F64, 0);
        case C64 -> of(2 * demoCase.summed(), UNIT_F32, 0);
        case C128 -> of(2 * demoCase.summed(), UNIT_F64, 0);
        case BF16 -> of(demoCase.summed(), UNIT_F32, UNIT_BF16);
        case I8 -> new Bound(0, 0);
        case I32, I64, F16, U8, I16, BOOL -> throw new AssertionError(demoCase.dtype());
      };
    }

    private static Bound of(long products, double unit, double rounding) {
      return new Bound(1.01 * products * (unit + UNIT_F64), 1.01 * rounding);
    }
  }

  /** The largest errors so far; for one thread. */
  private static final class Worst {
    private final PlainLoops.Cursor right;
    private final Bound bound;
    private double error;
    private double ofBound;
    private long[] worst = {};

    Worst(PlainLoops loops, Bound bound) {
      this.right = loops.new Cursor();
      this.bound = bound;
    }

    void compare(long[] index, Tensor[] parts) {
      for (int part = 0; part < parts.length; part++) {
        compare(index, part, parts[part].get(index));
      }
    }

    /** Parts of an element in turn. */
    void compare(long[] index, int part, double got) {
      if (part == 0) {
        right.moveTo(index);
      }
      double difference = Math.abs(got - right.value(part));
      if (difference == 0) {
        return;
      }
      double share =
          difference
              / (bound.factor * right.magnitude(part)
                  + bound.rounding * Math.abs(right.value(part)));
      // A NaN compares as the worst.
      error = Double.isNaN(difference) ? Double.POSITIVE_INFINITY : Math.max(error, difference);
      if (!(share <= ofBound)) {
        ofBound = Double.isNaN(share) ? Double.POSITIVE_INFINITY : share;
        worst = index.clone();
      }
    }

    DemoCheck check(long checked, boolean whole) {
      return new DemoCheck(checked, whole, 0, error, ofBound, worst);
    }
  }
}
