// From a block's index to its key.
package io.github.einblas.spark.internal.run;

import io.github.einblas.spark.BlockIndex;
import io.github.einblas.spark.internal.plan.OperandForm;
import io.github.einblas.spark.internal.plan.PairStep;

/** Keys of blocks. */
final class Keys {
  private Keys() {}

  /** The key of an operand's block for a task. */
  static SlabKey of(PairStep step, int operand, int task, BlockIndex block) {
    OperandForm form = step.operands().get(operand);
    return new SlabKey(
        task,
        form.batch().number(block, form.axes()),
        form.sum().number(block, form.axes()),
        operand,
        form.free().number(block, form.axes()),
        form.alone().number(block, form.axes()),
        0);
  }
}
