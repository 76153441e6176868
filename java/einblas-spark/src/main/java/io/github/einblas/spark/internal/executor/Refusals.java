// Ends jobs whose tasks were refused, instead of letting Spark try them four times.
package io.github.einblas.spark.internal.executor;

import java.util.Collections;
import java.util.Map;
import java.util.WeakHashMap;
import org.apache.spark.ExceptionFailure;
import org.apache.spark.SparkContext;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerTaskEnd;

/** One listener for each Spark context. */
public final class Refusals extends SparkListener {
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
