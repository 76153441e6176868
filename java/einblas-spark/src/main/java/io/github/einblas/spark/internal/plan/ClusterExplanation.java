// A plan on a cluster in words and numbers.
package io.github.einblas.spark.internal.plan;

import io.github.einblas.DType;
import io.github.einblas.Einblas;
import io.github.einblas.PlanReport;
import io.github.einblas.spark.Chunks;
import java.util.List;
import java.util.Locale;

/** Text for people. */
public final class ClusterExplanation {
  /** Up to so many times the time of its products a step uses the cluster well. */
  private static final double MOSTLY = 1.3;

  private final StringBuilder text = new StringBuilder();

  private ClusterExplanation() {}

  /** Explains a plan. */
  public static String of(
      Labelling labelling,
      NetworkPlan network,
      Site.Cluster cluster,
      List<Chunks> chunks,
      List<DType> types) {
    ClusterExplanation e = new ClusterExplanation();
    e.line("equation  %s on Spark", labelling.equation());
    for (int i = 0; i < chunks.size(); i++) {
      Chunks c = chunks.get(i);
      e.line(
          "#%-8d %s of %s, %d blocks, %s",
          i, c, types.get(i), c.blocks(), bytes(c.size() * types.get(i).bytes()));
    }
    Chunks result = network.last().step().result();
    DType type = labelling.whole().dtype();
    e.line(
        "result    %s of %s, %d blocks, %s",
        result, type, result.blocks(), bytes(result.size() * type.bytes()));
    e.line(
        "cluster   %d tasks at a time of %d %s each; native memory of a task %s: %s",
        cluster.places(),
        cluster.threads(),
        cluster.threads() == 1 ? "thread" : "threads",
        bytes((double) cluster.nativeBytes()),
        cluster.nativeReason());
    int operands = chunks.size();
    double seconds = 0;
    for (int i = 0; i < network.steps().size(); i++) {
      e.step(labelling, network.steps().get(i), i, operands, network.steps().size());
      seconds += network.steps().get(i).plan().cost().seconds();
    }
    e.oneMachine(labelling, chunks, types, seconds);
    return e.text.toString();
  }

  private void step(Labelling labelling, NetworkPlan.Step step, int i, int operands, int all) {
    StepPlan plan = step.plan();
    PairStep cut = plan.step();
    StepCost cost = plan.cost();
    StringBuilder names = new StringBuilder();
    StringBuilder slots = new StringBuilder();
    for (int o = 0; o < step.inputs().length; o++) {
      int input = plan.order()[o];
      names.append(o == 0 ? "" : ",").append(labelling.names(cut.operands().get(o).axes()));
      slots
          .append(o == 0 ? "" : ",")
          .append(slot(step.inputs()[input], operands))
          .append(" ")
          .append(plan.feeds().get(o).name().toLowerCase(Locale.ROOT));
    }
    line("");
    line(
        "step %-4d %s->%s   %s -> %s",
        i + 1,
        names,
        labelling.names(cut.output()),
        slots,
        i + 1 == all ? "result" : slot(operands + i, operands));
    line(
        "  method  %s: %d tasks, pieces batch %d of %d, p %d of %d, q %d of %d, sum %d of %d",
        plan.method().name().toLowerCase(Locale.ROOT),
        cut.tasks(),
        cut.batchPieces(),
        cut.blocks(0),
        cut.p(),
        cut.blocks(1),
        cut.q(),
        cut.blocks(2),
        cut.sumPieces(),
        cut.blocks(3));
    OperandForm first = cut.operands().get(0);
    line(
        "  labels  batch%s; p%s; q%s; summed over%s",
        pieces(labelling, first.batch()),
        pieces(labelling, first.free()),
        cut.isPair() ? pieces(labelling, cut.operands().get(1).free()) : " none",
        pieces(labelling, first.sum()));
    if (cost.shuffled() > 0 && plan.bound() > 0) {
      line(
          "  moved   %s shuffled, %.2f times the lower bound of %s; %s broadcast, %s read; at"
              + " worst %s spilled",
          bytes(cost.shuffled()),
          cost.shuffled() / plan.bound(),
          bytes(plan.bound()),
          bytes(cost.broadcast()),
          bytes(cost.read()),
          bytes(cost.spilled()));
    } else {
      line(
          "  moved   %s shuffled, %s broadcast, %s read; at worst %s spilled",
          bytes(cost.shuffled()),
          bytes(cost.broadcast()),
          bytes(cost.read()),
          bytes(cost.spilled()));
    }
    line(
        "  task    at most %s native, %s heap beside Spark's",
        bytes(cost.nativeBytes()), bytes(cost.heapBytes()));
    line("  time    %.2f s, %.2f s of them products", cost.seconds(), cost.computing());
    if (cost.seconds() > MOSTLY * cost.computing()) {
      line(
          "  note    moving and starting take %.2f times the time of the products: longer labels, or"
              + " fewer tasks with more memory, would use the cluster better",
          cost.seconds() / cost.computing() - 1);
    }
  }

  private static String slot(int slot, int operands) {
    return slot < operands ? "#" + slot : "t" + (slot - operands + 1);
  }

  private static String pieces(Labelling labelling, LabelGroup group) {
    if (group.labels().length == 0) {
      return " none";
    }
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < group.labels().length; i++) {
      int label = group.labels()[i];
      text.append(i == 0 ? " " : ", ")
          .append(labelling.name(label))
          .append(" ")
          .append(group.pieces()[i])
          .append(" x ")
          .append(labelling.chunk(label));
    }
    return text.toString();
  }

  private void oneMachine(
      Labelling labelling, List<Chunks> chunks, List<DType> types, double cluster) {
    PlanReport report = labelling.whole().report();
    double bytes = labelling.whole().peakBytes();
    for (int i = 0; i < chunks.size(); i++) {
      bytes += chunks.get(i).size() * types.get(i).bytes();
    }
    line("");
    line("total     %.2f s on the cluster", cluster);
    if (bytes > Einblas.nativeBytesAvailable()) {
      line(
          "one machine like this one lacks the memory: %s needed, %s free",
          bytes(bytes), bytes((double) Einblas.nativeBytesAvailable()));
    } else {
      double seconds = report.predictedSeconds();
      line(
          "one machine like this one would take %.2f s with %d threads%s",
          seconds,
          report.threads() > 0 ? report.threads() : Einblas.threads(),
          seconds < cluster ? ": that is faster" : "");
    }
  }

  private void line(String format, Object... values) {
    text.append(String.format(Locale.ROOT, format, values).stripTrailing()).append('\n');
  }

  /** Bytes in decimal units. */
  public static String bytes(double bytes) {
    String[] units = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
    int unit = 0;
    double value = bytes;
    while (value >= 999.5 && unit < units.length - 1) {
      value /= 1000;
      unit++;
    }
    return unit == 0
        ? String.format(Locale.ROOT, "%.0f B", value)
        : String.format(Locale.ROOT, "%.3g %s", value, units[unit]);
  }
}
