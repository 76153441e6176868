// The tensors of a batch, as rooms know them.
package io.github.einblas;

import io.github.einblas.internal.plan.PlanChecks;
import io.github.einblas.internal.tensor.Strided;
import java.util.List;
import java.util.Objects;

/** Operands of many sets. */
final class BatchSets {
  private BatchSets() {}

  /**
   * The sets' operands in one array: asked of the list once, and copied before they are checked.
   */
  static Strided[] cores(PlanChecks checks, int n, List<Tensor[]> sets) {
    Tensor[][] given = Objects.requireNonNull(sets, "sets").toArray(new Tensor[0][]).clone();
    Strided[] own = checks.sets(given.length);
    for (int s = 0; s < given.length; s++) {
      Tensor[] set = given[s];
      if (set == null) {
        throw new NullPointerException(checks.where() + "set " + s + " is null");
      }
      checks.count(set.length);
      for (int i = 0; i < n; i++) {
        own[s * n + i] = Tensor.core(set[i]);
      }
    }
    return own;
  }
}
