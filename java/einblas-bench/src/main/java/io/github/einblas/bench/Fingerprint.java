// Benchmarks: whether an implementation's result is einblas's, across processes.
package io.github.einblas.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.LongToDoubleFunction;

/**
 * 1024 weighted sums that cover every element (element j of a stretch counts 1 + (j mod 7) / 8
 * times) and 1024 single elements.
 */
public final class Fingerprint {
  private static final int PARTS = 1024;

  private Fingerprint() {}

  /** Of a result with so many elements. */
  public static double[] of(LongToDoubleFunction result, long size) {
    double[] print = new double[2 * PARTS];
    long stretch = Math.max(1, (size + PARTS - 1) / PARTS);
    for (int p = 0; p < PARTS; p++) {
      double sum = 0;
      for (long i = p * stretch; i < Math.min(size, (p + 1) * stretch); i++) {
        sum += result.applyAsDouble(i) * (1 + (i - p * stretch) % 7 * 0.125);
      }
      print[p] = sum;
      print[PARTS + p] = size == 0 ? 0 : result.applyAsDouble(p * 2654435761L % size);
    }
    return print;
  }

  /**
   * Largest relative difference that rounding explains: two sums of {@code terms} products, each
   * off by at most terms + operands roundings; never more than 1e-3, so that a sum of millions is
   * tested too (added pairwise or in vectors it stays far below).
   */
  public static double tolerance(Work c, double epsilon) {
    return Math.min(1e-3, 2 * c.roundings() * epsilon);
  }

  /**
   * Compares with einblas's.
   *
   * @throws IllegalStateException naming the first part that differs
   */
  public static void check(double[] mine, double[] reference, double tolerance) {
    for (int p = 0; p < mine.length; p++) {
      if (!(Math.abs(mine[p] - reference[p]) <= tolerance * Math.abs(reference[p]))) {
        throw new IllegalStateException(
            "part %d of the result is %.9g, einblas's is %.9g, more apart than %.2g of it"
                .formatted(p, mine[p], reference[p], tolerance));
      }
    }
  }

  /** Reads one from a file of one number per line. */
  public static double[] read(Path file) throws IOException {
    return Files.readAllLines(file).stream().mapToDouble(Double::parseDouble).toArray();
  }

  /** Writes one. */
  public static void write(Path file, double[] print) throws IOException {
    Files.write(file, Arrays.stream(print).mapToObj(Double::toString).toList());
  }
}
