// What a step moves, holds and takes.
package io.github.einblas.spark.internal.plan;

import io.github.einblas.DType;
import java.util.List;

/**
 * Costs of a step under a cut.
 *
 * @param shuffled bytes that a shuffle writes
 * @param broadcast bytes that each executor gets
 * @param read bytes that tasks read from files, or make
 * @param spilled bytes that sorters write to disk at worst
 * @param nativeBytes of the largest task
 * @param heapBytes of the largest task
 * @param seconds predicted
 * @param computing seconds of that in products
 */
public record StepCost(
    double shuffled,
    double broadcast,
    double read,
    double spilled,
    double nativeBytes,
    double heapBytes,
    double seconds,
    double computing) {
  /** Seconds that Spark needs for a stage of warm executors, whatever it does. */
  public static final double STAGE = 0.15;

  /** Seconds of the driver for a task. */
  private static final double TASK = 0.002;

  /** Slabs that a sorter takes before it asks for memory the first time, and their bytes. */
  private static final double SORTER = 40.0 * (4 << 20);

  /** Of a step; {@code product} is the time of one product of two blocks on one task's threads. */
  static StepCost of(PairStep step, List<Feed> feeds, Site.Cluster cluster, double product) {
    double[] run = new double[4];
    for (int group = 0; group < run.length; group++) {
      int pieces = step.pieces(group);
      run[group] = Math.ceil((double) step.blocks(group) / pieces);
    }
    double shuffled = 0;
    double broadcast = 0;
    double read = 0;
    double arriving = 0;
    double kept = 0;
    for (int o = 0; o < feeds.size(); o++) {
      double all = bytes(step, o);
      double ofTask =
          blockBytes(step, o)
              * run[0]
              * run[1 + o]
              * run[3]
              * step.operands().get(o).alone().blocks();
      switch (feeds.get(o)) {
        case SHUFFLED -> {
          shuffled += all * step.copies(o);
          arriving += ofTask;
        }
        case BROADCAST -> broadcast += all;
        case READ -> read += all * step.copies(o);
        case PLACED -> kept += ofTask;
        case EACH -> kept += blockBytes(step, o);
      }
    }
    double tile = run[1] * run[2] * resultBytes(step);
    double sums = 0;
    if (step.sumPieces() > 1) {
      double result = step.result().size() * step.accumulator().bytes();
      sums = result * step.sumPieces();
      shuffled += sums;
    }
    double rounds = Math.ceil((double) step.tasks() / cluster.places());
    double busy = Math.min(step.tasks(), cluster.places());
    int operandCount = step.operands().size();
    double alone = 1;
    for (OperandForm form : step.operands()) {
      alone *= form.alone().blocks();
    }
    double computing = rounds * run[0] * run[1] * run[2] * run[3] * alone * product;
    int stages = 1 + (arriving > 0 ? 1 : 0) + (sums > 0 ? 1 : 0) + (broadcast > 0 ? 1 : 0);
    double moving =
        (rounds * arriving + (sums + broadcast + read) / busy) / cluster.bytesPerSecond();
    double largest = 0;
    for (int o = 0; o < operandCount; o++) {
      largest = Math.max(largest, rawBytes(step, o));
    }
    largest = Math.max(largest, resultBytes(step));
    return new StepCost(
        shuffled,
        broadcast,
        read,
        arriving > cluster.sortBytes() ? shuffled : 0,
        tile + held(step, run),
        kept + broadcast + 3 * largest + (arriving > 0 ? Math.min(arriving, SORTER) : 0),
        (STAGE + TASK * step.tasks()) * stages + computing + moving,
        computing);
  }

  /** Blocks of one contracted block, and what is at hand to fill them. */
  private static double held(PairStep step, double[] run) {
    double raw = rawBytes(step, 0);
    if (!step.isPair()) {
      return 2 * raw + resultBytes(step);
    }
    double first = run[1] * step.operands().get(0).alone().blocks() * blockBytes(step, 0);
    double second = blockBytes(step, 1) + Math.max(raw, rawBytes(step, 1));
    double rounding = step.type() == step.accumulator() ? 0 : resultBytes(step);
    return first + second + Math.max(rounding, resultBytes(step));
  }

  /** Bytes of an operand in plain form. */
  static double bytes(PairStep step, int operand) {
    OperandForm form = step.operands().get(operand);
    double elements = form.alone().blocks();
    for (int label : form.plain()) {
      elements *= form.length(label);
    }
    return elements * type(step, operand).bytes();
  }

  private static double blockBytes(PairStep step, int operand) {
    return step.operands().get(operand).plainElements() * type(step, operand).bytes();
  }

  private static double rawBytes(PairStep step, int operand) {
    OperandForm form = step.operands().get(operand);
    double elements = 1;
    for (int d = 0; d < form.axes().length; d++) {
      elements *= form.chunks().chunk(d);
    }
    return elements * type(step, operand).bytes();
  }

  private static DType type(PairStep step, int operand) {
    return step.types().get(operand);
  }

  /** Bytes of one block of the result, as it is summed. */
  static double resultBytes(PairStep step) {
    double elements = 1;
    for (int d = 0; d < step.output().length; d++) {
      elements *= step.result().chunk(d);
    }
    return elements * step.accumulator().bytes();
  }
}
