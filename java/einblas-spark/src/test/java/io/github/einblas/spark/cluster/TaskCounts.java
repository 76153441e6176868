// What the tasks of an application did.
package io.github.einblas.spark.cluster;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.apache.spark.Success$;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerExecutorRemoved;
import org.apache.spark.scheduler.SparkListenerJobStart;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.scheduler.SparkListenerTaskStart;

/** Counts since it was made. */
final class TaskCounts extends SparkListener {
  private static final long PATIENCE = 60_000;
  private static final int MOST_TEXT = 150;

  private int starts;
  private int results;
  private int removed;
  private int lastStage = -1;
  private int computing;
  private long shuffled;
  private long spilled;
  private int attempts;
  private final Set<String> resultExecutors = new TreeSet<>();
  private final Set<String> mapExecutors = new TreeSet<>();
  private final List<String> failures = new ArrayList<>();

  @Override
  public synchronized void onJobStart(SparkListenerJobStart start) {
    lastStage = -1;
    start.stageIds().foreach(id -> lastStage = Math.max(lastStage, (Integer) id));
  }

  @Override
  public synchronized void onTaskStart(SparkListenerTaskStart start) {
    starts++;
    computing += start.stageId() == lastStage ? 1 : 0;
    attempts = Math.max(attempts, start.taskInfo().attemptNumber() + 1);
    notifyAll();
  }

  @Override
  public synchronized void onTaskEnd(SparkListenerTaskEnd end) {
    if (end.reason() == Success$.MODULE$) {
      shuffled += end.taskMetrics().shuffleWriteMetrics().bytesWritten();
      spilled += end.taskMetrics().diskBytesSpilled();
      results += end.taskType().equals("ResultTask") ? 1 : 0;
      (end.taskType().equals("ResultTask") ? resultExecutors : mapExecutors)
          .add(end.taskInfo().executorId());
    } else {
      String reason = end.reason().toString();
      failures.add(reason.substring(0, Math.min(MOST_TEXT, reason.length())));
    }
    notifyAll();
  }

  @Override
  public synchronized void onExecutorRemoved(SparkListenerExecutorRemoved event) {
    removed++;
    notifyAll();
  }

  /** Waits for something that tasks do. */
  synchronized void await(Predicate<TaskCounts> seen) throws InterruptedException {
    long end = System.currentTimeMillis() + PATIENCE;
    while (!seen.test(this)) {
      long left = end - System.currentTimeMillis();
      if (left <= 0) {
        throw new IllegalStateException("not seen within a minute: " + this);
      }
      wait(left);
    }
  }

  /** Tasks that began, each attempt for itself. */
  synchronized int starts() {
    return starts;
  }

  /** The most that one task was tried. */
  synchronized int attempts() {
    return attempts;
  }

  /** Tasks of last stages that began. */
  synchronized int computing() {
    return computing;
  }

  /** Tasks of last stages that succeeded. */
  synchronized int results() {
    return results;
  }

  /** Executors that went. */
  synchronized int removed() {
    return removed;
  }

  /** Executors that gave results. */
  synchronized Set<String> resultExecutors() {
    return Set.copyOf(resultExecutors);
  }

  /** Executors that wrote shuffles. */
  synchronized Set<String> mapExecutors() {
    return Set.copyOf(mapExecutors);
  }

  /** Bytes that shuffles wrote. */
  synchronized long shuffled() {
    return shuffled;
  }

  /** Bytes that sorters wrote to disk. */
  synchronized long spilled() {
    return spilled;
  }

  /** The beginnings of what ended tasks. */
  synchronized List<String> failures() {
    return List.copyOf(failures);
  }

  @Override
  public synchronized String toString() {
    return starts
        + " tasks began, "
        + results
        + " gave results, "
        + removed
        + " executors went, "
        + shuffled
        + " bytes shuffled, "
        + spilled
        + " spilled, most attempts "
        + attempts
        + ", failures "
        + failures;
  }
}
