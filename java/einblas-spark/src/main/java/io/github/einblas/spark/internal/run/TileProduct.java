// What one task computes: a tile of the result, from blocks that pass by in order.
package io.github.einblas.spark.internal.run;

import io.github.einblas.DType;
import io.github.einblas.Tensor;
import io.github.einblas.spark.TensorBlock;
import io.github.einblas.spark.internal.executor.NativeScope;
import io.github.einblas.spark.internal.executor.WorkerSetup;
import io.github.einblas.spark.internal.plan.PairStep;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.TreeMap;

/**
 * Holds in native memory: one batch's part of the tile, the first operand's blocks of one
 * contracted block, and one block of the second. Sums go in the order of the keys.
 */
final class TileProduct implements Iterator<TileProduct.Part> {
  /**
   * A block of a tile.
   *
   * @param sumPiece of which piece of the contracted labels it is the sum
   * @param batch its place
   * @param first its place along the first operand's labels
   * @param second its place along the second's
   * @param block its elements
   */
  record Part(int sumPiece, long batch, long first, long second, TensorBlock block) {}

  /**
   * What must arrive.
   *
   * @param batches places along the batch labels
   * @param sums contracted blocks of each
   * @param first blocks of the first operand for each of those
   * @param second blocks of the second
   */
  record Expected(long batches, long sums, long first, long second) {
    /** For a task of a step. */
    static Expected of(PairStep step, int task) {
      return new Expected(
          count(step, task, 0), count(step, task, 3), blocks(step, task, 0), blocks(step, task, 1));
    }

    private static long blocks(PairStep step, int task, int operand) {
      return operand < step.operands().size()
          ? count(step, task, 1 + operand) * step.operands().get(operand).alone().blocks()
          : 0;
    }

    private static long count(PairStep step, int task, int group) {
      return step.to(task, group) - step.from(task, group);
    }
  }

  private record Place(long first, long second) implements Comparable<Place> {
    @Override
    public int compareTo(Place other) {
      int byFirst = Long.compare(first, other.first);
      return byFirst != 0 ? byFirst : Long.compare(second, other.second);
    }
  }

  private final PairStep step;
  private final DType type;
  private final int sumPiece;
  private final Expected expected;
  private final Arrivals arrivals;
  private final NativeScope scope;
  private final BlockProducts products;
  private final TreeMap<Place, Tensor> sums = new TreeMap<>();
  private long batch;
  private long batches;

  /** Of items in order. */
  TileProduct(
      PairStep step,
      int sumPiece,
      Expected expected,
      Iterator<Item> items,
      int threads,
      NativeScope scope) {
    this.step = step;
    this.sumPiece = sumPiece;
    this.expected = expected;
    this.type = step.sumPieces() == 1 ? step.type() : step.accumulator();
    this.scope = scope;
    this.products = new BlockProducts(step, threads, scope);
    this.arrivals = new Arrivals(items, scope);
  }

  @Override
  public boolean hasNext() {
    boolean more = !sums.isEmpty() || arrivals.key() != null;
    if (!more) {
      require("places along the batch labels", batches, expected.batches());
    }
    return more;
  }

  private static void require(String what, long met, long needed) {
    if (met != needed) {
      throw new IllegalStateException(
          "a task met "
              + met
              + " "
              + what
              + " and needs "
              + needed
              + ": blocks of an operand are missing, or there twice");
    }
  }

  @Override
  public Part next() {
    return WorkerSetup.orRefused(
        () -> {
          if (sums.isEmpty()) {
            if (arrivals.key() == null) {
              throw new NoSuchElementException();
            }
            batch = arrivals.key().batch();
            batches++;
            long sumBlocks = 0;
            while (arrivals.isOf(batch)) {
              sumBlock();
              sumBlocks++;
            }
            require("contracted blocks", sumBlocks, expected.sums());
          }
          Map.Entry<Place, Tensor> first = sums.pollFirstEntry();
          return new Part(
              sumPiece,
              batch,
              first.getKey().first(),
              first.getKey().second(),
              products.finished(first.getValue(), type));
        });
  }

  /** All products of one contracted block. */
  private void sumBlock() {
    long sum = arrivals.key().sum();
    Map<SlabKey, Tensor> held = new LinkedHashMap<>();
    long first = 0;
    long second = 0;
    while (isOf(sum, 0)) {
      Tensor block = products.plain(0, arrivals.block());
      first++;
      if (step.isPair()) {
        held.put(arrivals.key(), block);
      } else {
        add(arrivals.key().free(), 0, block);
        scope.free(block);
      }
      arrivals.advance();
    }
    while (isOf(sum, 1)) {
      Tensor block = products.plain(1, arrivals.block());
      second++;
      for (Map.Entry<SlabKey, Tensor> other : held.entrySet()) {
        scope.ifCancelled();
        add(other.getKey().free(), arrivals.key().free(), other.getValue(), block);
      }
      scope.free(block);
      arrivals.advance();
    }
    held.values().forEach(scope::free);
    require("blocks of the first operand", first, expected.first());
    require("blocks of the second operand", second, expected.second());
  }

  private boolean isOf(long sum, int operand) {
    return arrivals.isOf(batch)
        && arrivals.key().sum() == sum
        && arrivals.key().operand() == operand;
  }

  private void add(long first, long second, Tensor... blocks) {
    Place place = new Place(first, second);
    sums.put(place, products.add(sums.get(place), blocks));
  }
}
