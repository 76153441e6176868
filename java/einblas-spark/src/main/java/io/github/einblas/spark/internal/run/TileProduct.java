// What one task computes: a tile of the result, from blocks that pass by in order.
package io.github.einblas.spark.internal.run;

import io.github.einblas.DType;
import io.github.einblas.Tensor;
import io.github.einblas.spark.TensorBlock;
import io.github.einblas.spark.internal.executor.NativeScope;
import io.github.einblas.spark.internal.executor.WorkerSetup;
import io.github.einblas.spark.internal.plan.PairStep;
import java.io.IOException;
import java.io.UncheckedIOException;
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
  private final Iterator<Item> items;
  private final NativeScope scope;
  private final BlockProducts products;
  private final TreeMap<Place, Tensor> sums = new TreeMap<>();
  private Item next;
  private long batch;

  /** Of items in order. */
  TileProduct(PairStep step, int sumPiece, Iterator<Item> items, int threads, NativeScope scope) {
    this.step = step;
    this.sumPiece = sumPiece;
    this.type = step.sumPieces() == 1 ? step.type() : step.accumulator();
    this.items = items;
    this.scope = scope;
    this.products = new BlockProducts(step, threads, scope);
    advance();
  }

  private void advance() {
    scope.ifCancelled();
    next = items.hasNext() ? items.next() : null;
  }

  @Override
  public boolean hasNext() {
    return !sums.isEmpty() || next != null;
  }

  @Override
  public Part next() {
    return WorkerSetup.orRefused(
        () -> {
          if (sums.isEmpty()) {
            if (next == null) {
              throw new NoSuchElementException();
            }
            batch = next.key().batch();
            while (next != null && next.key().batch() == batch) {
              sumBlock();
            }
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
    long sum = next.key().sum();
    Map<Item, Tensor> held = new LinkedHashMap<>();
    while (isOf(sum, 0)) {
      Tensor block = products.plain(0, load());
      if (step.isPair()) {
        held.put(next, block);
      } else {
        add(next.key().free(), 0, block);
        scope.free(block);
      }
      advance();
    }
    while (isOf(sum, 1)) {
      Tensor block = products.plain(1, load());
      for (Map.Entry<Item, Tensor> other : held.entrySet()) {
        scope.ifCancelled();
        add(other.getKey().key().free(), next.key().free(), other.getValue(), block);
      }
      scope.free(block);
      advance();
    }
    held.values().forEach(scope::free);
  }

  private boolean isOf(long sum, int operand) {
    return next != null
        && next.key().batch() == batch
        && next.key().sum() == sum
        && next.key().operand() == operand;
  }

  private TensorBlock load() {
    try {
      return next.block().get();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void add(long first, long second, Tensor... blocks) {
    Place place = new Place(first, second);
    sums.put(place, products.add(sums.get(place), blocks));
  }
}
