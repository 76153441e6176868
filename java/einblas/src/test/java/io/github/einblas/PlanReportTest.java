// Reports: figures against hand counts, JSON that parses, graphs that name every step, profiles.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.util.List;
import org.junit.jupiter.api.Test;

class PlanReportTest {
  private static EinsumPlan chain(PlanOptions options) {
    return Einsum.plan(
        "ij,jk,kl->il",
        options,
        DType.F64,
        new long[] {10, 1000},
        new long[] {1000, 20},
        new long[] {20, 30});
  }

  /** Operations on real numbers: 8 for a complex multiply-add, as PyTorch and BLAS count. */
  @Test
  void complexOperationsAreCountedAsReal() {
    long[][] shapes = {{3, 4}, {4, 5}};
    double points = 3 * 4 * 5;
    for (DType type : DType.values()) {
      EinsumPlan plan = Einsum.plan("ij,jk->ik", type, shapes);
      assertEquals((type.isComplex() ? 8 : 2) * points, plan.flops(), type.name());
      assertEquals(plan.flops(), plan.report().flops(), type.name());
      assertEquals(plan.flops(), plan.report().naiveFlops(), type.name());
    }
    assertEquals(
        4 * points, mixed("ij,jk->ik", DType.F32, DType.C64, shapes), "2 products and 2 sums");
    assertEquals(4 * points, mixed("ij,jk->ik", DType.C64, DType.F64, shapes));
    long[][] same = {{3, 4}, {3, 4}};
    assertEquals(6 * 12, Einsum.plan("ij,ij->ij", DType.C128, same).flops(), "a product alone");
    assertEquals(2 * 12, mixed("ij,ij->ij", DType.C64, DType.F32, same));
    assertEquals(2 * 12, Einsum.plan("ij->i", DType.C64, new long[] {3, 4}).flops(), "sums");
    assertEquals(12, Einsum.plan("ij->i", DType.F32, new long[] {3, 4}).flops());
  }

  private static double mixed(String equation, DType a, DType b, long[][] shapes) {
    return Einsum.plan(equation, PlanOptions.DEFAULT, List.of(a, b), shapes).flops();
  }

  @Test
  void figures() {
    PlanReport r = chain(PlanOptions.DEFAULT).report();
    // (ij,jk) 2*10*1000*20, then (ik,kl) 2*10*20*30; one loop nest: 3 * 10*1000*20*30.
    assertEquals(400_000 + 12_000, r.flops());
    assertEquals(18e6, r.naiveFlops());
    assertEquals(8.0 * (10_000 + 20_000 + 200 + 200 + 600 + 300), r.bytesMoved());
    assertEquals(200 * 8, r.largestBytes());
    assertEquals(1, r.largestStep());
    assertEquals(208 * 8, r.intermediateBytes(), "whole cache lines");
    assertTrue(r.peakBytes() >= r.intermediateBytes() + 300 * 8);
    assertEquals(2, r.steps().size());
    assertEquals(-1, r.steps().get(1).output());
    assertTrue(r.predictedSeconds() > 0 && r.peakFlops() > 1e8 && r.bandwidth() > 1e8);
    assertFalse(r.isProfile());
  }

  @Test
  void whatItWasMadeFrom() {
    PlanReport r = chain(PlanOptions.DEFAULT.withThreads(2)).report();
    assertEquals("ij,jk,kl->il", r.equation());
    assertEquals(DType.F64, r.dtype());
    assertEquals(2, r.threads());
    assertFalse(r.pathOrigin().isEmpty());
    assertEquals(r.text(), r.toString());
    // Arrays are the caller's own: what is written there changes no report.
    for (int i = 0; i < 2; i++) {
      assertArrayEquals(new long[][] {{10, 1000}, {1000, 20}, {20, 30}}, r.shapes());
      assertArrayEquals(new long[] {10, 30}, r.resultShape());
      assertArrayEquals(new int[][] {{0, 1}, {2, 3}}, r.path());
      assertArrayEquals(new int[] {0, 1}, r.steps().get(0).inputs());
      assertArrayEquals(new long[] {10, 20}, r.steps().get(0).shape());
      r.shapes()[0][0] = 0;
      r.resultShape()[0] = 0;
      r.path()[0][0] = 9;
      r.steps().get(0).inputs()[0] = 9;
      r.steps().get(0).shape()[0] = 0;
    }
  }

  @Test
  void explainsWhereMemoryIsShort() {
    long before = Einblas.nativeMemoryLimit();
    Einblas.setNativeMemoryLimit(Einblas.nativeBytesInUse() + (8L << 20));
    try {
      // A number of threads that nothing was explained for: the machine's speed is measured.
      assertTrue(chain(PlanOptions.DEFAULT.withThreads(7)).explain().contains("ij,jk,kl->il"));
    } finally {
      Einblas.setNativeMemoryLimit(before);
    }
  }

  @Test
  void slicesOfSingleElementsRepeatWhatLacksTheLabel() {
    // A ring: the step that lacks the cut label is repeated, the others are shared out.
    long[][] shapes = {{2, 64}, {64, 64}, {64, 64}, {64, 2}};
    int[][] path = {{1, 2}, {0, 4}, {3, 5}};
    PlanOptions options = PlanOptions.DEFAULT.withPath(path);
    EinsumPlan whole = Einsum.plan("ab,bc,cd,da->", options, DType.F64, shapes);
    EinsumPlan cut =
        EinsumPlan.fromJson(
            whole.toJson().replace("\"cuts\":[]", "\"cuts\":[{\"label\":\"a\",\"chunk\":1}]"));
    assertEquals(2, cut.sliceCount());
    assertEquals(1, cut.report().sliceOverhead(), 1e-9, cut::explain); // bc,cd runs once
    EinsumPlan other =
        EinsumPlan.fromJson(
            whole.toJson().replace("\"cuts\":[]", "\"cuts\":[{\"label\":\"b\",\"chunk\":1}]"));
    double last = 2 * 64 * 2; // da with the rest, in each of 64 slices
    double once = whole.flops() - last;
    assertEquals((once + 64 * last) / whole.flops(), other.report().sliceOverhead(), 1e-3);
  }

  @Test
  void slicedFiguresAddUp() {
    EinsumPlan whole =
        Einsum.plan(
            "ab,bc,cd,de->ae",
            DType.F64,
            new long[] {100, 90},
            new long[] {90, 110},
            new long[] {110, 70},
            new long[] {70, 60});
    long result = 100 * 60 * 8;
    EinsumPlan cut =
        Einsum.plan(
            "ab,bc,cd,de->ae",
            PlanOptions.DEFAULT.withMemoryLimit(result + (whole.peakBytes() - result) / 2),
            DType.F64,
            whole.shapes());
    PlanReport r = cut.report();
    assertTrue(r.slices() > 1);
    assertFalse(r.cuts().isEmpty());
    double sum = r.steps().stream().mapToDouble(PlanReport.Step::flops).sum();
    assertEquals(r.flops(), sum, 1e-9 * sum);
    // Pieces of a cut label are no more work than the whole, steps without it are.
    assertTrue(r.flops() >= 0.999 * whole.flops(), r::text);
    assertTrue(r.text().contains("slices    " + r.slices()), r::text);
    assertTrue(r.sliceOverhead() >= 0.999 && r.sliceOverhead() < r.slices(), r::text);
    assertTrue(r.text().contains(" times the operations of this order uncut"), r::text);
    assertTrue(r.json().contains("\"sliceOverhead\": " + r.sliceOverhead()), r::json);
    assertEquals(1, whole.report().sliceOverhead());
  }

  @Test
  void jsonHoldsTheFigures() {
    PlanReport r = chain(PlanOptions.DEFAULT).report();
    JsonObject o = JsonParser.parseString(r.json()).getAsJsonObject();
    assertEquals("ij,jk,kl->il", o.get("equation").getAsString());
    assertEquals(r.flops(), o.get("flops").getAsDouble());
    assertEquals(r.peakBytes(), o.get("peakBytes").getAsLong());
    assertEquals(2, o.get("steps").getAsJsonArray().size());
    JsonObject step = o.get("steps").getAsJsonArray().get(0).getAsJsonObject();
    assertEquals(r.steps().get(0).kernel(), step.get("kernel").getAsString());
    assertFalse(step.has("measuredSeconds"));
    assertEquals(1000, o.get("shapes").getAsJsonArray().get(0).getAsJsonArray().get(1).getAsInt());
  }

  @Test
  void graphsNameEveryTensor() {
    PlanReport r = chain(PlanOptions.DEFAULT).report();
    for (String graph : new String[] {r.dot(), r.mermaid()}) {
      for (String name : new String[] {"s0", "s1", "s2", "s3", "result", "[10, 1000]"}) {
        assertTrue(graph.contains(name), graph);
      }
      assertEquals(4, graph.split("s[0-9] --?> ", -1).length - 1, graph);
    }
    assertTrue(r.dot().startsWith("digraph"));
    assertTrue(r.mermaid().startsWith("flowchart"));
  }

  @Test
  void profileMeasuresEachStep() {
    EinsumPlan plan = chain(PlanOptions.DEFAULT);
    try (Tensor a = Tensor.zeros(DType.F64, 10, 1000);
        Tensor b = Tensor.zeros(DType.F64, 1000, 20);
        Tensor c = Tensor.zeros(DType.F64, 20, 30)) {
      long before = Einblas.nativeBytesInUse();
      PlanReport r = plan.profile(a, b, c);
      assertTrue(r.isProfile());
      double sum = r.steps().stream().mapToDouble(PlanReport.Step::measuredSeconds).sum();
      assertEquals(r.measuredSeconds(), sum, 1e-9 * sum);
      assertTrue(r.steps().stream().allMatch(s -> s.measuredSeconds() > 0));
      assertTrue(r.text().contains("predicted"), r::text);
      assertTrue(
          JsonParser.parseString(r.json()).getAsJsonObject().get("measuredSeconds").getAsDouble()
              > 0);
      assertTrue(Einblas.nativeBytesInUse() <= before, "native memory leaked");
    }
  }
}
