// Planner: explains a plan to people, and counts its work.
package io.github.einblas.internal;

import io.github.einblas.DType;
import java.lang.ref.Reference;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Text and figures of a program. */
public final class PlanText {
  private PlanText() {}

  /** Floating-point operations of all steps. */
  public static double flops(Program program) {
    double flops = 0;
    for (Program.Step step : program.steps()) {
      flops += flops(program, step);
    }
    return flops;
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

  /** Bytes that the steps read and write, each tensor once per step. */
  public static long bytes(Program program, DType dtype) {
    long elements = 0;
    for (Program.Step step : program.steps()) {
      for (int slot : step.inputs()) {
        elements += program.elementsOf(slot);
      }
      elements += program.elementsOf(step.output());
    }
    return elements * dtype.bytes();
  }

  private static double naiveFlops(Program program, int operands) {
    double all = 1;
    TreeSet<Integer> labels = new TreeSet<>();
    for (int slot = 0; slot < operands; slot++) {
      for (int label : program.labelsOf(slot)) {
        labels.add(label);
      }
    }
    for (int label : labels) {
      all *= program.length(label);
    }
    return all * operands;
  }

  /** Name of each step's kernel. */
  public static List<String> kernels(CompiledSteps compiled, int steps) {
    try {
      return IntStream.range(0, steps)
          .mapToObj(step -> Native.stepKernel(compiled.handle(step)))
          .toList();
    } finally {
      Reference.reachabilityFence(compiled);
    }
  }

  /** The whole explanation. */
  public static String explain(
      Equation equation,
      DType dtype,
      long[][] shapes,
      Program program,
      CompiledSteps compiled,
      int threads) {
    try {
      return text(equation, dtype, shapes, program, compiled, threads);
    } finally {
      // The compiled steps' handles were read; they must live until here.
      Reference.reachabilityFence(compiled);
    }
  }

  private static String text(
      Equation equation,
      DType dtype,
      long[][] shapes,
      Program program,
      CompiledSteps compiled,
      int threads) {
    StringBuilder s = new StringBuilder();
    List<Program.Step> steps = program.steps();
    line(s, "equation  %s", equation);
    for (int i = 0; i < shapes.length; i++) {
      line(s, "%-9s %s %s", "#" + i, Arrays.toString(shapes[i]), dtype);
    }
    line(s, "result    %s %s", Arrays.toString(program.outputShape()), dtype);
    line(s, "path      %s", path(program));
    line(s, "work      %s", work(program, shapes.length));
    line(s, "memory    %s", memory(program, dtype));
    line(s, "threads   %s", threads == 0 ? Native.threads() + " (the process's)" : threads);
    double all = flops(program);
    for (int i = 0; i < steps.size(); i++) {
      Program.Step step = steps.get(i);
      long handle = compiled.handle(i);
      double own = flops(program, step);
      line(
          s,
          "%nstep %-4d %s   %s",
          i + 1,
          stepEquation(equation, program, step),
          slots(program, i));
      line(s, "  lengths %s", lengths(equation, program, step));
      line(s, "  kernel  %s: %s", Native.stepKernel(handle), Native.stepDescription(handle));
      line(
          s,
          "  work    %s FLOP%s, %s, workspace %s per thread",
          number(own),
          steps.size() == 1
              ? ""
              : String.format(Locale.ROOT, " (%.0f %%)", 100 * own / Math.max(all, 1)),
          byteText(Native.stepBytes(handle)),
          byteText(Native.stepWorkspace(handle)));
    }
    return s.toString();
  }

  /** The pairs, by the numbers that the steps use, and who chose them. */
  private static String path(Program program) {
    StringBuilder s = new StringBuilder();
    for (int[] pair : program.path()) {
      s.append('(').append(pair[0]).append(',').append(pair[1]).append(") ");
    }
    return s + (s.length() == 0 ? "" : "- ") + program.pathOrigin();
  }

  private static String work(Program program, int operands) {
    double own = flops(program);
    double naive = naiveFlops(program, operands);
    return number(own)
        + " FLOP"
        + (naive > 1.01 * own
            ? String.format(
                Locale.ROOT,
                "; one loop nest over all labels: %s (%.3gx)",
                number(naive),
                naive / Math.max(own, 1))
            : "");
  }

  private static String memory(Program program, DType dtype) {
    String s = byteText(bytes(program, dtype)) + " moved";
    long largest = 0;
    int at = 0;
    List<Program.Step> steps = program.steps();
    for (int i = 0; i < steps.size() - 1; i++) {
      if (program.elementsOf(steps.get(i).output()) > largest) {
        largest = program.elementsOf(steps.get(i).output());
        at = i + 1;
      }
    }
    return at == 0
        ? s + ", no intermediates"
        : s
            + ", "
            + byteText(program.workspaceElements() * dtype.bytes())
            + " for intermediates, the largest "
            + byteText(largest * dtype.bytes())
            + " (step "
            + at
            + ")";
  }

  private static String stepEquation(Equation equation, Program program, Program.Step step) {
    StringBuilder s = new StringBuilder();
    for (int slot : step.inputs()) {
      s.append(s.length() == 0 ? "" : ",").append(equation.names(program.labelsOf(slot)));
    }
    return s.append("->").append(equation.names(step.outer())).toString();
  }

  /** "#0,#1 -> #3", the last step's being the result. */
  private static String slots(Program program, int i) {
    Program.Step step = program.steps().get(i);
    String from =
        Arrays.stream(step.inputs()).mapToObj(slot -> "#" + slot).collect(Collectors.joining(","));
    boolean last = i == program.steps().size() - 1;
    return from + " -> " + (last ? "result" : "#" + step.output());
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

  private static void line(StringBuilder s, String format, Object... values) {
    s.append(String.format(Locale.ROOT, format, values)).append('\n');
  }

  private static String number(double v) {
    return v < 1e6 ? String.format(Locale.ROOT, "%.0f", v) : String.format(Locale.ROOT, "%.3g", v);
  }

  private static String byteText(long bytes) {
    if (bytes < 10_000) {
      return bytes + " bytes";
    }
    return bytes < 10_000_000
        ? String.format(Locale.ROOT, "%.1f KB", bytes / 1e3)
        : String.format(Locale.ROOT, "%.1f MB", bytes / 1e6);
  }
}
