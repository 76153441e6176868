// Test support: runs a program's steps in Java by the definition of the native step, on arrays.
package io.github.einblas.internal.plan;

import io.github.einblas.internal.tensor.Views;
import java.util.Arrays;

/** What the native side does with a program, slowly and without natives. */
final class StepInterpreter {
  private StepInterpreter() {}

  /** The result in row-major order; the operands are row-major. */
  static double[] run(Program program, long[][] shapes, double[][] operands) {
    long[][] strides = Arrays.stream(shapes).map(Views::contiguous).toArray(long[][]::new);
    long[] outStrides = Views.contiguous(program.outputShape());
    double[] out = new double[(int) Views.size(program.outputShape())];
    Arrays.fill(out, Double.NaN);
    double[] workspace = new double[(int) program.workspaceElements()];
    Arrays.fill(workspace, Double.NaN);
    for (int s = 0; s < program.steps().size(); s++) {
      Step step = program.steps().get(s);
      int inputs = step.inputs().length;
      double[][] arrays = new double[inputs + 1][];
      long[] bases = new long[inputs + 1];
      for (int t = 0; t < inputs; t++) {
        int slot = step.inputs()[t];
        arrays[t] = slot < operands.length ? operands[slot] : workspace;
        bases[t] = slot < operands.length ? 0 : program.offset(slot);
      }
      boolean last = s == program.steps().size() - 1;
      arrays[inputs] = last ? out : workspace;
      bases[inputs] = last ? 0 : program.offset(step.output());
      step(
          program.axisLengths(step),
          step.outer().length,
          program.axisStrides(step, shapes, strides, outStrides),
          arrays,
          bases);
    }
    return out;
  }

  private static void step(
      long[] lengths, int outer, long[] strides, double[][] arrays, long[] bases) {
    int axes = lengths.length;
    int out = arrays.length - 1;
    if (Arrays.stream(lengths, 0, outer).anyMatch(l -> l == 0)) {
      return;
    }
    boolean empty = Arrays.stream(lengths, outer, axes).anyMatch(l -> l == 0);
    long[] index = new long[axes];
    do {
      double sum = 0;
      do {
        if (!empty) {
          double product = 1;
          for (int t = 0; t < out; t++) {
            product *= arrays[t][at(bases[t], index, strides, t * axes)];
          }
          sum += product;
        }
      } while (!empty && next(index, lengths, outer, axes));
      arrays[out][at(bases[out], index, strides, out * axes)] = sum;
    } while (next(index, lengths, 0, outer));
  }

  private static boolean next(long[] index, long[] lengths, int from, int to) {
    for (int a = to - 1; a >= from; a--) {
      if (++index[a] < lengths[a]) {
        return true;
      }
      index[a] = 0;
    }
    return false;
  }

  private static int at(long base, long[] index, long[] strides, int from) {
    long at = base;
    for (int a = 0; a < index.length; a++) {
      at += index[a] * strides[from + a];
    }
    return (int) at;
  }
}
