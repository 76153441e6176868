// Plans: constants of a bound plan as its steps' tiles read them, packed once.
package io.github.einblas.internal.plan;

import io.github.einblas.NativeMemoryException;
import io.github.einblas.internal.natives.Handle;
import io.github.einblas.internal.natives.Native;
import io.github.einblas.internal.tensor.Lease;
import io.github.einblas.internal.tensor.Strided;
import java.util.Arrays;

/**
 * Packed copies of constants and of what they alone decide, for the first layouts that are run. A
 * run without copies computes the same, so memory that is short leaves them out. Thread-safe; to be
 * closed when no run uses it.
 */
final class PackedConstants implements AutoCloseable {
  /** Layouts that have copies: with row-major tensors, and one other that a caller may use. */
  private static final int LAYOUTS = 2;

  private final Strided[] constants;
  private final PlanChecks checks;
  private final long held;

  /** Copies for one layout; {@code addresses} is null where there are none. */
  private record Copies(CompiledPlan plan, Handle memory, long bytes, long[] addresses) {}

  /** Oldest first; replaced as a whole, never changed. */
  private volatile Copies[] layouts = {};

  /**
   * Packs nothing yet.
   *
   * @param constants null where a run gives the operand
   * @param held what the constants alone decide
   */
  PackedConstants(Strided[] constants, PlanChecks checks, long held) {
    this.constants = constants;
    this.checks = checks;
    this.held = held;
  }

  /** Bytes of all copies. */
  long bytes() {
    return Arrays.stream(layouts).mapToLong(Copies::bytes).sum();
  }

  /**
   * Addresses of the copies for {@link CompiledSteps.Places}, packed now if the layout is new; null
   * where there are none.
   */
  long[] of(CompiledPlan plan, int threads) {
    for (Copies c : layouts) {
      if (c.plan == plan) {
        return c.addresses;
      }
    }
    return layouts.length == LAYOUTS ? null : add(plan, threads);
  }

  private synchronized long[] add(CompiledPlan plan, int threads) {
    Copies[] known = layouts;
    for (Copies c : known) {
      if (c.plan == plan) {
        return c.addresses;
      }
    }
    if (known.length == LAYOUTS) {
      return null;
    }
    Copies made = pack(plan, threads);
    Copies[] next = Arrays.copyOf(known, known.length + 1);
    next[known.length] = made;
    layouts = next;
    return made.addresses;
  }

  private Copies pack(CompiledPlan plan, int threads) {
    Copies none = new Copies(plan, null, 0, null);
    boolean[] constant = new boolean[constants.length];
    for (int i = 0; i < constant.length; i++) {
      constant[i] = constants[i] != null;
    }
    long[] places = plan.packedPlaces(constant);
    long bytes = places[places.length - 1];
    if (bytes == 0 || !plan.hasRoomFor(bytes, threads)) {
      return none;
    }
    Handle memory;
    try {
      memory = new Handle(address -> Native.free(address, bytes), Native.alloc(bytes));
    } catch (NativeMemoryException e) {
      return none;
    }
    boolean done = false;
    try (Lease lease = Lease.of(checks, null, constants)) {
      long[] addresses = new long[places.length - 1];
      for (int i = 0; i < addresses.length; i++) {
        addresses[i] = places[i] < 0 ? 0 : memory.value() + places[i];
      }
      plan.pack(lease.addresses(), held, addresses, threads);
      done = true;
      return new Copies(plan, memory, bytes, addresses);
    } catch (NativeMemoryException e) {
      return none;
    } finally {
      if (!done) {
        memory.close();
      }
    }
  }

  @Override
  public synchronized void close() {
    for (Copies c : layouts) {
      if (c.memory != null) {
        c.memory.close();
      }
    }
  }
}
