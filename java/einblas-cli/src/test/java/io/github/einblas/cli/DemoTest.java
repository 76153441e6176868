// Test: the demo's yardstick itself, and the demo with little memory.
package io.github.einblas.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.DType;
import io.github.einblas.Einsum;
import io.github.einblas.EinsumPlan;
import io.github.einblas.PlanOptions;
import io.github.einblas.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class DemoTest {
  private static final long SEED = 11;

  private final RandomData a = new RandomData(DType.F64, 2 * SEED);
  private final RandomData b = new RandomData(DType.F64, 2 * SEED + 1);

  @Test
  void plainLoopsByHand() {
    DemoCase demoCase = DemoCase.of("nhd,khd->nkd", DType.F64, "n=2 h=3 d=4 k=5");
    PlainLoops.Cursor cursor = new PlainLoops(demoCase, a, b).new Cursor();
    for (int n = 0; n < 2; n++) {
      for (int k = 0; k < 5; k++) {
        for (int d = 0; d < 4; d++) {
          double sum = 0;
          for (int h = 0; h < 3; h++) {
            sum += a.element((n * 3 + h) * 4 + d) * b.element((k * 3 + h) * 4 + d);
          }
          cursor.moveTo(new long[] {n, k, d});
          assertEquals(sum, cursor.value());
          assertTrue(cursor.magnitude() >= Math.abs(sum));
        }
      }
    }
  }

  @Test
  void checkFindsOneWrongElement() {
    for (String lengths : List.of("r=20 d=7 o=3", "r=20000 d=500 o=40")) {
      DemoCase demoCase = DemoCase.of("rd,od->ro", DType.F64, lengths);
      PlainLoops loops = new PlainLoops(demoCase, a, b);
      try (Tensor x = a.tensor(demoCase.shape(0));
          Tensor y = b.tensor(demoCase.shape(1));
          Tensor result = Einsum.einsum(demoCase.equation(), x, y)) {
        DemoCheck right = DemoCheck.of(demoCase, result, loops, SEED);
        boolean small = lengths.startsWith("r=20 ");
        assertEquals(small, right.whole());
        assertEquals(small ? 60 : DemoCheck.SAMPLE, right.checked());
        assertTrue(right.right(), right::toString);
        if (small) {
          result.set(result.get(13, 2) + 1e-12, 13, 2);
          DemoCheck wrong = DemoCheck.of(demoCase, result, loops, SEED);
          assertFalse(wrong.right());
          assertArrayEquals(new long[] {13, 2}, wrong.worst());
          result.set(Double.NaN, 4, 1);
          wrong = DemoCheck.of(demoCase, result, loops, SEED);
          assertFalse(wrong.right());
          assertArrayEquals(new long[] {4, 1}, wrong.worst());
        } else {
          result.fill(0);
          assertFalse(DemoCheck.of(demoCase, result, loops, SEED).right());
        }
      }
    }
  }

  /** Complex numbers by parts, BF16 with its own rounding, I8 exactly. */
  @Test
  void checkKnowsTheOtherTypes() {
    for (DType dtype : List.of(DType.C64, DType.BF16, DType.I8)) {
      for (String lengths : List.of("i=9 j=40 k=7", "i=2000 j=500 k=400")) {
        DemoCase demoCase = DemoCase.of("ij,jk->ik", dtype, lengths);
        RandomData[] data = {new RandomData(dtype, 2 * SEED), new RandomData(dtype, 2 * SEED + 1)};
        PlainLoops loops = new PlainLoops(demoCase, data);
        PlanOptions options = PlanOptions.DEFAULT.withOutputType(demoCase.result());
        try (Tensor x = data[0].tensor(demoCase.shape(0));
            Tensor y = data[1].tensor(demoCase.shape(1));
            Tensor result = Einsum.plan(demoCase.equation(), options, x, y).run(x, y)) {
          DemoCheck right = DemoCheck.of(demoCase, result, loops, SEED);
          assertTrue(right.right() && right.checked() > 0, dtype + ": " + right);
          assertTrue(dtype != DType.I8 || right.error() == 0, dtype + ": " + right);
          assertEquals(lengths.startsWith("i=9 "), right.whole());
          if (right.whole()) {
            Tensor part = dtype.isComplex() ? result.imag() : result;
            double off = dtype.isInteger() ? 1 : Math.max(0.05, 0.02 * Math.abs(part.get(8, 3)));
            part.set(part.get(8, 3) + off, 8, 3);
            DemoCheck wrong = DemoCheck.of(demoCase, result, loops, SEED);
            assertFalse(wrong.right(), dtype + ": " + wrong);
            assertArrayEquals(new long[] {8, 3}, wrong.worst());
          }
        }
      }
    }
  }

  /** A slip that a sample misses is found by sums of all elements. */
  @Test
  void sumsOfAllElementsJoinASample() {
    DemoCase demoCase = DemoCase.of("rd,od->ro", DType.F64, "r=20 d=7 o=3");
    EinsumPlan plan =
        Einsum.plan(demoCase.equation(), DType.F64, demoCase.shape(0), demoCase.shape(1));
    DemoCheck sample = new DemoCheck(1, false, 0, 1e-17, 0.1, new long[] {2, 1});
    Tensor[] in = {a.tensor(demoCase.shape(0)), b.tensor(demoCase.shape(1))};
    try (Tensor result = plan.run(in)) {
      DemoCheck right = sample.with(plan.verify(in, result, SEED));
      assertTrue(right.right(), right::toString);
      assertTrue(right.sums() > 0 && right.error() == 1e-17, right::toString);
      result.set(result.get(5, 1) + 1, 5, 1);
      DemoCheck wrong = sample.with(plan.verify(in, result, SEED));
      assertFalse(wrong.right(), wrong::toString);
      assertTrue(wrong.error() > 0.1, wrong::toString);
      assertArrayEquals(new long[0], wrong.worst());
    } finally {
      in[0].close();
      in[1].close();
    }
  }

  @Test
  void casesShrinkToALimit() {
    for (DemoCase demoCase : DemoCase.all()) {
      assertEquals(demoCase, demoCase.within(Long.MAX_VALUE));
      DemoCase small = demoCase.within(4_000_000);
      assertTrue(small.bytes() <= 4_000_000, small::toString);
      assertTrue(small.bytes() > 100_000, small::toString);
      for (int term = 0; term < 3; term++) {
        assertEquals(DemoCase.size(small.shape(term)), DemoCase.size(small.storedShape(term)));
      }
    }
  }

  @Test
  void casesHaveTheSizesOfTheMainJob() {
    List<DemoCase> cases = DemoCase.all();
    DemoCase large = cases.get(5);
    assertEquals("i=200 j=300 x=50 y=60", large.sizes());
    assertEquals(1_440_000_000L, large.bytes(2));
    DemoCase folded = cases.get(cases.size() - 1);
    assertArrayEquals(new long[] {1666, 23520}, folded.storedShape(0));
    assertArrayEquals(new long[] {49980, 784}, folded.shape(0));
    assertArrayEquals(new long[] {30, 784}, folded.storedShape(1));
    assertArrayEquals(new long[] {1666, 900}, folded.storedShape(2));
    assertEquals(784, folded.summed());
  }

  @Test
  void seedsGiveDifferentSequences() {
    assertEquals(a.element(5), new RandomData(DType.F64, 2 * SEED).element(5));
    for (int shift = 0; shift < 100; shift++) {
      assertNotEquals(a.element(50), b.element(shift));
    }
  }

  @Test
  void withoutAFolderToKeepNothingIsLeft(@TempDir Path folder) throws Exception {
    String temporary = "-Djava.io.tmpdir=" + folder;
    Program.Outcome outcome = Program.process(List.of(temporary), "demo", "--memory-limit", "200k");
    assertEquals(0, outcome.status(), outcome.err());
    assertTrue(outcome.out().contains("block gemv"), outcome.out());
    assertFalse(outcome.out().contains("WRONG"), outcome.out());
    try (Stream<Path> files = Files.list(folder)) {
      assertEquals(List.of(), files.filter(f -> f.toString().contains("einblas-demo")).toList());
    }
  }

  @Test
  void demoWithLittleMemory(@TempDir Path folder) throws IOException {
    Program program = new Program(folder);
    String out = program.done("demo", "--memory-limit", "2M", "--keep", "@kept").out();
    List<DemoCase> cases = DemoCase.all();
    List<String> lines = out.lines().toList();
    for (DemoCase demoCase : cases) {
      String start =
          String.format("%-14s %-22s", demoCase.equation(), demoCase.within(2 << 20).sizes());
      assertTrue(lines.stream().anyMatch(l -> l.startsWith(start)), start + " in " + out);
    }
    assertTrue(out.contains("made smaller"), out);
    assertTrue(lines.stream().allMatch(l -> l.length() <= 120), out);
    try (Stream<Path> files = Files.list(program.path("kept"))) {
      assertEquals(2L * cases.size() + 4, files.count()); // and the block-sparse product's
      assertTrue(out.contains("block gemv") && !out.contains("WRONG"), out);
    }
  }

  @Test
  void nothingIsFasterThanTheMachine() {
    assertEquals("98% of P", DemoTable.share(0.98, "P"));
    assertEquals("104% of B", DemoTable.share(1.04, "B"));
    assertEquals("unreliable", DemoTable.share(2.6, "P"));
  }
}
