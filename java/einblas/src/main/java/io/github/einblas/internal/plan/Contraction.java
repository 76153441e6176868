// Contraction: the core of a plan: an equation for given shapes and types, its program, and runs.
package io.github.einblas.internal.plan;

import io.github.einblas.DType;
import io.github.einblas.Epilogue;
import io.github.einblas.PlanOptions;
import io.github.einblas.internal.equation.Equation;
import io.github.einblas.internal.tensor.Strided;
import java.util.Arrays;
import java.util.Objects;
import java.util.function.LongConsumer;

/**
 * What is planned once and run many times. Immutable and thread-safe. Arrays of tensors that are
 * handed in are nobody else's: what was checked is what runs.
 */
public final class Contraction {
  private final Equation equation;
  private final PlanTypes types;
  private final long[][] shapes;
  private final PlanOptions options;
  private final boolean[] constant;

  /** What this is the gradient of, or null. */
  private final GradientOf gradientOf;

  static final String NO_GRADIENT =
      "gradients are of the contraction alone: make its plan without an epilogue";

  /** The gradient of a contraction for one of its operands. */
  record GradientOf(Contraction plan, int operand, OutputForm form) {}

  private final PlanLayouts layouts;
  private final SlicedProgram slices;
  private final PlanChecks checks;
  private final PlanRun run;

  /** 0 until it is asked for; the same from whatever thread. */
  private int hash;

  /** A contraction of operands of one type whose path and cuts are searched for. */
  public Contraction(Equation equation, DType dtype, long[][] shapes, PlanOptions options) {
    this(
        equation,
        PlanTypes.uniform(equation, dtype, shapes.length, options.outputType()),
        shapes,
        options);
  }

  /** A contraction with a type for each operand. */
  public Contraction(Equation equation, DType[] types, long[][] shapes, PlanOptions options) {
    this(equation, PlanTypes.of(equation, types, options.outputType()), shapes, options);
  }

  /** A contraction of which all types are known. */
  Contraction(Equation equation, PlanTypes types, long[][] shapes, PlanOptions options) {
    this(equation, types, shapes, options, null);
  }

  /** A contraction of which something was found earlier. */
  Contraction(
      Equation equation, PlanTypes types, long[][] shapes, PlanOptions options, KnownPlan known) {
    this(equation, types, shapes, options, new boolean[shapes.length], null, known);
  }

  /** Options for these operands: with those declared the same that are, where none were. */
  public static PlanOptions options(PlanOptions options, Strided[] operands) {
    return options.sameOperands().length > 0
        ? options
        : options.withSameOperands(Reuse.groups(Reuse.same(operands)));
  }

  /** A contraction for which some operands stay the same from run to run. */
  private Contraction(
      Equation equation,
      PlanTypes types,
      long[][] shapes,
      PlanOptions options,
      boolean[] constant,
      GradientOf gradientOf,
      KnownPlan known) {
    this.equation = equation;
    this.types = types;
    this.shapes = shapes;
    this.options = options;
    this.constant = constant;
    this.gradientOf = gradientOf;
    OutputForm form = gradientOf == null ? null : gradientOf.form;
    this.layouts =
        new PlanLayouts(
            equation,
            types,
            shapes,
            options,
            constant,
            form,
            conjugates(),
            known,
            Reuse.declared(options.sameOperands(), equation, shapes, types));
    this.slices = layouts.slices();
    this.checks =
        new PlanChecks(equation, types, shapes, layouts.outputShape(), options.epilogue());
    checks.requireEpilogue();
    SlowRun slow = new SlowRun(checks, slices, types, options);
    this.run = new PlanRun(types, checks, layouts, form, slow, options.epilogue());
  }

  /**
   * Operands that are conjugated, or null: of a complex gradient all but the gradient for the
   * result. dL/dRe + i dL/dIm of a product is that of the result times the conjugate of the rest.
   */
  private boolean[] conjugates() {
    if (gradientOf == null || !types.isComplex()) {
      return null;
    }
    boolean[] others = new boolean[shapes.length];
    Arrays.fill(others, 1, others.length, true);
    return others;
  }

  // ---- facts

  /** The equation. */
  public Equation equation() {
    return equation;
  }

  /** Types of operands and result. */
  public PlanTypes types() {
    return types;
  }

  /** Shapes of the operands, not to be changed. */
  public long[][] shapes() {
    return shapes;
  }

  /** The result's shape, not to be changed. */
  public long[] outputShape() {
    return layouts.outputShape();
  }

  /** The options that it was made with. */
  public PlanOptions options() {
    return options;
  }

  /** The pairs contracted, by slots, not to be changed. */
  public int[][] path() {
    return slices.main().path();
  }

  /** Program and cuts. */
  public SlicedProgram slices() {
    return slices;
  }

  /** The native steps of the layouts that it was lately run with. */
  public PlanLayouts layouts() {
    return layouts;
  }

  /** What is asked of tensors. */
  public PlanChecks checks() {
    return checks;
  }

  /** What this is the gradient of, or null. */
  GradientOf gradientOf() {
    return gradientOf;
  }

  /** Most native bytes that a run takes at a time, for contiguous operands and its threads. */
  public long peakBytes() {
    return peakBytes(layouts.contiguous());
  }

  /** The same for some layout, with a bias along the last axis. */
  public long peakBytes(CompiledPlan compiled) {
    long own = layouts.peakBytes(compiled);
    EpilogueStep finish = epilogue(compiled);
    return finish == null ? own : own + finish.memory(layouts.threads());
  }

  /** Whether the epilogue, if there is one, is done by the last step. */
  public boolean hasFusedEpilogue(CompiledPlan compiled) {
    return epilogue(compiled) != null;
  }

  private EpilogueStep epilogue(CompiledPlan compiled) {
    if (options.epilogue() == Epilogue.NONE) {
      return null;
    }
    long[] strides = new long[outputShape().length];
    if (strides.length > 0) {
      strides[strides.length - 1] = 1;
    }
    return compiled.finished(
        options.epilogue(),
        options.epilogue().hasBias() ? new EpilogueStep.Bias(types.compute(), strides) : null);
  }

  /** As {@link #peakBytes()}, with one thread. */
  long leastPeakBytes() {
    return layouts.peakBytes(layouts.ownLayout(), 1);
  }

  /** Most native bytes of a run at a time for operands of these strides. */
  long peakBytes(long[][] strides, int threads) {
    return layouts.peakBytes(Layout.of(strides), threads);
  }

  /** Refuses what a gradient cannot do. */
  public void requireEquation(String otherwise) {
    if (gradientOf != null) {
      throw new UnsupportedOperationException(checks.where() + otherwise);
    }
  }

  /** Refuses slices whose results would be rounded before they are added up. */
  public void requireExactSlices() {
    if (types.roundsAtEnd() && slices.addsUp()) {
      throw new UnsupportedOperationException(
          checks.where()
              + "slices are computed in "
              + types.compute()
              + ", and their sum is rounded to "
              + types.result()
              + " once: a run does so, but single slices are not handed out; take a plan with the"
              + " output type "
              + types.compute());
    }
  }

  /** Refuses types that have no gradient. */
  void requireGradients() {
    for (int i = 0; i < shapes.length; i++) {
      types.requireGradient(checks.where(i), i);
    }
  }

  // ---- runs

  /** Runs into a new tensor. */
  public Strided run(Strided... operands) {
    return run.fresh(checks.operands(operands), PlanRun.FRESH);
  }

  /** Runs on operands that this was looked up for, and the bias that there may be. */
  public Strided runOwn(Strided[] operands) {
    checks.count(operands.length);
    if (operands.length > shapes.length) {
      checks.operand(shapes.length, operands[shapes.length]);
    }
    return run.fresh(operands, PlanRun.FRESH);
  }

  /** As {@link #run}, told after each slice how many are done. */
  public Strided run(LongConsumer afterSlice, Strided[] operands) {
    return run.fresh(checks.operands(operands), new PlanRun.Extras(false, null, afterSlice, null));
  }

  /** As {@link #run}, by so many threads; 0 for the plan's. */
  Strided runBy(int threads, Strided... operands) {
    return run.fresh(checks.operands(operands), PlanRun.Extras.freshBy(threads));
  }

  /** {@code out = alpha * result + beta * out}. */
  public void runInto(Strided out, double alpha, double beta, Strided[] operands) {
    checks.intoCount(operands.length);
    checks.operands(operands);
    checks.target(out);
    checks.scalars(alpha, beta);
    run.into(out, alpha, beta, operands, PlanRun.GIVEN);
  }

  /** As above for two operands; allocates nothing on the Java heap for a single step. */
  public void runInto(Strided out, double alpha, double beta, Strided a, Strided b) {
    if (shapes.length != 2 || options.epilogue().hasBias()) {
      checks.intoCount(2);
    }
    checks.operand(0, a);
    checks.operand(1, b);
    checks.target(out);
    checks.scalars(alpha, beta);
    run.into(out, alpha, beta, a, b);
  }

  /** Runs many sets of operands, one after the other in an array, into a new tensor. */
  public Strided runBatch(Strided[] own) {
    checks.setOperands(own);
    long[] one = layouts.outputShape();
    long[] shape = new long[one.length + 1];
    shape[0] = own.length / checks.tensors();
    System.arraycopy(one, 0, shape, 1, one.length);
    Strided out = Strided.empty(types.result(), shape);
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

  /** {@code out[s] = alpha * result of set s + beta * out[s]}. */
  public void runBatchInto(Strided out, double alpha, double beta, Strided[] own) {
    checks.setOperands(own);
    checks.batchOutput(out, own.length / checks.tensors());
    checks.scalars(alpha, beta);
    run.batch(out, alpha, beta, own);
  }

  /** Computes slices [from, to) and adds them to an output of the whole result's shape. */
  public void runSlices(long from, long to, Strided out, Strided[] operands) {
    requireEquation("slices of a gradient are not handed out");
    checks.requireNoEpilogue("slices are of the contraction alone");
    requireExactSlices();
    if (from < 0 || from > to || to > slices.slices()) {
      throw new IndexOutOfBoundsException(
          checks.where()
              + "there are "
              + slices.slices()
              + " slices, those from "
              + from
              + " to "
              + to
              + " were asked for");
    }
    checks.operands(operands);
    checks.target(out);
    run.addSlices(out, from, to, operands);
  }

  /** Runs on operands that are open, and times each step: adds to {@code nanos}. */
  public void runTimed(Strided out, Strided[] operands, long[] nanos) {
    run.into(out, 1, 0, operands, new PlanRun.Extras(false, null, null, nanos));
  }

  /** Runs, with what the constants alone decide; for {@link Binding}. */
  PlanRun runs() {
    return run;
  }

  // ---- contractions made of this one

  /** The equation of {@link #gradient(int)}. */
  Equation gradientEquation(int i) {
    requireEquation("this is a gradient already; take the gradient of an equation");
    checks.requireNoEpilogue(NO_GRADIENT);
    if (i < 0 || i >= shapes.length) {
      throw new IndexOutOfBoundsException(
          checks.where() + "operands are numbered 0 to " + (shapes.length - 1) + ", got " + i);
    }
    types.requireGradient(checks.where(i), i);
    return equation.gradient(i, shapes);
  }

  /** From the gradient for the result, and the other operands, to the gradient for operand i. */
  public Contraction gradient(int i) {
    return gradient(i, options, null);
  }

  /** As {@link #gradient(int)}, along a path and cuts that were found earlier. */
  Contraction gradient(int i, KnownPlan known) {
    return gradient(i, options, known);
  }

  /** As {@link #gradient(int)}, under another memory limit. */
  Contraction gradient(int i, long limit) {
    return gradient(i, options.withMemoryLimit(limit), null);
  }

  private Contraction gradient(int i, PlanOptions with, KnownPlan known) {
    Equation gradient = gradientEquation(i);
    long[][] own = new long[shapes.length][];
    own[0] = layouts.outputShape();
    int n = 1;
    for (int j = 0; j < shapes.length; j++) {
      if (j != i) {
        own[n++] = shapes[j];
      }
    }
    return new Contraction(
        gradient,
        types.gradient(gradient, i),
        own,
        with.withPath(null)
            .withSlices(1)
            .withSliceMemoryLimit(Long.MAX_VALUE)
            .withOutputType(null)
            .withSameOperands(),
        new boolean[own.length],
        new GradientOf(this, i, OutputForm.of(gradient.output(), equation.operand(i), shapes[i])),
        known);
  }

  /** The same for constants where there is a tensor. */
  Contraction withConstants(Strided[] constants) {
    checks.count(constants.length);
    if (constants.length > shapes.length && constants[shapes.length] != null) {
      checks.operand(shapes.length, constants[shapes.length]);
    }
    boolean[] given = new boolean[shapes.length];
    for (int i = 0; i < given.length; i++) {
      given[i] = constants[i] != null;
      if (given[i]) {
        checks.operand(i, constants[i]);
      }
    }
    // What the constants decide is kept as one program lays it out: of the constants alone.
    Strided[] operands = checks.withoutBias(constants);
    PlanOptions own = options.withSameOperands(Reuse.groups(Reuse.same(operands)));
    return new Contraction(equation, types, shapes, own, given, gradientOf, null);
  }

  /** A contraction of a slice's steps. */
  Contraction forSlice(int variant) {
    return new Contraction(
        equation,
        types,
        slices.shapesOf(variant),
        options
            .withMemoryLimit(Long.MAX_VALUE)
            .withSliceMemoryLimit(Long.MAX_VALUE)
            .withSlices(1)
            .withSameOperands(),
        KnownPlan.of(slices.slice(variant), layouts.stepRoom(slices)));
  }

  /** Equal ones have the same equation (as written), types, shapes, options, path and cuts. */
  @Override
  public boolean equals(Object other) {
    return this == other
        || (other instanceof Contraction p
            && hashCode() == p.hashCode()
            && types.equals(p.types)
            && equation.toString().equals(p.equation.toString())
            && options.equals(p.options)
            && Arrays.equals(constant, p.constant)
            && Arrays.deepEquals(shapes, p.shapes)
            && Arrays.deepEquals(path(), p.path())
            && slices.cutList().equals(p.slices.cutList()));
  }

  @Override
  public int hashCode() {
    int known = hash;
    if (known == 0) {
      known = Objects.hash(equation.toString(), types, Arrays.deepHashCode(shapes));
      hash = known == 0 ? 1 : known;
    }
    return hash;
  }

  @Override
  public String toString() {
    return equation + ", " + Arrays.deepToString(shapes) + ", " + types;
  }
}
