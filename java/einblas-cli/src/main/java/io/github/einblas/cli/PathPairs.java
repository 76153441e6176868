// Command line: steps of any number of tensors, made pairs of slots.
package io.github.einblas.cli;

import java.util.ArrayList;
import java.util.List;

/** Collects the pairs of an order; operands are slots 0 to n-1, the result of pair i is n+i. */
final class PathPairs {
  private final int operands;
  private final List<int[]> pairs = new ArrayList<>();

  PathPairs(int operands) {
    this.operands = operands;
  }

  /**
   * A step: several tensors are multiplied from the left in pairs; one alone is summed up by the
   * pair that it goes to, and makes none.
   *
   * @return the slot of its result
   */
  int step(int[] slots) {
    int result = slots[0];
    for (int i = 1; i < slots.length; i++) {
      pairs.add(new int[] {result, slots[i]});
      result = operands + pairs.size() - 1;
    }
    return result;
  }

  int[][] toArray() {
    return pairs.toArray(int[][]::new);
  }
}
