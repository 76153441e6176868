// Example: the scores of attention heads over many batches, the contraction planned once.
package example;

import io.github.einblas.Einsum;
import io.github.einblas.EinsumPlan;
import io.github.einblas.Tensor;

public final class Attention {
  public static void main(String[] args) {
    float[] ones = new float[2 * 3 * 4];
    java.util.Arrays.fill(ones, 1);
    try (Tensor queries = Tensor.of(ones, 2, 3, 4);
        Tensor keys = Tensor.of(ones, 2, 3, 4)) {
      EinsumPlan scores = Einsum.plan("bqh,bkh->bqk", queries, keys);
      for (int batch = 1; batch <= 3; batch++) {
        try (Tensor result = scores.run(queries, keys)) {
          System.out.println("batch " + batch + ": " + result.get(0, 0, 0));
        }
      }
    }
  }
}
