// Plans: the native steps of a plan for the sets of strides that it was lately run with.
package io.github.einblas.internal.plan;

import io.github.einblas.DType;
import io.github.einblas.PlanOptions;
import io.github.einblas.internal.equation.Equation;
import io.github.einblas.internal.natives.Native;
import io.github.einblas.internal.tensor.Strided;
import io.github.einblas.internal.tensor.Views;
import java.util.Arrays;

/** A plan's program, cut to its memory limit, and its compiled layouts. Thread-safe. */
public final class PlanLayouts {
  /** Sets of strides kept per plan: a caller rarely alternates between more than a few layouts. */
  private static final int LAYOUTS = 4;

  private final Equation equation;
  private final DType dtype;
  private final long[][] shapes;
  private final PlanOptions options;
  private final boolean[] constant;
  private final OutputForm form;
  private final SlicedProgram slices;
  private final long[] outputShape;
  private final long[] contiguousOutput;
  private final long outputBytes;
  private final long givenStepRoom;

  /** Newest first; replaced as a whole, never changed. */
  private volatile CompiledPlan[] layouts = {};

  /**
   * Searches a path and cuts.
   *
   * @param constant operands that stay the same from run to run
   * @param form where the equation's output lies in the result, or null where it is the result
   * @param known path and perhaps cuts found earlier, or null to search
   */
  PlanLayouts(
      Equation equation,
      DType dtype,
      long[][] shapes,
      PlanOptions options,
      boolean[] constant,
      OutputForm form,
      KnownPlan known) {
    this.equation = equation;
    this.dtype = dtype;
    this.shapes = shapes;
    this.options = options;
    this.constant = constant;
    this.form = form;
    this.givenStepRoom = known == null ? Long.MAX_VALUE : known.stepRoom();
    SlicedProgram whole =
        known != null && known.program() != null
            ? known.program()
            : SlicedProgram.whole(
                equation, shapes, options, constant, known == null ? null : known.path());
    this.outputShape = form == null ? whole.outputShape() : form.shape();
    this.contiguousOutput = Views.contiguous(outputShape);
    this.outputBytes = Views.bytes(outputShape, dtype.bytes());
    if (known != null && known.cuts() != null) {
      this.slices = whole.cut(known.cuts(), constant, options);
    } else if (isCut(options)) {
      long[][] strides = Arrays.stream(shapes).map(Views::contiguous).toArray(long[][]::new);
      this.slices = cut(whole, strides, outputStrides(contiguousOutput));
    } else {
      this.slices = whole;
    }
    slices.main().requirePossible();
  }

  /** Cuts so that a run of one thread fits the memory limit for these strides. */
  private SlicedProgram cut(SlicedProgram whole, long[][] strides, long[] outputStrides) {
    return new SliceSearch(
            equation,
            shapes,
            options,
            constant,
            dtype,
            outputBytes,
            p ->
                p.main().isPossible()
                    ? outputBytes + compile(p, strides, outputStrides).peakBytes(1)
                    : Long.MAX_VALUE)
        .search(whole, options);
  }

  /** Whether there is a memory limit. */
  static boolean isLimited(PlanOptions options) {
    return options.memoryLimit() != Long.MAX_VALUE;
  }

  /** Whether something may make a plan cut labels. */
  static boolean isCut(PlanOptions options) {
    return isLimited(options) || options.slices() > 1;
  }

  /** The program for contiguous operands. */
  SlicedProgram slices() {
    return slices;
  }

  /** Shape of the result, not to be changed. */
  long[] outputShape() {
    return outputShape;
  }

  /** Threads of a run; 0 means the process's number at the time of the run. */
  int threads() {
    return options.threads();
  }

  /** Most native bytes of a run at a time, the result included. */
  public long peakBytes(CompiledPlan compiled) {
    return peakBytes(compiled, threads());
  }

  private long peakBytes(CompiledPlan compiled, int threads) {
    return outputBytes + compiled.peakBytes(threads == 0 ? Native.threads() : threads);
  }

  /** Most native bytes of a run at a time for operands of these strides and a contiguous result. */
  long peakBytes(long[][] strides, int threads) {
    return peakBytes(of(strides, outputStrides(contiguousOutput)), threads);
  }

  /** The steps for two operands, or null if there are none yet. */
  CompiledPlan find(Strided out, Strided a, Strided b) {
    for (CompiledPlan plan : layouts) {
      if (plan.fitsOutput(outputStrides(out.strides()))
          && plan.fitsOperand(0, a.strides())
          && plan.fitsOperand(1, b.strides())) {
        return plan;
      }
    }
    return null;
  }

  /** The steps for a run, or null if there are none yet. */
  CompiledPlan find(Strided out, Strided[] operands) {
    for (CompiledPlan plan : layouts) {
      if (fits(plan, out, operands)) {
        return plan;
      }
    }
    return null;
  }

  private boolean fits(CompiledPlan plan, Strided out, Strided[] operands) {
    if (!plan.fitsOutput(outputStrides(out.strides()))) {
      return false;
    }
    for (int i = 0; i < operands.length; i++) {
      if (!plan.fitsOperand(i, operands[i].strides())) {
        return false;
      }
    }
    return true;
  }

  /** Strides of the equation's output in a result of these strides. */
  long[] outputStrides(long[] strides) {
    return form == null ? strides : form.strides(strides);
  }

  static long[][] strides(Strided[] operands) {
    return Arrays.stream(operands).map(Strided::strides).toArray(long[][]::new);
  }

  /** The steps for contiguous operands and result. */
  public CompiledPlan contiguous() {
    return of(
        Arrays.stream(shapes).map(Views::contiguous).toArray(long[][]::new),
        outputStrides(contiguousOutput));
  }

  /** The steps for these operands and a contiguous result. */
  public CompiledPlan of(Strided[] operands) {
    return of(strides(operands), outputStrides(contiguousOutput));
  }

  /** The steps for these operands and a result of these strides. */
  CompiledPlan of(Strided[] operands, long[] resultStrides) {
    return of(strides(operands), outputStrides(resultStrides));
  }

  /**
   * The steps of the plan's own slices, whatever they take; of one use, not kept, where that is
   * more than the limit.
   */
  CompiledPlan ofOwnSlices(Strided[] operands, long[] resultStrides) {
    CompiledPlan found = of(operands, resultStrides);
    return found.slices() == slices
        ? found
        : compile(slices, strides(operands), outputStrides(resultStrides));
  }

  /** The steps for constants of their strides; all else is contiguous. */
  CompiledPlan ofConstants(Strided[] constants) {
    long[][] strides = new long[constants.length][];
    for (int i = 0; i < strides.length; i++) {
      strides[i] = constants[i] == null ? Views.contiguous(shapes[i]) : constants[i].strides();
    }
    return of(strides, outputStrides(contiguousOutput));
  }

  /** The steps for a layout; the oldest one is forgotten when there are too many. */
  private CompiledPlan of(long[][] strides, long[] outputStrides) {
    synchronized (slices) {
      for (CompiledPlan known : layouts) {
        boolean same = known.fitsOutput(outputStrides);
        for (int i = 0; same && i < strides.length; i++) {
          same = known.fitsOperand(i, strides[i]);
        }
        if (same) {
          return known;
        }
      }
      CompiledPlan made = compile(slices, strides, outputStrides);
      if (isLimited(options) && peakBytes(made, 1) > options.memoryLimit()) {
        requireNoConstants(made);
        // Other strides, or another machine than the one that cut, may take more workspace: this
        // layout is cut in its own way.
        made = compile(cut(slices, strides, outputStrides), strides, outputStrides);
      }
      CompiledPlan[] known = layouts;
      CompiledPlan[] next = new CompiledPlan[Math.min(known.length + 1, LAYOUTS)];
      next[0] = made;
      System.arraycopy(known, 0, next, 1, next.length - 1);
      layouts = next;
      return made;
    }
  }

  private void requireNoConstants(CompiledPlan made) {
    for (boolean fixed : constant) {
      if (fixed) {
        throw new IllegalArgumentException(
            "plan of \""
                + equation
                + "\": operands of these strides need "
                + peakBytes(made, 1)
                + " bytes, the memory limit is "
                + options.memoryLimit()
                + "; a plan with constants is cut for contiguous operands only");
      }
    }
  }

  private CompiledPlan compile(SlicedProgram program, long[][] strides, long[] outputStrides) {
    return new CompiledPlan(
        program,
        dtype,
        strides,
        outputStrides,
        options.batchInvariance() ? Native.INVARIANT : options.kernel(),
        isLimited(options) ? options.memoryLimit() - outputBytes : Long.MAX_VALUE,
        stepRoom(program));
  }

  /**
   * Bytes that a step's workspaces have under the limit, beside result and intermediates. Decided
   * by the contraction and the limit alone, as the blocks are that it decides, hence bits.
   */
  long stepRoom(SlicedProgram program) {
    if (!isLimited(options)) {
      return givenStepRoom;
    }
    long elements =
        Math.addExact(program.workspaceElements(), program.main().heldElements()) * dtype.bytes();
    return Math.max(0, options.memoryLimit() - outputBytes - elements);
  }
}
