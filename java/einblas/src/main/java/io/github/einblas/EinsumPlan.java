// Public API: a contraction planned once for given shapes, run many times.
package io.github.einblas;

import io.github.einblas.internal.plan.Binding;
import io.github.einblas.internal.plan.CompiledPlan;
import io.github.einblas.internal.plan.Contraction;
import io.github.einblas.internal.plan.PlanGradients;
import io.github.einblas.internal.plan.PlanJson;
import io.github.einblas.internal.plan.PlanSlices;
import io.github.einblas.internal.plan.PlanVerifier;
import io.github.einblas.internal.plan.PlanWork;
import io.github.einblas.internal.plan.Profile;
import io.github.einblas.internal.report.Explanation;
import io.github.einblas.internal.tensor.Strided;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * An einsum planned for given shapes and types. Immutable and thread-safe.
 *
 * <p>Operands may have any strides; native steps are made for each set of strides on first use and
 * kept (the latest few).
 *
 * <p>Runs stop between steps, slices and parts of a batch when their thread is interrupted or under
 * a {@link CancellationToken}, and are refused where they would take hours: {@link
 * PlanOptions#withAllowSlow}.
 *
 * <pre>{@code
 * EinsumPlan plan = Einsum.plan("ij,jk->ik", DType.F32, new long[] {2, 3}, new long[] {3, 2});
 * Tensor y = plan.run(Tensor.ones(DType.F32, 2, 3), Tensor.ones(DType.F32, 3, 2));
 * System.out.println(plan.flops() + " " + y.get(0, 0)); // 24.0 3.0
 * }</pre>
 */
public final class EinsumPlan {
  private final Contraction core;

  /** Made when they are first asked for. */
  private volatile PlanGradients gradients;

  private volatile PlanSlices slices;

  EinsumPlan(Contraction core) {
    this.core = core;
  }

  /**
   * {@return the plan behind a bound one, with all operands: its {@link #slices} take the constants
   * too, as other processes have nothing of what the bound plan keeps}
   *
   * @param bound the bound plan
   */
  public static EinsumPlan of(BoundPlan bound) {
    return new EinsumPlan(Objects.requireNonNull(bound, "bound").core());
  }

  /**
   * {@return the contraction of a slice's parts of the operands ({@link PlanSlice#operandRanges}),
   * for a program that has nothing else of them}
   *
   * @param slice the slice
   */
  public static EinsumPlan of(PlanSlice slice) {
    return new EinsumPlan(Objects.requireNonNull(slice, "slice").core());
  }

  /** What is behind this door. */
  Contraction core() {
    return core;
  }

  /** {@return the equation as given} */
  public String equation() {
    return core.equation().toString();
  }

  /**
   * {@return type of the result: of the operands, too, where they have one type and none was asked
   * for}
   */
  public DType dtype() {
    return core.types().result();
  }

  /** {@return types of the operands} */
  public List<DType> operandTypes() {
    return core.types().operands();
  }

  /**
   * {@return type that products and sums are computed in, and that intermediates have: F32 for BF16
   * and F16, I32 for shorter integers, else the one that operands and result promote to}
   */
  public DType computeType() {
    return core.types().compute();
  }

  /** {@return shape of the result} */
  public long[] outputShape() {
    return core.outputShape().clone();
  }

  /** {@return shapes of the operands} */
  public long[][] shapes() {
    return Arrays.stream(core.shapes()).map(long[]::clone).toArray(long[][]::new);
  }

  /** {@return the options that the plan was made with} */
  public PlanOptions options() {
    return core.options();
  }

  /** {@return the pairs contracted, by slots: operands are 0..n-1, the result of pair i is n+i} */
  public int[][] path() {
    return Arrays.stream(core.path()).map(int[]::clone).toArray(int[][]::new);
  }

  /**
   * {@return operations on real numbers of one run: 2 for a multiply-add of reals, 8 of complex
   * ones}
   */
  public double flops() {
    return PlanWork.flops(core.slices(), core.types());
  }

  /**
   * {@return bytes of operands, intermediates and result, each counted once per run of a step that
   * uses it}
   */
  public long bytes() {
    return PlanWork.bytes(core.slices(), core.types());
  }

  /**
   * {@return most bytes of native memory that a run takes at a time: result, intermediates,
   * workspaces and packed panels, for contiguous operands and the plan's threads}
   */
  public long peakBytes() {
    return core.peakBytes();
  }

  /** {@return bytes of native memory that one run takes for intermediates} */
  public long workspaceBytes() {
    return core.slices().workspaceElements() * core.types().intermediate().bytes();
  }

  /**
   * Runs the plan into a new contiguous tensor.
   *
   * @param operands tensors of the plan's shapes and types, of any strides; behind them the bias of
   *     an {@link Epilogue} that has one
   * @return a new tensor, to be closed by the caller
   * @throws IllegalArgumentException if number, shape or type of the operands is not the plan's
   * @throws NativeMemoryException if the result or the intermediates do not fit the machine's
   *     memory
   */
  public Tensor run(Tensor... operands) {
    return new Tensor(core.run(Tensor.cores(operands)));
  }

  /**
   * Runs the plan into a given tensor: {@code out = result}.
   *
   * @param out tensor of the result's shape, of any strides
   * @param operands tensors of the plan's shapes and types, of any strides
   */
  public void runInto(Tensor out, Tensor... operands) {
    runInto(out, 1, 0, operands);
  }

  /**
   * Runs the plan into a given tensor of any strides: {@code out = alpha * result + beta * out}.
   *
   * <p>beta = 0 does not read the output; alpha = 0 does not read the operands. For a result of
   * integers both must be integers of at most 2^53, for BOOL 0 or 1.
   *
   * @param out tensor of the result's shape, of any strides
   * @param alpha factor of the result
   * @param beta factor of what {@code out} holds; 0 does not read it
   * @param operands tensors of the plan's shapes and types, of any strides
   * @throws IllegalArgumentException if a shape or type is not the plan's, if the output addresses
   *     some element twice or is a conjugate view, if it shares elements with an operand, or if the
   *     result's type does not take alpha or beta; nothing is written then
   * @throws IllegalStateException if a tensor is closed
   */
  public void runInto(Tensor out, double alpha, double beta, Tensor... operands) {
    if (Objects.requireNonNull(operands, "operands").length == 2 && core.checks().tensors() == 2) {
      runInto(out, alpha, beta, operands[0], operands[1]);
      return;
    }
    core.runInto(Tensor.core(out), alpha, beta, Tensor.cores(operands));
  }

  /**
   * As {@link #runInto(Tensor, double, double, Tensor...)}, for two operands. A planned product of
   * two operands allocates nothing on the Java heap.
   *
   * @param out tensor of the result's shape, of any strides
   * @param alpha factor of the result
   * @param beta factor of what {@code out} holds; 0 does not read it
   * @param a first operand
   * @param b second operand
   */
  public void runInto(Tensor out, double alpha, double beta, Tensor a, Tensor b) {
    core.runInto(Tensor.core(out), alpha, beta, Tensor.core(a), Tensor.core(b));
  }

  /**
   * Explains the plan for contiguous operands: path, steps, kernels, FLOPs, bytes, copies and why.
   *
   * @return the text
   */
  public String explain() {
    return report().text();
  }

  /**
   * Explains the plan for the strides of these operands and a contiguous result.
   *
   * @param operands tensors of the plan's shapes and types, of any strides
   * @return the text
   */
  public String explain(Tensor... operands) {
    return report(operands).text();
  }

  /** {@return what {@link #explain()} says, as data, JSON and pictures} */
  public PlanReport report() {
    return new PlanReport(Explanation.report(core, core.layouts().contiguous(), null));
  }

  /**
   * {@return what {@link #explain(Tensor...)} says, as data, JSON and pictures}
   *
   * @param operands tensors of the plan's shapes and types, of any strides
   */
  public PlanReport report(Tensor... operands) {
    return new PlanReport(Explanation.report(core, compiled(open(operands)), null));
  }

  /** Operands that fit and are open. */
  private Strided[] open(Tensor[] operands) {
    return core.checks().openOperands(Tensor.cores(operands));
  }

  private CompiledPlan compiled(Strided[] operands) {
    return core.layouts().of(core.checks().withoutBias(operands));
  }

  /**
   * Runs the plan a few times and reports the best time of each step beside its bound.
   *
   * @param operands tensors of the plan's shapes and types, of any strides
   * @return the report
   * @throws IllegalArgumentException if number, shape or type of the operands is not the plan's
   */
  public PlanReport profile(Tensor... operands) {
    Strided[] own = open(operands);
    CompiledPlan compiled = compiled(own);
    return new PlanReport(Explanation.report(core, compiled, Profile.seconds(core, compiled, own)));
  }

  /**
   * {@return the native kernel of each step, for the strides of these operands and a contiguous
   * result}
   *
   * @param operands tensors of the plan's shapes and types, of any strides
   */
  public List<String> kernels(Tensor... operands) {
    return Explanation.kernels(compiled(open(operands)).main());
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
   * @param result result of a run
   * @return whether it passed, with its bound and the probability that an error is missed
   * @throws IllegalArgumentException if a number, shape or type is not the plan's
   * @throws UnsupportedOperationException if this is the plan of a gradient
   */
  public Verification verify(Tensor[] operands, Tensor result) {
    return verify(operands, result, System.nanoTime() * 0x9E3779B97F4A7C15L);
  }

  /**
   * As {@link #verify(Tensor[], Tensor)}, with the seed of the signs.
   *
   * @param operands those of the run
   * @param result result of a run
   * @param seed of the random signs
   * @return what was found
   */
  public Verification verify(Tensor[] operands, Tensor result, long seed) {
    core.checks().requireNoEpilogue("the contraction alone is verified");
    Strided[] own = open(operands);
    Strided given = Tensor.core(result);
    core.checks().output(given);
    core.requireEquation("the gradient of a contraction is not verified; verify the contraction");
    return new PlanVerifier(core, seed).check(own, given);
  }

  /**
   * {@return the gradient for operand i as a plan: from the gradient of a scalar loss for the
   * result, and the other operands in their order, to the gradient for that operand, of the
   * operand's shape}
   *
   * <p>{@code dL/dX_i = sum of dL/dresult * product of the others} over all labels that X_i lacks;
   * zero off the diagonal where a label is repeated, summed along axes of length 1 that were
   * broadcast, repeated along labels that nothing else has.
   *
   * <p>It has the operand's type, and takes the gradient for the result in the result's. For
   * complex numbers the gradient of a real loss is {@code dL/dRe + i dL/dIm}, as PyTorch has it, so
   * the other operands are conjugated.
   *
   * @param i number of the operand, from 0
   * @throws IndexOutOfBoundsException if there is no such operand
   * @throws IllegalArgumentException if the operand is of integers or BOOL, or real beside complex
   *     ones
   */
  public EinsumPlan gradient(int i) {
    return new EinsumPlan(core.gradient(i));
  }

  /**
   * The gradients for all operands at once, sharing intermediates: some three times the work of a
   * run, for any number of operands. A memory limit counts all of them; where the shared
   * intermediates would exceed it, each gradient is computed by itself, in slices if need be.
   *
   * @param upstream gradient of a scalar loss for the result
   * @param operands tensors of the plan's shapes and types, of any strides
   * @return new tensors of the operands' shapes, to be closed by the caller
   * @throws IllegalArgumentException if a shape or type is not the plan's, if an operand has no
   *     {@link #gradient}, or if the gradients do not fit the memory limit; the text names one that
   *     would do
   */
  public Gradients gradients(Tensor upstream, Tensor... operands) {
    core.checks().requireNoEpilogue("gradients are of the contraction alone");
    Strided[] own = open(operands);
    Strided above = Tensor.core(upstream);
    core.checks().output(above);
    PlanGradients known = gradients;
    if (known == null) {
      known = new PlanGradients(core);
      gradients = known;
    }
    return new Gradients(Tensor.of(known.run(above, own)));
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
    return new Tensor(core.runBatch(Tensor.cores(core.checks(), core.checks().tensors(), sets)));
  }

  /**
   * As below: {@code out[s] = result of set s}.
   *
   * @param out tensor of the result's shape, of any strides
   * @param sets operands of each contraction
   */
  public void runBatchInto(Tensor out, List<Tensor[]> sets) {
    runBatchInto(out, 1, 0, sets);
  }

  /**
   * Runs the plan on many sets of operands: {@code out[s] = alpha * result of set s + beta *
   * out[s]}.
   *
   * @param out its first axis runs over the sets
   * @param alpha factor of the result
   * @param beta factor of what {@code out} holds; 0 does not read it
   * @param sets operands of each contraction
   */
  public void runBatchInto(Tensor out, double alpha, double beta, List<Tensor[]> sets) {
    core.runBatchInto(
        Tensor.core(out), alpha, beta, Tensor.cores(core.checks(), core.checks().tensors(), sets));
  }

  /**
   * {@return a plan with some operands given once: what depends on them alone is computed now}
   *
   * @param constants for each operand, and behind them for the bias of an {@link Epilogue}, a
   *     tensor, or null where each run gives one. They must stay open and unchanged while the bound
   *     plan is used.
   * @throws IllegalArgumentException if number, shape or type of the constants is not the plan's
   */
  public BoundPlan bind(@Nullable Tensor... constants) {
    return new BoundPlan(new Binding(core, Tensor.cores("constants", constants)));
  }

  /**
   * {@return equation, types, shapes, path and options as JSON: {@link #fromJson(String)} makes the
   * plan again without a search}
   */
  public String toJson() {
    return PlanJson.write(core);
  }

  /**
   * {@return the plan that {@link #toJson} wrote}
   *
   * <p>Nothing is searched for: path and cuts are those of the text. It is read strictly: a number
   * that does not fit, a key that stands twice, and more levels than a plan has are refused by
   * name. A search time of more than ten seconds is read as ten, so that a text makes no program
   * search for longer later on, in {@link #gradient} say.
   *
   * @param json text of {@link #toJson}
   * @throws IllegalArgumentException if the text is no such plan, saying what is missing or wrong
   */
  public static EinsumPlan fromJson(String json) {
    return new EinsumPlan(PlanJson.read(json));
  }

  /**
   * {@return the plan that {@link #toJson} wrote, for operands of these shapes and this type}
   *
   * @param json text of {@link #toJson}
   * @param dtype type of the elements
   * @param shapes lengths of the axes of each operand
   * @throws IllegalArgumentException if the text is no such plan, or was written for others
   */
  public static EinsumPlan fromJson(String json, DType dtype, long[]... shapes) {
    Objects.requireNonNull(dtype, "dtype");
    Objects.requireNonNull(shapes, "shapes");
    return fromJson(json, Collections.nCopies(shapes.length, dtype), shapes);
  }

  /**
   * {@return the plan that {@link #toJson} wrote, for operands of these types and shapes}
   *
   * @param json text of {@link #toJson}
   * @param types type of each operand
   * @param shapes lengths of the axes of each operand
   * @throws IllegalArgumentException if the text is no such plan, or was written for others
   */
  public static EinsumPlan fromJson(String json, List<DType> types, long[]... shapes) {
    List<DType> own = List.copyOf(Objects.requireNonNull(types, "types"));
    return new EinsumPlan(PlanJson.read(json, own, Objects.requireNonNull(shapes, "shapes")));
  }

  /** Equal plans have the same equation (as written), types, shapes, options, path and cuts. */
  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof EinsumPlan p && core.equals(p.core);
  }

  @Override
  public int hashCode() {
    return core.hashCode();
  }

  /**
   * {@return number of slices that a run consists of: 1 unless a memory limit, of the run or of a
   * slice, or {@link PlanOptions#withSlices} made it cut labels; {@link Long#MAX_VALUE} if there
   * are more}
   */
  public long sliceCount() {
    return core.slices().slices();
  }

  /**
   * Tells cuts apart: equal texts mean that slices of the same number are the same part of the same
   * contraction. {@link PlanSlice#id} carries it.
   *
   * @return the text
   */
  public String cutFingerprint() {
    return core.slices().fingerprint();
  }

  /**
   * The slices, each a contraction of its own over parts of the operands; what they add to their
   * parts of the output is the result. Other programs can spread one contraction so.
   *
   * @return made when they are asked for; not to be changed
   * @throws IllegalStateException if there are more than a list holds, 2^31 - 1; {@link
   *     #slice(long)} gives each of them
   * @throws UnsupportedOperationException if this is a gradient, or if the slices are added up in a
   *     wider type than the result's ({@link #computeType}), which only a run does
   */
  public List<PlanSlice> slices() {
    return planSlices().list(PlanSlice::new);
  }

  /**
   * {@return a slice by its number}
   *
   * @param index from 0 to {@link #sliceCount} - 1
   * @throws IndexOutOfBoundsException if there is no such slice
   * @throws UnsupportedOperationException if this is a gradient
   */
  public PlanSlice slice(long index) {
    return new PlanSlice(planSlices().get(index));
  }

  /**
   * {@return a slice by what {@link PlanSlice#id} gave, here or in another process} A number alone
   * means another part of the contraction where labels are cut otherwise, and the sum of such
   * slices is wrong without an error; this refuses them.
   *
   * <pre>{@code
   * String plan = whole.toJson();                  // where the work is shared out
   * String job = whole.slice(7).id();
   * EinsumPlan.fromJson(plan).slice(job).addTo(part, operands);   // anywhere
   * }</pre>
   *
   * @param id of {@link PlanSlice#id}
   * @throws IllegalArgumentException if the text is no id, or of a slice of another cut, equation
   *     or shapes
   * @throws UnsupportedOperationException if this is a gradient
   */
  public PlanSlice slice(String id) {
    return new PlanSlice(planSlices().get(id));
  }

  /**
   * Computes slices and adds them to their parts of the output, as {@link PlanSlice#addTo} does for
   * each; what all slices share is computed once. Added up in their order from zeros, all slices
   * have the bits of {@link #run}, in however many calls, but for the sign of zeros.
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
    core.runSlices(from, to, Tensor.core(out), Tensor.cores(operands));
  }

  private PlanSlices planSlices() {
    PlanSlices known = slices;
    if (known == null) {
      known = new PlanSlices(core);
      slices = known;
    }
    return known;
  }

  /**
   * As {@link #run}, told after each slice how many are done: for progress of long runs. An
   * exception of the listener ends the run.
   *
   * @param afterSlice told the number of slices that are done
   * @param operands tensors of the plan's shapes and types, of any strides
   * @return a new tensor, to be closed by the caller
   */
  public Tensor run(LongConsumer afterSlice, Tensor... operands) {
    Objects.requireNonNull(afterSlice, "afterSlice");
    return new Tensor(core.run(afterSlice, Tensor.cores(operands)));
  }

  @Override
  public String toString() {
    return "EinsumPlan(" + core + ")";
  }
}
