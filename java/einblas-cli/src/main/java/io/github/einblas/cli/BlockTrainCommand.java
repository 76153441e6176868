// Command line, and an example of training: a layer with conditional computation learns a function
// of which each example
// shows a few outputs.
package io.github.einblas.cli;

import io.github.einblas.BlockPattern;
import io.github.einblas.BlockSparse;
import io.github.einblas.DType;
import io.github.einblas.Einsum;
import io.github.einblas.Tensor;
import io.github.einblas.TensorOps;
import java.util.Arrays;
import java.util.Locale;
import java.util.Random;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * {@code einblas block-train}. An example feeds 4 of 16 input blocks and is asked for 4 of 16
 * output blocks, so that 16 of 256 weight blocks take part: forward {@code BlockSparse.dot},
 * backward and update {@code addDotGradient}, which adds -rate times the gradients without making
 * them.
 */
@Command(
    description =
        "Train a layer with conditional computation (4 of 16 input and output blocks per example)"
            + " on data made on the spot; first check its gradients against numeric differences.")
final class BlockTrainCommand extends BaseCommand {
  private static final int BLOCKS = 16;
  private static final int WINDOW = 4;
  private static final int SIZE = 32;
  private static final int BATCH = 64;

  /** Step and tolerance of central differences in F64: error step^2 and 1e-16 / step. */
  private static final double STEP = 1e-4;

  private static final double TOLERANCE = 1e-6;

  @Option(
      names = "--steps",
      paramLabel = "N",
      defaultValue = "300",
      description = "batches to train on (default: ${DEFAULT-VALUE})")
  int steps;

  @Option(
      names = "--rate",
      paramLabel = "X",
      defaultValue = "1",
      description = "rate of learning (default: ${DEFAULT-VALUE})")
  double rate;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "1",
      description = "start of the random numbers (default: ${DEFAULT-VALUE})")
  long seed;

  BlockTrainCommand(Streams io) {
    super(io);
  }

  @Override
  void run() {
    if (steps < 1 || steps > 1_000_000 || !(rate > 0 && rate < 1e6)) {
      throw new InputException(
          "--steps needs 1 to 1000000 and --rate a positive number, not " + steps + " and " + rate);
    }
    Random random = new Random(seed);
    try (Tensor truth = uniform(random, BLOCKS, BLOCKS, SIZE, SIZE);
        Tensor offsets = uniform(random, BLOCKS, SIZE);
        Tensor w = Tensor.zeros(DType.F64, BLOCKS, BLOCKS, SIZE, SIZE);
        Tensor bias = Tensor.zeros(DType.F64, BLOCKS, SIZE)) {
      io.out()
          .printf(
              Locale.ROOT,
              "gradients differ from numeric differences by at most %.1e%n",
              checkGradients(random, truth, offsets));
      long start = System.nanoTime();
      double first = 0;
      double last = 0;
      for (int step = 0; step < steps; step++) {
        last = step(random, truth, offsets, w, bias);
        first = step == 0 ? last : first;
        if (step % Math.max(1, steps / 10) == 0 || step == steps - 1) {
          io.out().printf(Locale.ROOT, "step %6d  loss %.6f%n", step, last);
        }
      }
      io.out()
          .printf(
              Locale.ROOT,
              "%d examples in %.2f s; the loss fell %.0f times%n",
              (long) steps * BATCH,
              (System.nanoTime() - start) * 1e-9,
              first / last);
    }
  }

  /** One batch: forward, backward, update; the mean squared error before the update. */
  private double step(Random random, Tensor truth, Tensor offsets, Tensor w, Tensor bias) {
    BlockPattern pattern = BlockPattern.of(index(random), index(random), BLOCKS, BLOCKS);
    try (Tensor h = uniform(random, BATCH, WINDOW, SIZE);
        Tensor wanted = BlockSparse.dot(truth, h, offsets, pattern);
        Tensor out = BlockSparse.dot(w, h, bias, pattern)) {
      add(out, -1, wanted); // now the error, and the gradient of half its square
      double loss = squared(out) / out.size();
      BlockSparse.addDotGradient(w, bias, -rate / BATCH, h, out, pattern);
      return loss;
    }
  }

  /** The largest difference between the gradients of half the squared error and differences. */
  private double checkGradients(Random random, Tensor w, Tensor bias) {
    BlockPattern pattern = BlockPattern.of(index(random), index(random), BLOCKS, BLOCKS);
    double worst = 0;
    try (Tensor h = uniform(random, BATCH, WINDOW, SIZE);
        Tensor out = BlockSparse.dot(w, h, bias, pattern);
        BlockSparse.DotGradient gradient = BlockSparse.dotGradient(w, h, out, pattern)) {
      for (int probe = 0; probe < 20; probe++) {
        worst = Math.max(worst, difference(random, w, gradient.w(), w, h, bias, pattern));
        worst = Math.max(worst, difference(random, h, gradient.h(), w, h, bias, pattern));
        worst = Math.max(worst, difference(random, bias, gradient.bias(), w, h, bias, pattern));
      }
    }
    if (!(worst < TOLERANCE)) {
      throw new IllegalStateException(
          "a gradient is off by " + worst + ", more than " + TOLERANCE + " (a defect)");
    }
    return worst;
  }

  /** Moves one element of {@code variable}, which is one of the operands, and puts it back. */
  private static double difference(
      Random random,
      Tensor variable,
      Tensor gradient,
      Tensor w,
      Tensor h,
      Tensor bias,
      BlockPattern pattern) {
    long[] at = Arrays.stream(variable.shape()).map(n -> random.nextInt((int) n)).toArray();
    double value = variable.get(at);
    double[] loss = new double[2];
    for (int side = 0; side < 2; side++) {
      variable.set(value + (side == 0 ? STEP : -STEP), at);
      try (Tensor out = BlockSparse.dot(w, h, bias, pattern)) {
        loss[side] = squared(out) / 2;
      }
    }
    variable.set(value, at);
    double numeric = (loss[0] - loss[1]) / (2 * STEP);
    return Math.abs(numeric - gradient.get(at)) / Math.max(1, Math.abs(numeric));
  }

  private static int[][] index(Random random) {
    int[][] index = new int[BATCH][];
    Arrays.setAll(index, b -> random.ints(0, BLOCKS).distinct().limit(WINDOW).toArray());
    return index;
  }

  /** Uniform: data in [-1, 1), weights scaled so that outputs are of size 1. */
  private static Tensor uniform(Random random, long... shape) {
    double scale = 1 / Math.sqrt(WINDOW * SIZE / 3.0);
    double[] values = new double[(int) Arrays.stream(shape).reduce(1, (a, b) -> a * b)];
    boolean data = shape[0] == BATCH;
    Arrays.setAll(values, i -> (random.nextDouble() * 2 - 1) * (data ? 1 : scale));
    return Tensor.of(values, shape);
  }

  private static double squared(Tensor t) {
    try (Tensor flat = t.reshape(t.size());
        Tensor sum = TensorOps.tensordot(flat, flat, 1)) {
      return sum.item();
    }
  }

  /** {@code target += factor * source}. */
  private static void add(Tensor target, double factor, Tensor source) {
    try (Tensor to = target.reshape(target.size());
        Tensor from = source.reshape(source.size())) {
      Einsum.plan("i->i", from).runInto(to, factor, 1, from);
    }
  }
}
