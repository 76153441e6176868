// Public API: a plan with some operands given once.
package io.github.einblas;

import io.github.einblas.internal.natives.Native;
import io.github.einblas.internal.natives.Reclaim;
import java.util.Arrays;
import java.util.Objects;

/**
 * A plan of which some operands are constant: what they alone decide was computed when it was made.
 * Thread-safe; close frees what is kept, what was never closed is freed once it is unreachable.
 */
public final class BoundPlan implements AutoCloseable {
  private final EinsumPlan plan;
  private final Tensor[] constants;
  private final int free;
  private final Held held;
  private final Reclaim.Entry entry;
  private int running;
  private boolean closed;

  /** For each operand that is not constant, made when first asked for. */
  private final BoundPlan[] gradients;

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
    this.gradients = new BoundPlan[free];
    long[] bytes = new long[1];
    this.held = new Held(plan.runs().hold(constants, bytes), bytes[0]);
    this.entry = Reclaim.register(this, held);
  }

  /** Bytes of native memory that are kept between runs. */
  public long heldBytes() {
    return held.bytes;
  }

  /**
   * The plan behind it, with all operands: its {@link EinsumPlan#slices} take the constants too, as
   * other processes have nothing of what is kept here.
   */
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
    plan.checks().target(out);
    enter();
    try {
      plan.runs().into(out, alpha, beta, all, new PlanRun.Extras(true, held.address, null, null));
    } finally {
      leave();
    }
  }

  /**
   * The gradient for an operand that is not constant, with the same constants: what they alone
   * decide in it is computed now. Its operands are the gradient of a scalar loss for the result,
   * then the other operands that are not constant.
   *
   * @param i number among those that are not constant
   * @return to be closed by the caller; the constants must stay open and unchanged
   * @throws IndexOutOfBoundsException if there is no such operand
   */
  public BoundPlan gradient(int i) {
    if (i < 0 || i >= free) {
      throw new IndexOutOfBoundsException(
          "plan of \""
              + plan.equation()
              + "\": operands that are not constant are numbered 0 to "
              + (free - 1)
              + ", got "
              + i);
    }
    int own = -1;
    for (int left = i; left >= 0; left--) {
      own++;
      while (constants[own] != null) {
        own++;
      }
    }
    Tensor[] others = new Tensor[constants.length];
    System.arraycopy(constants, 0, others, 1, own);
    System.arraycopy(constants, own + 1, others, own + 1, others.length - 1 - own);
    return plan.gradient(own).bind(others);
  }

  /**
   * The gradients for all operands that are not constant, each by a {@link #gradient} that is made
   * once and kept until this plan is closed. A memory limit holds for each of them.
   *
   * @param upstream gradient of a scalar loss for the result
   * @param operands those that are not constant, in their order
   * @return new tensors of the operands' shapes, to be closed by the caller
   */
  public Tensor[] gradients(Tensor upstream, Tensor... operands) {
    Tensor[] own = own(operands);
    all(own);
    plan.checks().output(upstream);
    enter();
    Tensor[] results = new Tensor[free];
    boolean done = false;
    try {
      for (int i = 0; i < free; i++) {
        Tensor[] given = new Tensor[free];
        given[0] = upstream;
        System.arraycopy(own, 0, given, 1, i);
        System.arraycopy(own, i + 1, given, i + 1, free - 1 - i);
        results[i] = kept(i).run(given);
      }
      done = true;
      return results;
    } finally {
      for (int i = 0; !done && i < free; i++) {
        if (results[i] != null) {
          results[i].close();
        }
      }
      leave();
    }
  }

  private BoundPlan kept(int i) {
    synchronized (gradients) {
      if (gradients[i] == null) {
        gradients[i] = gradient(i);
      }
      return gradients[i];
    }
  }

  private void closeGradients() {
    synchronized (gradients) {
      for (int i = 0; i < gradients.length; i++) {
        if (gradients[i] != null) {
          gradients[i].close();
          gradients[i] = null;
        }
      }
    }
  }

  /** A copy, so that what is checked is what runs. */
  private Tensor[] own(Tensor[] operands) {
    Tensor[] own = Objects.requireNonNull(operands, "operands").clone();
    if (own.length != free) {
      throw new IllegalArgumentException(
          "plan of \""
              + plan.equation()
              + "\": "
              + free
              + " of its operands are not constant, got "
              + own.length);
    }
    return own;
  }

  /** The plan's operands, checked, with the constants among them. */
  private Tensor[] all(Tensor[] operands) {
    Tensor[] own = own(operands);
    Tensor[] all = constants.clone();
    for (int i = 0, n = 0; i < all.length; i++) {
      all[i] = all[i] == null ? own[n++] : all[i];
    }
    return plan.checks().operands(all);
  }

  private synchronized void enter() {
    if (closed) {
      throw new IllegalStateException("the bound plan of \"" + plan.equation() + "\" is closed");
    }
    running++;
  }

  private synchronized void leave() {
    running--;
    freeUnused();
  }

  /** Frees what is kept, once no run uses it; runs are refused from now on. The rest stays open. */
  @Override
  public synchronized void close() {
    closed = true;
    freeUnused();
  }

  private void freeUnused() {
    if (closed && running == 0) {
      entry.run();
      closeGradients();
    }
  }
}
