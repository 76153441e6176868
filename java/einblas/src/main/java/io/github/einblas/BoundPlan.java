// Public API: a plan with some operands given once.
package io.github.einblas;

import io.github.einblas.internal.Native;
import java.lang.ref.Cleaner;
import java.util.Arrays;
import java.util.Objects;

/**
 * A plan of which some operands are constant: what they alone decide was computed when it was made.
 * Thread-safe; close frees what is kept, a Cleaner frees what was never closed.
 */
public final class BoundPlan implements AutoCloseable {
  private static final Cleaner CLEANER = Cleaner.create();

  private final EinsumPlan plan;
  private final Tensor[] constants;
  private final int free;
  private final Held held;
  private final Cleaner.Cleanable cleanable;
  private int running;
  private boolean closed;

  private record Held(long address, long bytes) implements Runnable {
    @Override
    public void run() {
      Native.free(address, bytes);
    }
  }

  BoundPlan(EinsumPlan plan, Tensor[] constants) {
    this.plan = plan;
    this.constants = constants;
    this.free = (int) Arrays.stream(constants).filter(Objects::isNull).count();
    long[] bytes = new long[1];
    this.held = new Held(plan.runs().hold(constants, bytes), bytes[0]);
    this.cleanable = CLEANER.register(this, held);
  }

  /** Bytes of native memory that are kept between runs. */
  public long heldBytes() {
    return held.bytes;
  }

  /** The plan behind it, with all operands. */
  public EinsumPlan plan() {
    return plan;
  }

  /** Number of operands that each run gives. */
  public int operandCount() {
    return free;
  }

  /**
   * Runs into a new tensor.
   *
   * @param operands those that are not constant, in their order
   */
  public Tensor run(Tensor... operands) {
    Tensor[] all = all(operands);
    plan.checks().operands(all);
    enter();
    try {
      return plan.runs().fresh(all, new PlanRun.Extras(false, held.address, null, null));
    } finally {
      leave();
    }
  }

  /** Runs into a given tensor: {@code out = alpha * result + beta * out}. */
  public void runInto(Tensor out, double alpha, double beta, Tensor... operands) {
    Tensor[] all = all(operands);
    plan.checks().operands(all);
    plan.checks().output(out);
    enter();
    try {
      plan.runs().into(out, alpha, beta, all, new PlanRun.Extras(true, held.address, null, null));
    } finally {
      leave();
    }
  }

  private Tensor[] all(Tensor[] operands) {
    Objects.requireNonNull(operands, "operands");
    if (operands.length != free) {
      throw new IllegalArgumentException(
          "plan of \""
              + plan.equation()
              + "\": "
              + free
              + " of its operands are not constant, got "
              + operands.length);
    }
    Tensor[] all = constants.clone();
    for (int i = 0, n = 0; i < all.length; i++) {
      all[i] = all[i] == null ? operands[n++] : all[i];
    }
    return all;
  }

  private synchronized void enter() {
    if (closed) {
      throw new IllegalStateException("the bound plan of \"" + plan.equation() + "\" is closed");
    }
    running++;
  }

  private synchronized void leave() {
    running--;
    if (closed && running == 0) {
      cleanable.clean();
    }
  }

  /** Frees what is kept, once no run uses it; runs are refused from now on. The rest stays open. */
  @Override
  public synchronized void close() {
    closed = true;
    if (running == 0) {
      cleanable.clean();
    }
  }
}
