// A process of its own for LoadingIT: loads, computes, prints what was loaded, or the exception's
// text.
package io.github.einblas.platform;

import io.github.einblas.Einblas;
import io.github.einblas.Einsum;
import io.github.einblas.Kronecker;
import io.github.einblas.Tensor;
import io.github.einblas.Tuning;

/**
 * Exit 0 with the load report when a contraction and LAPACK were right, 3 with the exception's text
 * when loading was refused.
 */
final class LoadProbe {
  private LoadProbe() {}

  public static void main(String[] args) {
    try (Tensor a = Tensor.of(new float[] {1, 2, 3, 4}, 2, 2);
        Tensor c = Einsum.einsum("ij,jk->ik", a, a)) {
      if (c.get(1, 1) != 22) {
        System.out.println("wrong: " + c);
        System.exit(1);
      }
      System.out.println("product right");
      try (Tensor x = Kronecker.of(a).solve(a)) {
        if (Math.abs(x.get(0, 0) - 1) > 1e-5 || Math.abs(x.get(0, 1)) > 1e-5) {
          System.out.println("wrong: " + x);
          System.exit(1);
        }
      }
      Einblas.loadReport().forEach(System.out::println);
      System.out.println("tuning: " + Tuning.report());
    } catch (IllegalStateException | IllegalArgumentException e) {
      System.out.println(e.getClass().getSimpleName() + ": " + e.getMessage());
      System.exit(3);
    }
  }
}
