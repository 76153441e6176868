// Ends jobs whose tasks were refused, instead of letting Spark try them four times.
package io.github.einblas.spark.internal.executor;

import java.util.Collections;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.spark.ExceptionFailure;
import org.apache.spark.SparkContext;
import org.apache.spark.TaskContext;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerTaskEnd;

/** One listener for each Spark context. */
public final class Refusals extends SparkListener {
  /** Seconds. */
  private static final long PATIENCE = 10;

  private static final Map<SparkContext, Boolean> HEARD =
      Collections.synchronizedMap(new WeakHashMap<>());

  private final java.lang.ref.WeakReference<SparkContext> context;

  private Refusals(SparkContext context) {
    this.context = new java.lang.ref.WeakReference<>(context);
  }

  /** Listens to a context from now on. */
  public static void hear(SparkContext context) {
    if (HEARD.putIfAbsent(context, true) == null) {
      context.addSparkListener(new Refusals(context));
    }
  }

  /**
   * A refusal, to be thrown. A second try waits before, until the driver has heard of the first and
   * cancels it: Spark tries a task again at once, and its listeners hear of the first later.
   */
  static ExecutorRefusal refusal(String message, Throwable cause) {
    TaskContext context = TaskContext.get();
    if (context != null && context.attemptNumber() > 0) {
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE);
      while (!context.isInterrupted() && System.nanoTime() < end) {
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
      }
    }
    return new ExecutorRefusal(message, cause);
  }

  @Override
  public void onTaskEnd(SparkListenerTaskEnd end) {
    if (end.reason() instanceof ExceptionFailure failure
        && failure.className().equals(ExecutorRefusal.class.getName())) {
      SparkContext alive = context.get();
      if (alive != null) {
        alive.cancelStage(end.stageId(), failure.description());
      }
    }
  }
}
