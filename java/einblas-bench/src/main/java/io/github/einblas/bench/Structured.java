// Benchmarks: products with structured matrices (cpp/bench/structured.txt, blocks.txt).
package io.github.einblas.bench;

import io.github.einblas.DType;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A case. The indices are drawn by {@link #draw}, so that Java and structured.py build the same
 * matrix.
 *
 * @param name unique
 * @param kind csr, csrt, bsr, bsrt, bsrx, kron, or block
 * @param sizes as structured.txt says; none for block
 * @param blocks the case of blocks.txt; null for the others
 */
public record Structured(String name, String kind, long[] sizes, BlockCase blocks) implements Work {
  /** All cases: those of structured.txt, then the products of blocks.txt without its sweeps. */
  public static Map<String, Structured> load() {
    Map<String, Structured> cases = new LinkedHashMap<>();
    try (BufferedReader in =
        new BufferedReader(
            new InputStreamReader(
                Structured.class.getResourceAsStream("/structured.txt"), StandardCharsets.UTF_8))) {
      in.lines()
          .filter(l -> !l.isBlank() && !l.startsWith("#"))
          .map(l -> l.trim().split("\\s+"))
          .forEach(
              f ->
                  cases.put(
                      f[0],
                      new Structured(
                          f[0],
                          f[1],
                          Stream.of(f).skip(2).mapToLong(Long::parseLong).toArray(),
                          null)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    for (BlockCase c : BlockCase.all()) {
      if (!c.name().contains("sweep")) {
        cases.put(c.name(), new Structured(c.name(), "block", new long[0], c));
      }
    }
    return cases;
  }

  /** Number {@code at} of the drawn ones, below the bound. The bits are mixed as murmur3 does. */
  public static int draw(int seed, long at, int bound) {
    int h = (int) at + seed * 0x9e3779b9;
    h = (h ^ h >>> 16) * 0x85ebca6b;
    h = (h ^ h >>> 13) * 0xc2b2ae35;
    h ^= h >>> 16;
    return Integer.remainderUnsigned(h, bound);
  }

  /** Whether the matrix is stored by rows of elements or blocks. */
  public boolean isSparse() {
    return kind.startsWith("csr") || kind.startsWith("bsr");
  }

  /** Length of a block's sides; 1 in CSR. */
  public int block() {
    return kind.startsWith("bsr") ? (int) sizes[1] : 1;
  }

  /** Rows, in blocks. */
  public int rows() {
    return (int) (sizes[0] / block());
  }

  /** Columns, in blocks. */
  public int columns() {
    return kind.startsWith("bsr") ? rows() : (int) sizes[1];
  }

  /** Entries or blocks of each row. */
  public int each() {
    return (int) sizes[2];
  }

  /** Columns of the dense operand, or its rows where it stands on the left. */
  public int width() {
    return (int) sizes[3];
  }

  /** Where each row begins. */
  public int[] indptr() {
    int[] at = new int[rows() + 1];
    for (int r = 0; r <= rows(); r++) {
      at[r] = r * each();
    }
    return at;
  }

  /** Columns of the entries: one drawn from each of as many equal stretches of the row. */
  public int[] indices() {
    int[] all = new int[rows() * each()];
    int stretch = columns() / each();
    for (int e = 0; e < all.length; e++) {
      all[e] = e % each() * columns() / each() + draw(1, e, stretch);
    }
    return all;
  }

  /** Shape of the dense operand. */
  public long[] operand() {
    if (kind.equals("kron")) {
      return new long[] {sizes[0], power()};
    }
    long inner = (long) block() * (kind.equals("csrt") ? rows() : columns());
    return kind.equals("bsrx") ? new long[] {width(), inner} : new long[] {inner, width()};
  }

  /** Shape of the result. */
  public long[] result() {
    if (kind.equals("block")) {
      return blocks.result();
    }
    if (kind.equals("kron")) {
      return operand();
    }
    long outer = (long) block() * (kind.equals("csrt") ? columns() : rows());
    return kind.equals("bsrx") ? new long[] {width(), outer} : new long[] {outer, width()};
  }

  private long power() {
    long n = 1;
    for (int i = 0; i < sizes[2]; i++) {
      n *= sizes[1];
    }
    return n;
  }

  @Override
  public String group() {
    return kind.startsWith("csr") ? "csr" : kind.startsWith("bsr") ? "bsr" : kind;
  }

  @Override
  public long results() {
    return product(result());
  }

  @Override
  public double roundings() {
    if (kind.equals("block")) {
      BlockCase b = blocks;
      return 2.0 * b.batch() * Math.max(b.inputSize(), b.outputSize()) * 64;
    }
    if (kind.equals("kron")) {
      return (double) sizes[1] * sizes[2] + sizes[2];
    }
    // A transposed row may have several times as many entries as the mean.
    return 8.0 * each() * block() * Math.max(1, rows() / columns()) + 2;
  }

  /** Floating-point operations. */
  public double flops() {
    if (kind.equals("block")) {
      return 2.0 * terms() * blocks.inputSize() * blocks.outputSize();
    }
    if (kind.equals("kron")) {
      return 2.0 * results() * sizes[1] * sizes[2];
    }
    return 2.0 * entries() * width();
  }

  private double terms() {
    return (double) blocks.batch() * blocks.inputWindow() * blocks.outputWindow();
  }

  /** Stored elements of a sparse matrix. */
  public double entries() {
    return (double) rows() * each() * block() * block();
  }

  @Override
  public double bytes(DType dtype) {
    if (kind.equals("block")) {
      BlockCase b = blocks;
      double all = (double) b.inputBlocks() * b.outputBlocks();
      // So many of all blocks are drawn at least once, on average.
      double touched = all * -Math.expm1(-terms() / all) * b.inputSize() * b.outputSize();
      double vectors = product(b.input()) + (double) product(b.output());
      return (touched * (b.product().equals("outer") ? 2 : 1) + vectors) * dtype.bytes();
    }
    if (kind.equals("kron")) {
      return (2.0 * results() + (double) sizes[1] * sizes[1] * sizes[2]) * dtype.bytes();
    }
    double index = kind.startsWith("csr") ? 4 * entries() + 8.0 * rows() : 0;
    return index + (entries() + product(operand()) + results()) * dtype.bytes();
  }

  @Override
  public double written(DType dtype) {
    return kind.equals("block") && blocks.product().equals("outer")
        ? bytes(dtype) / 2
        : Work.super.written(dtype);
  }

  private static long product(long[] shape) {
    long n = 1;
    for (long length : shape) {
      n *= length;
    }
    return n;
  }
}
