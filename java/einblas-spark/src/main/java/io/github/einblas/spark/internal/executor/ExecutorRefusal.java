// What no retry can mend, such as another instruction set or too little memory.
package io.github.einblas.spark.internal.executor;

/** Ends the job at its first throw: a listener on the driver cancels the stage. */
public final class ExecutorRefusal extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** Says what was needed, what there is, and what to do; and what led to it, or null. */
  ExecutorRefusal(String message, Throwable cause) {
    super(message, cause);
  }
}
