// Where a slab of a block goes, and in which order a task meets it.
package io.github.einblas.spark.internal.run;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.Comparator;

/**
 * Sorted within a task by batch, contracted block, operand, and block of the operand: a task holds
 * the first operand's blocks of one contracted block while the second's pass by. The order is that
 * of the sums, so it never depends on when something arrives.
 */
final class SlabKey implements Comparable<SlabKey> {
  private static final Comparator<SlabKey> ORDER =
      Comparator.comparingInt(SlabKey::task)
          .thenComparingLong(SlabKey::batch)
          .thenComparingLong(SlabKey::sum)
          .thenComparingInt(SlabKey::operand)
          .thenComparingLong(SlabKey::free)
          .thenComparingLong(SlabKey::alone)
          .thenComparingInt(SlabKey::part);

  private final int task;
  private final long batch;
  private final long sum;
  private final int operand;
  private final long free;
  private final long alone;
  private final int part;

  /**
   * A key.
   *
   * @param task that needs it
   * @param batch number of the block along the batch labels
   * @param sum along the contracted labels
   * @param operand 0 or 1
   * @param free along the labels that only this operand and the result have
   * @param alone along the labels that only this operand has
   * @param part number of the slab within its block
   */
  SlabKey(int task, long batch, long sum, int operand, long free, long alone, int part) {
    this.task = task;
    this.batch = batch;
    this.sum = sum;
    this.operand = operand;
    this.free = free;
    this.alone = alone;
    this.part = part;
  }

  /** The same block's slab of another number. */
  SlabKey withPart(int number) {
    return new SlabKey(task, batch, sum, operand, free, alone, number);
  }

  int task() {
    return task;
  }

  long batch() {
    return batch;
  }

  long sum() {
    return sum;
  }

  int operand() {
    return operand;
  }

  long free() {
    return free;
  }

  long alone() {
    return alone;
  }

  int part() {
    return part;
  }

  @Override
  public int compareTo(SlabKey other) {
    return ORDER.compare(this, other);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof SlabKey k && compareTo(k) == 0;
  }

  @Override
  public int hashCode() {
    int hash = 31 * task + Long.hashCode(batch);
    hash = 31 * hash + Long.hashCode(sum);
    hash = 31 * hash + operand;
    hash = 31 * hash + Long.hashCode(free);
    hash = 31 * hash + Long.hashCode(alone);
    return 31 * hash + part;
  }

  void write(DataOutput out) throws IOException {
    out.writeInt(task);
    out.writeLong(batch);
    out.writeLong(sum);
    out.writeByte(operand);
    out.writeLong(free);
    out.writeLong(alone);
    out.writeInt(part);
  }

  static SlabKey read(DataInput in) throws IOException {
    return new SlabKey(
        in.readInt(),
        in.readLong(),
        in.readLong(),
        in.readByte(),
        in.readLong(),
        in.readLong(),
        in.readInt());
  }

  @Override
  public String toString() {
    return "task " + task + ", batch " + batch + ", sum " + sum + ", operand " + operand;
  }
}
