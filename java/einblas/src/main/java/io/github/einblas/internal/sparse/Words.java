// Sparse: what a product calls its tensors, for errors.
package io.github.einblas.internal.sparse;

import io.github.einblas.internal.tensor.Lease;

/**
 * Names of an operation's output and operands.
 *
 * @param name of the operation
 * @param out name of the output
 * @param operands names of the operands; the last one stands for all further ones
 */
public record Words(String name, String out, String... operands) implements Lease.Words {
  @Override
  public String where() {
    return name + ": ";
  }

  @Override
  public String tensor(int operand) {
    return operand == Lease.OUTPUT ? out : operands[Math.min(operand, operands.length - 1)];
  }
}
