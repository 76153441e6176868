// Cuts operands at random so that the chunks of each label agree.
package io.github.einblas.spark;

import io.github.einblas.Einsum;
import io.github.einblas.EinsumPlan;
import io.github.einblas.PlanSlice;
import io.github.einblas.Tensor;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apache.spark.api.java.JavaSparkContext;

final class RandomChunks {
  private RandomChunks() {}

  /** Each operand in blocks: some that tasks read, some that were made by an RDD. */
  static DistributedTensor[] cut(
      JavaSparkContext sc, Random random, String equation, Tensor... operands) {
    EinsumPlan plan = Einsum.plan(equation, operands);
    Map<String, Long> chunks = new HashMap<>();
    DistributedTensor[] all = new DistributedTensor[operands.length];
    for (int i = 0; i < operands.length; i++) {
      List<PlanSlice.Range> ranges = plan.slice(0).operandRanges(i);
      long[] chunk = new long[ranges.size()];
      for (int d = 0; d < chunk.length; d++) {
        long length = operands[i].length(d);
        chunk[d] =
            length == 1
                ? 1
                : chunks.computeIfAbsent(
                    ranges.get(d).label(),
                    l -> 1 + (long) random.nextInt((int) Math.max(1, length)));
      }
      all[i] = DistributedTensor.of(sc, operands[i], chunk);
      if (random.nextBoolean()) {
        all[i] = readable(sc, all[i]);
      }
    }
    return all;
  }

  /** The same tensor as one whose blocks any task can read. */
  static DistributedTensor readable(JavaSparkContext sc, DistributedTensor tensor) {
    HashMap<BlockIndex, TensorBlock> blocks = new HashMap<>(tensor.blocks().collectAsMap());
    return DistributedTensor.of(sc, tensor.dtype(), tensor.chunks(), blocks::get);
  }
}
