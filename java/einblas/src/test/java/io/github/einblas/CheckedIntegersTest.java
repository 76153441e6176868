// PlanOptions.withCheckedIntegers: the first number that would wrap, against a model in BigInteger.
package io.github.einblas;

import static io.github.einblas.CheckedIntegersRandomTest.least;
import static io.github.einblas.CheckedIntegersRandomTest.most;
import static io.github.einblas.CheckedIntegersRandomTest.tensor;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.reference.Seeds;
import java.math.BigInteger;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class CheckedIntegersTest {
  private static final PlanOptions CHECKED = PlanOptions.DEFAULT.withCheckedIntegers(true);

  private static Tensor constant(DType type, long value, long... shape) {
    int size = (int) Arrays.stream(shape).reduce(1, (x, y) -> x * y);
    return tensor(type, LongStream.generate(() -> value).limit(size).toArray(), shape);
  }

  @Test
  void theTextSaysStepElementNumberAndRange() {
    try (Tensor a = constant(DType.I32, 65536, 4, 8);
        Tensor b = constant(DType.I32, 1, 8, 3)) {
      b.setLong(32768, 5, 1);
      a.setLong(0, 0, 5);
      EinsumPlan plan = Einsum.plan("ij,jk->ik", CHECKED, a, b);
      var e = assertThrows(IntegerOverflowException.class, () -> plan.run(a, b));
      assertEquals(
          "plan of \"ij,jk->ik\": step 1 of 1 (ij,jk->ik): element i=1, k=1 is 2147942400, beyond"
              + " I32 (-2147483648 to 2147483647); the output is untouched",
          e.getMessage());
      assertEquals("ij,jk->ik", e.place().equation());
      assertEquals(List.of("i", "k"), e.place().labels());
      assertEquals("ij,jk->ik", e.place().stepEquation());
      assertNull(e.getCause());
      assertThrows(ArithmeticException.class, () -> plan.run(a, b));
    }
  }

  @Test
  void withoutTheOptionIntegersWrap() {
    try (Tensor a = tensor(DType.I8, new long[] {100, 1}, 2);
        Tensor out = Einsum.plan("i,i->i", a, a).run(a, a)) {
      assertArrayEquals(new long[] {16, 1}, out.toLongArray());
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F32", "F64", "BF16", "F16", "BOOL", "C64", "C128"})
  void otherTypesAreAsBefore(DType type) {
    try (Tensor ones = Tensor.ones(type, 3, 3)) {
      EinsumPlan plan = Einsum.plan("ij,jk->ik", CHECKED, ones, ones);
      EinsumPlan plain = Einsum.plan("ij,jk->ik", ones, ones);
      try (Tensor got = plan.run(ones, ones);
          Tensor same = plain.run(ones, ones)) {
        assertEquals(same.toString(), got.toString());
      }
      assertFalse(plan.report().checkedIntegers());
      assertTrue(plan.options().checkedIntegers());
    }
  }

  @Test
  void integersIntoFloatsAreNotChecked() {
    try (Tensor a = constant(DType.I32, Integer.MAX_VALUE, 2, 2)) {
      EinsumPlan plan = Einsum.plan("ij,jk->ik", CHECKED.withOutputType(DType.F64), a, a);
      try (Tensor got = plan.run(a, a)) {
        assertEquals(2.0 * Integer.MAX_VALUE * Integer.MAX_VALUE, got.get(0, 0));
      }
    }
  }

  @Test
  void intermediatesAreCheckedInTheTypeThatIsComputedIn() {
    try (Tensor a = constant(DType.I8, 100, 3, 3);
        Tensor zero = constant(DType.I8, 0, 3, 3)) {
      PlanOptions left = CHECKED.withPath(new int[][] {{0, 1}, {3, 2}});
      EinsumPlan three = Einsum.plan("ij,jk,kl->il", left, a, a, zero);
      try (Tensor fits = three.run(a, a, zero)) { // 30000 in I32
        assertArrayEquals(new long[9], fits.toLongArray());
      }
      try (Tensor large = constant(DType.I32, 100_000, 3, 3);
          Tensor none = constant(DType.I32, 0, 3, 3)) {
        EinsumPlan wide = Einsum.plan("ij,jk,kl->il", left, large, large, none);
        var e = assertThrows(IntegerOverflowException.class, () -> wide.run(large, large, none));
        assertEquals(1, e.place().step());
        assertEquals(DType.I32, e.place().dtype());
        assertEquals(BigInteger.valueOf(30_000_000_000L), e.value());
      }
    }
  }

  @Test
  void threeOperandsOfI64AreExactBeyond128Bits() {
    long most = Long.MAX_VALUE;
    try (Tensor a = tensor(DType.I64, new long[] {most, most}, 2);
        Tensor b = tensor(DType.I64, new long[] {most, -most}, 2)) {
      PlanOptions all = CHECKED.withPath(null);
      EinsumPlan plan = Einsum.plan("i,i,i->i", all, a, a, b);
      var e = assertThrows(IntegerOverflowException.class, () -> plan.run(a, a, b));
      BigInteger m = BigInteger.valueOf(most);
      assertTrue(e.value().equals(m.pow(3)) || e.value().equals(m.pow(2)), e.getMessage());
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {2, 5, 7})
  void slicesThatAreAddedUpCountAsAWhole(long slices) {
    PlanOptions cut = CHECKED.withSlices(slices).withPath(new int[][] {{0, 1}});
    int n = 40;
    long[] values = LongStream.range(0, n).map(k -> k < n / 2 ? 100 : -100).toArray();
    try (Tensor a = tensor(DType.I8, values, 1, n);
        Tensor ones = constant(DType.I8, 1, n, 1);
        Tensor out = constant(DType.I8, 5, 1, 1)) {
      EinsumPlan plan = Einsum.plan("ij,jk->ik", cut, a, ones);
      assertTrue(plan.sliceCount() >= slices);
      plan.runInto(out, 3, 2, a, ones);
      assertArrayEquals(new long[] {10}, out.toLongArray(), "parts are beyond I8, the sum is not");
      a.setLong(28, 0, n - 1);
      var e = assertThrows(IntegerOverflowException.class, () -> plan.runInto(out, 1, 0, a, ones));
      assertEquals(BigInteger.valueOf(128), e.value());
      assertTrue(e.isOutputUntouched());
      assertArrayEquals(new long[] {10}, out.toLongArray());
      try (Tensor fresh = Tensor.zeros(DType.I8, 1, 1)) {
        var part =
            assertThrows(
                IntegerOverflowException.class,
                () -> plan.runSlices(0, plan.sliceCount(), fresh, a, ones));
        assertTrue(part.getMessage().contains("untouched") == part.isOutputUntouched());
      }
    }
  }

  @Test
  void slicesOfTheOutputAreAllCheckedFirst() {
    PlanOptions cut = CHECKED.withSlices(6);
    try (Tensor a = constant(DType.I32, 1, 60, 2);
        Tensor b = constant(DType.I32, 1, 2, 3);
        Tensor out = constant(DType.I32, 7, 60, 3)) {
      EinsumPlan plan = Einsum.plan("ij,jk->ik", cut, a, b);
      assertTrue(plan.sliceCount() >= 6);
      a.setLong(Integer.MAX_VALUE, 55, 0);
      var e = assertThrows(IntegerOverflowException.class, () -> plan.runInto(out, 1, 0, a, b));
      assertEquals(List.of(55L, 0L), e.place().index(), e.getMessage());
      assertArrayEquals(LongStream.generate(() -> 7).limit(180).toArray(), out.toLongArray());
      assertThrows(IntegerOverflowException.class, () -> plan.run(a, b));
      var part =
          assertThrows(
              IntegerOverflowException.class,
              () -> plan.runSlices(0, plan.sliceCount(), out, a, b));
      assertFalse(part.isOutputUntouched());
      assertTrue(part.getMessage().contains("slices were done"), part.getMessage());
    }
  }

  @Test
  void aMemoryLimitHoldsForTheChecksToo() {
    int n = 96;
    Random random = new Random(7);
    long[] values = random.ints((long) n * n, -30000, 30000).asLongStream().toArray();
    try (Tensor a = tensor(DType.I32, values, n, n)) {
      for (long limit : new long[] {n * n * 4 + 8192, n * n * 4 + 200_000, 1 << 24}) {
        EinsumPlan plan = Einsum.plan("ij,jk->ik", CHECKED.withMemoryLimit(limit), a, a);
        assertTrue(plan.peakBytes() <= limit, plan.peakBytes() + " of " + limit);
        BigInteger[] exact = product(values, values, n);
        int first = first(exact, DType.I32);
        var e = assertThrows(IntegerOverflowException.class, () -> plan.run(a, a));
        assertEquals(exact[first], e.value(), "limit " + limit);
        assertEquals(List.of((long) first / n, (long) first % n), e.place().index());
      }
    }
  }

  private static BigInteger[] product(long[] a, long[] b, int n) {
    BigInteger[] exact = new BigInteger[n * n];
    for (int i = 0; i < n; i++) {
      for (int k = 0; k < n; k++) {
        BigInteger sum = BigInteger.ZERO;
        for (int j = 0; j < n; j++) {
          sum =
              sum.add(BigInteger.valueOf(a[i * n + j]).multiply(BigInteger.valueOf(b[j * n + k])));
        }
        exact[i * n + k] = sum;
      }
    }
    return exact;
  }

  private static int first(BigInteger[] exact, DType type) {
    return IntStream.range(0, exact.length)
        .filter(i -> exact[i].compareTo(most(type)) > 0 || exact[i].compareTo(least(type)) < 0)
        .findFirst()
        .orElse(-1);
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"I32", "I64"})
  void productsNearTheBordersAreDecidedExactly(DType type) {
    int n = 40;
    for (long seed : Seeds.upTo(6)) {
      Random random = new Random(seed);
      int bits = (8 * type.bytes() - 4) / 2;
      long[] a = random.longs((long) n * n).map(v -> v >> (Long.SIZE - 1 - bits)).toArray();
      long[] b = random.longs((long) n * n).map(v -> v >> (Long.SIZE - 1 - bits)).toArray();
      BigInteger[] exact = product(a, b, n);
      int first = first(exact, type);
      try (Tensor x = tensor(type, a, n, n);
          Tensor y = tensor(type, b, n, n)) {
        for (int threads = 1; threads <= 2; threads++) {
          EinsumPlan plan = Einsum.plan("ij,jk->ik", CHECKED.withThreads(threads), x, y);
          if (first < 0) {
            try (Tensor got = plan.run(x, y)) {
              long[] whole = Arrays.stream(exact).mapToLong(BigInteger::longValueExact).toArray();
              assertArrayEquals(whole, got.toLongArray());
            }
          } else {
            var e = assertThrows(IntegerOverflowException.class, () -> plan.run(x, y));
            assertEquals(exact[first], e.value(), "seed " + seed);
            assertEquals(List.of((long) first / n, (long) first % n), e.place().index());
          }
        }
      }
    }
  }

  @Test
  void batchesAreCheckedBeforeAnySetIsWritten() {
    try (Tensor small = constant(DType.I16, 3, 4, 4);
        Tensor large = constant(DType.I16, 300, 4, 4);
        Tensor turned = large.permute(1, 0);
        Tensor out = constant(DType.I16, 9, 3, 4, 4)) {
      EinsumPlan plan = Einsum.plan("ij,jk->ik", CHECKED, small, small);
      List<Tensor[]> sets =
          List.of(
              new Tensor[] {small, small},
              new Tensor[] {turned, large},
              new Tensor[] {large, large});
      var e =
          assertThrows(IntegerOverflowException.class, () -> plan.runBatchInto(out, 1, 0, sets));
      assertTrue(e.getMessage().startsWith("set "), e.getMessage());
      assertEquals(BigInteger.valueOf(360_000), e.value());
      assertTrue(e.isOutputUntouched());
      assertArrayEquals(LongStream.generate(() -> 9).limit(48).toArray(), out.toLongArray());
      try (Tensor fine = plan.runBatch(List.of(sets.get(0), sets.get(0)))) {
        assertArrayEquals(LongStream.generate(() -> 36).limit(32).toArray(), fine.toLongArray());
      }
    }
  }

  @Test
  void boundPlansAreRefusedWhereTheirConstantsWrap() {
    PlanOptions path = CHECKED.withPath(new int[][] {{1, 2}, {0, 3}});
    try (Tensor x = constant(DType.I32, 1, 2, 3);
        Tensor large = constant(DType.I32, 100_000, 3, 3);
        Tensor small = constant(DType.I32, 1000, 3, 3)) {
      EinsumPlan plan = Einsum.plan("ij,jk,kl->il", path, x, large, large);
      var e = assertThrows(IntegerOverflowException.class, () -> plan.bind(null, large, large));
      assertEquals(1, e.place().step());
      try (BoundPlan bound = plan.bind(null, small, small);
          Tensor got = bound.run(x)) {
        assertArrayEquals(
            LongStream.generate(() -> 9_000_000).limit(6).toArray(), got.toLongArray());
        x.setLong(1000, 1, 1);
        var later = assertThrows(IntegerOverflowException.class, () -> bound.run(x));
        assertEquals(List.of(1L, 0L), later.place().index());
        assertEquals(2, later.place().step());
      }
    }
  }

  @Test
  void savedPlansAndReportsKnowTheOption() {
    try (Tensor a = constant(DType.I32, 100_000, 3, 3)) {
      EinsumPlan plan = Einsum.plan("ij,jk->ik", CHECKED, a, a);
      EinsumPlan read = EinsumPlan.fromJson(plan.toJson());
      assertEquals(plan, read);
      assertTrue(read.options().checkedIntegers());
      assertThrows(IntegerOverflowException.class, () -> read.run(a, a));
      assertTrue(plan.report().checkedIntegers());
      assertTrue(plan.explain().contains("checked"), plan.explain());
      assertTrue(plan.report().json().contains("\"checkedIntegers\": true"));
      assertFalse(CHECKED.withCheckedIntegers(false).checkedIntegers());
      assertEquals(PlanOptions.DEFAULT, CHECKED.withCheckedIntegers(false));
      assertTrue(CHECKED.toString().contains("checkedIntegers"));
      assertThrows(IntegerOverflowException.class, () -> plan.profile(a, a));
      try (Tensor wrapped = Einsum.plan("ij,jk->ik", a, a).run(a, a)) {
        assertTrue(plan.verify(new Tensor[] {a, a}, wrapped, 3).passed(), "modulo 2^32");
      }
    }
  }

  @Test
  void aGradientOfFloatsKeepsTheOptionAndIsNotChecked() {
    try (Tensor a = Tensor.ones(DType.F32, 3, 3);
        Tensor got = Einsum.plan("ij,jk->ik", CHECKED, a, a).gradient(0).run(a, a)) {
      assertEquals(3, got.get(0, 0));
    }
  }

  @Test
  void emptyTensorsAndScalars() {
    try (Tensor none = Tensor.zeros(DType.I64, 0, 3);
        Tensor sum = Einsum.plan("ij->j", CHECKED, none).run(none);
        Tensor empty = Einsum.plan("ij->ij", CHECKED, none).run(none);
        Tensor one = tensor(DType.I8, new long[] {-128});
        Tensor out = tensor(DType.I8, new long[] {1})) {
      assertArrayEquals(new long[3], sum.toLongArray());
      assertEquals(0, empty.size());
      var e =
          assertThrows(
              IntegerOverflowException.class,
              () -> Einsum.plan("->", CHECKED, one).runInto(out, -1, 0, one));
      assertTrue(e.getMessage().contains("its result is 128, beyond I8"), e.getMessage());
    }
  }
}
