// Public API: closes at its end what its thread made meanwhile, but for what is kept.
package io.github.einblas;

import io.github.einblas.internal.tensor.Scope;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Closes at its end every tensor, {@link CsrMatrix}, {@link BsrMatrix} and {@link BoundPlan} that
 * its thread made since it was opened, but for those that were {@linkplain #keep kept}. Memory that
 * a chain of views leaves without a name is among them.
 *
 * <pre>{@code
 * static Tensor normalised(Tensor a, Tensor b) {
 *   try (TensorScope scope = TensorScope.open()) {
 *     Tensor product = Einsum.einsum("ij,jk->ik", a, b).transpose();
 *     Tensor rows = Einsum.einsum("ki->i", product);
 *     return scope.keep(Einsum.einsum("ki,i->ki", product, rows));
 *   } // product and rows are freed
 * }
 * }</pre>
 *
 * <p>Scopes nest: what an inner one keeps belongs to the one around it. What other threads make is
 * none of a scope's, and memory that was there before stays. Inside, any tensor may be closed
 * earlier, and what nothing refers to any more may be freed earlier.
 */
public final class TensorScope implements AutoCloseable {
  private final Scope scope = Scope.open();

  private TensorScope() {}

  /**
   * Opens a scope, inside the one that is open on this thread if there is one.
   *
   * @return the scope, to be closed by the caller
   */
  public static TensorScope open() {
    return new TensorScope();
  }

  /** How many it may have to close. */
  int size() {
    return scope.size();
  }

  /**
   * Passes results out: they stay open behind this scope's end, and belong to the scope around it
   * if there is one. A view is made the {@linkplain Tensor#owning owner} of its memory. Nothing
   * happens to what this scope would not close.
   *
   * @param results a tensor, matrix or bound plan, or an array, collection, map (of names, say) or
   *     record of them, such as gradients
   * @param <T> type of what is kept
   * @return the argument
   * @throws IllegalArgumentException if it is or holds something else; a {@link Kronecker} is kept
   *     by its factors
   * @throws IllegalStateException if the scope or a tensor is closed, or the thread is another
   */
  public <T> T keep(T results) {
    List<AutoCloseable> all = new ArrayList<>();
    gather(Objects.requireNonNull(results, "results"), all);
    scope.keep(all);
    return results;
  }

  /** Collects what stands for tensors and matrices. */
  private static void gather(Object value, List<AutoCloseable> all) {
    if (value instanceof Tensor tensor) {
      all.add(tensor.strided());
    } else if (value instanceof BsrMatrix bsr) {
      all.add(bsr.core().blocks());
    } else if (value instanceof CsrMatrix csr) {
      all.add(csr.core());
    } else if (value instanceof BoundPlan plan) {
      all.add(plan.binding());
    } else if (value instanceof Gradients gradients) {
      gradients.forEach(one -> gather(one, all));
    } else if (value instanceof Object[] array) {
      for (Object one : array) {
        gatherUnlessNull(one, all);
      }
    } else if (value instanceof Collection<?> several) {
      several.forEach(one -> gatherUnlessNull(one, all));
    } else if (value instanceof Map<?, ?> named) {
      named.values().forEach(one -> gatherUnlessNull(one, all));
    } else if (value instanceof Record fields) {
      for (RecordComponent field : fields.getClass().getRecordComponents()) {
        gatherUnlessNull(component(fields, field), all);
      }
    } else {
      throw new IllegalArgumentException(
          "keep takes tensors, matrices and bound plans, or arrays, collections, maps and records"
              + " of them, got a "
              + value.getClass().getName());
    }
  }

  private static void gatherUnlessNull(Object value, List<AutoCloseable> all) {
    if (value != null) {
      gather(value, all);
    }
  }

  /** A component that may hold something to be kept, else null. */
  private static Object component(Record record, RecordComponent field) {
    if (field.getType().isPrimitive() || field.getType() == String.class) {
      return null;
    }
    try {
      return field.getAccessor().invoke(record);
    } catch (ReflectiveOperationException e) {
      throw new IllegalArgumentException(
          "keep: the record "
              + record.getClass().getName()
              + " does not let its "
              + field.getName()
              + " be read; keep its tensors one by one",
          e);
    }
  }

  /**
   * Closes what was made inside and not kept, the last first; scopes inside that are still open end
   * too. Does nothing the second time.
   *
   * @throws IllegalStateException if the thread is not the one that opened it; nothing is closed
   */
  @Override
  public void close() {
    scope.close();
  }
}
