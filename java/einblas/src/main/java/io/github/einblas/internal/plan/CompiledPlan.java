// Planner, last stage: all slices of a contraction over native steps, for one set of strides.
package io.github.einblas.internal.plan;

import io.github.einblas.DType;
import io.github.einblas.Epilogue;
import io.github.einblas.IntegerOverflowException;
import io.github.einblas.NativeMemoryException;
import io.github.einblas.internal.natives.Native;
import io.github.einblas.internal.natives.Stop;
import io.github.einblas.internal.plan.CompiledSteps.Checking;
import io.github.einblas.internal.tensor.Views;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.function.LongConsumer;

/** A sliced program's steps for given strides. Immutable; run by many threads at once. */
public final class CompiledPlan {
  private final SlicedProgram slices;
  private final CompiledSteps[] variants;
  private final PlanTypes types;
  private final Layout layout;
  private final long[] outputStrides;

  /** Whether integers are checked. */
  private final boolean checked;

  /** Of sums of slices that are rounded once, at the end; null where there are none. */
  private final FinalRounding rounding;

  /** Bytes from one index of a cut label to the next, by label and operand; the output's last. */
  private final long[][] steps;

  private final CompiledSteps single;
  private final long room;

  /**
   * Makes the steps; the layout is kept, not copied.
   *
   * @param conjugates operands that the contraction conjugates, or null
   * @param room bytes for all but operands and result; {@link Long#MAX_VALUE} for no limit. Steps
   *     run with fewer threads where the workspaces of all would not fit.
   * @param stepRoom what of it a step has beside the intermediates: its blocks are made so small
   * @param checked whether integers are checked
   * @param apart type in which slices are added up apart from the result, or null
   */
  public CompiledPlan(
      SlicedProgram slices,
      PlanTypes types,
      Layout layout,
      boolean[] conjugates,
      long[] outputStrides,
      String kernel,
      long room,
      long stepRoom,
      boolean checked,
      DType apart) {
    this.slices = slices;
    this.checked = checked;
    this.room = room;
    this.types = types;
    this.layout = layout;
    this.outputStrides = outputStrides;
    long[] whole = slices.outputShape();
    this.rounding =
        apart != null && slices.addsUp()
            ? new FinalRounding(
                types,
                apart,
                whole,
                outputStrides,
                checked ? StepCheck.Where.ofOutput(slices) : null,
                stepRoom)
            : null;
    // What the slices' last steps write.
    DType target = rounding == null ? types.result() : apart;
    long[] targetStrides = rounding == null ? outputStrides : Views.contiguous(whole);
    boolean[] conjugated = layout.conjugatedWith(conjugates);
    List<Program> programs = slices.variants();
    variants = new CompiledSteps[programs.size()];
    for (int v = 0; v < variants.length; v++) {
      // What is computed once is so by the first variant.
      variants[v] =
          new CompiledSteps(
              programs.get(v),
              v == 0 ? 0 : slices.main().firstOf(Program.EACH_SLICE),
              types,
              slices.shapesOf(v),
              layout.strides(),
              conjugated,
              target,
              targetStrides,
              kernel,
              stepRoom,
              checked ? slices : null);
      if (room != Long.MAX_VALUE) {
        variants[v].limitThreads((long) (room - ownBytes()));
      }
    }
    if (room != Long.MAX_VALUE && rounding != null) {
      rounding.limitThreads((long) (room - ownBytes()));
    }
    single = slices.cuts() == 0 && variants[0].count() == 1 ? variants[0] : null;
    long[][] strides = layout.strides();
    steps = new long[slices.cuts()][strides.length + 1];
    for (int k = 0; k < steps.length; k++) {
      for (int i = 0; i < strides.length; i++) {
        steps[k][i] = slices.stride(k, i, strides[i]) * types.operand(i).bytes();
      }
      steps[k][strides.length] = slices.stride(k, -1, targetStrides) * target.bytes();
    }
  }

  /** Whether the steps were made for these output strides. */
  public boolean fitsOutput(long[] other) {
    return Views.same(outputStrides, other);
  }

  /** How the operands lie that the steps were made for. */
  Layout layout() {
    return layout;
  }

  /** The types. */
  public PlanTypes types() {
    return types;
  }

  /** The programs. */
  public SlicedProgram slices() {
    return slices;
  }

  /** Steps of a whole slice, for explanations. */
  public CompiledSteps main() {
    return variants[0];
  }

  /** Lengths of the axes of a step of a whole slice, the output's first. */
  public long[] stepLengths(int step) {
    Program program = slices.main();
    return program.axisLengths(program.steps().get(step));
  }

  /** Strides of those axes, operand by operand, then the output's. */
  public long[] stepStrides(int step) {
    Program program = slices.main();
    return program.axisStrides(
        program.steps().get(step), slices.shapesOf(0), layout.strides(), outputStrides);
  }

  /** The only step, to be run by {@link CompiledSteps#runSingle}; null when there is more to do. */
  public CompiledSteps single() {
    return single;
  }

  /** Bytes of intermediates. */
  public long workspaceBytes() {
    return slices.workspaceElements() * types.intermediate().bytes();
  }

  /** Bytes of the results that constant operands alone decide. */
  public long heldBytes() {
    return slices.main().heldElements() * types.intermediate().bytes();
  }

  /** Bytes of intermediates and sums, which may be more than a long counts. */
  private double ownBytes() {
    return (double) workspaceBytes() + heldBytes() + sumBytes();
  }

  /** Bytes of sums of slices that are rounded at the end. */
  private long sumBytes() {
    return rounding == null ? 0 : rounding.bytes();
  }

  /**
   * Most bytes that a run with up to so many threads takes at a time beside operands and result.
   */
  public long peakBytes(int threads) {
    long most = rounding == null ? 0 : rounding.memory(threads);
    for (CompiledSteps v : variants) {
      most = Math.max(most, v.stepMemory(threads));
    }
    return (long) (ownBytes() + most);
  }

  /**
   * The last step with an epilogue, kept for the next run; null where the epilogue is a pass of its
   * own: of slices, under a memory limit or a forced kernel, and behind steps of three tensors.
   */
  EpilogueStep finished(Epilogue epilogue, EpilogueStep.Bias bias) {
    return slices.cuts() > 0 || room != Long.MAX_VALUE || rounding != null
        ? null
        : variants[0].finished(epilogue, bias, slices.equation().output());
  }

  /** Computes what constant operands alone decide, into a block of {@link #heldBytes}. */
  public void hold(long[] operands, long held, int threads) {
    CompiledSteps main = variants[0];
    main.run(
        0,
        main.program().firstOf(Program.EACH_RUN),
        new CompiledSteps.Places(operands, held, 0, 0, null, null, null),
        1,
        0,
        threads,
        null,
        Checking.BEFORE_EACH);
  }

  /**
   * Places for packed copies of constants, as {@link CompiledSteps#packedPlaces}; of a plan in
   * slices, whose constants are read part by part, there are none.
   */
  long[] packedPlaces(boolean[] constant) {
    return slices.cuts() > 0 ? new long[1] : variants[0].packedPlaces(constant);
  }

  /** Whether the memory limit leaves room for so many bytes more. */
  boolean hasRoomFor(long bytes, int threads) {
    if (room == Long.MAX_VALUE) {
      return true;
    }
    return (double) bytes + peakBytes(threads == 0 ? Native.threads() : threads) <= room;
  }

  /** Writes packed copies of constants. */
  void pack(long[] operands, long held, long[] packed, int threads) {
    variants[0].pack(new CompiledSteps.Places(operands, held, 0, 0, packed, null, null), threads);
  }

  /**
   * Runs all slices.
   *
   * @param held what {@link #hold} computed, or 0 for it to be computed and freed
   * @param packed addresses of packed constants, or null
   * @param afterSlice told the number of slices done after each, or null
   * @param nanos gets the time of each step added, or null
   * @param fresh whether what the output holds is nobody's
   * @param finish the last step in another form, from {@link #finished}, or null
   */
  public void run(
      long[] operands,
      long out,
      double alpha,
      double beta,
      int threads,
      long held,
      long[] packed,
      LongConsumer afterSlice,
      long[] nanos,
      boolean fresh,
      CompiledSteps.Finish finish) {
    Job job = new Job(operands, out, alpha, beta, threads, packed, afterSlice, nanos, null, finish);
    // Slices that are written one by one are all checked first.
    if (checked && slices.slices() > 1 && rounding == null && !fresh) {
      runAll(job.unheard().with(Checking.ALONE), held);
      runAll(job.with(Checking.DONE), held);
    } else {
      runAll(job.with(Checking.BEFORE_EACH), held);
    }
  }

  private void runAll(Job job, long held) {
    if (rounding == null || job.alpha() == 0) {
      run(job, 0, slices.slices(), held);
      return;
    }
    long bytes = rounding.bytes();
    long sums = Native.alloc(bytes);
    try {
      Job adding = job.checking() == Checking.DONE ? job : job.with(Checking.BEFORE_EACH);
      run(adding.into(sums), 0, slices.slices(), held);
      if (job.checking() != Checking.DONE) {
        rounding.check(sums, job.out(), job.alpha(), job.beta(), job.threads());
      }
      if (job.checking() != Checking.ALONE) {
        rounding.run(sums, job.out(), job.alpha(), job.beta(), job.threads());
      }
    } finally {
      Native.free(sums, bytes);
    }
  }

  /**
   * Adds some slices to their parts of the output; what all slices share is computed once.
   *
   * @param from the first slice
   * @param to the one behind the last
   */
  public void add(long[] operands, long out, int threads, long from, long to) {
    if (from < to) {
      Checking each = Checking.BEFORE_EACH;
      run(Job.of(operands, out, 1, 1, threads, each), from, to, 0);
    }
  }

  private void run(Job job, long from, long to, long held) {
    if (job.alpha() == 0 && rounding != null) {
      if (job.checking() != Checking.DONE) {
        rounding.check(0, job.out(), 0, job.beta(), job.threads());
      }
      if (job.checking() != Checking.ALONE) {
        rounding.run(0, job.out(), 0, job.beta(), job.threads());
      }
      return;
    }
    boolean asUsual = !checked || job.checking() == Checking.BEFORE_EACH;
    boolean plain = job.nanos() == null && job.packed() == null && job.finish() == null;
    if (single != null && asUsual && plain) {
      single.runSingle(
          job.operands()[0],
          job.operands().length > 1 ? job.operands()[1] : 0,
          job.operands().length > 2 ? job.operands()[2] : 0,
          job.out(),
          job.alpha(),
          job.beta(),
          job.threads());
      return;
    }
    // With alpha = 0 nothing is read, so there is no need to compute it.
    boolean computes = job.alpha() != 0;
    long heldHere = computes && held == 0 ? heldBytes() : 0;
    long block = heldHere == 0 ? held : Native.alloc(heldHere);
    try {
      if (heldHere != 0) {
        hold(job.operands(), block, job.threads());
      }
      long bytes = computes ? workspaceBytes() : 0;
      long workspace = Native.alloc(bytes);
      try {
        runSteps(job, from, to, block, workspace);
      } finally {
        Native.free(workspace, bytes);
      }
    } finally {
      if (heldHere != 0) {
        Native.free(block, heldHere);
      }
    }
  }

  /** What all slices share, then the slices from one to another. */
  private void runSteps(Job job, long from, long to, long held, long workspace) {
    CompiledSteps main = variants[0];
    int first = main.program().firstOf(Program.EACH_SLICE);
    CompiledSteps.Places all =
        new CompiledSteps.Places(
            job.operands(), held, workspace, job.out(), job.packed(), null, job.finish());
    if (job.alpha() != 0) {
      int once = main.program().firstOf(Program.EACH_RUN);
      main.run(
          once, first, all, job.alpha(), job.beta(), job.threads(), job.nanos(), job.checking());
    } else if (first == main.count()) {
      last(main, all, job);
    }
    if (first == main.count()) {
      return;
    }
    long done = from;
    try {
      for (; done < to; done++) {
        runSliceOf(job, done, from, held, workspace);
        if (job.afterSlice() != null) {
          job.afterSlice().accept(done + 1);
        }
        if (done + 1 < to && Stop.isAsked()) {
          throw Stop.stopped(written(job, done + 1 - from));
        }
      }
    } catch (NativeMemoryException e) {
      throw done == from || isUntouched(job) ? e : e.after(written(job, done - from));
    } catch (IntegerOverflowException e) {
      throw done == from || isUntouched(job) ? e : e.after(written(job, done - from));
    }
  }

  /** A slice, which may be told to stop between its steps: those before it are written. */
  private void runSliceOf(Job job, long slice, long from, long held, long workspace) {
    try {
      runSlice(job, slice, held, workspace);
    } catch (CancellationException e) {
      throw slice == from ? e : Stop.stopped(written(job, slice - from));
    }
  }

  private void runSlice(Job job, long slice, long held, long workspace) {
    long[] starts = slices.starts(slice);
    boolean begins = SlicedProgram.isFirst(slices, starts);
    CompiledSteps steps = variants[slices.variant(starts)];
    CompiledSteps.Places at = places(job, held, workspace, starts);
    if (job.alpha() != 0) {
      double beta = begins ? job.beta() : 1;
      int all = steps.count();
      steps.run(
          first(steps), all, at, job.alpha(), beta, job.threads(), job.nanos(), job.checking());
    } else if (begins) {
      last(steps, at, job);
    }
  }

  /** Whether the slices of a job leave the output alone, however many run. */
  private boolean isUntouched(Job job) {
    return rounding != null || job.checking() == Checking.ALONE;
  }

  private String written(Job job, long done) {
    return (isUntouched(job) ? "the output is untouched: " : "the output is partly written: ")
        + done
        + " of "
        + slices.slices()
        + " slices were done";
  }

  /**
   * Runs many sets of tensors: in one native call, unless labels are cut.
   *
   * @param addresses for each set its operands and then its result
   * @param threads at least 1
   */
  public void runBatch(int sets, long[] addresses, double alpha, double beta, int threads) {
    int operands = layout.strides().length;
    if (slices.cuts() == 0 && heldBytes() == 0) {
      long bytes = alpha == 0 ? 0 : workspaceBytes();
      // Sets side by side: each thread has intermediates and workspaces of its own.
      int most = threads;
      if (room != Long.MAX_VALUE) {
        long each = Math.max(1, workspaceBytes() + variants[0].stepMemory(1));
        most = (int) Math.max(1, Math.min(threads, room / each));
      }
      variants[0].runBatch(sets, addresses, bytes, alpha, beta, most);
      return;
    }
    for (int set = 0; set < sets; set++) {
      if (set > 0) {
        Stop.check(set, sets, "sets of the same strides", "the output is partly written");
      }
      int at = set * (operands + 1);
      long[] own = java.util.Arrays.copyOfRange(addresses, at, at + operands);
      long out = addresses[at + operands];
      runAll(Job.of(own, out, alpha, beta, threads, Checking.DONE), 0);
    }
  }

  /**
   * Checks the integers of a set that {@link #runBatch} will run, where they are to be checked.
   *
   * @param addresses the set's operands and then its result
   */
  void check(long[] addresses, double alpha, double beta, int threads) {
    if (checked) {
      int operands = layout.strides().length;
      long[] own = java.util.Arrays.copyOf(addresses, operands);
      long out = addresses[operands];
      runAll(Job.of(own, out, alpha, beta, threads, Checking.ALONE), 0);
    }
  }

  /** Whether runs check integers. */
  public boolean isChecked() {
    return checked;
  }

  private static int first(CompiledSteps steps) {
    return steps.program().firstOf(Program.EACH_SLICE);
  }

  /** What a run with alpha = 0 has to do. */
  private static void last(CompiledSteps steps, CompiledSteps.Places at, Job job) {
    int all = steps.count();
    steps.run(all - 1, all, at, 0, job.beta(), job.threads(), null, job.checking());
  }

  private CompiledSteps.Places places(Job job, long held, long workspace, long[] starts) {
    long[] own = job.operands().clone();
    long result = job.out();
    for (int k = 0; k < starts.length; k++) {
      for (int i = 0; i < own.length; i++) {
        own[i] += starts[k] * steps[k][i];
      }
      result += starts[k] * steps[k][own.length];
    }
    return new CompiledSteps.Places(own, held, workspace, result, job.packed(), starts, null);
  }
}
