// Public API: how a plan is made and run.
package io.github.einblas;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Options of a plan: an immutable value, made from {@link #DEFAULT} by its {@code with} methods.
 *
 * <pre>{@code
 * PlanOptions options = PlanOptions.DEFAULT.withThreads(1).withMemoryLimit(1L << 30);
 * Tensor y = Einsum.plan("ij,jk->ik", options, x, x).run(x, x);
 * }</pre>
 */
public final class PlanOptions {
  /** How the order of contractions is found for more than two operands. */
  public enum Strategy {
    /**
     * All orders up to 8 operands; beyond, all orders without outer products while these are few,
     * else several greedy searches; the result is refined. Hundreds of operands take a fraction of
     * a second.
     */
    AUTO,
    /** The cheapest of all orders; up to 16 operands. */
    OPTIMAL,
    /**
     * Search in depth over the best three pairs at each point, bounded by the best tree found; the
     * greedy order beyond 256 operands.
     */
    BRANCH,
    /** The best of a few greedy searches; hundreds of operands. */
    GREEDY,
    /**
     * Greedy with chance, again and again for {@link PlanOptions#searchTime}, each promising order
     * refined. Two searches may find different orders, and so results that differ in rounding.
     */
    RANDOM_GREEDY,
    /**
     * The cheapest order without outer products by dynamic programming, up to 62 operands that
     * labels connect; chains, trees and lattices of that size are fast, networks where all have
     * labels in common are refused beyond some 16.
     */
    DYNAMIC,
    /** Pairs from the left, as written. */
    LEFT_TO_RIGHT
  }

  /** What a search for a path makes small. */
  public enum CostModel {
    /**
     * Time: floating-point operations at the rate of the kernel that a pair of that shape gets, or
     * bytes moved, whichever takes longer. {@link Strategy#AUTO} still takes the path of fewest
     * operations where that is nearly as fast, or where all is over in microseconds.
     */
    KERNELS,
    /** Floating-point operations only. */
    FLOPS
  }

  /** The greatest number of threads that a call can have. */
  public static final int MOST_THREADS = 1024;

  /** What a run may take, as predicted, unless {@link #withAllowSlow} allows more: an hour. */
  public static final Duration SLOW = Duration.ofHours(1);

  /** The process's threads, automatic path, chosen kernels. */
  public static final PlanOptions DEFAULT = new PlanOptions(new Draft());

  private final int threads;
  private final Strategy strategy;
  private final CostModel costModel;
  private final @Nullable Duration searchTime;
  private final int searchRounds;
  private final long seed;
  private final @Nullable Predicate<SearchProgress> searchListener;
  private final int @Nullable [][] path;
  private final @Nullable String kernel;
  private final boolean batchInvariance;
  private final long memoryLimit;
  private final long slices;
  private final long sliceMemoryLimit;
  private final @Nullable DType outputType;
  private final boolean checkedIntegers;
  private final int[][] sameOperands;
  private final boolean allowSlow;
  private final Epilogue epilogue;

  private PlanOptions(Draft draft) {
    this.threads = draft.threads;
    this.strategy = draft.strategy;
    this.costModel = draft.costModel;
    this.searchTime = draft.searchTime;
    this.searchRounds = draft.searchRounds;
    this.seed = draft.seed;
    this.searchListener = draft.searchListener;
    this.path = draft.path;
    this.kernel = draft.kernel;
    this.batchInvariance = draft.batchInvariance;
    this.memoryLimit = draft.memoryLimit;
    this.slices = draft.slices;
    this.sliceMemoryLimit = draft.sliceMemoryLimit;
    this.outputType = draft.outputType;
    this.checkedIntegers = draft.checkedIntegers;
    this.sameOperands = draft.sameOperands;
    this.allowSlow = draft.allowSlow;
    this.epilogue = draft.epilogue;
  }

  /** The values of options to be made, at first the defaults. */
  private static final class Draft {
    int threads;
    Strategy strategy = Strategy.AUTO;
    CostModel costModel = CostModel.KERNELS;
    @Nullable Duration searchTime;
    int searchRounds;
    long seed;
    @Nullable Predicate<SearchProgress> searchListener;
    int @Nullable [][] path;
    @Nullable String kernel;
    boolean batchInvariance;
    long memoryLimit = Long.MAX_VALUE;
    long slices = 1;
    long sliceMemoryLimit = Long.MAX_VALUE;
    @Nullable DType outputType;
    boolean checkedIntegers;
    int[][] sameOperands = {};
    boolean allowSlow;
    Epilogue epilogue = Epilogue.NONE;
  }

  private Draft draft() {
    Draft draft = new Draft();
    draft.threads = threads;
    draft.strategy = strategy;
    draft.costModel = costModel;
    draft.searchTime = searchTime;
    draft.searchRounds = searchRounds;
    draft.seed = seed;
    draft.searchListener = searchListener;
    draft.path = path;
    draft.kernel = kernel;
    draft.batchInvariance = batchInvariance;
    draft.memoryLimit = memoryLimit;
    draft.slices = slices;
    draft.sliceMemoryLimit = sliceMemoryLimit;
    draft.outputType = outputType;
    draft.checkedIntegers = checkedIntegers;
    draft.sameOperands = sameOperands;
    draft.allowSlow = allowSlow;
    draft.epilogue = epilogue;
    return draft;
  }

  /** {@return threads per run; 0 means {@link Einblas#threads()} at the time of the run} */
  public int threads() {
    return threads;
  }

  /** {@return how the path is searched when none is given} */
  public Strategy strategy() {
    return strategy;
  }

  /** {@return what the search makes small} */
  public CostModel costModel() {
    return costModel;
  }

  /** {@return how long an order is searched for, or null: as long as a run is worth} */
  public @Nullable Duration searchTime() {
    return searchTime;
  }

  /**
   * Rounds of the search, or 0: {@link #withSearchRounds}.
   *
   * @return the number
   */
  public int searchRounds() {
    return searchRounds;
  }

  /** {@return the seed of searches that go by chance} */
  public long seed() {
    return seed;
  }

  /** {@return who is told how a search goes, or null: {@link #withSearchListener}} */
  public @Nullable Predicate<SearchProgress> searchListener() {
    return searchListener;
  }

  /** {@return the given path, or null: see {@link #withPath}} */
  public int @Nullable [][] path() {
    return copy(path);
  }

  /** {@return the native kernel forced on every step, or null} */
  public @Nullable String kernel() {
    return kernel;
  }

  /**
   * With another number of threads per run.
   *
   * @param newThreads 1 to 1024, or 0 for the process's number
   * @return options with that
   * @throws IllegalArgumentException if out of range
   */
  public PlanOptions withThreads(int newThreads) {
    if (newThreads < 0 || newThreads > MOST_THREADS) {
      throw new IllegalArgumentException(
          "threads must be from 1 to "
              + MOST_THREADS
              + ", or 0 for the process's number, got "
              + newThreads);
    }
    Draft draft = draft();
    draft.threads = newThreads;
    return new PlanOptions(draft);
  }

  /**
   * With another way to search the path.
   *
   * @param newStrategy how the order is searched for
   * @return options with that
   */
  public PlanOptions withStrategy(Strategy newStrategy) {
    Draft draft = draft();
    draft.strategy = Objects.requireNonNull(newStrategy, "newStrategy");
    return new PlanOptions(draft);
  }

  /**
   * With another cost to make small.
   *
   * @param newCostModel what a search makes small
   * @return options with that
   */
  public PlanOptions withCostModel(CostModel newCostModel) {
    Draft draft = draft();
    draft.costModel = Objects.requireNonNull(newCostModel, "newCostModel");
    return new PlanOptions(draft);
  }

  /**
   * With a time in which the best order is taken that a search finds: {@link Strategy#AUTO} (beyond
   * 8 operands) and {@link Strategy#RANDOM_GREEDY} go on for so long, with the threads of the plan.
   * More time never gives a worse order. How far a search gets depends on the machine, so that two
   * may find different orders, whose results differ in rounding; {@link #withSearchRounds} counts
   * instead. An interrupt ends the search with the best order so far, and stays pending.
   *
   * <pre>{@code
   * var options = PlanOptions.DEFAULT.withSearchTime(Duration.ofSeconds(10));
   * EinsumPlan plan = Einsum.plan(equation, options, DType.F64, shapes); // after 10 s
   * String kept = plan.toJson(); // the order is not searched for again
   * }</pre>
   *
   * @param newSearchTime more than 0, at most an hour; null for as long as a run is worth (100 ms
   *     of {@code RANDOM_GREEDY})
   * @return options with that
   * @throws IllegalArgumentException if out of range
   */
  public PlanOptions withSearchTime(@Nullable Duration newSearchTime) {
    if (newSearchTime != null
        && (newSearchTime.isNegative()
            || newSearchTime.isZero()
            || newSearchTime.compareTo(Duration.ofHours(1)) > 0)) {
      throw new IllegalArgumentException(
          "the search time must be more than 0, at most an hour, got " + newSearchTime);
    }
    Draft draft = draft();
    draft.searchTime = newSearchTime;
    return new PlanOptions(draft);
  }

  /**
   * With so many rounds of the search of {@link Strategy#AUTO}, whatever time they take: the same
   * {@linkplain #withSeed seed} and rounds give the same order on every machine and by any number
   * of threads. A {@linkplain #withSearchTime search time} beside it ends the search earlier.
   *
   * @param rounds 1 to 1,000,000, each longer than the ones before; 0 for as many as a run is worth
   * @return options with that
   * @throws IllegalArgumentException if out of range
   */
  public PlanOptions withSearchRounds(int rounds) {
    if (rounds < 0 || rounds > 1_000_000) {
      throw new IllegalArgumentException(
          "the rounds of a search must be from 1 to 1000000, or 0 for as many as a run is worth,"
              + " got "
              + rounds);
    }
    Draft draft = draft();
    draft.searchRounds = rounds;
    return new PlanOptions(draft);
  }

  /**
   * With another seed of searches that go by chance; 0 unless given.
   *
   * @param newSeed of the random numbers
   * @return options with that
   */
  public PlanOptions withSeed(long newSeed) {
    Draft draft = draft();
    draft.seed = newSeed;
    return new PlanOptions(draft);
  }

  /**
   * With somebody who is told how a search under {@link #withSearchTime} or {@link
   * #withSearchRounds} goes: when it has found a better order, and some ten times a second. It is
   * called by the thread that makes the plan. It is no part of what makes options equal, nor of
   * saved plans.
   *
   * @param listener returns whether to go on; false ends the search with the best order so far.
   *     Null for nobody
   * @return options with that
   */
  public PlanOptions withSearchListener(@Nullable Predicate<SearchProgress> listener) {
    Draft draft = draft();
    draft.searchListener = listener;
    return new PlanOptions(draft);
  }

  /**
   * With a given order of contractions.
   *
   * @param newPath pairs of slots: operands are slots 0..n-1, the result of pair i is slot n+i;
   *     each slot is used once, and the order within a pair changes no bit of the result. Null to
   *     search. It is checked against the operands when a plan is made. opt_einsum and NumPy count
   *     otherwise: {@link #withLinearPath}.
   * @return options with that
   */
  public PlanOptions withPath(int @Nullable [][] newPath) {
    Draft draft = draft();
    draft.path = copy(newPath);
    return new PlanOptions(draft);
  }

  /**
   * With a given order of contractions, counted as opt_einsum's {@code contract_path} and NumPy's
   * {@code einsum_path} do: a pair is two places in the list of tensors that are left; both are
   * taken out, and their product is appended. {@link #withPath} counts slots that stay: {@code
   * (0,1)(0,1)} here is {@code (0,1)(2,3)} there.
   *
   * <pre>{@code
   * PlanOptions.DEFAULT.withLinearPath(new int[][] {{0, 2}, {0, 1}}); // [(0, 2), (0, 1)]
   * }</pre>
   *
   * @param newPath for n operands n - 1 pairs
   * @return options with that
   * @throws IllegalArgumentException if an entry is no pair of two places that are there
   */
  public PlanOptions withLinearPath(int[][] newPath) {
    return withPath(slots(copy(Objects.requireNonNull(newPath, "newPath"))));
  }

  /**
   * With a native kernel forced on every step (tests and tuning), or null for none.
   *
   * @param newKernel name of {@link Einblas#kernels}, or null
   * @return options with that
   * @throws IllegalArgumentException if these options have {@link #batchInvariance()}, which
   *     chooses kernels by its own rules
   */
  public PlanOptions withKernel(@Nullable String newKernel) {
    Draft draft = draft();
    draft.kernel = newKernel;
    return checked(draft);
  }

  /**
   * {@return whether results do not depend on what is computed beside them: {@link
   * #withBatchInvariance}}
   */
  public boolean batchInvariance() {
    return batchInvariance;
  }

  /**
   * With batch invariance or without: every element of a result gets the same bits whatever else is
   * computed beside it. A row, a column or an entry of a batch computed alone, in any part of the
   * batch and with any strides, has the bits that it has among the others; so a model's answer does
   * not depend on who asks at the same time.
   *
   * <pre>{@code
   * PlanOptions same = PlanOptions.DEFAULT.withBatchInvariance(true);
   * EinsumPlan all = Einsum.plan("bmk,kn->bmn", same, x, w);
   * EinsumPlan one = Einsum.plan("bmk,kn->bmn", same, entry5, w);
   * // one.run(entry5, w) has the bits that all.run(x, w) has at b = 5
   * }</pre>
   *
   * <p>Products are added in the order of the summed labels, in blocks whose borders depend on
   * their lengths alone. Products of matrices cost little, products of a matrix and a vector and
   * sums several times as much: docs/decisions/006-batch-invariance.md has a table. It holds for
   * one instruction set ({@link Einblas#isa()}) and one order of contractions: from three operands
   * on give the path ({@link #withPath}), because the search goes by lengths. A gradient searches
   * its own path, so those of three operands and more are not covered. It does not hold where
   * {@link #withMemoryLimit} or {@link #withSlices} and the like cut a summed label, nor for
   * block-sparse, CSR, BSR and Kronecker products.
   *
   * <p>Without the option bits depend on the shapes, but never on the number of threads.
   *
   * @param invariant whether an element has the same bits whatever is computed beside it
   * @return options with that
   * @throws IllegalArgumentException if a kernel is forced ({@link #withKernel})
   */
  public PlanOptions withBatchInvariance(boolean invariant) {
    Draft draft = draft();
    draft.batchInvariance = invariant;
    return checked(draft);
  }

  private static PlanOptions checked(Draft draft) {
    if (draft.batchInvariance && draft.kernel != null) {
      throw new IllegalArgumentException(
          "batch invariance chooses the kernels, so kernel '"
              + draft.kernel
              + "' cannot be forced too");
    }
    return new PlanOptions(draft);
  }

  /**
   * {@return most native bytes that a run may take at a time; {@link Long#MAX_VALUE} for no limit}
   */
  public long memoryLimit() {
    return memoryLimit;
  }

  /**
   * With a memory budget: result, intermediates, workspaces and packed panels of a run together
   * (the operands are the caller's). A plan that would take more with one thread cuts labels and
   * runs slice by slice, or takes another path. Where there is no room for the workspaces of all
   * threads, a step runs with fewer: neither cuts nor bits depend on the number of threads.
   *
   * @param bytes at least 0, or {@link Long#MAX_VALUE} for no limit. A budget that nothing fits is
   *     refused when a plan is made, by a {@link MemoryLimitException} with the smallest that would
   *     do.
   * @return options with that
   * @throws IllegalArgumentException if negative
   */
  public PlanOptions withMemoryLimit(long bytes) {
    if (bytes < 0) {
      throw new IllegalArgumentException("the memory limit must not be negative, got " + bytes);
    }
    Draft draft = draft();
    draft.memoryLimit = bytes;
    return new PlanOptions(draft);
  }

  /** {@return fewest slices of a plan; 1 unless {@link #withSlices} asked for more} */
  public long slices() {
    return slices;
  }

  /**
   * With at least so many slices, to be computed in several places: {@link EinsumPlan#slice(long)}
   * gives them. Labels are cut where that costs least; there are a few more slices where lengths do
   * not divide evenly. A plan that runs them all itself gets the same result. Gradients of a plan
   * are cut by its memory limit alone.
   *
   * <pre>{@code
   * var options = PlanOptions.DEFAULT.withSlices(64);
   * EinsumPlan plan = Einsum.plan("ab,bc,cd->ad", options, DType.F64, shapes);
   * String job = plan.toJson(); // each worker: EinsumPlan.fromJson(job).slice(i).addTo(part, ...)
   * }</pre>
   *
   * @param atLeast 1 for no more than needed. More than the labels' lengths allow is refused when a
   *     plan is made; the text names the most.
   * @return options with that
   * @throws IllegalArgumentException if less than 1
   */
  public PlanOptions withSlices(long atLeast) {
    if (atLeast < 1) {
      throw new IllegalArgumentException("there must be at least 1 slice, got " + atLeast);
    }
    Draft draft = draft();
    draft.slices = atLeast;
    return new PlanOptions(draft);
  }

  /**
   * {@return most native bytes of one slice that is computed alone; {@link Long#MAX_VALUE} for no
   * limit}
   */
  public long sliceMemoryLimit() {
    return sliceMemoryLimit;
  }

  /**
   * With a memory budget for each slice where it is computed alone, as workers do by {@link
   * PlanSlice}: its parts of the operands and of the result, intermediates and workspaces together.
   * {@link #withMemoryLimit} counts a run of the whole plan instead, without its operands.
   * Gradients of a plan are not cut by it.
   *
   * <pre>{@code
   * var options = PlanOptions.DEFAULT.withSliceMemoryLimit(1L << 30); // workers of 1 GB
   * EinsumPlan plan = Einsum.plan("ij,jk->ik", options, DType.F64, shapes);
   * plan.sliceCount(); // as few as fit
   * }</pre>
   *
   * @param bytes at least 0, or {@link Long#MAX_VALUE} for no limit. A budget that nothing fits is
   *     refused when a plan is made, by a {@link MemoryLimitException} with the smallest that would
   *     do.
   * @return options with that
   * @throws IllegalArgumentException if negative
   */
  public PlanOptions withSliceMemoryLimit(long bytes) {
    if (bytes < 0) {
      throw new IllegalArgumentException(
          "the memory limit of a slice must not be negative, got " + bytes);
    }
    Draft draft = draft();
    draft.sliceMemoryLimit = bytes;
    return new PlanOptions(draft);
  }

  /** {@return type of the result, or null for the one that the operands promote to} */
  public @Nullable DType outputType() {
    return outputType;
  }

  /**
   * With another type of the result. A wider one widens what is computed in: counts of BOOL in I64,
   * sums of F32 in F64. A narrower one of the same kind (bool, integer, real, complex) is rounded
   * to, or wraps, once at the end.
   *
   * <pre>{@code
   * PlanOptions wide = PlanOptions.DEFAULT.withOutputType(DType.F32);
   * EinsumPlan plan = Einsum.plan("ij,jk->ik", wide, DType.BF16, a, b); // BF16 in, F32 out
   * }</pre>
   *
   * @param newOutputType null for the type that the operands promote to. When a plan is made, a
   *     type is refused that drops an imaginary part, a fraction, or all but whether a number is 0.
   * @return options with that
   */
  public PlanOptions withOutputType(@Nullable DType newOutputType) {
    Draft draft = draft();
    draft.outputType = newOutputType;
    return new PlanOptions(draft);
  }

  /** {@return whether runs refuse to wrap integers: {@link #withCheckedIntegers}} */
  public boolean checkedIntegers() {
    return checkedIntegers;
  }

  /**
   * With checks of integers or without. With them a run that would wrap ends in an {@link
   * IntegerOverflowException}: an {@link ArithmeticException} that names the first step, in the
   * order in which steps run, of whose result an element is beyond the range of its type, the first
   * such element by its labels, and the number that it should be.
   *
   * <pre>{@code
   * PlanOptions checked = PlanOptions.DEFAULT.withCheckedIntegers(true);
   * Tensor c = Einsum.plan("ij,jk->ik", checked, DType.I32, a, b).run(x, y);
   * // ... step 1 of 1 (ij,jk->ik): element i=3, k=0 is 2147483712, beyond I32 ...
   * }</pre>
   *
   * <p>Checked is what each step writes, {@code alpha * sum + beta * out} as a whole number: an
   * intermediate in the type that is computed in ({@link EinsumPlan#computeType}), the result in
   * its own. No run is refused otherwise: parts of a sum may be beyond the range. Where a plan is
   * cut so that slices are added up, their totals are kept, and checked, in I64; {@link
   * PlanSlice#addTo} and {@link EinsumPlan#runSlices} check the totals in the output that they add
   * to.
   *
   * <p>Each step is checked before it writes, and the output is written last: it is as it was when
   * a run or a batch is refused, and {@link BoundPlan}s are refused when they are made where their
   * constants alone wrap. {@code runSlices} alone may have added earlier slices, and says so.
   *
   * <p>Results of floats, complex numbers and BOOL do not wrap: there the option changes nothing.
   * {@link EinsumPlan#verify} compares modulo 2^n with the option too. What it costs is in
   * docs/number-types.md: a read of the operands where their largest elements prove that nothing
   * wraps, else the product once more in F64.
   *
   * @param checked whether runs that would wrap end in an exception
   * @return options with that
   */
  public PlanOptions withCheckedIntegers(boolean checked) {
    Draft draft = draft();
    draft.checkedIntegers = checked;
    return new PlanOptions(draft);
  }

  /** {@return whether runs of any length are allowed: {@link #withAllowSlow}} */
  public boolean allowSlow() {
    return allowSlow;
  }

  /**
   * With runs of any length, or without. Without them a run or a batch is refused that would take
   * more than {@link #SLOW} at least: its operations at this machine's rate of a product of
   * matrices, and 0.125 &micro;s for each step of each slice. The {@link IllegalArgumentException}
   * says how long it would take. Plans are made and explained in any case, and {@link PlanSlice}s
   * are asked one by one.
   *
   * <pre>{@code
   * PlanOptions patient = options.withMemoryLimit(1 << 20).withAllowSlow(true); // many slices
   * }</pre>
   *
   * @param allow whether runs of any length are planned
   * @return options with that
   */
  public PlanOptions withAllowSlow(boolean allow) {
    Draft draft = draft();
    draft.allowSlow = allow;
    return new PlanOptions(draft);
  }

  /**
   * {@return operands that a plan takes for the same tensor, in groups: {@link #withSameOperands}}
   */
  public int[][] sameOperands() {
    return copy(sameOperands);
  }

  /**
   * With operands that will be one and the same tensor. What is equal up to the names of labels is
   * then computed once: a plan's work, memory, report and cuts are those of such runs.
   *
   * <pre>{@code
   * long[] square = {500, 500};
   * var fourth = PlanOptions.DEFAULT
   *     .withPath(new int[][] {{0, 1}, {2, 3}, {4, 5}})
   *     .withSameOperands(new int[] {0, 1, 2, 3});
   * Einsum.plan("ab,bc,cd,de->ae", fourth, DType.F64, square, square, square, square)
   *     .flops(); // of two products: cd,de is as ab,bc
   * }</pre>
   *
   * <p>It says nothing about results. Each run looks by itself which of its operands are the same:
   * one type, shape, strides and memory. Only what is then equal is computed once, declared or not;
   * different tensors are computed apart, declared the same or not. Plans that are made for tensors
   * find what is the same by themselves. A plan with a memory limit computes apart what does not
   * fit it otherwise; parts of a cut label are equal where the label is the same one.
   *
   * @param groups numbers of operands, an operand in one group at most; none for all different.
   *     When a plan is made, operands are refused that are not there, or that differ in shape or
   *     type
   * @return options with that
   * @throws IllegalArgumentException if a number is negative or there twice
   */
  public PlanOptions withSameOperands(int[]... groups) {
    int[][] own = copy(Objects.requireNonNull(groups, "groups"));
    if (own.length == 0 && sameOperands.length == 0) {
      return this;
    }
    Set<Integer> known = new HashSet<>();
    for (int[] group : own) {
      for (int i : Objects.requireNonNull(group, "a group of operands")) {
        if (i < 0 || !known.add(i)) {
          throw new IllegalArgumentException(
              "operands that are the same are numbers from 0 on, each there once, got "
                  + Arrays.deepToString(own));
        }
      }
    }
    Draft draft = draft();
    draft.sameOperands = own;
    return new PlanOptions(draft);
  }

  /** {@return what becomes of the result before it is written} */
  public Epilogue epilogue() {
    return epilogue;
  }

  /**
   * With a bias or an activation of the result: {@code out = f(alpha * result + beta * out +
   * bias)}, applied while the result lies in the processor's cache, where a plan's last step is one
   * of at most two tensors in one slice; elsewhere in a pass of its own. A result that is narrower
   * than {@link EinsumPlan#computeType} is rounded once in the first case, before it too in the
   * second.
   *
   * <p>The bias is one tensor more, behind the operands of each run: {@link Epilogue}. Gradients,
   * slices and checks of a plan are of the contraction alone, so a plan with an epilogue refuses
   * them.
   *
   * @param newEpilogue what to do
   * @return options with that. When a plan is made, results of other types than F32, F64, BF16 and
   *     F16 are refused.
   */
  public PlanOptions withEpilogue(Epilogue newEpilogue) {
    Draft draft = draft();
    draft.epilogue = Objects.requireNonNull(newEpilogue, "newEpilogue");
    return new PlanOptions(draft);
  }

  /** The slots of pairs of places; n - 1 pairs are of n operands. */
  private static int[][] slots(int[][] linear) {
    List<Integer> left = new ArrayList<>();
    for (int i = 0; i <= linear.length; i++) {
      left.add(i);
    }
    int[][] path = new int[linear.length][];
    for (int p = 0; p < path.length; p++) {
      int[] pair = linear[p];
      if (pair == null || pair.length != 2) {
        throw new IllegalArgumentException(
            "step " + p + " of the path must be a pair of places, got " + Arrays.toString(pair));
      }
      int low = Math.min(pair[0], pair[1]);
      int high = Math.max(pair[0], pair[1]);
      if (low < 0 || high >= left.size() || low == high) {
        throw new IllegalArgumentException(
            "step "
                + p
                + " of the path must be two different places from 0 to "
                + (left.size() - 1)
                + ", got "
                + Arrays.toString(pair));
      }
      path[p] = new int[] {left.get(pair[0]), left.get(pair[1])};
      left.remove(high);
      left.remove(low);
      left.add(linear.length + 1 + p);
    }
    return path;
  }

  private static int[][] copy(int[][] path) {
    return path == null || path.length == 0
        ? path
        : Arrays.stream(path).map(p -> p == null ? null : p.clone()).toArray(int[][]::new);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return this == other || (other instanceof PlanOptions o && isSame(o));
  }

  private boolean isSame(PlanOptions o) {
    return threads == o.threads
        && strategy == o.strategy
        && costModel == o.costModel
        && Objects.equals(searchTime, o.searchTime)
        && searchRounds == o.searchRounds
        && seed == o.seed
        && memoryLimit == o.memoryLimit
        && slices == o.slices
        && sliceMemoryLimit == o.sliceMemoryLimit
        && batchInvariance == o.batchInvariance
        && outputType == o.outputType
        && checkedIntegers == o.checkedIntegers
        && allowSlow == o.allowSlow
        && epilogue == o.epilogue
        && Arrays.deepEquals(path, o.path)
        && Arrays.deepEquals(sameOperands, o.sameOperands)
        && Objects.equals(kernel, o.kernel);
  }

  @Override
  public int hashCode() {
    return Objects.hash(
        threads,
        strategy,
        costModel,
        searchTime,
        searchRounds,
        seed,
        memoryLimit,
        slices,
        sliceMemoryLimit,
        batchInvariance,
        Arrays.deepHashCode(path),
        Arrays.deepHashCode(sameOperands),
        outputType == null ? null : outputType.name(),
        checkedIntegers,
        allowSlow,
        epilogue.name(),
        kernel);
  }

  @Override
  public String toString() {
    return "PlanOptions(threads="
        + threads
        + ", strategy="
        + strategy
        + ", costModel="
        + costModel
        + (searchTime == null ? "" : ", searchTime=" + searchTime)
        + (searchRounds == 0 ? "" : ", searchRounds=" + searchRounds)
        + (seed == 0 ? "" : ", seed=" + seed)
        + (path == null ? "" : ", path=" + Arrays.deepToString(path))
        + (kernel == null ? "" : ", kernel=" + kernel)
        + (batchInvariance ? ", batchInvariance" : "")
        + (memoryLimit != Long.MAX_VALUE ? ", memoryLimit=" + memoryLimit : "")
        + (slices > 1 ? ", slices=" + slices : "")
        + (sliceMemoryLimit != Long.MAX_VALUE ? ", sliceMemoryLimit=" + sliceMemoryLimit : "")
        + (outputType == null ? "" : ", outputType=" + outputType)
        + (checkedIntegers ? ", checkedIntegers" : "")
        + (allowSlow ? ", allowSlow" : "")
        + (epilogue == Epilogue.NONE ? "" : ", epilogue=" + epilogue)
        + (sameOperands.length > 0 ? ", sameOperands=" + Arrays.deepToString(sameOperands) : "")
        + ")";
  }
}
