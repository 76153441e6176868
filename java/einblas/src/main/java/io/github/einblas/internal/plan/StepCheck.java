// Plans: whether a step of integers would wrap, and the words for where.
package io.github.einblas.internal.plan;

import io.github.einblas.DType;
import io.github.einblas.IntegerOverflowException;
import io.github.einblas.internal.equation.Equation;
import io.github.einblas.internal.natives.Handle;
import io.github.einblas.internal.natives.NativeCheck;
import java.lang.ref.Reference;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;

/** The check of one native step, made for its strides. Immutable; used by many threads at once. */
final class StepCheck {
  private final Handle check;
  private final Where where;
  private final DType type;
  private final long[] lengths;

  /**
   * What a step is, for texts.
   *
   * @param equation the plan's
   * @param number of the step, from 1
   * @param count of all steps
   * @param stepEquation the step's own
   * @param labels of its result
   * @param slices whose cut labels start at {@code starts} of a run
   */
  record Where(
      Equation equation,
      int number,
      int count,
      String stepEquation,
      int[] labels,
      SlicedProgram slices) {
    /** Of a step of one of the slices' programs. */
    static Where of(SlicedProgram slices, Program program, int step) {
      Step own = program.steps().get(step);
      return of(slices, program, step, own.outer());
    }

    /** Of the last step of the first program, with all labels that the whole output has. */
    static Where ofOutput(SlicedProgram slices) {
      Program main = slices.main();
      return of(slices, main, main.steps().size() - 1, slices.equation().output());
    }

    private static Where of(SlicedProgram slices, Program program, int step, int[] labels) {
      String own = program.equationOf(program.steps().get(step));
      return new Where(slices.equation(), step + 1, program.steps().size(), own, labels, slices);
    }
  }

  /**
   * Makes the check.
   *
   * @param types of the step's tensors and sums
   * @param lengths of its axes, those of {@code where.labels} first
   * @param room bytes that a check may take
   */
  StepCheck(Where where, DType[] types, long[] lengths, long[] strides, long room) {
    this.where = where;
    this.type = types[types.length - 2];
    this.lengths = lengths;
    long handle = NativeCheck.create(types, where.labels.length, lengths, strides, room);
    this.check = new Handle(NativeCheck::destroy, handle);
  }

  /** Bytes that a check takes beside the tensors. */
  long memory(int threads) {
    try {
      return NativeCheck.memory(check.value(), threads);
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  /**
   * Checks a run of the step with these tensors.
   *
   * @param starts where the slice starts along the cut labels, or null for the whole
   * @throws IntegerOverflowException naming the first element that does not fit; nothing is written
   */
  void run(
      long x0, long x1, long x2, long out, double alpha, double beta, int threads, long[] starts) {
    try {
      long first = NativeCheck.first(check.value(), x0, x1, x2, out, alpha, beta, threads);
      if (first >= 0) {
        BigInteger value = NativeCheck.value(check.value(), x0, x1, x2, out, alpha, beta, first);
        throw overflow(first, value, starts);
      }
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  private IntegerOverflowException overflow(long first, BigInteger value, long[] starts) {
    List<String> names = new ArrayList<>();
    List<Long> index = new ArrayList<>();
    StringBuilder at = new StringBuilder();
    long rest = first;
    for (int d = where.labels.length - 1; d >= 0; d--) {
      long own = rest % lengths[d] + start(where.labels[d], starts);
      rest /= lengths[d];
      String name = where.equation.names(new int[] {where.labels[d]});
      names.add(0, name);
      index.add(0, own);
      at.insert(0, (d == 0 ? "" : ", ") + name + "=" + own);
    }
    String text =
        "plan of \""
            + Equation.abbreviated(where.equation.toString())
            + "\": step "
            + where.number
            + " of "
            + where.count
            + " ("
            + Equation.abbreviated(where.stepEquation)
            + "): "
            + (at.length() == 0 ? "its result" : "element " + at)
            + " is "
            + (value == null ? "a number of more than 511 bits" : value.toString())
            + ", beyond "
            + type
            + " ("
            + range()
            + "); the output is untouched";
    return new IntegerOverflowException(
        text,
        new IntegerOverflowException.Place(
            where.equation.toString(), where.number, where.stepEquation, names, index, type),
        value);
  }

  private String range() {
    if (type == DType.U8) {
      return "0 to 255";
    }
    BigInteger most = BigInteger.ONE.shiftLeft(8 * type.bytes() - 1);
    return most.negate() + " to " + most.subtract(BigInteger.ONE);
  }

  private long start(int label, long[] starts) {
    for (int k = 0; starts != null && k < starts.length; k++) {
      if (where.slices.label(k) == label) {
        return starts[k];
      }
    }
    return 0;
  }
}
