// Explanations: gathers what a report says of a plan's steps.
package io.github.einblas.internal.report;

import io.github.einblas.DType;
import io.github.einblas.Epilogue;
import io.github.einblas.internal.equation.Equation;
import io.github.einblas.internal.natives.MachineSpeed;
import io.github.einblas.internal.natives.Native;
import io.github.einblas.internal.plan.CompiledPlan;
import io.github.einblas.internal.plan.CompiledSteps;
import io.github.einblas.internal.plan.Contraction;
import io.github.einblas.internal.plan.PlanTypes;
import io.github.einblas.internal.plan.PlanWork;
import io.github.einblas.internal.plan.Program;
import io.github.einblas.internal.plan.SlicedProgram;
import io.github.einblas.internal.plan.Step;
import java.lang.ref.Reference;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** Makes reports. */
public final class Explanation {
  private Explanation() {}

  /** Name of each step's kernel. */
  public static List<String> kernels(CompiledSteps compiled) {
    try {
      return IntStream.range(0, compiled.count())
          .mapToObj(step -> Native.stepKernel(compiled.handle(step)))
          .toList();
    } finally {
      Reference.reachabilityFence(compiled);
    }
  }

  /**
   * The whole explanation.
   *
   * @param compiled steps of the layout that is explained
   * @param seconds measured time of each step, or null
   */
  public static Report report(Contraction plan, CompiledPlan compiled, double[] seconds) {
    return report(plan, compiled, seconds, MachineSpeed.THIS);
  }

  /** The same by the rates of some machine. */
  static Report report(
      Contraction plan, CompiledPlan compiled, double[] seconds, MachineSpeed machine) {
    Equation equation = plan.equation();
    PlanTypes types = plan.types();
    int threads = plan.options().threads();
    int used = threads == 0 ? Native.threads() : threads;
    SlicedProgram slices = compiled.slices();
    Program program = slices.main();
    StepTime time = new StepTime(machine, types.compute());
    double footprint = footprint(plan, program);
    List<Report.Step> steps = new ArrayList<>();
    int largest = -1;
    try {
      for (int s = 0; s < program.steps().size(); s++) {
        steps.add(step(equation, compiled, s, time, footprint, seconds, used));
        if (s < program.steps().size() - 1
            && (largest < 0 || elements(program, s) > elements(program, largest))) {
          largest = s;
        }
      }
    } finally {
      // The steps' handles were read; they must live until here.
      Reference.reachabilityFence(compiled);
    }
    List<String> cuts =
        IntStream.range(0, slices.cuts()).mapToObj(k -> cut(equation, slices, k)).toList();
    return new Report(
        equation.toString(),
        types.operands(),
        types.result(),
        types.compute(),
        plan.shapes(),
        plan.outputShape(),
        program.path(),
        program.pathOrigin(),
        threads,
        compiled.isChecked(),
        epilogue(plan, compiled),
        PlanWork.flops(slices, types),
        PlanWork.naiveFlops(equation, plan.shapes(), types),
        PlanWork.bytes(slices, types),
        compiled.workspaceBytes() + compiled.heldBytes(),
        largest < 0 ? 0 : (long) (elements(program, largest) * types.intermediate().bytes()),
        largest + 1,
        plan.peakBytes(compiled),
        cuts,
        slices.slices(),
        PlanWork.overhead(slices),
        steps.stream().mapToDouble(Report.Step::predictedSeconds).sum(),
        seconds == null ? Double.NaN : Arrays.stream(seconds).sum(),
        time.flops(used),
        time.bandwidth(used, footprint),
        time.steady(),
        List.copyOf(steps));
  }

  /** What becomes of the result, and where; nothing where it stays as it is. */
  private static String epilogue(Contraction plan, CompiledPlan compiled) {
    Epilogue epilogue = plan.options().epilogue();
    if (epilogue == Epilogue.NONE) {
      return "";
    }
    return epilogue
        + (plan.hasFusedEpilogue(compiled) ? ", while the result lies in cache" : ", a pass more");
  }

  private static double elements(Program program, int step) {
    return program.elementsOf(program.steps().get(step).output());
  }

  private static String cut(Equation equation, SlicedProgram slices, int k) {
    return equation.names(new int[] {slices.label(k)})
        + "="
        + slices.length(k)
        + " in pieces of "
        + slices.chunk(k)
        + (slices.isSummed(k) ? ", added up" : "");
  }

  private static Report.Step step(
      Equation equation,
      CompiledPlan compiled,
      int s,
      StepTime time,
      double footprint,
      double[] seconds,
      int used) {
    SlicedProgram slices = compiled.slices();
    Program program = slices.main();
    Step step = program.steps().get(s);
    long handle = compiled.main().handle(s);
    double runs = slices.runs(s);
    double flops = PlanWork.flops(slices, s, compiled.types());
    double bytes = PlanWork.bytes(slices, s, compiled.types());
    boolean last = s == program.steps().size() - 1;
    return new Report.Step(
        s + 1,
        step.inputs(),
        last ? -1 : step.output(),
        program.equationOf(step),
        lengths(equation, program, step),
        last
            ? program.outputShape()
            : Arrays.stream(step.outer()).mapToLong(program::length).toArray(),
        Native.stepKernel(handle),
        Native.stepDescription(handle) + fewer(compiled.main().threads(s, used), used),
        runs,
        flops,
        bytes,
        compiled.main().stepMemory(s, used),
        runs * seconds(compiled, s, time, footprint, used),
        seconds == null ? Double.NaN : seconds[s],
        program.reused().stream()
            .filter(other -> other.output() == step.output())
            .map(program::equationOf)
            .toList());
  }

  /** Bytes that one run after the other passes: operands, result and intermediates. */
  private static double footprint(Contraction plan, Program program) {
    PlanTypes types = plan.types();
    double bytes =
        (double) program.workspaceElements() * types.intermediate().bytes()
            + product(plan.outputShape()) * types.result().bytes();
    for (int i = 0; i < plan.shapes().length; i++) {
      bytes += product(plan.shapes()[i]) * types.operand(i).bytes();
    }
    return bytes;
  }

  private static double product(long[] lengths) {
    return Arrays.stream(lengths).asDoubleStream().reduce(1, (x, y) -> x * y);
  }

  /** Of one run. Slices pass the whole operands, and add to the result. */
  private static double seconds(
      CompiledPlan compiled, int s, StepTime time, double footprint, int given) {
    List<Step> all = compiled.slices().main().steps();
    Step step = all.get(s);
    PlanTypes types = compiled.types();
    DType output = s == all.size() - 1 ? types.result() : types.intermediate();
    int[] bytes =
        IntStream.concat(
                Arrays.stream(step.inputs()).map(slot -> types.ofSlot(slot).bytes()),
                IntStream.of(output.bytes()))
            .toArray();
    StepAxes axes =
        new StepAxes(bytes, step.outer().length, compiled.stepLengths(s), compiled.stepStrides(s));
    boolean several = compiled.slices().slices() > 1;
    return time.seconds(
        Native.stepKernel(compiled.main().handle(s)),
        axes,
        several || all.size() > 1 ? footprint : 0,
        several && s == all.size() - 1,
        compiled.main().threads(s, given));
  }

  private static String fewer(int threads, int given) {
    return threads == given
        ? ""
        : "; " + threads + " of " + given + " threads, as the memory limit has no room for more";
  }

  private static String lengths(Equation equation, Program program, Step step) {
    StringBuilder s = new StringBuilder();
    for (int[] group : new int[][] {step.outer(), step.reduced()}) {
      for (int label : group) {
        s.append(s.length() == 0 ? "" : " ")
            .append(equation.names(new int[] {label}))
            .append('=')
            .append(program.length(label));
      }
      if (group == step.outer() && step.reduced().length > 0) {
        s.append(s.length() == 0 ? "summed over" : ", summed over");
      }
    }
    return s.length() == 0 ? "scalars" : s.toString();
  }
}
