// Planner, last stage: native steps made for one set of strides, freed with this object.
package io.github.einblas.internal.plan;

import io.github.einblas.DType;
import io.github.einblas.Epilogue;
import io.github.einblas.NativeMemoryException;
import io.github.einblas.PlanOptions;
import io.github.einblas.internal.natives.Handle;
import io.github.einblas.internal.natives.Native;
import io.github.einblas.internal.natives.Stop;
import java.lang.ref.Reference;
import java.util.Arrays;
import java.util.List;

/** A program's native steps for given strides. Immutable; run by many threads at once. */
public final class CompiledSteps {
  private final Program program;
  private final int elementBytes;
  private final long[] handles;

  /** Destroys the handles; reachable as long as this. */
  private final Handle owner;

  private final int operands;

  /** Of integers, for each step that was made; null where they are not checked. */
  private final StepCheck[] checks;

  /** Most threads of each step, or null for any number. */
  private int[] mostThreads;

  private Last last;
  private volatile EpilogueStep finished;

  /**
   * Makes the steps.
   *
   * @param from the first that will be run; those before are not made
   * @param conjugated operands that the steps that read them conjugate
   * @param output type of what the last step writes
   * @param room bytes that a step's workspaces should fit on one thread
   * @param checked the slices whose integers are checked, or null
   */
  public CompiledSteps(
      Program program,
      int from,
      PlanTypes types,
      long[][] shapes,
      long[][] strides,
      boolean[] conjugated,
      DType output,
      long[] outputStrides,
      String kernel,
      long room,
      SlicedProgram checked) {
    this.program = program;
    this.elementBytes = types.intermediate().bytes();
    this.operands = shapes.length;
    List<Step> steps = program.steps();
    this.handles = new long[steps.size()];
    // Before the first step is made: where one cannot be, those that were are destroyed at once.
    this.owner = new Handle(Native::destroyStep, handles);
    this.checks = checked == null ? null : new StepCheck[handles.length];
    boolean done = false;
    try {
      for (int s = from; s < handles.length; s++) {
        Step step = steps.get(s);
        DType[] own = types.ofStep(step, s == handles.length - 1 ? output : types.intermediate());
        long[] lengths = program.axisLengths(step);
        long[] ownStrides = program.axisStrides(step, shapes, strides, outputStrides);
        int outer = step.outer().length;
        int bits = conjugated(step, conjugated);
        handles[s] = Native.createStep(own, bits, outer, lengths, ownStrides, kernel, room);
        last = new Last(own, bits, outer, lengths, ownStrides, kernel == null);
        if (checks != null) {
          StepCheck.Where where = StepCheck.Where.of(checked, program, s);
          checks[s] = new StepCheck(where, own, lengths, ownStrides, room);
        }
      }
      done = true;
    } finally {
      if (!done) {
        owner.close();
      }
    }
  }

  /** A bit for each input that is a conjugated operand. */
  private int conjugated(Step step, boolean[] operand) {
    int bits = 0;
    for (int t = 0; t < step.inputs().length; t++) {
      int slot = step.inputs()[t];
      bits |= slot < operands && operand[slot] ? 1 << t : 0;
    }
    return bits;
  }

  /** The program. */
  public Program program() {
    return program;
  }

  /** Handle of a step, for explanations; valid while this is reachable. */
  public long handle(int step) {
    return handles[step];
  }

  /** Number of steps. */
  public int count() {
    return handles.length;
  }

  /** Bytes that the hungriest step takes beside the tensors, with up to so many threads. */
  public long stepMemory(int threads) {
    long most = 0;
    for (int s = 0; s < handles.length; s++) {
      most = Math.max(most, stepMemory(s, threads));
    }
    return most;
  }

  /** Bytes that a step takes beside the tensors, with up to so many threads. */
  public long stepMemory(int step, int threads) {
    try {
      if (handles[step] == 0) {
        return 0;
      }
      int own = threads(step, threads);
      long bytes = Native.stepMemory(handles[step], own);
      return checks == null ? bytes : Math.max(bytes, checks[step].memory(own));
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  /**
   * Lets each step have as many threads as its workspaces fit the given bytes, and one in any case.
   * To be called before the steps are handed to other threads.
   */
  void limitThreads(long bytes) {
    int[] most = new int[handles.length];
    for (int s = 0; s < most.length; s++) {
      long one = stepMemory(s, 1);
      long each = stepMemory(s, 2) - one;
      most[s] = each <= 0 ? Integer.MAX_VALUE : more(bytes - one, each);
    }
    mostThreads = most;
  }

  static int more(long bytes, long each) {
    return (int) Math.min(PlanOptions.MOST_THREADS, 1 + Math.max(0, bytes) / each);
  }

  /** Threads of a step of a run that is given so many; 0 means the process's number. */
  public int threads(int step, int given) {
    if (mostThreads == null || mostThreads[step] == Integer.MAX_VALUE) {
      return given;
    }
    return Math.min(given == 0 ? Native.threads() : given, mostThreads[step]);
  }

  /**
   * Where a run's data lie. Addresses are of element [0,0,...] of each tensor.
   *
   * @param packed of the first two inputs of each step what {@link #pack} wrote, or 0; null for
   *     none at all
   * @param starts where the slice starts along the cut labels, or null
   * @param finish the last step with an epilogue, or null
   */
  public record Places(
      long[] operands,
      long held,
      long workspace,
      long out,
      long[] packed,
      long[] starts,
      Finish finish) {}

  /**
   * The last step in another form.
   *
   * @param bias address of what it adds, or 0
   */
  record Finish(EpilogueStep step, long bias) {}

  /** What the last step was made of. */
  private record Last(
      DType[] types, int conjugated, int outer, long[] lengths, long[] strides, boolean chosen) {}

  /**
   * The last step with an epilogue, the one lately asked for kept; null where it cannot be.
   *
   * @param output labels of the output, along which the bias has its strides
   */
  EpilogueStep finished(Epilogue epilogue, EpilogueStep.Bias bias, int[] output) {
    EpilogueStep known = finished;
    if (known != null && known.does(epilogue, bias)) {
      return known;
    }
    int[] outer = program.steps().get(handles.length - 1).outer();
    if (!last.chosen || last.types.length > 4 || outer.length != output.length) {
      return null;
    }
    EpilogueStep.Bias own = null;
    if (bias != null) {
      long[] strides = new long[outer.length];
      for (int d = 0; d < output.length; d++) {
        for (int a = 0; a < outer.length; a++) {
          strides[a] = outer[a] == output[d] ? bias.strides()[d] : strides[a];
        }
      }
      own = new EpilogueStep.Bias(bias.type(), strides);
    }
    known =
        new EpilogueStep(
            last.types,
            last.conjugated,
            last.outer,
            last.lengths,
            last.strides,
            epilogue,
            own,
            bias);
    finished = known;
    return known;
  }

  /** What a run does with the checks of integers that there may be. */
  enum Checking {
    /** Runs each step after its check. */
    BEFORE_EACH,
    /** All but the last step, which is checked only: nothing is written to the output. */
    ALONE,
    /** Runs steps that were checked. */
    DONE
  }

  /** Inputs of a step that may have a packed copy. */
  static final int PACKED_INPUTS = 2;

  /**
   * Places for packed copies of constants, in bytes from the start of a block: for the first two
   * inputs of each step, -1 where there is to be none; last the size of the block.
   *
   * @param constant which operands stay the same from run to run
   */
  long[] packedPlaces(boolean[] constant) {
    long[] places = new long[PACKED_INPUTS * handles.length + 1];
    Arrays.fill(places, -1);
    long size = 0;
    try {
      for (int s = 0; s < handles.length; s++) {
        int[] in = program.steps().get(s).inputs();
        boolean each = s >= program.firstOf(Program.EACH_RUN);
        for (int t = 0; each && t < Math.min(in.length, PACKED_INPUTS); t++) {
          boolean stays = in[t] < operands ? constant[in[t]] : program.isHeld(in[t]);
          long bytes = stays ? Native.stepPackedBytes(handles[s], t) : 0;
          if (bytes > 0) {
            places[PACKED_INPUTS * s + t] = size;
            // Of broadcast constants more than a long counts: then there is no memory, nor a copy.
            size = (long) ((double) size + bytes + Native.ALIGNMENT - 1) & -Native.ALIGNMENT;
          }
        }
      }
    } finally {
      Reference.reachabilityFence(this);
    }
    places[places.length - 1] = size;
    return places;
  }

  /** Writes the packed copies that {@code at.packed} has a place for. */
  void pack(Places at, int threads) {
    try {
      for (int i = 0; i < at.packed.length; i++) {
        int s = i / PACKED_INPUTS;
        int t = i % PACKED_INPUTS;
        if (at.packed[i] != 0) {
          long from = address(program.steps().get(s).inputs(), t, at);
          Native.packStep(handles[s], t, from, at.packed[i], threads(s, threads));
        }
      }
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  /**
   * Runs steps [from, to). The last of the program writes the result, {@code alpha * result + beta
   * * out}. It stops between two of them when it is told to.
   *
   * @param nanos gets the time of each step and its check added, or null
   */
  void run(
      int from,
      int to,
      Places at,
      double alpha,
      double beta,
      int threads,
      long[] nanos,
      Checking checking) {
    int last = handles.length - 1;
    int s = from;
    try {
      for (; s < to; s++) {
        if (s > from) {
          Stop.check(s, handles.length, "steps", "the output is untouched");
        }
        Step step = program.steps().get(s);
        int[] in = step.inputs();
        long start = nanos == null ? 0 : System.nanoTime();
        long x0 = address(in, 0, at);
        long x1 = address(in, 1, at);
        long x2 = address(in, 2, at);
        long out = s == last ? at.out : intermediate(step.output(), at);
        if (checks != null && checking != Checking.DONE) {
          double times = s == last ? alpha : 1;
          double plus = s == last ? beta : 0;
          checks[s].run(x0, x1, x2, out, times, plus, threads(s, threads), at.starts);
          if (s == last && checking == Checking.ALONE) {
            return;
          }
        }
        if (s == last && at.finish != null) {
          at.finish.step.run(x0, x1, at.finish.bias, out, alpha, beta, threads(s, threads));
        } else {
          Native.runStep(
              handles[s],
              x0,
              x1,
              x2,
              out,
              at.packed == null ? 0 : at.packed[PACKED_INPUTS * s],
              at.packed == null ? 0 : at.packed[PACKED_INPUTS * s + 1],
              s == last ? alpha : 1,
              s == last ? beta : 0,
              threads(s, threads));
        }
        if (nanos != null) {
          nanos[s] += System.nanoTime() - start;
        }
      }
    } catch (NativeMemoryException e) {
      throw handles.length == 1 ? e : e.in("step " + (s + 1) + " of " + handles.length);
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  /** Whether integers are checked. */
  boolean isChecked() {
    return checks != null;
  }

  /** Runs a program of one step over at most three operands; absent addresses are 0. */
  public void runSingle(
      long x0, long x1, long x2, long out, double alpha, double beta, int threads) {
    int last = handles.length - 1;
    try {
      if (checks != null) {
        checks[last].run(x0, x1, x2, out, alpha, beta, threads(last, threads), null);
      }
      Native.runStep(handles[last], x0, x1, x2, out, alpha, beta, threads(last, threads));
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  /**
   * As {@link #runSingle}, with packed copies.
   *
   * @param packed as in {@link Places}, not null
   */
  void runSinglePacked(
      long x0, long x1, long x2, long out, long[] packed, double alpha, double beta, int threads) {
    int last = handles.length - 1;
    long p0 = packed[PACKED_INPUTS * last];
    long p1 = packed[PACKED_INPUTS * last + 1];
    try {
      if (checks != null) {
        checks[last].run(x0, x1, x2, out, alpha, beta, threads(last, threads), null);
      }
      Native.runStep(handles[last], x0, x1, x2, out, p0, p1, alpha, beta, threads(last, threads));
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  /**
   * Runs all steps on many sets of tensors in one native call. With alpha = 0 the last one alone is
   * run: it reads nothing, so the others have nothing to compute and need no workspace.
   *
   * @param addresses for each set its operands and then its result
   */
  void runBatch(
      long sets, long[] addresses, long workspaceBytes, double alpha, double beta, int threads) {
    int first = alpha == 0 ? handles.length - 1 : 0;
    long[] run = first == 0 ? handles : Arrays.copyOfRange(handles, first, handles.length);
    long[] places = new long[4 * run.length];
    Arrays.fill(places, Native.NO_PLACE);
    for (int s = 0; s < run.length; s++) {
      Step step = program.steps().get(first + s);
      for (int t = 0; alpha != 0 && t < step.inputs().length; t++) {
        places[4 * s + t] = place(step.inputs()[t]);
      }
      places[4 * s + 3] = s == run.length - 1 ? operands : place(step.output());
    }
    try {
      Native.runBatch(
          run, places, sets, operands + 1, addresses, workspaceBytes, alpha, beta, threads);
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  private long place(int slot) {
    return slot < operands ? slot : -1 - program.offset(slot) * elementBytes;
  }

  private long address(int[] inputs, int i, Places at) {
    if (i >= inputs.length) {
      return 0;
    }
    int slot = inputs[i];
    return slot < operands ? at.operands[slot] : intermediate(slot, at);
  }

  private long intermediate(int slot, Places at) {
    return (program.isHeld(slot) ? at.held : at.workspace) + program.offset(slot) * elementBytes;
  }
}
