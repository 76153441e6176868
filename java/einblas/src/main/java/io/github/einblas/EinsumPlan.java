// Public API: a contraction planned once for given shapes, run many times.
package io.github.einblas;

import io.github.einblas.internal.equation.Equation;
import io.github.einblas.internal.plan.CompiledPlan;
import io.github.einblas.internal.plan.PlanText;
import io.github.einblas.internal.plan.SlicedProgram;
import io.github.einblas.internal.tensor.Views;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.function.LongConsumer;

/**
 * An einsum planned for given shapes and a type. Immutable and thread-safe.
 *
 * <p>Operands may have any strides; native steps are made for each set of strides on first use and
 * kept (the latest few).
 */
public final class EinsumPlan {
  /** A profile takes the best of so many runs, fewer when they take long. */
  private static final int PROFILE_RUNS = 10;

  private static final long PROFILE_NANOS = 500_000_000;

  private final Equation equation;
  private final DType dtype;
  private final long[][] shapes;
  private final PlanOptions options;
  private final boolean[] constant;

  /** What this is the gradient of, or null. */
  private final GradientOf gradientOf;

  private record GradientOf(EinsumPlan plan, int operand, OutputForm form) {}

  private final PlanLayouts layouts;
  private final SlicedProgram slices;
  private final PlanChecks checks;
  private final PlanRun run;

  /** 0 until it is asked for; the same from whatever thread. */
  private int hash;

  /** Made when it is first asked for. */
  private volatile GradientTree gradientTree;

  private volatile GradientsApart gradientsApart;
  private volatile PlanSlices planSlices;

  EinsumPlan(Equation equation, DType dtype, long[][] shapes, PlanOptions options) {
    this(equation, dtype, shapes, options, new boolean[shapes.length], null, null);
  }

  /** A plan of which something was found earlier. */
  EinsumPlan(
      Equation equation, DType dtype, long[][] shapes, PlanOptions options, KnownPlan known) {
    this(equation, dtype, shapes, options, new boolean[shapes.length], null, known);
  }

  /** A plan for which some operands stay the same from run to run. */
  private EinsumPlan(
      Equation equation,
      DType dtype,
      long[][] shapes,
      PlanOptions options,
      boolean[] constant,
      GradientOf gradientOf,
      KnownPlan known) {
    PlanChecks.requireFloating(equation, dtype);
    this.equation = equation;
    this.dtype = dtype;
    this.shapes = shapes;
    this.options = options;
    this.constant = constant;
    this.gradientOf = gradientOf;
    OutputForm form = gradientOf == null ? null : gradientOf.form;
    this.layouts = new PlanLayouts(equation, dtype, shapes, options, constant, form, known);
    this.slices = layouts.slices();
    this.checks = new PlanChecks(equation, dtype, shapes, layouts.outputShape());
    this.run = new PlanRun(dtype, checks, layouts, form);
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
    return layouts.outputShape().clone();
  }

  /** The result's shape, not to be changed. */
  long[] outputShapeRef() {
    return layouts.outputShape();
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
    return layouts.peakBytes(layouts.contiguous());
  }

  /** As {@link #peakBytes()}, with one thread. */
  long leastPeakBytes() {
    return layouts.peakBytes(
        Arrays.stream(shapes).map(Views::contiguous).toArray(long[][]::new), 1);
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
    return run.fresh(checks.operands(operands), PlanRun.FRESH);
  }

  /** Runs on operands that this plan was looked up for, in an array that nobody else has. */
  Tensor runOwn(Tensor[] own) {
    return run.fresh(own, PlanRun.FRESH);
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
    if (Objects.requireNonNull(operands, "operands").length == 2 && shapes.length == 2) {
      runInto(out, alpha, beta, operands[0], operands[1]);
      return;
    }
    Tensor[] own = checks.operands(operands);
    checks.target(out);
    run.into(out, alpha, beta, own, PlanRun.GIVEN);
  }

  /**
   * As {@link #runInto(Tensor, double, double, Tensor...)}, for two operands. A planned product of
   * two operands allocates nothing on the Java heap.
   */
  public void runInto(Tensor out, double alpha, double beta, Tensor a, Tensor b) {
    if (shapes.length != 2) {
      throw checks.wrongCount(2);
    }
    checks.operand(0, a);
    checks.operand(1, b);
    checks.target(out);
    run.into(out, alpha, beta, a, b);
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
    return report(layouts.contiguous(), null);
  }

  /** What {@link #explain(Tensor...)} says, as data, JSON and pictures. */
  public PlanReport report(Tensor... operands) {
    return report(layouts.of(checks.openOperands(operands)), null);
  }

  private PlanReport report(CompiledPlan compiled, double[] seconds) {
    return PlanText.report(
        equation,
        dtype,
        shapes,
        layouts.outputShape(),
        compiled,
        layouts.threads(),
        layouts.peakBytes(compiled),
        seconds);
  }

  /**
   * Runs the plan a few times and reports the best time of each step beside its bound.
   *
   * @throws IllegalArgumentException if number, shape or type of the operands is not the plan's
   */
  public PlanReport profile(Tensor... operands) {
    Tensor[] own = checks.openOperands(operands);
    CompiledPlan compiled = layouts.of(own);
    long[] best = new long[compiled.main().count()];
    Arrays.fill(best, Long.MAX_VALUE);
    try (Tensor out = Tensor.empty(dtype, layouts.outputShape())) {
      long start = System.nanoTime();
      for (int i = 0; i < PROFILE_RUNS; i++) {
        long[] nanos = new long[best.length];
        run.into(out, 1, 0, own, new PlanRun.Extras(false, 0, null, nanos));
        Arrays.setAll(best, s -> Math.min(best[s], nanos[s]));
        if (System.nanoTime() - start > PROFILE_NANOS) {
          break;
        }
      }
    }
    return report(compiled, Arrays.stream(best).mapToDouble(n -> n * 1e-9).toArray());
  }

  /** The native kernel of each step, for the strides of these operands and a contiguous result. */
  public List<String> kernels(Tensor... operands) {
    return PlanText.kernels(layouts.of(checks.openOperands(operands)).main());
  }

  /**
   * Checks a result at random (after Freivalds), whoever computed it: sums of its elements with
   * random signs are compared to those of the contraction. The signs join the operands as small
   * factors, so that a product of n x n matrices costs 16 n^2 multiplications instead of n^3. That
   * pays for large products; an elementwise or a small batched one is checked in several times the
   * time of its run. For many operands the cost is that of the cheapest contraction with such
   * factors; where every output label is short, or there is none, it is that of a run. Sums of
   * elements are computed by the same kernels, in other shapes; a single number in F64 of more than
   * 10^8 operations by the same ones in the same shape. In F32 the bound of three operands and more
   * is coarse ({@link Verification#bound}): a single wrong element can stay within it.
   *
   * <p>A result that was made as {@code alpha * ... + beta * ...} is checked for alpha = 1, beta =
   * 0 only.
   *
   * @param operands what the result was computed from; read only
   * @return whether it passed, with its bound and the probability that an error is missed
   * @throws IllegalArgumentException if a number, shape or type is not the plan's
   * @throws UnsupportedOperationException if this is the plan of a gradient
   */
  public Verification verify(Tensor[] operands, Tensor result) {
    return verify(operands, result, System.nanoTime() * 0x9E3779B97F4A7C15L);
  }

  /** As {@link #verify(Tensor[], Tensor)}, with the seed of the signs. */
  public Verification verify(Tensor[] operands, Tensor result, long seed) {
    Tensor[] own = checks.openOperands(operands);
    checks.output(result);
    requireEquation("the gradient of a contraction is not verified; verify the contraction");
    return new PlanVerifier(equation, dtype, shapes, options, layouts.outputShape(), seed)
        .check(own, result, sumLengths());
  }

  /** Lengths of the sums of all steps, and their products, one after the other. */
  double sumLengths() {
    return PlanText.sumLengths(slices);
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
    return gradient(i, options, null);
  }

  /** As {@link #gradient(int)}, along a path and cuts that were found earlier. */
  EinsumPlan gradient(int i, KnownPlan known) {
    return gradient(i, options, known);
  }

  /** As {@link #gradient(int)}, under another memory limit. */
  EinsumPlan gradient(int i, long limit) {
    return gradient(i, options.withMemoryLimit(limit), null);
  }

  /** The equation of {@link #gradient(int)}. */
  Equation gradientEquation(int i) {
    requireEquation("this is a gradient already; take the gradient of an equation");
    if (i < 0 || i >= shapes.length) {
      throw new IndexOutOfBoundsException(
          checks.where() + "operands are numbered 0 to " + (shapes.length - 1) + ", got " + i);
    }
    return equation.gradient(i, shapes);
  }

  private EinsumPlan gradient(int i, PlanOptions with, KnownPlan known) {
    Equation gradient = gradientEquation(i);
    long[][] own = new long[shapes.length][];
    own[0] = layouts.outputShape();
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
        with.withPath(null).withSlices(1),
        new boolean[own.length],
        new GradientOf(this, i, OutputForm.of(gradient.output(), equation.operand(i), shapes[i])),
        known);
  }

  /**
   * The gradients for all operands at once, sharing intermediates: some three times the work of a
   * run, for any number of operands. A memory limit counts all of them; where the shared
   * intermediates would exceed it, each gradient is computed by itself, in slices if need be.
   *
   * @param upstream gradient of a scalar loss for the result
   * @return new tensors of the operands' shapes, to be closed by the caller
   * @throws IllegalArgumentException if a shape or type is not the plan's, or if the gradients do
   *     not fit the memory limit; the text names one that would do
   */
  public Tensor[] gradients(Tensor upstream, Tensor... operands) {
    Tensor[] own = checks.openOperands(operands);
    checks.output(upstream);
    requireEquation("this is a gradient already; take the gradient of an equation");
    GradientTree tree = gradientTree();
    if (!options.isLimited()) {
      return tree.run(upstream, own, 0);
    }
    // As cuts, this choice is one thread's: more threads must not change the bits.
    long limit = options.memoryLimit();
    long[] above = upstream.stridesRef();
    long[][] strides = PlanLayouts.strides(own);
    if (tree.peakBytes(above, strides, 1) > limit) {
      return gradientsApart().run(upstream, own);
    }
    int threads = options.threads() == 0 ? Einblas.threads() : options.threads();
    threads = tree.threadsWithin(limit, above, strides, threads);
    return tree.run(upstream, own, threads);
  }

  private void requireEquation(String otherwise) {
    if (gradientOf != null) {
      throw new UnsupportedOperationException(checks.where() + otherwise);
    }
  }

  private GradientTree gradientTree() {
    GradientTree known = gradientTree;
    if (known == null) {
      known = new GradientTree(equation, dtype, shapes, options, path());
      gradientTree = known;
    }
    return known;
  }

  private GradientsApart gradientsApart() {
    GradientsApart known = gradientsApart;
    if (known == null) {
      known = new GradientsApart(this, options.memoryLimit());
      gradientsApart = known;
    }
    return known;
  }

  /** Most native bytes of a run at a time for operands of these strides. */
  long peakBytes(long[][] strides, int threads) {
    return layouts.peakBytes(strides, threads);
  }

  /** As {@link #run(Tensor...)}, by so many threads; 0 for the plan's. */
  Tensor runBy(int threads, Tensor... operands) {
    checks.operands(operands);
    return run.fresh(operands, PlanRun.Extras.freshBy(threads));
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
    Tensor[] own = checks.sets(sets);
    long[] one = layouts.outputShape();
    long[] shape = new long[one.length + 1];
    shape[0] = own.length / shapes.length;
    System.arraycopy(one, 0, shape, 1, one.length);
    Tensor out = Tensor.empty(dtype, shape);
    boolean done = false;
    try {
      run.batch(out, 1, 0, own);
      done = true;
      return out;
    } finally {
      if (!done) {
        out.close();
      }
    }
  }

  /**
   * Runs the plan on many sets of operands: {@code out[s] = alpha * result of set s + beta *
   * out[s]}.
   *
   * @param out its first axis runs over the sets
   */
  public void runBatchInto(Tensor out, double alpha, double beta, List<Tensor[]> sets) {
    Tensor[] own = checks.sets(sets);
    checks.batchOutput(out, own.length / shapes.length);
    run.batch(out, alpha, beta, own);
  }

  /**
   * A plan with some operands given once: what depends on them alone is computed now.
   *
   * @param constants for each operand a tensor, or null where each run gives one. They must stay
   *     open and unchanged while the bound plan is used.
   * @throws IllegalArgumentException if number, shape or type of the constants is not the plan's
   */
  public BoundPlan bind(Tensor... constants) {
    Tensor[] own = Objects.requireNonNull(constants, "constants").clone();
    if (own.length != shapes.length) {
      throw checks.wrongCount(own.length);
    }
    boolean[] given = new boolean[shapes.length];
    for (int i = 0; i < given.length; i++) {
      given[i] = own[i] != null;
      if (given[i]) {
        checks.operand(i, own[i]);
      }
    }
    return new BoundPlan(
        new EinsumPlan(equation, dtype, shapes, options, given, gradientOf, null), own);
  }

  /** Checks and runs; for {@link BoundPlan}. */
  PlanChecks checks() {
    return checks;
  }

  PlanRun runs() {
    return run;
  }

  /**
   * Equation, type, shapes, path and options as JSON: {@link #fromJson(String)} makes the plan
   * again without a search.
   */
  public String toJson() {
    return gradientOf == null
        ? PlanJson.write(equation, dtype, shapes, options, path(), slices.cutList())
        : PlanJson.writeGradient(
            gradientOf.plan.toJson(), gradientOf.operand, equation, path(), slices.cutList());
  }

  /**
   * The plan that {@link #toJson} wrote.
   *
   * <p>Nothing is searched for: path and cuts are those of the text. It is read strictly: a number
   * that does not fit, a key that stands twice, and more levels than a plan has are refused by
   * name. A search time of more than ten seconds is read as ten, so that a text makes no program
   * search for longer later on, in {@link #gradient} say.
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
          plan.checks.where()
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

  /** Equal plans have the same equation (as written), type, shapes, options, path and cuts. */
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
            && Arrays.deepEquals(slices.main().path(), p.slices.main().path())
            && slices.cutList().equals(p.slices.cutList()));
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

  /**
   * Number of slices that a run consists of: 1 unless a memory limit or {@link
   * PlanOptions#withSlices} made it cut labels; {@link Long#MAX_VALUE} if there are more.
   */
  public long sliceCount() {
    return slices.slices();
  }

  /**
   * Tells cuts apart: equal texts mean that slices of the same number are the same part of the same
   * contraction. {@link PlanSlice#id} carries it.
   */
  public String cutFingerprint() {
    return slices.fingerprint();
  }

  /**
   * The slices, each a contraction of its own over parts of the operands; what they add to their
   * parts of the output is the result. Other programs can spread one contraction so.
   *
   * @return made when they are asked for; not to be changed
   * @throws IllegalStateException if there are more than a list holds, 2^31 - 1; {@link
   *     #slice(long)} gives each of them
   * @throws UnsupportedOperationException if this is a gradient
   */
  public List<PlanSlice> slices() {
    return planSlices().list();
  }

  /**
   * A slice by its number.
   *
   * @param index from 0 to {@link #sliceCount} - 1
   * @throws IndexOutOfBoundsException if there is no such slice
   * @throws UnsupportedOperationException if this is a gradient
   */
  public PlanSlice slice(long index) {
    return planSlices().get(index);
  }

  /**
   * A slice by what {@link PlanSlice#id} gave, here or in another process. A number alone means
   * another part of the contraction where labels are cut otherwise, and the sum of such slices is
   * wrong without an error; this refuses them.
   *
   * <pre>{@code
   * String plan = whole.toJson();                  // where the work is shared out
   * String job = whole.slice(7).id();
   * EinsumPlan.fromJson(plan).slice(job).addTo(part, operands);   // anywhere
   * }</pre>
   *
   * @throws IllegalArgumentException if the text is no id, or of a slice of another cut, equation
   *     or shapes
   * @throws UnsupportedOperationException if this is a gradient
   */
  public PlanSlice slice(String id) {
    return planSlices().get(id);
  }

  /**
   * Computes slices and adds them to their parts of the output, as {@link PlanSlice#addTo} does for
   * each; what all slices share is computed once. Added up in their order from zeros, all slices
   * have the bits of {@link #run}, in however many calls.
   *
   * @param from the first slice
   * @param to the one behind the last, at least from
   * @param out of the whole result's shape, its elements apart
   * @param operands the whole operands
   * @throws IndexOutOfBoundsException if there are no such slices
   * @throws IllegalArgumentException if a shape or type is not the plan's, or if the output shares
   *     elements with an operand; nothing is written then
   */
  public void runSlices(long from, long to, Tensor out, Tensor... operands) {
    requireEquation("slices of a gradient are not handed out");
    if (from < 0 || from > to || to > sliceCount()) {
      throw new IndexOutOfBoundsException(
          checks.where()
              + "there are "
              + sliceCount()
              + " slices, those from "
              + from
              + " to "
              + to
              + " were asked for");
    }
    Tensor[] own = checks.operands(operands);
    checks.target(out);
    run.addSlices(out, from, to, own);
  }

  private PlanSlices planSlices() {
    requireEquation("slices of a gradient are not handed out");
    PlanSlices known = planSlices;
    if (known == null) {
      known = new PlanSlices(this, equation, slices);
      planSlices = known;
    }
    return known;
  }

  /** A plan of a slice's steps. */
  EinsumPlan forSlice(int variant) {
    return new EinsumPlan(
        equation,
        dtype,
        slices.shapesOf(variant),
        options.withMemoryLimit(Long.MAX_VALUE).withSlices(1),
        KnownPlan.of(slices.slice(variant)));
  }

  /**
   * As {@link #run}, told after each slice how many are done: for progress of long runs. An
   * exception of the listener ends the run.
   */
  public Tensor run(LongConsumer afterSlice, Tensor... operands) {
    Objects.requireNonNull(afterSlice, "afterSlice");
    Tensor[] own = checks.operands(operands);
    return run.fresh(own, new PlanRun.Extras(false, 0, afterSlice, null));
  }

  @Override
  public String toString() {
    return "EinsumPlan(" + equation + ", " + Arrays.deepToString(shapes) + ", " + dtype + ")";
  }
}
