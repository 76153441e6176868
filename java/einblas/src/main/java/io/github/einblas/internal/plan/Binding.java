// Binding: a contraction some of whose operands are given once.
package io.github.einblas.internal.plan;

import io.github.einblas.internal.tensor.Strided;
import java.util.Arrays;
import java.util.Objects;

/**
 * Constants of a contraction, what they alone decide, and packed copies, in native memory.
 * Thread-safe; closing waits for the runs that use it.
 */
public final class Binding implements AutoCloseable {
  private final Contraction plan;
  private final Strided[] constants;
  private final int free;
  private final PlanRun.Kept kept;
  private int running;
  private boolean closed;

  /** For each operand that is not constant, made when first asked for. */
  private final Binding[] gradients;

  /**
   * Computes what the constants alone decide, and packs them.
   *
   * @param constants null where a run gives the operand
   */
  public Binding(Contraction whole, Strided[] constants) {
    this.plan = whole.withConstants(constants);
    this.constants = constants;
    this.free = (int) Arrays.stream(constants).filter(Objects::isNull).count();
    this.gradients = new Binding[free];
    this.kept = plan.runs().keep(constants);
  }

  /** Bytes of native memory that are kept between runs. */
  public long heldBytes() {
    return kept.bytes();
  }

  /** The contraction, with all operands. */
  public Contraction plan() {
    return plan;
  }

  /** Number of operands that each run gives. */
  public int free() {
    return free;
  }

  /** Runs into a new tensor. */
  public Strided run(Strided[] operands) {
    Strided[] all = all(operands, false);
    enter();
    try {
      return plan.runs().fresh(all, new PlanRun.Extras(false, kept, null, null));
    } finally {
      leave();
    }
  }

  /** {@code out = alpha * result + beta * out}. */
  public void runInto(Strided out, double alpha, double beta, Strided[] operands) {
    Strided[] all = all(operands, true);
    plan.checks().target(out);
    plan.checks().scalars(alpha, beta);
    enter();
    try {
      plan.runs().into(out, alpha, beta, all, new PlanRun.Extras(true, kept, null, null));
    } finally {
      leave();
    }
  }

  /** The gradient for an operand that is not constant, with the same constants. */
  public Binding gradient(int i) {
    if (i < 0 || i >= free) {
      throw new IndexOutOfBoundsException(
          plan.checks().where()
              + "operands that are not constant are numbered 0 to "
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
    Strided[] others = new Strided[constants.length];
    System.arraycopy(constants, 0, others, 1, own);
    System.arraycopy(constants, own + 1, others, own + 1, others.length - 1 - own);
    return new Binding(plan.gradient(own), others);
  }

  /** The gradients for all operands that are not constant, in new tensors. */
  public Strided[] gradients(Strided upstream, Strided[] operands) {
    all(operands, false);
    plan.checks().output(upstream);
    enter();
    Strided[] results = new Strided[free];
    boolean done = false;
    try {
      for (int i = 0; i < free; i++) {
        Strided[] given = new Strided[free];
        given[0] = upstream;
        System.arraycopy(operands, 0, given, 1, i);
        System.arraycopy(operands, i + 1, given, i + 1, free - 1 - i);
        results[i] = gradientOf(i).run(given);
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

  private Binding gradientOf(int i) {
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

  /** The contraction's operands, checked, with the constants among them. */
  private Strided[] all(Strided[] own, boolean into) {
    if (own.length != free) {
      throw new IllegalArgumentException(
          plan.checks().where()
              + free
              + " of its operands are not constant, got "
              + own.length
              + (into && own.length == free - 1
                  ? "; the first tensor of runInto is the output"
                  : ""));
    }
    Strided[] all = constants.clone();
    for (int i = 0, n = 0; i < all.length; i++) {
      all[i] = all[i] == null ? own[n++] : all[i];
    }
    return plan.checks().operands(all);
  }

  /** Whether runs are refused. */
  public synchronized boolean isClosed() {
    return closed;
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

  /** Frees what is kept, once no run uses it; runs are refused from now on. */
  @Override
  public synchronized void close() {
    closed = true;
    freeUnused();
  }

  private void freeUnused() {
    if (closed && running == 0) {
      kept.close();
      closeGradients();
    }
  }
}
