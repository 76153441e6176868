// Planner, last stage: native steps made for one set of strides, freed with this object.
package io.github.einblas.internal;

import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.util.List;

/** A program's native steps for given strides. Immutable; run by many threads at once. */
public final class CompiledSteps {
  private static final Cleaner CLEANER = Cleaner.create();

  private final Program program;
  private final int elementBytes;
  private final long[][] strides;
  private final long[] outputStrides;
  private final long[] handles;
  private final int operands;

  private record Destroy(long[] handles) implements Runnable {
    @Override
    public void run() {
      for (long handle : handles) {
        if (handle != 0) {
          Native.destroyStep(handle);
        }
      }
    }
  }

  /** Makes the steps; strides are kept, not copied. */
  public CompiledSteps(
      Program program,
      int dtype,
      int elementBytes,
      long[][] shapes,
      long[][] strides,
      long[] outputStrides,
      String kernel) {
    this.program = program;
    this.elementBytes = elementBytes;
    this.strides = strides;
    this.outputStrides = outputStrides;
    this.operands = shapes.length;
    List<Program.Step> steps = program.steps();
    this.handles = new long[steps.size()];
    boolean done = false;
    try {
      for (int s = 0; s < handles.length; s++) {
        Program.Step step = steps.get(s);
        handles[s] =
            Native.createStep(
                dtype,
                step.inputs().length,
                step.outer().length,
                program.axisLengths(step),
                program.axisStrides(step, shapes, strides, outputStrides),
                kernel);
      }
      done = true;
    } finally {
      if (!done) {
        new Destroy(handles).run();
      }
    }
    CLEANER.register(this, new Destroy(handles));
  }

  /** Whether the steps were made for these output strides. */
  public boolean fitsOutput(long[] other) {
    return Views.same(outputStrides, other);
  }

  /** Whether the steps were made for these strides of operand i. */
  public boolean fitsOperand(int i, long[] other) {
    return Views.same(strides[i], other);
  }

  /** Handle of a step, for explanations; valid while this is reachable. */
  public long handle(int step) {
    return handles[step];
  }

  /**
   * Whether the program is one step over at most three operands: then {@link #runSingle} may be
   * used.
   */
  public boolean isSingle() {
    return handles.length == 1;
  }

  /** Runs a one-step program; addresses of absent operands are 0. */
  public void runSingle(
      long x0, long x1, long x2, long out, double alpha, double beta, int threads) {
    runLast(x0, x1, x2, out, alpha, beta, threads);
  }

  /** Runs all steps; alpha and beta belong to the last one. */
  public void run(long[] operandAddresses, long out, double alpha, double beta, int threads) {
    int last = handles.length - 1;
    if (alpha == 0) {
      // Nothing is read, so there is no need to compute it.
      runLast(0, 0, 0, out, 0, beta, threads);
      return;
    }
    long bytes = program.workspaceElements() * elementBytes;
    long workspace = Native.alloc(bytes);
    try {
      List<Program.Step> steps = program.steps();
      for (int s = 0; s < last; s++) {
        int[] in = steps.get(s).inputs();
        Native.runStep(
            handles[s],
            address(in, 0, operandAddresses, workspace),
            address(in, 1, operandAddresses, workspace),
            address(in, 2, operandAddresses, workspace),
            workspace + program.offset(steps.get(s).output()) * elementBytes,
            1,
            0,
            threads);
      }
      int[] in = steps.get(last).inputs();
      runLast(
          address(in, 0, operandAddresses, workspace),
          address(in, 1, operandAddresses, workspace),
          address(in, 2, operandAddresses, workspace),
          out,
          alpha,
          beta,
          threads);
    } finally {
      Native.free(workspace, bytes);
      Reference.reachabilityFence(this);
    }
  }

  private void runLast(
      long x0, long x1, long x2, long out, double alpha, double beta, int threads) {
    try {
      Native.runStep(handles[handles.length - 1], x0, x1, x2, out, alpha, beta, threads);
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  private long address(int[] inputs, int i, long[] operandAddresses, long workspace) {
    if (i >= inputs.length) {
      return 0;
    }
    int slot = inputs[i];
    return slot < operands
        ? operandAddresses[slot]
        : workspace + program.offset(slot) * elementBytes;
  }
}
