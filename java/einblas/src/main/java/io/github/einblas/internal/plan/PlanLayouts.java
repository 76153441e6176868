// Plans: the native steps of a plan for the sets of strides that it was lately run with.
package io.github.einblas.internal.plan;

import io.github.einblas.DType;
import io.github.einblas.MemoryLimitException;
import io.github.einblas.PlanOptions;
import io.github.einblas.internal.equation.Equation;
import io.github.einblas.internal.natives.Native;
import io.github.einblas.internal.tensor.Lease;
import io.github.einblas.internal.tensor.Strided;
import io.github.einblas.internal.tensor.Views;
import java.util.Arrays;
import java.util.Locale;

/** A plan's program, cut to its memory limit, and its compiled layouts. Thread-safe. */
public final class PlanLayouts {
  /** Sets of strides kept per plan: a caller rarely alternates between more than a few layouts. */
  private static final int LAYOUTS = 4;

  private final Equation equation;
  private final PlanTypes types;
  private final long[][] shapes;
  private final PlanOptions options;
  private final boolean[] constant;
  private final OutputForm form;

  /** Operands that are conjugated whatever their views, or null. */
  private final boolean[] conjugates;

  private final SlicedProgram slices;

  /** Operands that the plan takes for the same, as a run finds them; null for none. */
  private final int[] same;

  /** Whether all runs are of the plan's own program, where that is right. */
  private final boolean fixed;

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
   * @param conjugates operands that are conjugated whatever their views, or null
   * @param known path and perhaps cuts found earlier, or null to search
   * @param same for each operand the first that will be the same tensor, or null
   */
  PlanLayouts(
      Equation equation,
      PlanTypes types,
      long[][] shapes,
      PlanOptions options,
      boolean[] constant,
      OutputForm form,
      boolean[] conjugates,
      KnownPlan known,
      int[] same) {
    this.equation = equation;
    this.types = types;
    this.shapes = shapes;
    this.options = options;
    this.constant = constant;
    this.form = form;
    this.conjugates = conjugates;
    this.givenStepRoom = known == null ? Long.MAX_VALUE : known.stepRoom();
    SlicedProgram whole =
        known != null && known.program() != null
            ? known.program()
            : SlicedProgram.whole(
                equation, shapes, options, constant, known == null ? null : known.path(), fuses());
    this.outputShape = form == null ? whole.outputShape() : form.shape();
    this.outputBytes = resultBytes();
    this.contiguousOutput = Views.contiguous(outputShape);
    SlicedProgram cut = whole;
    if (known != null && known.cuts() != null) {
      cut = whole.cut(known.cuts(), constant, fuses());
    } else if (isCut(options)) {
      cut = cut(whole, Layout.contiguous(shapes), outputStrides(contiguousOutput));
    }
    cut.main().requirePossible(types.intermediate().bytes());
    boolean part = known != null && known.program() != null;
    this.same = part ? cut.same() : own(same);
    this.slices = part || same == null ? cut : sharing(cut, this.same);
    this.fixed = part || Layout.some(constant);
  }

  /** A program that computes once what is equal, where there is such and it fits the limits. */
  private SlicedProgram sharing(SlicedProgram program, int[] pattern) {
    SlicedProgram own = program.sharing(pattern);
    if (own.main().reused().isEmpty()) {
      return program.sharing(null);
    }
    long[] output = outputStrides(contiguousOutput);
    boolean fits =
        !isCut(options)
            || ((!isLimited(options)
                    || outputBytes + compile(own, Layout.contiguous(shapes), output).peakBytes(1)
                        <= options.memoryLimit())
                && (!isSliceLimited(options) || sliceBytes(own) <= options.sliceMemoryLimit()));
    return fits ? own : program.sharing(null);
  }

  /** The program for operands some of which are the same. */
  private SlicedProgram program(int[] pattern) {
    if (Arrays.equals(pattern, same) || (fixed && Reuse.holds(slices.same(), pattern))) {
      return slices;
    }
    return fixed ? slices.sharing(null) : sharing(slices, pattern);
  }

  /** Which operands of a run are the same; the gradient for the result is read in its own way. */
  private int[] same(Strided[] operands) {
    return own(Reuse.same(operands));
  }

  private int[] own(int[] pattern) {
    return conjugates == null
        ? pattern
        : Reuse.refined(pattern, (i, k) -> conjugates[i] == conjugates[k]);
  }

  /**
   * Bytes of the result.
   *
   * @throws IllegalArgumentException if they cannot be addressed
   */
  private long resultBytes() {
    double elements = elements(outputShape);
    double bytes = elements * types.result().bytes();
    if (bytes >= Long.MAX_VALUE) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "equation \"%s\": the result would have %.3g elements, %.3g bytes, more than can be"
                  + " addressed; a memory limit or slices do not help, as the result is written as"
                  + " a whole: sum labels, or contract parts of the operands",
              equation.around(Lease.OUTPUT),
              elements,
              bytes));
    }
    return (long) bytes;
  }

  private static double elements(long[] shape) {
    double elements = Arrays.stream(shape).anyMatch(length -> length == 0) ? 0 : 1;
    for (long length : shape) {
      elements *= elements == 0 ? 0 : length;
    }
    return elements;
  }

  /** Cuts so that a run of one thread fits the memory limit for these strides. */
  private SlicedProgram cut(SlicedProgram whole, Layout layout, long[] outputStrides) {
    return new SliceSearch(
            equation,
            shapes,
            options,
            constant,
            fuses(),
            types.intermediate(),
            outputBytes,
            p -> runBytes(p, layout, outputStrides),
            this::sliceBytes)
        .search(whole, options);
  }

  /** Bytes of a run of one thread, the result too; intermediates alone where nothing holds them. */
  private long runBytes(SlicedProgram program, Layout layout, long[] outputStrides) {
    return program.main().isPossible()
        ? (long) ((double) outputBytes + compile(program, layout, outputStrides).peakBytes(1))
        : intermediateBytes(program);
  }

  private long intermediateBytes(SlicedProgram program) {
    return (long) (program.main().elementsTaken() * types.intermediate().bytes());
  }

  /** Bytes of a whole slice that is computed alone by one thread, its parts of all tensors too. */
  private long sliceBytes(SlicedProgram program) {
    SlicedProgram slice = program.slice(0);
    if (!slice.main().isPossible()) {
      return intermediateBytes(slice);
    }
    CompiledPlan alone =
        compile(
            slice,
            Layout.contiguous(program.shapesOf(0)),
            Views.contiguous(slice.outputShape()),
            types.sumsApart(types.isChecked(options)),
            stepRoom(program));
    return (long) (partBytes(slice, program.shapesOf(0)) + alone.peakBytes(1));
  }

  /** Bytes of a slice's parts of the operands and the result. */
  private double partBytes(SlicedProgram slice, long[][] parts) {
    double bytes = elements(slice.outputShape()) * types.result().bytes();
    for (int i = 0; i < parts.length; i++) {
      bytes += elements(parts[i]) * types.operand(i).bytes();
    }
    return bytes;
  }

  /** Elementwise products of three have kernels where all have one type, and loops elsewhere. */
  private boolean fuses() {
    return SlicedProgram.fuses(options) && types.isPlain();
  }

  /** Whether there is a memory limit. */
  static boolean isLimited(PlanOptions options) {
    return options.memoryLimit() != Long.MAX_VALUE;
  }

  private static boolean isSliceLimited(PlanOptions options) {
    return options.sliceMemoryLimit() != Long.MAX_VALUE;
  }

  /** Whether something may make a plan cut labels. */
  static boolean isCut(PlanOptions options) {
    return isLimited(options) || isSliceLimited(options) || options.slices() > 1;
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
    int own = threads == 0 ? Native.threads() : threads;
    return (long) ((double) outputBytes + compiled.peakBytes(own));
  }

  /** Most native bytes of a run at a time for operands that lie so and a contiguous result. */
  long peakBytes(Layout layout, int threads) {
    return peakBytes(of(layout, outputStrides(contiguousOutput)), threads);
  }

  /** The steps for two operands, or null if there are none yet. */
  CompiledPlan find(Strided out, Strided a, Strided b) {
    for (CompiledPlan plan : layouts) {
      if (plan.fitsOutput(outputStrides(out.strides()))
          && plan.layout().fits(0, a)
          && plan.layout().fits(1, b)) {
        return plan;
      }
    }
    return null;
  }

  /** The steps for a run, or null if there are none yet. */
  CompiledPlan find(Strided out, Strided[] operands) {
    int[] pattern = same(operands);
    for (CompiledPlan plan : layouts) {
      if (plan.fitsOutput(outputStrides(out.strides())) && plan.layout().fits(operands, pattern)) {
        return plan;
      }
    }
    return null;
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
    return of(ownLayout(), outputStrides(contiguousOutput));
  }

  /** Row-major operands that are the same where the plan was made for such. */
  Layout ownLayout() {
    return Layout.contiguous(shapes).with(same);
  }

  private Layout layout(Strided[] operands) {
    Layout layout = Layout.of(operands);
    return layout.with(own(layout.same()));
  }

  /** The steps for these operands and a contiguous result. */
  public CompiledPlan of(Strided[] operands) {
    return of(layout(operands), outputStrides(contiguousOutput));
  }

  /** The steps for these operands and a result of these strides. */
  CompiledPlan of(Strided[] operands, long[] resultStrides) {
    return of(layout(operands), outputStrides(resultStrides));
  }

  /**
   * The steps of the plan's own slices, whatever they take; of one use, not kept, where that is
   * more than the limit.
   */
  CompiledPlan ofOwnSlices(Strided[] operands, long[] resultStrides) {
    boolean apart = types.isChecked(options) && slices.addsUp();
    CompiledPlan found = apart ? null : of(operands, resultStrides);
    if (found != null && found.slices().cutList().equals(slices.cutList())) {
      return found;
    }
    Layout layout = layout(operands);
    return compile(program(layout.same()), layout, outputStrides(resultStrides), null);
  }

  /** The steps for constants of their strides; all else is contiguous. */
  CompiledPlan ofConstants(Strided[] constants) {
    Layout layout = ownLayout();
    for (int i = 0; i < constants.length; i++) {
      if (constants[i] != null) {
        layout.strides()[i] = constants[i].strides();
        layout.conjugated()[i] = constants[i].isConjugate();
      }
    }
    return of(layout, outputStrides(contiguousOutput));
  }

  /** The steps for a layout; the oldest one is forgotten when there are too many. */
  private CompiledPlan of(Layout layout, long[] outputStrides) {
    synchronized (slices) {
      for (CompiledPlan known : layouts) {
        if (known.fitsOutput(outputStrides) && known.layout().isSame(layout)) {
          return known;
        }
      }
      SlicedProgram program = program(layout.same());
      CompiledPlan made = compile(program, layout, outputStrides);
      if (isLimited(options) && peakBytes(made, 1) > options.memoryLimit()) {
        requireNoConstants(made);
        // Other strides, or another machine than the one that cut, may take more workspace: this
        // layout is cut in its own way.
        SlicedProgram plain = program.sharing(null);
        made = compile(cut(plain, layout, outputStrides), layout, outputStrides);
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
        long needed = peakBytes(made, 1);
        throw new MemoryLimitException(
            "plan of \""
                + Equation.abbreviated(equation.toString())
                + "\": operands of these strides need "
                + needed
                + " bytes, the memory limit is "
                + options.memoryLimit()
                + "; a plan with constants is cut for contiguous operands only",
            needed);
      }
    }
  }

  private CompiledPlan compile(SlicedProgram program, Layout layout, long[] outputStrides) {
    DType apart = types.sumsApart(types.isChecked(options));
    return compile(program, layout, outputStrides, apart);
  }

  private CompiledPlan compile(
      SlicedProgram program, Layout layout, long[] outputStrides, DType apart) {
    return compile(program, layout, outputStrides, apart, stepRoom(program));
  }

  private CompiledPlan compile(
      SlicedProgram program, Layout layout, long[] outputStrides, DType apart, long stepRoom) {
    return new CompiledPlan(
        program,
        types,
        layout,
        conjugates,
        outputStrides,
        options.batchInvariance() ? Native.INVARIANT : options.kernel(),
        isLimited(options) ? options.memoryLimit() - outputBytes : Long.MAX_VALUE,
        stepRoom,
        types.isChecked(options),
        apart);
  }

  /**
   * Bytes that a step's workspaces have under the limit, beside result and intermediates. Decided
   * by the contraction and the limit alone, as the blocks are that it decides, hence bits.
   */
  long stepRoom(SlicedProgram program) {
    double room = givenStepRoom;
    if (isSliceLimited(options)) {
      SlicedProgram slice = program.slice(0);
      double parts = partBytes(slice, program.shapesOf(0));
      room = options.sliceMemoryLimit() - parts - ownBytes(slice);
    }
    return (long) Math.max(0, isLimited(options) ? Math.min(room, runRoom(program)) : room);
  }

  private double ownBytes(SlicedProgram program) {
    return ((double) program.workspaceElements() + program.main().heldElements())
        * types.intermediate().bytes();
  }

  private double runRoom(SlicedProgram program) {
    DType apart = types.sumsApart(types.isChecked(options));
    double sums =
        apart != null && program.addsUp() ? elements(program.outputShape()) * apart.bytes() : 0;
    return options.memoryLimit() - (double) outputBytes - ownBytes(program) - sums;
  }
}
