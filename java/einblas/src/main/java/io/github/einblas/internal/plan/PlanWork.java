// Plans: counts the work of a program's steps.
package io.github.einblas.internal.plan;

import io.github.einblas.DType;
import io.github.einblas.internal.equation.Equation;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/**
 * Operations and bytes of programs. With types, operations are those on real numbers: a product of
 * two complex numbers has 6, of a complex and a real one 2, a complex sum of two 2.
 */
public final class PlanWork {
  private PlanWork() {}

  /** Operations of a run, those of any numbers counted as one each. */
  public static double flops(SlicedProgram slices) {
    return flops(slices, null);
  }

  /** Operations of a run on real numbers. */
  public static double flops(SlicedProgram slices, PlanTypes types) {
    double flops = 0;
    List<Step> steps = slices.main().steps();
    for (int s = 0; s < steps.size(); s++) {
      flops += flops(slices, s, types);
    }
    return flops;
  }

  /** Operations of one slice's steps, those of any numbers counted as one each. */
  public static double flops(Program program) {
    return program.steps().stream().mapToDouble(step -> flops(program, step, null)).sum();
  }

  /** Operations of all runs of a step: as much as in one piece if it is cut, else once or again. */
  public static double flops(SlicedProgram slices, int s, PlanTypes types) {
    return scaled(slices, s, flops(slices.main(), slices.main().steps().get(s), types));
  }

  /** Operations of all slices over those of the same steps uncut. */
  public static double overhead(SlicedProgram slices) {
    double all = flops(slices);
    double uncut = 0;
    Program program = slices.main();
    for (Step step : program.steps()) {
      uncut += flops(program, step, null);
    }
    Equation equation = slices.equation();
    double[] times = new double[program.steps().size()];
    Arrays.fill(times, 1);
    for (int k = 0; k < slices.cuts(); k++) {
      boolean[] has = stepsWith(equation, program, slices.label(k));
      for (int s = 0; s < times.length; s++) {
        times[s] *= has[s] ? (double) slices.length(k) / slices.chunk(k) : 1;
      }
    }
    for (int s = 0; s < times.length; s++) {
      uncut += (times[s] - 1) * flops(program, program.steps().get(s), null);
    }
    return slices.cuts() == 0 ? 1 : all / uncut;
  }

  /** Steps of whose tensors some have a label, of length 1 in a slice or not. */
  private static boolean[] stepsWith(Equation equation, Program program, int label) {
    int operands = equation.operandCount();
    List<Step> steps = program.steps();
    int[] below = new int[operands + steps.size()];
    int all = has(equation.output(), label) ? 1 : 0;
    for (int i = 0; i < operands; i++) {
      below[i] = has(equation.operand(i), label) ? 1 : 0;
      all += below[i];
    }
    boolean[] with = new boolean[steps.size()];
    for (int s = 0; s < with.length; s++) {
      int count = 0;
      for (int slot : steps.get(s).inputs()) {
        // An intermediate has it while somebody else does.
        with[s] |= below[slot] > 0 && (slot < operands || below[slot] < all);
        count += below[slot];
      }
      below[steps.get(s).output()] = count;
    }
    return with;
  }

  private static boolean has(int[] labels, int label) {
    return Arrays.stream(labels).anyMatch(l -> l == label);
  }

  private static boolean has(Step step, int label) {
    return IntStream.concat(Arrays.stream(step.outer()), Arrays.stream(step.reduced()))
        .anyMatch(l -> l == label);
  }

  /**
   * What a step of a whole slice amounts to over all slices: shorter last pieces count for their
   * part where the step has the cut label.
   */
  private static double scaled(SlicedProgram slices, int s, double ofOne) {
    double all = ofOne * slices.runs(s);
    if (slices.runs(s) > 1) {
      Step step = slices.main().steps().get(s);
      for (int k = 0; k < slices.cuts(); k++) {
        int label = slices.label(k);
        boolean cut = has(step, label);
        double pieces = Math.ceil((double) slices.length(k) / slices.chunk(k));
        all *= cut ? slices.length(k) / (pieces * slices.chunk(k)) : 1;
      }
    }
    return all;
  }

  private static double flops(Program program, Step step, PlanTypes types) {
    double outer = product(program, step.outer());
    double reduced = product(program, step.reduced());
    IntPredicate complex = slot -> types != null && types.ofSlot(slot).isComplex();
    return outer * reduced * flops(step.inputs(), step.reduced().length > 0, complex);
  }

  /** Operations of one product, and of its addition to a sum. */
  private static double flops(int[] slots, boolean added, IntPredicate isComplex) {
    double flops = 0;
    boolean complex = false;
    for (int i = 0; i < slots.length; i++) {
      boolean other = isComplex.test(slots[i]);
      flops += i == 0 ? 0 : complex && other ? 6 : complex || other ? 2 : 1;
      complex |= other;
    }
    return flops + (!added ? 0 : complex ? 2 : 1);
  }

  private static double product(Program program, int[] labels) {
    return Arrays.stream(labels).mapToDouble(program::length).reduce(1, (x, y) -> x * y);
  }

  /** Lengths of the sums of all steps, and their products, one after the other. */
  public static double sumLengths(SlicedProgram slices) {
    Program program = slices.main();
    double length = slices.slices();
    for (Step step : program.steps()) {
      length += product(program, step.reduced()) + step.inputs().length;
    }
    return length;
  }

  /** Bytes that the steps read and write, each tensor once per run of a step. */
  public static long bytes(SlicedProgram slices, PlanTypes types) {
    double bytes = 0;
    for (int s = 0; s < slices.main().steps().size(); s++) {
      bytes += bytes(slices, s, types);
    }
    return (long) bytes;
  }

  /** Bytes of the tensors of a step, times its runs. */
  public static double bytes(SlicedProgram slices, int s, PlanTypes types) {
    Program program = slices.main();
    Step step = program.steps().get(s);
    boolean last = s == program.steps().size() - 1;
    DType output = last ? types.result() : types.intermediate();
    double bytes = product(program, step.outer()) * output.bytes();
    for (int slot : step.inputs()) {
      bytes += product(program, program.labelsOf(slot)) * types.ofSlot(slot).bytes();
    }
    return bytes * slices.runs(s);
  }

  /** Operations on real numbers of one loop nest over all labels. */
  public static double naiveFlops(Equation equation, long[][] shapes, PlanTypes types) {
    int[] operands = IntStream.range(0, shapes.length).toArray();
    double all = flops(operands, true, i -> types.operand(i).isComplex());
    for (long length : equation.lengths(shapes).values()) {
      all = Math.min(all * length, Double.MAX_VALUE);
    }
    return all;
  }
}
