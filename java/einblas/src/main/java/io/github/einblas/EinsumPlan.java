// Public API: a contraction planned once for given shapes, run many times.
package io.github.einblas;

import io.github.einblas.internal.CompiledPlan;
import io.github.einblas.internal.CompiledSteps;
import io.github.einblas.internal.Equation;
import io.github.einblas.internal.Native;
import io.github.einblas.internal.PlanText;
import io.github.einblas.internal.SliceSearch;
import io.github.einblas.internal.SlicedProgram;
import io.github.einblas.internal.Views;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.LongConsumer;

/**
 * An einsum planned for given shapes and a type. Immutable and thread-safe.
 *
 * <p>Operands may have any strides; native steps are made for each set of strides on first use and
 * kept (the latest few).
 */
public final class EinsumPlan {
  /** Sets of strides kept per plan: a caller rarely alternates between more than a few layouts. */
  private static final int LAYOUTS = 4;

  /** A profile takes the best of so many runs, fewer when they take long. */
  private static final int PROFILE_RUNS = 10;

  private static final long PROFILE_NANOS = 500_000_000;

  private final Equation equation;
  private final DType dtype;
  private final long[][] shapes;
  private final PlanOptions options;
  private final int threads;
  private final boolean[] constant;
  private final SlicedProgram slices;
  private final long[] outputShape;
  private final long[] contiguousOutput;

  /** Where the equation's output lies in the result, or null where it is the result. */
  private final OutputForm form;

  /** What this is the gradient of, or null. */
  private final GradientOf gradientOf;

  private record GradientOf(EinsumPlan plan, int operand, OutputForm form) {}

  private final long outputBytes;

  /** Newest first; replaced as a whole, never changed. */
  private volatile CompiledPlan[] layouts = {};

  /** 0 until it is asked for; the same from whatever thread. */
  private int hash;

  /** Made when it is first asked for. */
  private volatile GradientTree gradientTree;

  EinsumPlan(Equation equation, DType dtype, long[][] shapes, PlanOptions options) {
    this(equation, dtype, shapes, options, new boolean[shapes.length]);
  }

  /** A plan for which some operands stay the same from run to run. */
  EinsumPlan(
      Equation equation, DType dtype, long[][] shapes, PlanOptions options, boolean[] constant) {
    this(equation, dtype, shapes, options, constant, null, null);
  }

  /** A plan along a path that was found earlier. */
  EinsumPlan(Equation equation, DType dtype, long[][] shapes, PlanOptions options, int[][] known) {
    this(equation, dtype, shapes, options, new boolean[shapes.length], null, known);
  }

  private EinsumPlan(
      Equation equation,
      DType dtype,
      long[][] shapes,
      PlanOptions options,
      boolean[] constant,
      GradientOf gradientOf,
      int[][] known) {
    if (!dtype.isFloating()) {
      throw new IllegalArgumentException(
          "\""
              + equation
              + "\": products are computed in F32 and F64, got "
              + dtype
              + "; Tensor.to converts");
    }
    this.equation = equation;
    this.dtype = dtype;
    this.shapes = shapes;
    this.options = options;
    this.threads =
        options.threads() == 0 && options.isLimited() ? Native.threads() : options.threads();
    this.constant = constant;
    SlicedProgram whole = SlicedProgram.whole(equation, shapes, options, constant, known);
    this.gradientOf = gradientOf;
    this.form = gradientOf == null ? null : gradientOf.form;
    this.outputShape = form == null ? whole.outputShape() : form.shape();
    this.contiguousOutput = Views.contiguous(outputShape);
    this.outputBytes = Views.bytes(outputShape, dtype.bytes());
    long[][] strides = Arrays.stream(shapes).map(Views::contiguous).toArray(long[][]::new);
    this.slices = options.isLimited() ? cut(whole, strides, core(contiguousOutput)) : whole;
    slices.main().requirePossible();
  }

  /** Cuts so that a run fits the memory limit for these strides. */
  private SlicedProgram cut(SlicedProgram whole, long[][] strides, long[] outputStrides) {
    return new SliceSearch(
            equation,
            shapes,
            options,
            constant,
            p ->
                p.main().isPossible()
                    ? outputBytes + compile(p, strides, outputStrides).peakBytes(threads)
                    : Long.MAX_VALUE)
        .search(whole, options);
  }

  /** The equation as given. */
  public String equation() {
    return equation.toString();
  }

  /** Type of operands and result. */
  public DType dtype() {
    return dtype;
  }

  /** Shape of the result. */
  public long[] outputShape() {
    return outputShape.clone();
  }

  /** The result's shape, not to be changed. */
  long[] outputShapeRef() {
    return outputShape;
  }

  /** Shapes of the operands. */
  public long[][] shapes() {
    return Arrays.stream(shapes).map(long[]::clone).toArray(long[][]::new);
  }

  /** The options that the plan was made with. */
  public PlanOptions options() {
    return options;
  }

  /** The pairs contracted, by slots: operands are 0..n-1, the result of pair i is n+i. */
  public int[][] path() {
    return Arrays.stream(slices.main().path()).map(int[]::clone).toArray(int[][]::new);
  }

  /** Floating-point operations of one run. */
  public double flops() {
    return PlanText.flops(slices);
  }

  /**
   * Bytes of operands, intermediates and result, each counted once per run of a step that uses it.
   */
  public long bytes() {
    return PlanText.bytes(slices, dtype);
  }

  /**
   * Most bytes of native memory that a run takes at a time: result, intermediates, workspaces and
   * packed panels, for contiguous operands and the plan's threads.
   */
  public long peakBytes() {
    return peakBytes(compiledContiguous());
  }

  private long peakBytes(CompiledPlan compiled) {
    return outputBytes + compiled.peakBytes(threads == 0 ? Native.threads() : threads);
  }

  /** Bytes of native memory that one run takes for intermediates. */
  public long workspaceBytes() {
    return slices.workspaceElements() * dtype.bytes();
  }

  /**
   * Runs the plan into a new contiguous tensor.
   *
   * @throws IllegalArgumentException if number, shape or type of the operands is not the plan's
   * @throws NativeMemoryException if the result or the intermediates do not fit the machine's
   *     memory
   */
  public Tensor run(Tensor... operands) {
    checkOperands(operands);
    Tensor out = Tensor.empty(dtype, outputShape);
    try {
      execute(out, 1, 0, operands, false);
      return out;
    } catch (RuntimeException e) {
      out.close();
      throw e;
    }
  }

  /** Runs the plan into a given tensor: {@code out = result}. */
  public void runInto(Tensor out, Tensor... operands) {
    runInto(out, 1, 0, operands);
  }

  /**
   * Runs the plan into a given tensor of any strides: {@code out = alpha * result + beta * out}.
   *
   * <p>beta = 0 does not read the output; alpha = 0 does not read the operands.
   *
   * @throws IllegalArgumentException if a shape or type is not the plan's, if the output addresses
   *     some element twice, or if it shares elements with an operand; nothing is written then
   * @throws IllegalStateException if a tensor is closed
   */
  public void runInto(Tensor out, double alpha, double beta, Tensor... operands) {
    checkOperands(operands);
    checkOutput(out);
    execute(out, alpha, beta, operands, true);
  }

  /**
   * As {@link #runInto(Tensor, double, double, Tensor...)}, for two operands. A planned product of
   * two operands allocates nothing on the Java heap.
   */
  public void runInto(Tensor out, double alpha, double beta, Tensor a, Tensor b) {
    if (shapes.length != 2) {
      throw wrongCount(2);
    }
    checkOperand(0, a);
    checkOperand(1, b);
    checkOutput(out);
    CompiledPlan compiled = find(out, a, b);
    CompiledSteps steps = compiled == null || form != null ? null : compiled.single();
    if (steps == null) {
      execute(out, alpha, beta, new Tensor[] {a, b}, true);
      return;
    }
    acquire(out, -1);
    try {
      acquire(a, 0);
      try {
        acquire(b, 1);
        try {
          // Only now: memory of a tensor that was closed meanwhile may already be the output's.
          checkShared(out, a, 0);
          checkShared(out, b, 1);
          steps.runSingle(a.address(), b.address(), 0, out.address(), alpha, beta, threads);
        } finally {
          b.release();
        }
      } finally {
        a.release();
      }
    } finally {
      out.release();
    }
  }

  private void checkOutput(Tensor out) {
    Objects.requireNonNull(out, "out");
    if (out.dtype() != dtype || !Views.same(out.shapeRef(), outputShape)) {
      throw new IllegalArgumentException(
          where() + "the output must have " + describe(outputShape) + ", got " + out.describe());
    }
  }

  private void checkOperands(Tensor[] operands) {
    Objects.requireNonNull(operands, "operands");
    if (operands.length != shapes.length) {
      throw wrongCount(operands.length);
    }
    for (int i = 0; i < operands.length; i++) {
      checkOperand(i, operands[i]);
    }
  }

  private void checkOperand(int i, Tensor t) {
    if (t == null) {
      throw new NullPointerException(where() + "operand " + i + " is null");
    }
    if (t.dtype() != dtype || !Views.same(t.shapeRef(), shapes[i])) {
      throw new IllegalArgumentException(
          where() + "operand " + i + " must have " + describe(shapes[i]) + ", got " + t.describe());
    }
  }

  private IllegalArgumentException wrongCount(int given) {
    return new IllegalArgumentException(
        where() + "the plan has " + shapes.length + " operands, got " + given);
  }

  private void checkShared(Tensor out, Tensor operand, int i) {
    if (out.sharesElements(operand)) {
      throw new IllegalArgumentException(where() + "the output shares elements with operand " + i);
    }
  }

  private String describe(long[] shape) {
    return "shape=" + Arrays.toString(shape) + ", dtype=" + dtype;
  }

  private String where() {
    return "plan of \"" + equation + "\": ";
  }

  /** Counts a running call in; operand -1 is the output. */
  private void acquire(Tensor t, int operand) {
    try {
      t.acquire();
    } catch (IllegalStateException e) {
      String which = operand < 0 ? "the output" : "operand " + operand;
      throw new IllegalStateException(where() + which + " is closed", e);
    }
  }

  private void execute(
      Tensor out, double alpha, double beta, Tensor[] operands, boolean checkOverlap) {
    execute(out, alpha, beta, operands, checkOverlap, 0, null, null);
  }

  /** Runs checked operands; all further checks come before the first native step. */
  private void execute(
      Tensor out,
      double alpha,
      double beta,
      Tensor[] operands,
      boolean checkOverlap,
      long held,
      LongConsumer afterSlice,
      long[] nanos) {
    CompiledPlan compiled = find(out, operands);
    if (compiled == null) {
      compiled = make(out, operands);
    }
    CompiledPlan plan = compiled;
    CompiledSteps single = form == null && nanos == null ? plan.single() : null;
    if (single != null) {
      executeSingle(single, out, alpha, beta, operands, checkOverlap);
      return;
    }
    acquire(out, -1);
    try {
      withAddresses(
          operands,
          addresses -> {
            for (int i = 0; checkOverlap && i < operands.length; i++) {
              checkShared(out, operands[i], i);
            }
            boolean apart = form != null && form.isDiagonal();
            if (apart) {
              // What lies off the diagonal gets no more than this.
              scale(out, beta);
            }
            double rest = apart && beta != 0 ? 1 : beta;
            plan.run(addresses, out.address(), alpha, rest, threads, held, afterSlice, nanos);
          });
    } finally {
      out.release();
    }
  }

  /** As {@link #execute}, for one step: small contractions spend no time on anything else. */
  private void executeSingle(
      CompiledSteps steps,
      Tensor out,
      double alpha,
      double beta,
      Tensor[] operands,
      boolean checkOverlap) {
    int acquired = 0;
    acquire(out, -1);
    try {
      for (; acquired < operands.length; acquired++) {
        acquire(operands[acquired], acquired);
      }
      for (int i = 0; checkOverlap && i < operands.length; i++) {
        checkShared(out, operands[i], i);
      }
      steps.runSingle(
          operands[0].address(),
          operands.length > 1 ? operands[1].address() : 0,
          operands.length > 2 ? operands[2].address() : 0,
          out.address(),
          alpha,
          beta,
          threads);
    } finally {
      for (int i = 0; i < acquired; i++) {
        operands[i].release();
      }
      out.release();
    }
  }

  /** Keeps operands alive while something is done with their addresses. */
  private void withAddresses(Tensor[] operands, Consumer<long[]> action) {
    long[] addresses = new long[operands.length];
    int acquired = 0;
    try {
      for (; acquired < operands.length; acquired++) {
        acquire(operands[acquired], acquired);
        addresses[acquired] = operands[acquired].address();
      }
      action.accept(addresses);
    } finally {
      for (int i = 0; i < acquired; i++) {
        operands[i].release();
      }
    }
  }

  private CompiledPlan find(Tensor out, Tensor a, Tensor b) {
    for (CompiledPlan plan : layouts) {
      if (plan.fitsOutput(core(out.stridesRef()))
          && plan.fitsOperand(0, a.stridesRef())
          && plan.fitsOperand(1, b.stridesRef())) {
        return plan;
      }
    }
    return null;
  }

  private CompiledPlan find(Tensor out, Tensor[] operands) {
    for (CompiledPlan plan : layouts) {
      if (fits(plan, out, operands)) {
        return plan;
      }
    }
    return null;
  }

  private boolean fits(CompiledPlan plan, Tensor out, Tensor[] operands) {
    if (!plan.fitsOutput(core(out.stridesRef()))) {
      return false;
    }
    for (int i = 0; i < operands.length; i++) {
      if (!plan.fitsOperand(i, operands[i].stridesRef())) {
        return false;
      }
    }
    return true;
  }

  private CompiledPlan make(Tensor out, Tensor[] operands) {
    // Depends on shape and strides alone, so it is asked once per layout.
    out.requireWritable("einsum \"" + equation + "\"");
    return compiled(strides(operands), core(out.stridesRef()));
  }

  /** Strides of the equation's output in a result of these strides. */
  private long[] core(long[] strides) {
    return form == null ? strides : form.strides(strides);
  }

  private static long[][] strides(Tensor[] operands) {
    return Arrays.stream(operands).map(Tensor::stridesRef).toArray(long[][]::new);
  }

  private CompiledPlan compiledContiguous() {
    return compiled(
        Arrays.stream(shapes).map(Views::contiguous).toArray(long[][]::new),
        core(contiguousOutput));
  }

  /** The steps for a layout; the oldest one is forgotten when there are too many. */
  private CompiledPlan compiled(long[][] strides, long[] outputStrides) {
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
      if (options.isLimited() && peakBytes(made) > options.memoryLimit()) {
        for (boolean fixed : constant) {
          if (fixed) {
            throw new IllegalArgumentException(
                where()
                    + "operands of these strides need "
                    + peakBytes(made)
                    + " bytes, the memory limit is "
                    + options.memoryLimit()
                    + "; a plan with constants is cut for contiguous operands only");
          }
        }
        // Other strides may take more workspace: this layout is cut in its own way.
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

  private CompiledPlan compile(SlicedProgram program, long[][] strides, long[] outputStrides) {
    return new CompiledPlan(
        program, dtype.ordinal(), dtype.bytes(), strides, outputStrides, options.kernel());
  }

  /**
   * Explains the plan for contiguous operands: path, steps, kernels, FLOPs, bytes, copies and why.
   */
  public String explain() {
    return report().text();
  }

  /** Explains the plan for the strides of these operands and a contiguous result. */
  public String explain(Tensor... operands) {
    return report(operands).text();
  }

  /** What {@link #explain()} says, as data, JSON and pictures. */
  public PlanReport report() {
    return report(compiledContiguous(), null);
  }

  /** What {@link #explain(Tensor...)} says, as data, JSON and pictures. */
  public PlanReport report(Tensor... operands) {
    checkOperands(operands);
    Einsum.checkOperands(equation.toString(), operands);
    return report(compiled(strides(operands), core(contiguousOutput)), null);
  }

  private PlanReport report(CompiledPlan compiled, double[] seconds) {
    int used = threads == 0 ? Native.threads() : threads;
    return PlanText.report(
        equation,
        dtype,
        shapes,
        outputShape,
        compiled,
        threads,
        peakBytes(compiled),
        seconds,
        used);
  }

  /**
   * Runs the plan a few times and reports the best time of each step beside its bound.
   *
   * @throws IllegalArgumentException if number, shape or type of the operands is not the plan's
   */
  public PlanReport profile(Tensor... operands) {
    checkOperands(operands);
    Einsum.checkOperands(equation.toString(), operands);
    CompiledPlan compiled = compiled(strides(operands), core(contiguousOutput));
    long[] best = null;
    try (Tensor out = Tensor.empty(dtype, outputShape)) {
      long start = System.nanoTime();
      for (int run = 0; run < PROFILE_RUNS; run++) {
        long[] nanos = new long[compiled.main().count()];
        execute(out, 1, 0, operands, false, 0, null, nanos);
        best = best == null ? nanos.clone() : best;
        for (int s = 0; s < nanos.length; s++) {
          best[s] = Math.min(best[s], nanos[s]);
        }
        if (System.nanoTime() - start > PROFILE_NANOS) {
          break;
        }
      }
    }
    return report(compiled, Arrays.stream(best).mapToDouble(n -> n * 1e-9).toArray());
  }

  /** The native kernel of each step, for the strides of these operands and a contiguous result. */
  public List<String> kernels(Tensor... operands) {
    checkOperands(operands);
    Einsum.checkOperands(equation.toString(), operands);
    return PlanText.kernels(compiled(strides(operands), core(contiguousOutput)).main());
  }

  private void scale(Tensor out, double beta) {
    long[] lengths = outputShape;
    long[] strides = new long[2 * lengths.length];
    System.arraycopy(out.stridesRef(), 0, strides, lengths.length, lengths.length);
    long step = Native.createStep(dtype.ordinal(), 1, lengths.length, lengths, strides, null);
    try {
      Native.runStep(step, out.address(), 0, 0, out.address(), 0, beta, threads);
    } finally {
      Native.destroyStep(step);
    }
  }

  /**
   * The gradient for operand i as a plan: from the gradient of a scalar loss for the result, and
   * the other operands in their order, to the gradient for that operand, of the operand's shape.
   *
   * <p>{@code dL/dX_i = sum of dL/dresult * product of the others} over all labels that X_i lacks;
   * zero off the diagonal where a label is repeated, summed along axes of length 1 that were
   * broadcast, repeated along labels that nothing else has.
   *
   * @throws IndexOutOfBoundsException if there is no such operand
   */
  public EinsumPlan gradient(int i) {
    if (form != null) {
      throw new UnsupportedOperationException(
          where() + "this is a gradient already; take the gradient of an equation");
    }
    if (i < 0 || i >= shapes.length) {
      throw new IndexOutOfBoundsException(
          where() + "operands are numbered 0 to " + (shapes.length - 1) + ", got " + i);
    }
    Equation gradient = equation.gradient(i, shapes);
    long[][] own = new long[shapes.length][];
    own[0] = outputShape;
    int n = 1;
    for (int j = 0; j < shapes.length; j++) {
      if (j != i) {
        own[n++] = shapes[j];
      }
    }
    return new EinsumPlan(
        gradient,
        dtype,
        own,
        options.withPath(null),
        new boolean[own.length],
        new GradientOf(this, i, OutputForm.of(gradient.output(), equation.operand(i), shapes[i])),
        null);
  }

  /**
   * The gradients for all operands at once, sharing intermediates: some three times the work of a
   * run, for any number of operands.
   *
   * @param upstream gradient of a scalar loss for the result
   * @return new tensors of the operands' shapes, to be closed by the caller
   */
  public Tensor[] gradients(Tensor upstream, Tensor... operands) {
    checkOperands(operands);
    checkOutput(upstream);
    Einsum.checkOperands(equation.toString(), operands);
    return gradientTree().run(upstream, operands);
  }

  private GradientTree gradientTree() {
    GradientTree known = gradientTree;
    if (known == null) {
      if (form != null) {
        throw new UnsupportedOperationException(
            where() + "this is a gradient already; take the gradient of an equation");
      }
      known = new GradientTree(equation, dtype, shapes, options, path());
      gradientTree = known;
    }
    return known;
  }

  /**
   * Runs the plan on many sets of operands, for many small contractions: sets of the same strides
   * in one native call, shared out to threads.
   *
   * @param sets the operands of each contraction
   * @return the results, along a new first axis
   * @throws IllegalArgumentException if some set's number, shapes or types are not the plan's;
   *     nothing is computed then
   */
  public Tensor runBatch(List<Tensor[]> sets) {
    Objects.requireNonNull(sets, "sets");
    long[] shape = new long[outputShape.length + 1];
    shape[0] = sets.size();
    System.arraycopy(outputShape, 0, shape, 1, outputShape.length);
    Tensor out = Tensor.empty(dtype, shape);
    try {
      runBatchInto(out, 1, 0, sets);
      return out;
    } catch (RuntimeException e) {
      out.close();
      throw e;
    }
  }

  /**
   * Runs the plan on many sets of operands: {@code out[s] = alpha * result of set s + beta *
   * out[s]}.
   *
   * @param out its first axis runs over the sets
   */
  public void runBatchInto(Tensor out, double alpha, double beta, List<Tensor[]> sets) {
    Objects.requireNonNull(out, "out");
    Objects.requireNonNull(sets, "sets");
    long[] shape = out.shapeRef();
    if (out.dtype() != dtype
        || shape.length != outputShape.length + 1
        || shape[0] != sets.size()
        || !Arrays.equals(shape, 1, shape.length, outputShape, 0, outputShape.length)) {
      throw new IllegalArgumentException(
          where()
              + "the output for "
              + sets.size()
              + " sets must have that length and then "
              + describe(outputShape)
              + ", got "
              + out.describe());
    }
    for (int s = 0; s < sets.size(); s++) {
      if (sets.get(s) == null) {
        throw new NullPointerException(where() + "set " + s + " is null");
      }
      checkOperands(sets.get(s));
      for (int i = 0; i < shapes.length; i++) {
        checkShared(out, sets.get(s)[i], i);
      }
    }
    out.requireWritable("einsum \"" + equation + "\"");
    if (form != null && form.isDiagonal()) {
      for (int s = 0; s < sets.size(); s++) {
        execute(out.select(0, s), alpha, beta, sets.get(s), true);
      }
      return;
    }
    acquire(out, -1);
    try {
      for (int from = 0; from < sets.size(); ) {
        from = runAlike(out, alpha, beta, sets, from);
      }
    } finally {
      out.release();
    }
  }

  /** Runs the sets from one on that have its strides; gives the first that has others. */
  private int runAlike(Tensor out, double alpha, double beta, List<Tensor[]> sets, int from) {
    long[] outStrides = out.stridesRef();
    long[] own = core(Arrays.copyOfRange(outStrides, 1, outStrides.length));
    CompiledPlan compiled = compiled(strides(sets.get(from)), own);
    int n = shapes.length;
    int to = from;
    int acquired = 0;
    long[] addresses = new long[(sets.size() - from) * (n + 1)];
    try {
      for (; to < sets.size(); to++) {
        Tensor[] set = sets.get(to);
        for (int i = 0; i < n; i++) {
          if (!compiled.fitsOperand(i, set[i].stridesRef())) {
            return finish(compiled, to - from, addresses, alpha, beta, to);
          }
        }
        for (int i = 0; i < n; i++) {
          acquire(set[i], i);
          acquired++;
          addresses[(to - from) * (n + 1) + i] = set[i].address();
        }
        addresses[(to - from) * (n + 1) + n] = out.address() + to * outStrides[0] * dtype.bytes();
      }
      return finish(compiled, to - from, addresses, alpha, beta, to);
    } finally {
      for (int s = from, left = acquired; left > 0; s++) {
        Tensor[] set = sets.get(s);
        for (int i = 0; i < n && left > 0; i++, left--) {
          set[i].release();
        }
      }
    }
  }

  private int finish(
      CompiledPlan compiled, int sets, long[] addresses, double alpha, double beta, int to) {
    compiled.runBatch(sets, addresses, alpha, beta, threads);
    return to;
  }

  /**
   * A plan with some operands given once: what depends on them alone is computed now.
   *
   * @param constants for each operand a tensor, or null where each run gives one. They must stay
   *     open and unchanged while the bound plan is used.
   * @throws IllegalArgumentException if number, shape or type of the constants is not the plan's
   */
  public BoundPlan bind(Tensor... constants) {
    Objects.requireNonNull(constants, "constants");
    if (constants.length != shapes.length) {
      throw wrongCount(constants.length);
    }
    if (form != null) {
      throw new UnsupportedOperationException(where() + "a gradient takes no constants");
    }
    boolean[] given = new boolean[shapes.length];
    for (int i = 0; i < given.length; i++) {
      given[i] = constants[i] != null;
      if (given[i]) {
        checkOperand(i, constants[i]);
      }
    }
    return new BoundPlan(
        new EinsumPlan(equation, dtype, shapes, options, given), constants.clone());
  }

  /**
   * Computes what the constants alone decide, into a new native block; for {@link BoundPlan}.
   *
   * @param constants null where a run gives the operand
   * @param bytes gets the size of the block
   */
  long hold(Tensor[] constants, long[] bytes) {
    long[][] strides = new long[constants.length][];
    List<Tensor> given = new ArrayList<>();
    for (int i = 0; i < strides.length; i++) {
      strides[i] = constants[i] == null ? Views.contiguous(shapes[i]) : constants[i].stridesRef();
      if (constants[i] != null) {
        given.add(constants[i]);
      }
    }
    CompiledPlan plan = compiled(strides, core(contiguousOutput));
    bytes[0] = plan.heldBytes();
    long held = Native.alloc(bytes[0]);
    boolean done = false;
    try {
      withAddresses(
          given.toArray(Tensor[]::new),
          known -> {
            long[] addresses = new long[constants.length];
            for (int i = 0, n = 0; i < addresses.length; i++) {
              addresses[i] = constants[i] == null ? 0 : known[n++];
            }
            plan.hold(addresses, held, threads);
          });
      done = true;
      return held;
    } finally {
      if (!done) {
        Native.free(held, bytes[0]);
      }
    }
  }

  /** Runs with what {@link #hold} computed. */
  void runHeld(Tensor out, double alpha, double beta, Tensor[] operands, long held) {
    execute(out, alpha, beta, operands, true, held, null, null);
  }

  /** Checks the operands and output of a run; for {@link BoundPlan}. */
  void check(Tensor out, Tensor[] operands) {
    checkOperands(operands);
    checkOutput(out);
  }

  /**
   * Equation, type, shapes, path and options as JSON: {@link #fromJson(String)} makes the plan
   * again without a search.
   */
  public String toJson() {
    return gradientOf == null
        ? PlanJson.write(equation, dtype, shapes, options, path())
        : PlanJson.writeGradient(gradientOf.plan.toJson(), gradientOf.operand);
  }

  /**
   * The plan that {@link #toJson} wrote.
   *
   * @throws IllegalArgumentException if the text is no such plan, saying what is missing or wrong
   */
  public static EinsumPlan fromJson(String json) {
    return PlanJson.read(json);
  }

  /**
   * The plan that {@link #toJson} wrote, for operands of these shapes and this type.
   *
   * @throws IllegalArgumentException if the text is no such plan, or was written for others
   */
  public static EinsumPlan fromJson(String json, DType dtype, long[]... shapes) {
    Objects.requireNonNull(dtype, "dtype");
    Objects.requireNonNull(shapes, "shapes");
    EinsumPlan plan = PlanJson.read(json);
    if (plan.dtype != dtype || !Arrays.deepEquals(plan.shapes, shapes)) {
      throw new IllegalArgumentException(
          plan.where()
              + "it was saved for shapes "
              + Arrays.deepToString(plan.shapes)
              + " of "
              + plan.dtype
              + ", not for "
              + Arrays.deepToString(shapes)
              + " of "
              + dtype);
    }
    return plan;
  }

  /** Equal plans have the same equation (as written), type, shapes, options and path. */
  @Override
  public boolean equals(Object other) {
    return this == other
        || (other instanceof EinsumPlan p
            && hashCode() == p.hashCode()
            && dtype == p.dtype
            && equation.toString().equals(p.equation.toString())
            && options.equals(p.options)
            && Arrays.equals(constant, p.constant)
            && Arrays.deepEquals(shapes, p.shapes)
            && Arrays.deepEquals(slices.main().path(), p.slices.main().path()));
  }

  @Override
  public int hashCode() {
    int known = hash;
    if (known == 0) {
      known = Objects.hash(equation.toString(), dtype.name(), Arrays.deepHashCode(shapes));
      hash = known == 0 ? 1 : known;
    }
    return hash;
  }

  /** Number of slices that a run consists of; 1 unless a memory limit made it cut labels. */
  public long sliceCount() {
    return slices.slices();
  }

  /**
   * The slices, each a contraction of its own over parts of the operands; what they add to their
   * parts of the output is the result. Other programs can spread one contraction so.
   */
  public List<PlanSlice> slices() {
    if (form != null) {
      throw new UnsupportedOperationException(where() + "slices of a gradient are not handed out");
    }
    return PlanSlice.all(this, equation, slices);
  }

  /** A plan of the same equation, path and options for a slice's shapes. */
  EinsumPlan forSlice(long[][] sliceShapes) {
    return new EinsumPlan(
        equation,
        dtype,
        sliceShapes,
        options.withPath(shapes.length < 2 ? null : path()).withMemoryLimit(Long.MAX_VALUE));
  }

  /**
   * As {@link #run}, told after each slice how many are done: for progress of long runs. An
   * exception of the listener ends the run.
   */
  public Tensor run(LongConsumer afterSlice, Tensor... operands) {
    Objects.requireNonNull(afterSlice, "afterSlice");
    checkOperands(operands);
    Tensor out = Tensor.empty(dtype, outputShape);
    try {
      execute(out, 1, 0, operands, false, 0, afterSlice, null);
      return out;
    } catch (RuntimeException e) {
      out.close();
      throw e;
    }
  }

  @Override
  public String toString() {
    return "EinsumPlan(" + equation + ", " + Arrays.deepToString(shapes) + ", " + dtype + ")";
  }
}
