// Demo: a block-sparse product from its files to a checked result and a median time.
package io.github.einblas.cli;

import io.github.einblas.BlockPattern;
import io.github.einblas.BlockSparse;
import io.github.einblas.DType;
import io.github.einblas.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;

/**
 * Theano's {@code SparseBlockGemv}: 32 examples, each with 8 of 64 input and 8 of 64 output blocks
 * of 64 numbers, so that 2048 products of a row and a weight block are summed.
 *
 * @param blocks input and output blocks: 64, or fewer where memory is short
 * @param seconds median time of a run
 * @param runs runs that the median is of
 * @param flops floating-point operations of a run
 * @param bytes of the weight blocks touched and the other operands
 * @param error largest difference from plain loops in double
 * @param ofBound the same, relative to n u sum|ab|
 */
record DemoBlocks(
    int blocks, double seconds, int runs, double flops, long bytes, double error, double ofBound) {
  private static final int BATCH = 32;
  private static final int BLOCKS = 64;
  private static final int SIZE = 64;
  private static final int WINDOW = 8;
  static final String EQUATION = "block gemv";

  String sizes() {
    return "b=32 win=8 %dx%dx64x64".formatted(blocks, blocks);
  }

  boolean right() {
    return ofBound <= 1;
  }

  /** Writes the operands as .npy files, reads them back, runs, checks every element. */
  static DemoBlocks of(Path folder, long seed, long limit) throws IOException {
    int blocks = BLOCKS;
    while (blocks > 1 && 4L * blocks * blocks * SIZE * SIZE > limit) {
      blocks /= 2;
    }
    RandomData[] data = {
      new RandomData(DType.F32, seed), new RandomData(DType.F32, seed + 1),
      new RandomData(DType.F64, seed + 2), new RandomData(DType.F64, seed + 3)
    };
    Path w = folder.resolve("blocks-w.npy");
    Path h = folder.resolve("blocks-h.npy");
    Path in = folder.resolve("blocks-in.npy");
    Path out = folder.resolve("blocks-out.npy");
    write(w, data[0].tensor(blocks, blocks, SIZE, SIZE));
    write(h, data[1].tensor(BATCH, WINDOW, SIZE));
    write(in, Tensor.of(index(data[2], blocks), BATCH, WINDOW));
    write(out, Tensor.of(index(data[3], blocks), BATCH, WINDOW));
    try (Tensor weights = Tensor.readNpy(w);
        Tensor input = Tensor.readNpy(h);
        Tensor inputIndex = Tensor.readNpy(in);
        Tensor outputIndex = Tensor.readNpy(out);
        Tensor result = Tensor.full(DType.F32, Double.NaN, BATCH, WINDOW, SIZE)) {
      BlockPattern pattern = BlockPattern.of(inputIndex, outputIndex, blocks, blocks);
      double[] times =
          DemoRun.measure(() -> BlockSparse.gemvInto(result, 1, 0, weights, input, pattern));
      double[] errors = compare(result, data, blocks);
      return new DemoBlocks(
          blocks,
          DemoRun.median(times),
          times.length,
          2.0 * BATCH * WINDOW * WINDOW * SIZE * SIZE,
          touched(data, blocks) * SIZE * SIZE * 4L + input.nbytes() + result.nbytes(),
          errors[0],
          errors[1]);
    }
  }

  private static void write(Path file, Tensor tensor) throws IOException {
    try (tensor) {
      tensor.writeNpy(file);
    }
  }

  private static long[] index(RandomData data, int blocks) {
    long[] index = new long[BATCH * WINDOW];
    java.util.Arrays.setAll(index, i -> index(data, i, blocks));
    return index;
  }

  private static long index(RandomData data, long i, int blocks) {
    return (long) ((data.element(i) + 1) / 2 * blocks);
  }

  private static long touched(RandomData[] data, int blocks) {
    Set<Long> used = new HashSet<>();
    for (int b = 0; b < BATCH; b++) {
      for (int i = 0; i < WINDOW; i++) {
        for (int j = 0; j < WINDOW; j++) {
          used.add(
              index(data[2], b * WINDOW + i, blocks) * blocks
                  + index(data[3], b * WINDOW + j, blocks));
        }
      }
    }
    return used.size();
  }

  /** Largest absolute error, and largest relative to n u sum|ab|. */
  private static double[] compare(Tensor result, RandomData[] data, int blocks) {
    float[] got = result.toFloatArray();
    double[] worst = new double[2];
    for (int b = 0; b < BATCH; b++) {
      for (int j = 0; j < WINDOW; j++) {
        for (int n = 0; n < SIZE; n++) {
          double sum = 0;
          double absolute = 0;
          for (int i = 0; i < WINDOW; i++) {
            long block =
                index(data[2], b * WINDOW + i, blocks) * blocks
                    + index(data[3], b * WINDOW + j, blocks);
            for (int k = 0; k < SIZE; k++) {
              double product =
                  data[1].element(((long) b * WINDOW + i) * SIZE + k)
                      * data[0].element((block * SIZE + k) * SIZE + n);
              sum += product;
              absolute += Math.abs(product);
            }
          }
          double error = Math.abs(got[(b * WINDOW + j) * SIZE + n] - sum);
          double bound = WINDOW * SIZE * 0x1p-24 * absolute;
          // Not max, which would lose a NaN.
          worst[0] = error <= worst[0] ? worst[0] : error;
          worst[1] = error / bound <= worst[1] ? worst[1] : error / bound;
        }
      }
    }
    return worst;
  }
}
