// Chooses how a step is cut and how its operands come to the tasks.
package io.github.einblas.spark.internal.plan;

import io.github.einblas.DType;
import io.github.einblas.Einsum;
import io.github.einblas.EinsumPlan;
import io.github.einblas.PlanOptions;
import io.github.einblas.spark.Chunks;
import io.github.einblas.spark.SparkOptions;
import io.github.einblas.spark.SparkOptions.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;
import java.util.function.IntPredicate;
import java.util.stream.Collectors;

/** For one or two operands, on one cluster. */
public final class StepPlanner {
  /** From so many tasks at a time on, cutting the contracted labels saves traffic. */
  private static final int CUBE = 64;

  private static final int MOST_TASKS = 100_000;

  private final Labelling labelling;
  private final SparkOptions options;
  private final Site.Cluster cluster;

  /** For steps of one equation. */
  public StepPlanner(Labelling labelling, SparkOptions options, Site.Cluster cluster) {
    this.labelling = labelling;
    this.options = options;
    this.cluster = cluster;
  }

  /**
   * The best plan of a step.
   *
   * @param inputs one or two
   * @param output labels of the result
   * @param type of the result
   * @throws IllegalArgumentException if the forced method or pieces do not suit, or no cut fits
   *     into the memory of a task; it says the smallest that would do
   */
  public StepPlan plan(List<Site.Operand> inputs, int[] output, DType type) {
    List<StepPlan> plans = new ArrayList<>();
    List<String> reasons = new ArrayList<>();
    boolean auto = options.method() == Method.AUTO;
    // Of both orders the same: a busy machine's speed, asked twice, would choose between them.
    double product = Double.NaN;
    for (int first = 0; first < inputs.size(); first++) {
      int[] order = first == 0 ? new int[] {0, 1} : new int[] {1, 0};
      List<Site.Operand> ordered =
          inputs.size() == 1 ? inputs : List.of(inputs.get(order[0]), inputs.get(order[1]));
      PairStep step = step(ordered, output, type);
      product = first == 0 ? productSeconds(step) : product;
      if (auto || options.method() == Method.LOCAL) {
        addLocal(plans, reasons, step, ordered, order, product);
      }
      if (auto || options.method() == Method.BROADCAST) {
        addBroadcast(plans, reasons, step, ordered, order, product);
      }
      if (auto || options.method() == Method.GRID) {
        addGrid(plans, step, ordered, order, product);
      }
    }
    if (plans.isEmpty()) {
      throw new IllegalArgumentException(
          labelling.equation()
              + ": "
              + options.method()
              + " does not suit: "
              + String.join("; ", reasons));
    }
    StepPlan best = null;
    double least = Double.POSITIVE_INFINITY;
    for (StepPlan plan : plans) {
      least = Math.min(least, plan.cost().nativeBytes());
      if (plan.cost().nativeBytes() <= cluster.nativeBytes()
          && (best == null || plan.isBetterThan(best))) {
        best = plan;
      }
    }
    if (best == null) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "%s: a task has %d bytes of native memory (%s), the smallest tile needs %.0f: give it"
                  + " that by spark.executor.memoryOverhead or SparkOptions.withTaskMemory, or use"
                  + " smaller chunks",
              labelling.equation(),
              cluster.nativeBytes(),
              cluster.nativeReason(),
              least));
    }
    return best;
  }

  private void addGrid(
      List<StepPlan> plans, PairStep step, List<Site.Operand> inputs, int[] order, double product) {
    List<Feed> feeds = inputs.stream().map(i -> Feed.SHUFFLED).toList();
    for (PairStep cut : cuts(step, order)) {
      plans.add(plan(Method.GRID, cut, feeds, order, product));
    }
  }

  private void addLocal(
      List<StepPlan> plans,
      List<String> reasons,
      PairStep step,
      List<Site.Operand> inputs,
      int[] order,
      double product) {
    int[] forced = options.pieces();
    if (forced.length > 0 && (forced[1] != 1 || forced[2] != 1 || forced[3] != 1)) {
      reasons.add(
          "LOCAL takes pieces of batch labels only, not "
              + Arrays.toString(forced)
              + " (batch, p, q, sum)");
      return;
    }
    TreeSet<Integer> counts = new TreeSet<>();
    for (int o = 0; o < inputs.size(); o++) {
      Placement placement = inputs.get(o).placement();
      if (!inputs.get(o).readable()) {
        if (placement == null || !isAlong(step.operands().get(o), placement)) {
          reasons.add(
              "operand "
                  + order[o]
                  + " does not lie by the batch labels "
                  + labelling.names(step.operands().get(o).batch().labels()));
          return;
        }
        counts.add(placement.partitions());
      }
    }
    if (counts.size() > 1) {
      reasons.add("the operands lie in " + counts + " partitions");
      return;
    }
    List<Feed> feeds = inputs.stream().map(i -> i.readable() ? Feed.READ : Feed.PLACED).toList();
    for (int batch : counts.isEmpty() ? nice(step.blocks(0)) : List.of(counts.first())) {
      if (batch <= step.blocks(0) && (forced.length == 0 || forced[0] == batch)) {
        plans.add(plan(Method.LOCAL, step.cut(batch, 1, 1, 1), feeds, order, product));
      }
    }
    if (plans.isEmpty()) {
      reasons.add("the batch labels have only " + step.blocks(0) + " blocks");
    }
  }

  /** Whether partitions are runs of blocks along the batch labels, in the step's order. */
  private static boolean isAlong(OperandForm form, Placement placement) {
    int[] labels = new int[placement.axes().length];
    for (int i = 0; i < labels.length; i++) {
      labels[i] = form.axes()[placement.axes()[i]];
    }
    int[] cut = form.batch().labels();
    int n = 0;
    int[] own = new int[cut.length];
    for (int i = 0; i < cut.length; i++) {
      if (form.batch().pieces()[i] > 1) {
        own[n++] = cut[i];
      }
    }
    return Arrays.equals(labels, Arrays.copyOf(own, n))
        && form.batch().blocks() >= placement.partitions();
  }

  private void addBroadcast(
      List<StepPlan> plans,
      List<String> reasons,
      PairStep step,
      List<Site.Operand> inputs,
      int[] order,
      double product) {
    if (!step.isPair()) {
      reasons.add("there is only one operand");
      return;
    }
    double bytes = StepCost.bytes(step, 1);
    if (bytes > options.broadcastLimit()) {
      reasons.add(
          String.format(
              Locale.ROOT,
              "operand %d has %.0f bytes, the limit of a broadcast is %d",
              order[1],
              bytes,
              options.broadcastLimit()));
      return;
    }
    int[] forced = options.pieces();
    if (forced.length > 0 && forced[order[0] == 0 ? 2 : 1] != 1) {
      reasons.add(
          "a broadcast operand is not cut: 1 piece for operand "
              + order[1]
              + ", not "
              + Arrays.toString(forced)
              + " (batch, p, q, sum)");
      return;
    }
    OperandForm big = step.operands().get(0);
    if (inputs.get(0).readable()) {
      addCuts(plans, step, List.of(Feed.READ, Feed.BROADCAST), order, product);
    } else if (big.sum().blocks() == 1 && big.alone().blocks() == 1) {
      if (forced.length > 0) {
        reasons.add("operand " + order[0] + " is used where its blocks lie: pieces do not apply");
        return;
      }
      PairStep cut =
          step.cut((int) Math.min(MOST_TASKS, step.blocks(0)), fit(step.blocks(1)), 1, 1);
      plans.add(plan(Method.BROADCAST, cut, List.of(Feed.EACH, Feed.BROADCAST), order, product));
    } else {
      addCuts(plans, step, List.of(Feed.SHUFFLED, Feed.BROADCAST), order, product);
    }
  }

  private static int fit(long blocks) {
    return (int) Math.min(MOST_TASKS, blocks);
  }

  private void addCuts(
      List<StepPlan> plans, PairStep step, List<Feed> feeds, int[] order, double product) {
    for (PairStep cut : cuts(step, order)) {
      if (cut.q() == 1) {
        plans.add(plan(Method.BROADCAST, cut, feeds, order, product));
      }
    }
  }

  private StepPlan plan(
      Method method, PairStep cut, List<Feed> feeds, int[] order, double product) {
    return new StepPlan(
        method, cut, feeds, order, StepCost.of(cut, feeds, cluster, product), bound(cut));
  }

  private List<PairStep> cuts(PairStep step, int[] order) {
    int[] forced = options.pieces();
    if (forced.length > 0) {
      int p = order[0] == 0 ? forced[1] : forced[2];
      int q = order[0] == 0 ? forced[2] : forced[1];
      int[] all = {forced[0], p, step.isPair() ? q : 1, forced[3]};
      for (int group = 0; group < all.length; group++) {
        if (all[group] > step.blocks(group)) {
          throw new IllegalArgumentException(
              labelling.equation()
                  + ": pieces "
                  + Arrays.toString(forced)
                  + " (batch, p, q, sum) ask for more than there are blocks: "
                  + step.blocks(0)
                  + ", "
                  + step.blocks(order[0] == 0 ? 1 : 2)
                  + ", "
                  + step.blocks(order[0] == 0 ? 2 : 1)
                  + ", "
                  + step.blocks(3));
        }
      }
      return List.of(step.cut(all[0], all[1], all[2], all[3]));
    }
    double whole = (double) step.blocks(0) * step.blocks(1) * step.blocks(2);
    boolean maySum = whole < cluster.places() || cluster.places() >= CUBE;
    List<PairStep> cuts = new ArrayList<>();
    for (int batch : nice(step.blocks(0))) {
      for (int p : nice(step.blocks(1))) {
        for (int q : nice(step.blocks(2))) {
          for (int sum : maySum ? nice(step.blocks(3)) : List.of(1)) {
            if ((double) batch * p * q * sum <= MOST_TASKS) {
              cuts.add(step.cut(batch, p, q, sum));
            }
          }
        }
      }
    }
    return cuts;
  }

  /** Numbers of pieces worth trying: all small ones, then steps of about a fifth, and all. */
  private static List<Integer> nice(long blocks) {
    TreeSet<Integer> numbers = new TreeSet<>();
    int most = (int) Math.min(MOST_TASKS, blocks);
    for (int n = 1; n <= most; n = n < 16 ? n + 1 : n + n / 5) {
      numbers.add(n);
    }
    numbers.add(most);
    return List.copyOf(numbers);
  }

  private PairStep step(List<Site.Operand> inputs, int[] output, DType type) {
    int[] a = inputs.get(0).labels();
    int[] b = inputs.size() == 1 ? new int[0] : inputs.get(1).labels();
    boolean pair = inputs.size() == 2;
    int[] batch = pick(a, l -> pair && has(b, l) && has(output, l));
    int[] sum = pick(a, l -> pair && has(b, l) && !has(output, l));
    LabelGroup batches = LabelGroup.of(labelling, batch);
    LabelGroup sums = LabelGroup.of(labelling, sum);
    List<OperandForm> forms = new ArrayList<>();
    for (int o = 0; o < inputs.size(); o++) {
      int[] own = o == 0 ? a : b;
      int[] other = o == 0 ? b : a;
      int[] free = pick(own, l -> !has(other, l) && has(output, l));
      int[] alone = pick(own, l -> !has(other, l) && !has(output, l));
      forms.add(
          new OperandForm(
              own,
              pick(own, l -> has(other, l) || has(output, l)),
              chunksOf(inputs.get(o)),
              batches,
              sums,
              LabelGroup.of(labelling, free),
              LabelGroup.of(labelling, alone)));
    }
    String equation =
        forms.stream()
            .map(form -> Labelling.letters(form.plain()))
            .collect(Collectors.joining(",", "", "->" + Labelling.letters(output)));
    DType accumulator = type.isFloating() || type.isComplex() ? type.computeType() : type;
    return new PairStep(
        equation,
        List.copyOf(forms),
        inputs.stream().map(Site.Operand::type).toList(),
        output,
        labelling.chunks(output),
        type,
        accumulator,
        ProductOptions.of(options.planOptions()),
        1,
        1,
        1,
        1);
  }

  private Chunks chunksOf(Site.Operand operand) {
    int[] labels = operand.labels();
    long[] shape = new long[labels.length];
    long[] chunk = new long[labels.length];
    for (int d = 0; d < labels.length; d++) {
      boolean one = labels[d] == Labelling.BROADCAST;
      shape[d] = one ? 1 : labelling.length(labels[d]);
      chunk[d] = one ? 1 : labelling.chunk(labels[d]);
    }
    return Chunks.of(shape, chunk);
  }

  private static boolean has(int[] labels, int label) {
    return Arrays.stream(labels).anyMatch(l -> l == label);
  }

  private static int[] pick(int[] labels, IntPredicate wanted) {
    return Arrays.stream(labels)
        .filter(l -> l != Labelling.BROADCAST)
        .distinct()
        .filter(wanted)
        .toArray();
  }

  /** Predicted time of one product of blocks, or of the way of one block in a sum. */
  private double productSeconds(PairStep step) {
    long[][] shapes =
        step.operands().stream()
            .map(form -> Arrays.stream(form.plain()).mapToLong(labelling::chunk).toArray())
            .toArray(long[][]::new);
    EinsumPlan plan =
        Einsum.plan(
            step.equation(),
            PlanOptions.DEFAULT.withThreads(cluster.threads()).withOutputType(step.accumulator()),
            step.types(),
            shapes);
    return options.flopsPerSecond() > 0
        ? plan.flops() / options.flopsPerSecond()
        : plan.report().predictedSeconds();
  }

  /**
   * Bytes that all tasks together receive at least: each must hold what its products take, and
   * nothing is there before but its part of the result. The memory-independent bound of Al Daas,
   * Ballard, Grigori, Kumar and Rouse, "Tight memory-independent parallel matrix multiplication
   * communication lower bounds" (SPAA 2022), for one batch.
   */
  private static double bound(PairStep step) {
    if (!step.isPair()) {
      return 0;
    }
    OperandForm a = step.operands().get(0);
    OperandForm b = step.operands().get(1);
    double batch = elements(a, a.batch());
    double m = elements(a, a.free());
    double n = elements(b, b.free());
    double k = elements(a, a.sum());
    double tasks = Math.max(1, step.tasks() / Math.min(step.tasks(), batch));
    double[] d = {m, n, k};
    Arrays.sort(d);
    double all;
    if (tasks <= d[2] / d[1]) {
      all = (d[2] * d[1] + d[2] * d[0]) / tasks + d[1] * d[0];
    } else if (tasks <= d[2] * d[1] / (d[0] * d[0])) {
      all = 2 * Math.sqrt(d[2] * d[1] * d[0] * d[0] / tasks) + d[2] * d[1] / tasks;
    } else {
      all = 3 * Math.pow(d[0] * d[1] * d[2] / tasks, 2.0 / 3);
    }
    double received = Math.max(0, all * tasks - m * n);
    return batch * Math.max(received, m * k + k * n) * step.types().get(0).bytes();
  }

  private static double elements(OperandForm form, LabelGroup group) {
    return Arrays.stream(group.labels()).mapToDouble(form::length).reduce(1, (x, y) -> x * y);
  }
}
