// Command line: which tensors of a list are left while an order takes them out.
package io.github.einblas.cli;

/**
 * Tensors numbered in the order in which they are made, and the place of each among those that are
 * left: sums over ranges of powers of two, so that each question takes log n.
 */
final class Slots {
  private final int[] sums; // sums[i]: how many are left of the last lowestBit(i) up to i
  private final int highest;
  private int left;

  /** All of the first {@code operands} are there, with room for results. */
  Slots(int operands, int results) {
    sums = new int[operands + results + 1];
    highest = Integer.highestOneBit(Math.max(1, sums.length - 1));
    for (int slot = 0; slot < operands; slot++) {
      add(slot);
    }
  }

  private void change(int slot, int by) {
    for (int i = slot + 1; i < sums.length; i += i & -i) {
      sums[i] += by;
    }
    left += by;
  }

  void add(int slot) {
    change(slot, 1);
  }

  void remove(int slot) {
    change(slot, -1);
  }

  /** How many are left. */
  int left() {
    return left;
  }

  /** How many of those before a slot are left: its place, if it is left itself. */
  int before(int slot) {
    int sum = 0;
    for (int i = slot; i > 0; i -= i & -i) {
      sum += sums[i];
    }
    return sum;
  }

  boolean contains(int slot) {
    return before(slot + 1) > before(slot);
  }

  /** The slot at a place from 0 to left() - 1. */
  int at(int place) {
    int slot = 0;
    int rest = place;
    for (int step = highest; step > 0; step >>= 1) {
      if (slot + step < sums.length && sums[slot + step] <= rest) {
        slot += step;
        rest -= sums[slot];
      }
    }
    return slot;
  }
}
