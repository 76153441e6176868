// Plans: one run of a plan: tensors counted in, the last checks, the native steps.
package io.github.einblas.internal.plan;

import io.github.einblas.DType;
import io.github.einblas.Epilogue;
import io.github.einblas.NativeMemoryException;
import io.github.einblas.internal.natives.Handle;
import io.github.einblas.internal.natives.Native;
import io.github.einblas.internal.natives.Stop;
import io.github.einblas.internal.tensor.Lease;
import io.github.einblas.internal.tensor.Strided;
import java.util.concurrent.CancellationException;
import java.util.function.LongConsumer;

/** Runs a plan on tensors whose number, shapes and types were checked. Thread-safe. */
final class PlanRun {
  private final PlanTypes types;
  private final PlanChecks checks;
  private final PlanLayouts layouts;
  private final OutputForm form;
  private final int threads;
  private final SlowRun slow;
  private final Epilogue epilogue;

  PlanRun(
      PlanTypes types,
      PlanChecks checks,
      PlanLayouts layouts,
      OutputForm form,
      SlowRun slow,
      Epilogue epilogue) {
    this.slow = slow;
    this.epilogue = epilogue;
    this.types = types;
    this.checks = checks;
    this.layouts = layouts;
    this.form = form;
    this.threads = layouts.threads();
  }

  /**
   * What a run may be given beside its tensors.
   *
   * @param checkOverlap whether the output may share elements with an operand
   * @param kept what a binding keeps of its constants, or null
   * @param afterSlice told the number of slices done, or null
   * @param nanos gets the time of each step added, or null
   * @param threads in place of the plan's, or 0
   */
  record Extras(
      boolean checkOverlap, Kept kept, LongConsumer afterSlice, long[] nanos, int threads) {
    Extras(boolean checkOverlap, Kept kept, LongConsumer afterSlice, long[] nanos) {
      this(checkOverlap, kept, afterSlice, nanos, 0);
    }

    /** Into a new tensor, by so many threads. */
    static Extras freshBy(int threads) {
      return new Extras(false, null, null, null, threads);
    }
  }

  /** Into a new tensor, which no operand can share. */
  static final Extras FRESH = Extras.freshBy(0);

  /** Into a tensor of the caller's. */
  static final Extras GIVEN = new Extras(true, null, null, null);

  /** Runs into a new tensor. */
  Strided fresh(Strided[] operands, Extras extras) {
    slow.check(1);
    Strided out = Strided.empty(types.result(), layouts.outputShape());
    boolean done = false;
    try {
      into(out, 1, 0, operands, extras);
      done = true;
      return out;
    } finally {
      if (!done) {
        out.close();
      }
    }
  }

  /** Runs two operands; allocates nothing on the Java heap for a single step. */
  void into(Strided out, double alpha, double beta, Strided a, Strided b) {
    slow.check(1);
    CompiledPlan compiled = layouts.find(out, a, b);
    boolean plain = form == null && epilogue == Epilogue.NONE;
    CompiledSteps steps = compiled == null || !plain ? null : compiled.single();
    if (steps == null) {
      into(out, alpha, beta, new Strided[] {a, b}, GIVEN);
      return;
    }
    Lease.hold(checks, out, Lease.OUTPUT);
    try {
      Lease.hold(checks, a, 0);
      try {
        Lease.hold(checks, b, 1);
        try {
          // Only now: memory of a tensor that was closed meanwhile may already be the output's.
          Lease.apart(checks, out, a, 0);
          Lease.apart(checks, out, b, 1);
          steps.runSingle(a.address(), b.address(), 0, out.address(), alpha, beta, threads);
        } finally {
          b.release();
        }
      } finally {
        a.release();
      }
    } finally {
      out.release();
    }
  }

  /**
   * Runs checked operands, and a checked bias; all further checks come before the first native
   * step.
   */
  void into(Strided out, double alpha, double beta, Strided[] tensors, Extras extras) {
    slow.check(1);
    Strided[] operands = checks.withoutBias(tensors);
    CompiledPlan known = layouts.find(out, operands);
    if (known == null) {
      // Depends on shape and strides alone, so it is asked once per layout.
      checks.writable(out);
      known = layouts.of(operands, out.strides());
    }
    CompiledPlan plan = known;
    int workers = extras.threads == 0 ? threads : extras.threads;
    long held = extras.kept == null ? 0 : extras.kept.held.value();
    long[] packed = extras.kept == null || alpha == 0 ? null : extras.kept.packed.of(plan, workers);
    boolean finishes = epilogue != Epilogue.NONE;
    boolean plain = form == null && extras.nanos == null && !finishes;
    CompiledSteps single = plain ? plan.single() : null;
    if (single != null) {
      intoSingle(single, out, alpha, beta, operands, packed, extras.checkOverlap, workers);
      return;
    }
    EpilogueStep.Bias bias = checks.bias(tensors);
    EpilogueStep fused = finishes && packed == null ? plan.finished(epilogue, bias) : null;
    try (EpilogueStep pass = finishes && fused == null ? pass(out, bias) : null;
        Lease lease = Lease.of(checks, out, tensors)) {
      if (extras.checkOverlap) {
        lease.apart();
      }
      long added = lease.address(operands.length);
      boolean apart = form != null && form.isDiagonal();
      if (apart) {
        // What lies off the diagonal gets no more than this.
        scale(out, beta);
      }
      double rest = apart && beta != 0 ? 1 : beta;
      try {
        plan.run(
            lease.addresses(operands.length),
            out.address(),
            alpha,
            rest,
            workers,
            held,
            packed,
            extras.afterSlice,
            extras.nanos,
            !extras.checkOverlap,
            fused == null ? null : new CompiledSteps.Finish(fused, added));
        if (pass != null) {
          finish(pass, added, out, workers);
        }
      } catch (NativeMemoryException e) {
        throw apart && e.isOutputUntouched() && beta != 1
            ? e.after("the output was multiplied by " + beta)
            : e;
      } catch (CancellationException e) {
        throw apart && beta != 1 && String.valueOf(e.getMessage()).contains("untouched")
            ? Stop.stopped("the output was multiplied by " + beta + ", no more")
            : e;
      }
    }
  }

  /** The epilogue as a pass over the output: where the last step cannot do it. */
  private EpilogueStep pass(Strided out, EpilogueStep.Bias bias) {
    return EpilogueStep.pass(types.result(), out.shape(), out.strides(), epilogue, bias);
  }

  private void finish(EpilogueStep pass, long added, Strided out, int workers) {
    try {
      pass.run(0, 0, added, out.address(), 0, 1, workers);
    } catch (NativeMemoryException e) {
      throw e.after("the output holds the contraction's result without its epilogue");
    }
  }

  /** As {@link #into}, for one step: small contractions spend no time on anything else. */
  private void intoSingle(
      CompiledSteps steps,
      Strided out,
      double alpha,
      double beta,
      Strided[] operands,
      long[] packed,
      boolean checkOverlap,
      int workers) {
    int held = 0;
    Lease.hold(checks, out, Lease.OUTPUT);
    try {
      for (; held < operands.length; held++) {
        Lease.hold(checks, operands[held], held);
      }
      for (int i = 0; checkOverlap && i < operands.length; i++) {
        Lease.apart(checks, out, operands[i], i);
      }
      long x0 = operands[0].address();
      long x1 = operands.length > 1 ? operands[1].address() : 0;
      long x2 = operands.length > 2 ? operands[2].address() : 0;
      if (packed == null) {
        steps.runSingle(x0, x1, x2, out.address(), alpha, beta, workers);
      } else {
        steps.runSinglePacked(x0, x1, x2, out.address(), packed, alpha, beta, workers);
      }
    } finally {
      for (int i = 0; i < held; i++) {
        operands[i].release();
      }
      out.release();
    }
  }

  /** Adds some slices of checked operands to an output of the whole result's shape. */
  void addSlices(Strided out, long from, long to, Strided[] operands) {
    slow.check((double) (to - from) / layouts.slices().slices());
    checks.writable(out);
    CompiledPlan plan = layouts.ofOwnSlices(operands, out.strides());
    try (Lease lease = Lease.of(checks, out, operands).apart()) {
      plan.add(lease.addresses(), out.address(), threads, from, to);
    }
  }

  private void scale(Strided out, double beta) {
    long[] lengths = layouts.outputShape();
    long[] strides = new long[2 * lengths.length];
    System.arraycopy(out.strides(), 0, strides, lengths.length, lengths.length);
    DType[] own = {types.result(), types.result(), types.result().computeType()};
    long step = Native.createStep(own, 0, lengths.length, lengths, strides, null, Long.MAX_VALUE);
    try {
      Native.runStep(step, out.address(), 0, 0, out.address(), 0, beta, threads);
    } finally {
      Native.destroyStep(step);
    }
  }

  /**
   * Runs checked sets of operands: those of the same strides in one native call.
   *
   * @param operands those of all sets, one set after the other
   */
  void batch(Strided out, double alpha, double beta, Strided[] operands) {
    long sets = out.shape()[0];
    slow.check((double) sets);
    try (PlanBatch batch = new PlanBatch(checks, layouts, out, operands)) {
      if (epilogue != Epilogue.NONE || (form != null && form.isDiagonal())) {
        for (int s = 0; s < sets; s++) {
          into(out.select(0, s), alpha, beta, batch.set(s), GIVEN);
        }
      } else {
        batch.run(alpha, beta, threads);
      }
    } catch (NativeMemoryException e) {
      throw e.after("results of other sets may be written");
    }
  }

  /**
   * What a binding keeps of its constants in native memory.
   *
   * @param held what they alone decide
   * @param heldBytes its size
   * @param packed copies as steps read them
   */
  record Kept(Handle held, long heldBytes, PackedConstants packed) implements AutoCloseable {
    long bytes() {
      return heldBytes + packed.bytes();
    }

    @Override
    public void close() {
      held.close();
      packed.close();
    }
  }

  /**
   * Computes what the constants alone decide, and packs them for row-major tensors beside them; for
   * {@link Binding}.
   *
   * @param constants null where a run gives the operand
   */
  Kept keep(Strided[] constants) {
    Strided[] operands = checks.withoutBias(constants);
    CompiledPlan plan = layouts.ofConstants(operands);
    long size = plan.heldBytes();
    Handle held = new Handle(address -> Native.free(address, size), Native.alloc(size));
    Kept kept = new Kept(held, size, new PackedConstants(operands, checks, held.value()));
    boolean done = false;
    try (Lease lease = Lease.of(checks, null, operands)) {
      plan.hold(lease.addresses(), held.value(), threads);
      kept.packed.of(plan, threads);
      done = true;
      return kept;
    } finally {
      if (!done) {
        kept.close();
      }
    }
  }
}
