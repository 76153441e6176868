// Predictions on machines of given rates: what makes a step slower, and what a busy machine says.
package io.github.einblas.internal.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonParser;
import io.github.einblas.DType;
import io.github.einblas.PlanOptions;
import io.github.einblas.internal.equation.Equation;
import io.github.einblas.internal.natives.MachineSpeed;
import io.github.einblas.internal.plan.Contraction;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class StepTimeTest {
  private static final MachineSpeed MACHINE = MachineSpeed.fixed(1e11, 5e10, true);

  private static Report report(
      MachineSpeed machine, PlanOptions options, String equation, long[]... shapes) {
    int[] ranks = Arrays.stream(shapes).mapToInt(s -> s.length).toArray();
    Equation parsed = Equation.parse(equation, ranks);
    Contraction plan = new Contraction(parsed, DType.F64, shapes, options);
    return Explanation.report(plan, plan.layouts().contiguous(), null, machine);
  }

  private static double seconds(int threads, String equation, long[]... shapes) {
    PlanOptions options = PlanOptions.DEFAULT.withThreads(threads);
    return report(MACHINE, options, equation, shapes).predictedSeconds();
  }

  @Test
  void largeProductsTakeTheirOperations() {
    double peak = 2.0 * 1000 * 1000 * 1000 / 1e11;
    double time = seconds(1, "ij,jk->ik", new long[] {1000, 1000}, new long[] {1000, 1000});
    assertTrue(time > peak && time < 1.5 * peak, () -> time + " beside " + peak);
  }

  @Test
  void largeSumsTakeTheirBytes() {
    double bytes = 8e7 / 5e10;
    double time = seconds(1, "ij->i", new long[] {1000, 10000});
    assertTrue(time > bytes && time < 1.5 * bytes, () -> time + " beside " + bytes);
  }

  @Test
  void tinyStepsTakeACall() {
    double time = seconds(2, "ij,jk->ik", new long[] {2, 3}, new long[] {3, 2});
    assertTrue(time > 3e-8 && time < 3e-7, () -> "" + time);
  }

  @Test
  void threadsHelpWhereThereIsWork() {
    long[][] large = {{1000, 1000}, {1000, 1000}};
    assertTrue(seconds(2, "ij,jk->ik", large) < 0.6 * seconds(1, "ij,jk->ik", large));
    long[][] small = {{8, 8}, {8, 8}};
    assertEquals(seconds(1, "ij,jk->ik", small), seconds(2, "ij,jk->ik", small));
  }

  @Test
  void elementsApartTouchWholeLines() {
    // A diagonal: each element lies in a line of its own.
    double apart = seconds(1, "ii->i", new long[] {3000, 3000});
    double together = seconds(1, "i->i", new long[] {3000});
    assertTrue(apart > 2 * together, () -> apart + " and " + together);
  }

  @Test
  void axesThatAllWalkAsOneAreOne() {
    // ab,ab->ab of rows that follow one another.
    StepAxes axes =
        new StepAxes(new int[] {8, 8, 8}, 2, new long[] {20, 30}, new long[] {30, 1, 30, 1, 30, 1});
    assertEquals(600, axes.lineLength(2));
    assertEquals(3 * 600 * 8, axes.touched());
    // Rows of 30 in a matrix of 40 columns begin anywhere in a line.
    StepAxes gaps =
        new StepAxes(new int[] {8, 8, 8}, 2, new long[] {20, 30}, new long[] {30, 1, 40, 1, 30, 1});
    assertEquals(30, gaps.lineLength(2));
    assertEquals(2 * 600 * 8 + 20 * (30 * 8 - 8 + 64), gaps.touched());
  }

  @Test
  void slicesPassTheWholeOperands() {
    long[][] shapes = {{400, 500}, {500, 600}, {600, 300}};
    Report whole = report(MACHINE, PlanOptions.DEFAULT.withThreads(1), "ab,bc,cd->ad", shapes);
    PlanOptions limit =
        PlanOptions.DEFAULT.withThreads(1).withMemoryLimit(400 * 300 * 8 + (200L << 10));
    Report cut = report(MACHINE, limit, "ab,bc,cd->ad", shapes);
    assertTrue(cut.slices() > 1);
    double sum = cut.steps().stream().mapToDouble(Report.Step::predictedSeconds).sum();
    assertEquals(cut.predictedSeconds(), sum, 1e-12);
    assertTrue(cut.predictedSeconds() > whole.predictedSeconds());
  }

  @Test
  void aBusyMachineIsSaidToBe() {
    long[][] shapes = {{20, 30}, {30, 40}};
    Report idle = report(MACHINE, PlanOptions.DEFAULT, "ij,jk->ik", shapes);
    assertTrue(idle.reliable());
    assertFalse(ReportText.of(idle).contains("unreliable"));
    assertTrue(reliable(idle));
    Report busy =
        report(MachineSpeed.fixed(1e11, 5e10, false), PlanOptions.DEFAULT, "ij,jk->ik", shapes);
    assertFalse(busy.reliable());
    assertTrue(ReportText.of(busy).contains("unreliable"), () -> ReportText.of(busy));
    assertFalse(reliable(busy));
  }

  private static boolean reliable(Report r) {
    return JsonParser.parseString(ReportJson.of(r))
        .getAsJsonObject()
        .get("reliable")
        .getAsBoolean();
  }
}
