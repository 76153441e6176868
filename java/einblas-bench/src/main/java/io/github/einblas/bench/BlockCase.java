// Benchmarks: the block-sparse cases (cpp/bench/blocks.txt), shared with the native workbench.
package io.github.einblas.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A block-sparse product.
 *
 * @param name unique
 * @param product gemv, unprepared (gemv that takes the indices in each call), back (the gradient of
 *     h) or outer
 */
public record BlockCase(
    String name,
    String product,
    int batch,
    int inputBlocks,
    int outputBlocks,
    int inputSize,
    int outputSize,
    int inputWindow,
    int outputWindow) {

  /** All cases in file order. */
  public static List<BlockCase> all() {
    List<BlockCase> cases = new ArrayList<>();
    try (BufferedReader in =
        new BufferedReader(
            new InputStreamReader(
                BlockCase.class.getResourceAsStream("/blocks.txt"), StandardCharsets.UTF_8))) {
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        if (line.isBlank() || line.startsWith("#")) {
          continue;
        }
        String[] f = line.trim().split("\\s+");
        int[] n = IntStream.range(2, 9).map(i -> Integer.parseInt(f[i])).toArray();
        cases.add(new BlockCase(f[0], f[1], n[0], n[1], n[2], n[3], n[4], n[5], n[6]));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return cases;
  }

  /**
   * The case of that name.
   *
   * @throws IllegalArgumentException if there is none
   */
  public static BlockCase find(String name) {
    return all().stream()
        .filter(c -> c.name().equals(name))
        .findFirst()
        .orElseThrow(
            () -> new IllegalArgumentException("no case " + name + " in cpp/bench/blocks.txt"));
  }

  /** Index matrix (batch, inputWindow), the same in every run. */
  public long[][] inputIndex() {
    return index(1, inputWindow, inputBlocks);
  }

  /** Index matrix (batch, outputWindow), the same in every run. */
  public long[][] outputIndex() {
    return index(2, outputWindow, outputBlocks);
  }

  private long[][] index(int seed, int window, int blocks) {
    long[][] rows = new long[batch][window];
    for (int b = 0; b < batch; b++) {
      for (int i = 0; i < window; i++) {
        rows[b][i] = Structured.draw(seed, (long) b * window + i, blocks);
      }
    }
    return rows;
  }

  /** Shape of W. */
  public long[] weights() {
    return new long[] {inputBlocks, outputBlocks, inputSize, outputSize};
  }

  /** Shape of h. */
  public long[] input() {
    return new long[] {batch, inputWindow, inputSize};
  }

  /** Shape of o. */
  public long[] output() {
    return new long[] {batch, outputWindow, outputSize};
  }

  /** Shape of what the product adds to. */
  public long[] result() {
    return switch (product) {
      case "outer" -> weights();
      case "back" -> input();
      default -> output();
    };
  }
}
