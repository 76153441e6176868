// Public API: how a contraction runs on a cluster, and what it costs.
package io.github.einblas.spark;

import io.github.einblas.DType;
import io.github.einblas.Tensor;
import io.github.einblas.spark.SparkOptions.Method;
import io.github.einblas.spark.internal.data.BlockMoves;
import io.github.einblas.spark.internal.data.BroadcastSource;
import io.github.einblas.spark.internal.executor.Refusals;
import io.github.einblas.spark.internal.executor.WorkerSetup;
import io.github.einblas.spark.internal.plan.ClusterExplanation;
import io.github.einblas.spark.internal.plan.ClusterFacts;
import io.github.einblas.spark.internal.plan.Feed;
import io.github.einblas.spark.internal.plan.Labelling;
import io.github.einblas.spark.internal.plan.NetworkPlan;
import io.github.einblas.spark.internal.plan.Placement;
import io.github.einblas.spark.internal.plan.Site;
import io.github.einblas.spark.internal.plan.StepPlan;
import io.github.einblas.spark.internal.run.Input;
import io.github.einblas.spark.internal.run.SliceRuns;
import io.github.einblas.spark.internal.run.StepRun;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.apache.spark.api.java.JavaSparkContext;

/**
 * A contraction, cut into tasks. {@link #explain} says before anything runs what it will move, hold
 * and take. Bits follow from the plan alone: not from executors, failures and retries.
 */
public final class SparkPlan {
  private final JavaSparkContext sc;
  private final Labelling labelling;
  private final NetworkPlan network; // or null
  private final SlicedContraction sliced; // or null
  private final Site.Cluster cluster;
  private final SparkOptions options;
  private final List<Chunks> chunks;
  private final List<DType> types;
  private final List<Placement> placements;

  private SparkPlan(
      JavaSparkContext sc,
      Labelling labelling,
      NetworkPlan network,
      SlicedContraction sliced,
      Site.Cluster cluster,
      SparkOptions options,
      List<Chunks> chunks,
      List<DType> types,
      List<Placement> placements) {
    this.sc = sc;
    this.labelling = labelling;
    this.network = network;
    this.sliced = sliced;
    this.cluster = cluster;
    this.options = options;
    this.chunks = chunks;
    this.types = types;
    this.placements = placements;
  }

  static SparkPlan of(
      JavaSparkContext sc, String equation, SparkOptions options, DistributedTensor... operands) {
    for (int i = 0; i < operands.length; i++) {
      Objects.requireNonNull(operands[i], "operand " + i);
    }
    List<Chunks> chunks = Arrays.stream(operands).map(DistributedTensor::chunks).toList();
    List<DType> types = Arrays.stream(operands).map(DistributedTensor::dtype).toList();
    Labelling labelling = Labelling.of(equation, options.planOptions(), types, chunks);
    Site.Cluster cluster = ClusterFacts.of(sc, options);
    List<Site.Operand> sites = new ArrayList<>();
    for (int i = 0; i < operands.length; i++) {
      sites.add(
          new Site.Operand(
              labelling.operand(i),
              types.get(i),
              operands[i].source() != null,
              operands[i].placement()));
    }
    SlicedContraction sliced = null;
    if (options.method() == Method.SLICES) {
      sliced = slices(sc, equation, options, types, chunks);
    }
    NetworkPlan network = null;
    if (sliced == null) {
      network = NetworkPlan.of(labelling, options, cluster, sites);
      if (options.method() == Method.AUTO && maySlice(labelling, options, types, chunks)) {
        SlicedContraction other = slicesThatFit(sc, equation, options, types, chunks);
        if (other != null && other.seconds() < network.seconds()) {
          sliced = other;
          network = null;
        }
      }
    }
    return new SparkPlan(
        sc,
        labelling,
        network,
        sliced,
        cluster,
        options,
        chunks,
        types,
        sites.stream().map(Site.Operand::placement).toList());
  }

  private static SlicedContraction slices(
      JavaSparkContext sc,
      String equation,
      SparkOptions options,
      List<DType> types,
      List<Chunks> chunks) {
    long[][] shapes = chunks.stream().map(Chunks::shape).toArray(long[][]::new);
    return SlicedContraction.of(sc, equation, options, types, shapes);
  }

  /** Null where a slice does not fit, which the other methods need not mind. */
  private static SlicedContraction slicesThatFit(
      JavaSparkContext sc,
      String equation,
      SparkOptions options,
      List<DType> types,
      List<Chunks> chunks) {
    try {
      return slices(sc, equation, options, types, chunks);
    } catch (IllegalArgumentException e) {
      return null;
    }
  }

  /** Slices are tried for networks whose operands and result are small. */
  private static boolean maySlice(
      Labelling labelling, SparkOptions options, List<DType> types, List<Chunks> chunks) {
    double bytes =
        SliceRuns.LEAST * labelling.resultChunks().size() * labelling.whole().dtype().bytes();
    for (int i = 0; i < chunks.size(); i++) {
      bytes += chunks.get(i).size() * types.get(i).bytes();
    }
    return options.pieces().length == 0 && chunks.size() > 2 && bytes < options.broadcastLimit();
  }

  /** As it was given. */
  public String equation() {
    return labelling.equation();
  }

  /** Type of the result. */
  public DType dtype() {
    return labelling.whole().dtype();
  }

  /** Chunks of the result: each label keeps those that it has. */
  public Chunks chunks() {
    return labelling.resultChunks();
  }

  /** Method of each step, in order. */
  public List<Method> methods() {
    return network == null
        ? List.of(Method.SLICES)
        : network.steps().stream().map(s -> s.plan().method()).toList();
  }

  /** Tasks of all steps. */
  public int tasks() {
    return network == null
        ? sliced.tasks()
        : network.steps().stream().mapToInt(s -> s.plan().step().tasks()).sum();
  }

  /** Bytes that shuffles write, without what serialisers and compression add or take. */
  public double shuffledBytes() {
    return network == null ? 0 : network.sum(s -> s.cost().shuffled());
  }

  /** Bytes that go to each executor by broadcast. */
  public double broadcastBytes() {
    return network == null ? sliced.broadcastBytes() : network.sum(s -> s.cost().broadcast());
  }

  /**
   * Bytes that as many tasks must receive at least, whatever the cut; what explain holds {@link
   * #shuffledBytes} against.
   */
  public double lowerBoundBytes() {
    return network == null ? 0 : network.sum(StepPlan::bound);
  }

  /** Native bytes of the largest task. */
  public double taskBytes() {
    return network == null ? sliced.taskBytes() : network.taskBytes();
  }

  /** Predicted time in seconds. */
  public double predictedSeconds() {
    return network == null ? sliced.seconds() : network.seconds();
  }

  /** What will be done and what it costs, for people. */
  public String explain() {
    return network == null
        ? sliced.explain()
        : ClusterExplanation.of(labelling, network, cluster, chunks, types);
  }

  /**
   * The result, lazily: blocks are computed when they are asked for. Operands that are broadcast
   * are fetched at once, and slices are computed at once.
   *
   * @param operands with the types and chunks of those that were planned
   */
  public DistributedTensor run(DistributedTensor... operands) {
    if (operands.length != chunks.size()) {
      throw new IllegalArgumentException(
          equation() + " takes " + chunks.size() + " operands, got " + operands.length);
    }
    for (int i = 0; i < operands.length; i++) {
      Objects.requireNonNull(operands[i], "operand " + i);
      if (!operands[i].chunks().equals(chunks.get(i)) || operands[i].dtype() != types.get(i)) {
        throw new IllegalArgumentException(
            "operand "
                + i
                + " is "
                + operands[i]
                + ", the plan is for "
                + chunks.get(i)
                + " of "
                + types.get(i));
      }
    }
    if (network == null) {
      return runSlices(operands);
    }
    Refusals.hear(sc.sc());
    WorkerSetup setup = WorkerSetup.here(options.mixedIsa());
    List<DistributedTensor> slots = new ArrayList<>(List.of(operands));
    for (NetworkPlan.Step step : network.steps()) {
      List<DistributedTensor> inputs = Arrays.stream(step.inputs()).mapToObj(slots::get).toList();
      requirePlaces(step, slots);
      slots.add(run(step.plan(), setup, inputs));
    }
    return slots.get(slots.size() - 1);
  }

  private DistributedTensor runSlices(DistributedTensor... operands) {
    List<TensorBlock> whole = new ArrayList<>();
    for (DistributedTensor operand : operands) {
      try (Tensor tensor = operand.collect(Long.MAX_VALUE)) { // the planner bounded their sum
        whole.add(TensorBlock.of(tensor));
      }
    }
    try (Tensor result = sliced.run(whole)) {
      return DistributedTensor.of(sc, result, chunks().chunk());
    }
  }

  /** Operands that are used where they lie must lie as those that were planned. */
  private void requirePlaces(NetworkPlan.Step step, List<DistributedTensor> slots) {
    for (int o = 0; o < step.inputs().length; o++) {
      int slot = step.inputs()[step.plan().order()[o]];
      if (slot < placements.size()
          && step.plan().feeds().get(o) == Feed.PLACED
          && !placements.get(slot).equals(slots.get(slot).placement())) {
        throw new IllegalArgumentException(
            "operand "
                + slot
                + " was planned to be used where it lies, but its blocks lie in other partitions:"
                + " plan for it");
      }
    }
  }

  private DistributedTensor run(StepPlan plan, WorkerSetup setup, List<DistributedTensor> inputs) {
    List<Input> ordered = new ArrayList<>();
    for (int o = 0; o < inputs.size(); o++) {
      DistributedTensor tensor = inputs.get(plan.order()[o]);
      Feed feed = plan.feeds().get(o);
      if (feed == Feed.READ && tensor.source() == null) {
        throw new IllegalArgumentException(
            "operand "
                + plan.order()[o]
                + " was planned to be read where it is used, but "
                + tensor
                + " has no source: plan for it");
      }
      ordered.add(input(feed, tensor));
    }
    return DistributedTensor.computed(
        sc,
        plan.step().type(),
        plan.step().result(),
        StepRun.of(sc, plan.step(), setup, ordered),
        plan.placement());
  }

  private Input input(Feed feed, DistributedTensor tensor) {
    return switch (feed) {
      case READ -> new Input(feed, null, tensor.source());
      case BROADCAST ->
          new Input(
              feed,
              null,
              new BroadcastSource(
                  sc.broadcast(BlockMoves.map(sc, tensor.blocks(), tensor.bytes()))));
      default -> new Input(feed, tensor.blocks(), null);
    };
  }

  @Override
  public String toString() {
    return "SparkPlan " + equation() + " by " + methods();
  }
}
