// The native memory of a task, freed when the task ends in whatever way.
package io.github.einblas.spark.internal.executor;

import io.github.einblas.Tensor;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;
import org.apache.spark.TaskContext;
import org.apache.spark.TaskKilledException;
import org.apache.spark.util.TaskCompletionListener;

/** Tensors that a task owns. Used by the task's thread only. */
public final class NativeScope {
  private final TaskContext context;
  private final Set<Tensor> open = Collections.newSetFromMap(new IdentityHashMap<>());

  private NativeScope(TaskContext context) {
    this.context = context;
  }

  /** The scope of a part of a task; a caller without a task, as the driver, has to close it. */
  public static NativeScope of(TaskContext context) {
    NativeScope scope = new NativeScope(context);
    if (context != null) {
      context.addTaskCompletionListener((TaskCompletionListener) ended -> scope.close());
    }
    return scope;
  }

  /** Takes a tensor. */
  public Tensor own(Tensor tensor) {
    open.add(tensor);
    return tensor;
  }

  /** Frees one of its tensors. */
  public void free(Tensor tensor) {
    if (open.remove(tensor)) {
      tensor.close();
    }
  }

  /**
   * To be called at each border between blocks.
   *
   * @throws TaskKilledException if the job was cancelled
   */
  public void ifCancelled() {
    if (context != null && context.isInterrupted()) {
      throw new TaskKilledException("cancelled at the border of a block");
    }
  }

  /** Frees all that is left. */
  public void close() {
    open.forEach(Tensor::close);
    open.clear();
  }
}
