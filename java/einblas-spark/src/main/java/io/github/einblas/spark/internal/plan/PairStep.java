// One step on the cluster: two operands, or one, and how they are cut among tasks.
package io.github.einblas.spark.internal.plan;

import io.github.einblas.DType;
import io.github.einblas.spark.BlockIndex;
import io.github.einblas.spark.Chunks;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;

/**
 * A step and its tasks. Along each group of labels a task has a run of blocks; the task's number
 * counts batch, p, q and sum, the last fastest.
 *
 * @param equation of plain blocks
 * @param operands one or two
 * @param types of their elements
 * @param output labels of the result
 * @param result chunks of the result
 * @param type of the result
 * @param accumulator type in which blocks are summed
 * @param options of the products
 * @param batchPieces pieces of batch labels
 * @param p pieces of the first operand's free labels
 * @param q pieces of the second's
 * @param sumPieces pieces of contracted labels
 */
public record PairStep(
    String equation,
    List<OperandForm> operands,
    List<DType> types,
    int[] output,
    Chunks result,
    DType type,
    DType accumulator,
    ProductOptions options,
    int batchPieces,
    int p,
    int q,
    int sumPieces)
    implements Serializable {
  private static final long serialVersionUID = 1;

  /** The same step, cut otherwise. */
  PairStep cut(int batch, int newP, int newQ, int sum) {
    return new PairStep(
        equation,
        operands,
        types,
        output,
        result,
        type,
        accumulator,
        options,
        batch,
        newP,
        newQ,
        sum);
  }

  /** The same step with blocks of some operands that are in plain form already. */
  public PairStep prepared(boolean[] plain) {
    List<OperandForm> forms = new ArrayList<>();
    for (int o = 0; o < operands.size(); o++) {
      OperandForm form = operands.get(o);
      forms.add(plain[o] ? form.prepared() : form);
    }
    return new PairStep(
        equation,
        List.copyOf(forms),
        types,
        output,
        result,
        type,
        accumulator,
        options,
        batchPieces,
        p,
        q,
        sumPieces);
  }

  /** Number of tasks. */
  public int tasks() {
    return Math.multiplyExact(Math.multiplyExact(batchPieces, p), Math.multiplyExact(q, sumPieces));
  }

  /** Whether there is a second operand. */
  public boolean isPair() {
    return operands.size() == 2;
  }

  /** Blocks along a group: batch, free of the first, free of the second, sum. */
  long blocks(int group) {
    OperandForm a = operands.get(0);
    return switch (group) {
      case 0 -> a.batch().blocks();
      case 1 -> a.free().blocks();
      case 2 -> isPair() ? operands.get(1).free().blocks() : 1;
      default -> a.sum().blocks();
    };
  }

  int pieces(int group) {
    return switch (group) {
      case 0 -> batchPieces;
      case 1 -> p;
      case 2 -> q;
      default -> sumPieces;
    };
  }

  private int piece(int group, long block) {
    return (int) (Math.multiplyExact(block, (long) pieces(group)) / blocks(group));
  }

  /** First block of a task along a group. */
  public long from(int task, int group) {
    return first(group, pieceOf(task, group));
  }

  /** The one behind the last block of a task along a group. */
  public long to(int task, int group) {
    return first(group, pieceOf(task, group) + 1);
  }

  private long first(int group, int piece) {
    long blocks = blocks(group);
    return (Math.multiplyExact(blocks, (long) piece) + pieces(group) - 1) / pieces(group);
  }

  private int pieceOf(int task, int group) {
    int rest = task;
    int sum = rest % sumPieces;
    rest /= sumPieces;
    int j = rest % q;
    rest /= q;
    int i = rest % p;
    rest /= p;
    return switch (group) {
      case 0 -> rest;
      case 1 -> i;
      case 2 -> j;
      default -> sum;
    };
  }

  /** Piece of the contracted labels that a task has. */
  public int sumPiece(int task) {
    return pieceOf(task, 3);
  }

  /** Tasks that need a block of an operand. */
  public int[] tasksOf(int operand, BlockIndex block) {
    OperandForm form = operands.get(operand);
    int batch = piece(0, form.batch().number(block, form.axes()));
    int sum = piece(3, form.sum().number(block, form.axes()));
    int own = piece(1 + operand, form.free().number(block, form.axes()));
    int copies = copies(operand);
    int[] tasks = new int[copies];
    for (int other = 0; other < copies; other++) {
      int i = operand == 0 ? own : other;
      int j = operand == 0 ? other : own;
      tasks[other] = ((batch * p + i) * q + j) * sumPieces + sum;
    }
    return tasks;
  }

  /** How often each block of an operand is sent. */
  public int copies(int operand) {
    return operand == 0 ? q : p;
  }

  /** The result's block at a place. */
  public BlockIndex resultBlock(long batch, long first, long second) {
    int[] at = new int[output.length];
    OperandForm a = operands.get(0);
    a.batch().place(batch, output, at);
    a.free().place(first, output, at);
    if (isPair()) {
      operands.get(1).free().place(second, output, at);
    }
    return BlockIndex.of(at);
  }
}
