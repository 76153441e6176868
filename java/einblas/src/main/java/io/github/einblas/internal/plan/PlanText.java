// Explanations: counts the work of a plan's steps and gathers what a report says.
package io.github.einblas.internal.plan;

import io.github.einblas.DType;
import io.github.einblas.PlanReport;
import io.github.einblas.internal.equation.Equation;
import io.github.einblas.internal.natives.MachineSpeed;
import io.github.einblas.internal.natives.Native;
import java.lang.ref.Reference;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** Figures and descriptions of programs. */
public final class PlanText {
  private PlanText() {}

  /** Floating-point operations of a run. */
  public static double flops(SlicedProgram slices) {
    double flops = 0;
    List<Program.Step> steps = slices.main().steps();
    for (int s = 0; s < steps.size(); s++) {
      flops += flops(slices, s);
    }
    return flops;
  }

  /** Floating-point operations of one slice's steps. */
  public static double flops(Program program) {
    return program.steps().stream().mapToDouble(step -> flops(program, step)).sum();
  }

  /** Operations of all runs of a step: as much as in one piece if it is cut, else once or again. */
  private static double flops(SlicedProgram slices, int s) {
    return scaled(slices, s, flops(slices.main(), slices.main().steps().get(s)));
  }

  /**
   * What a step of a whole slice amounts to over all slices: shorter last pieces count for their
   * part where the step has the cut label.
   */
  private static double scaled(SlicedProgram slices, int s, double ofOne) {
    double all = ofOne * slices.runs(s);
    if (slices.runs(s) > 1) {
      Program.Step step = slices.main().steps().get(s);
      for (int k = 0; k < slices.cuts(); k++) {
        int label = slices.label(k);
        boolean cut =
            IntStream.concat(Arrays.stream(step.outer()), Arrays.stream(step.reduced()))
                .anyMatch(l -> l == label);
        double pieces = Math.ceil((double) slices.length(k) / slices.chunk(k));
        all *= cut ? slices.length(k) / (pieces * slices.chunk(k)) : 1;
      }
    }
    return all;
  }

  private static double flops(Program program, Program.Step step) {
    double outer = product(program, step.outer());
    double reduced = product(program, step.reduced());
    double multiplications = Math.max(0, step.inputs().length - 1);
    return outer * (reduced * (multiplications + (step.reduced().length > 0 ? 1 : 0)));
  }

  private static double product(Program program, int[] labels) {
    return Arrays.stream(labels).mapToDouble(program::length).reduce(1, (x, y) -> x * y);
  }

  /** Lengths of the sums of all steps, and their products, one after the other. */
  public static double sumLengths(SlicedProgram slices) {
    Program program = slices.main();
    double length = slices.slices();
    for (Program.Step step : program.steps()) {
      length += product(program, step.reduced()) + step.inputs().length;
    }
    return length;
  }

  /** Bytes that the steps read and write, each tensor once per run of a step. */
  public static long bytes(SlicedProgram slices, DType dtype) {
    double bytes = 0;
    for (int s = 0; s < slices.main().steps().size(); s++) {
      bytes += bytes(slices, s, dtype);
    }
    return (long) bytes;
  }

  private static double bytes(SlicedProgram slices, int s, DType dtype) {
    Program program = slices.main();
    Program.Step step = program.steps().get(s);
    double elements = product(program, step.outer());
    for (int slot : step.inputs()) {
      elements += product(program, program.labelsOf(slot));
    }
    return elements * dtype.bytes() * slices.runs(s);
  }

  private static double naiveFlops(Equation equation, long[][] shapes) {
    double all = shapes.length;
    for (long length : equation.lengths(shapes).values()) {
      all *= length;
    }
    return all;
  }

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
   * @param seconds measured time of each step, or null
   * @param threads threads of a run; 0 means the process's number
   */
  public static PlanReport report(
      Equation equation,
      DType dtype,
      long[][] shapes,
      long[] resultShape,
      CompiledPlan compiled,
      int threads,
      long peakBytes,
      double[] seconds) {
    int used = threads == 0 ? Native.threads() : threads;
    SlicedProgram slices = compiled.slices();
    Program program = slices.main();
    MachineSpeed speed = MachineSpeed.of(dtype.ordinal(), dtype.bytes(), used);
    List<PlanReport.Step> steps = new ArrayList<>();
    int largest = -1;
    try {
      for (int s = 0; s < program.steps().size(); s++) {
        steps.add(step(equation, dtype, compiled, s, speed, seconds, used));
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
    return new PlanReport(
        equation.toString(),
        dtype,
        shapes,
        resultShape,
        program.path(),
        program.pathOrigin(),
        threads,
        flops(slices),
        naiveFlops(equation, shapes),
        bytes(slices, dtype),
        compiled.workspaceBytes() + compiled.heldBytes(),
        largest < 0 ? 0 : elements(program, largest) * dtype.bytes(),
        largest + 1,
        peakBytes,
        cuts,
        slices.slices(),
        steps.stream().mapToDouble(PlanReport.Step::predictedSeconds).sum(),
        seconds == null ? Double.NaN : Arrays.stream(seconds).sum(),
        speed.flops(),
        speed.memory(),
        List.copyOf(steps));
  }

  private static long elements(Program program, int step) {
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

  private static PlanReport.Step step(
      Equation equation,
      DType dtype,
      CompiledPlan compiled,
      int s,
      MachineSpeed speed,
      double[] seconds,
      int used) {
    SlicedProgram slices = compiled.slices();
    Program program = slices.main();
    Program.Step step = program.steps().get(s);
    long handle = compiled.main().handle(s);
    double runs = slices.runs(s);
    double flops = flops(slices, s);
    double bytes = bytes(slices, s, dtype);
    boolean last = s == program.steps().size() - 1;
    return new PlanReport.Step(
        s + 1,
        step.inputs(),
        last ? -1 : step.output(),
        stepEquation(equation, program, step),
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
        runs * speed.seconds(flops / runs, bytes / runs),
        seconds == null ? Double.NaN : seconds[s]);
  }

  private static String fewer(int threads, int given) {
    return threads == given
        ? ""
        : "; " + threads + " of " + given + " threads, as the memory limit has no room for more";
  }

  private static String stepEquation(Equation equation, Program program, Program.Step step) {
    StringBuilder s = new StringBuilder();
    for (int slot : step.inputs()) {
      s.append(s.length() == 0 ? "" : ",").append(equation.names(program.labelsOf(slot)));
    }
    return s.append("->").append(equation.names(step.outer())).toString();
  }

  private static String lengths(Equation equation, Program program, Program.Step step) {
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
