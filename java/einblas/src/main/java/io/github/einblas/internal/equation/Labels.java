// Planner: sets of labels of one equation, numbered densely, as bit sets.
package io.github.einblas.internal.equation;

import java.util.BitSet;
import java.util.Map;

/**
 * Labels 0..count-1 of an equation, their lengths, and the sets of them that operands and output
 * have.
 */
public final class Labels {
  public final int[] ids;
  public final double[] lengths;
  public final BitSet[] operands;
  public final BitSet output;

  /** Axes of length 1 are left out everywhere: they take part in nothing. */
  public Labels(Equation equation, Map<Integer, Long> lengthOf, long[][] shapes) {
    ids = lengthOf.keySet().stream().mapToInt(Integer::intValue).toArray();
    lengths = new double[ids.length];
    for (int i = 0; i < ids.length; i++) {
      lengths[i] = lengthOf.get(ids[i]);
    }
    operands = new BitSet[equation.operandCount()];
    for (int i = 0; i < operands.length; i++) {
      operands[i] = new BitSet(ids.length);
      int[] labels = equation.operand(i);
      for (int d = 0; d < labels.length; d++) {
        if (shapes[i][d] != 1) {
          operands[i].set(index(labels[d]));
        }
      }
    }
    output = new BitSet(ids.length);
    for (int label : equation.output()) {
      int i = index(label);
      if (lengths[i] != 1) {
        output.set(i);
      }
    }
  }

  private int index(int label) {
    return java.util.Arrays.binarySearch(ids, label);
  }

  /** Product of the lengths of a set. */
  public double size(BitSet set) {
    double size = 1;
    for (int i = set.nextSetBit(0); i >= 0; i = set.nextSetBit(i + 1)) {
      size *= lengths[i];
    }
    return size;
  }

  /** How many operands, and the output, have each label. */
  public int[] users() {
    int[] users = new int[ids.length];
    for (BitSet operand : operands) {
      operand.stream().forEach(l -> users[l]++);
    }
    output.stream().forEach(l -> users[l]++);
    return users;
  }

  /** Labels that some operand has and the output lacks. */
  public BitSet summed() {
    BitSet summed = new BitSet(ids.length);
    for (BitSet operand : operands) {
      summed.or(operand);
    }
    summed.andNot(output);
    return summed;
  }

  /** Labels as the equation numbers them, ascending. */
  public int[] idsOf(BitSet set) {
    return set.stream().map(i -> ids[i]).toArray();
  }
}
