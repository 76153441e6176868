// Plans: many sets of operands in as few native calls as their strides allow.
package io.github.einblas.internal.plan;

import io.github.einblas.IntegerOverflowException;
import io.github.einblas.internal.natives.Native;
import io.github.einblas.internal.natives.Stop;
import io.github.einblas.internal.tensor.Lease;
import io.github.einblas.internal.tensor.Strided;
import io.github.einblas.internal.tensor.Views;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** One batch: its sets grouped by strides. Used once, by one thread. */
final class PlanBatch implements Lease.Words, AutoCloseable {
  /** Addresses handed over in one native call; more are handed over in several. */
  private static final int MOST_ADDRESSES = 1 << 22;

  /** Seconds after which a batch should look whether it is told to stop. */
  private static final double MOMENT = 0.2;

  /** Operations per second of a thread that computes something small. */
  private static final double SLOW_FLOPS = 4e9;

  private final PlanChecks checks;
  private final PlanLayouts layouts;
  private final Strided out;
  private final Strided[] operands;

  /** Operands of a set. */
  private final int n;

  private final int sets;
  private final Lease lease;

  /**
   * A batch: holds all operands of all sets, and refuses those that share elements with the output.
   *
   * @param operands those of all sets, one set after the other
   */
  PlanBatch(PlanChecks checks, PlanLayouts layouts, Strided out, Strided[] operands) {
    this.checks = checks;
    this.layouts = layouts;
    this.out = out;
    this.operands = operands;
    this.sets = (int) out.shape()[0];
    this.n = sets == 0 ? 0 : operands.length / sets;
    this.lease = Lease.of(this, out, operands).apart();
  }

  /** The operands of a set. */
  Strided[] set(int s) {
    return Arrays.copyOfRange(operands, s * n, (s + 1) * n);
  }

  @Override
  public void close() {
    lease.close();
  }

  @Override
  public String where() {
    return checks.where();
  }

  @Override
  public String where(int operand) {
    return checks.where(operand < 0 ? operand : operand % n);
  }

  @Override
  public String tensor(int operand) {
    return checks.tensor(operand < 0 ? operand : operand % n);
  }

  /** Runs the sets. All steps are made before the first one runs. */
  void run(double alpha, double beta, int threads) {
    long[] strides = out.strides();
    long[] one = Arrays.copyOfRange(strides, 1, strides.length);
    int[][] groups = groups();
    CompiledPlan[] plans = new CompiledPlan[groups.length];
    Arrays.setAll(plans, g -> layouts.of(set(groups[g][0]), one));
    int slots = n + 1;
    int workers = threads == 0 ? Native.threads() : threads;
    int most = (int) Math.min(Math.max(1, MOST_ADDRESSES / slots), setsOfACall(workers));
    for (int g = 0; g < groups.length && plans[g].isChecked(); g++) {
      for (int s : groups[g]) {
        check(plans[g], s, alpha, beta, workers);
      }
    }
    int done = 0;
    for (int g = 0; g < groups.length; g++) {
      for (int from = 0; from < groups[g].length; from += most) {
        if (done > 0) {
          Stop.check(done, sets, "sets", "the output is partly written");
        }
        int count = Math.min(most, groups[g].length - from);
        long[] addresses = new long[count * slots];
        for (int p = 0; p < count; p++) {
          int s = groups[g][from + p];
          for (int i = 0; i < n; i++) {
            addresses[p * slots + i] = operands[s * n + i].address();
          }
          addresses[(p + 1) * slots - 1] = address(s);
        }
        plans[g].runBatch(count, addresses, alpha, beta, workers);
        done += count;
      }
    }
  }

  /**
   * Sets of one native call, between two of which a batch can be stopped: so many that threads idle
   * at its end for less than 1 % of it, and more where they are over in a moment.
   */
  private long setsOfACall(int workers) {
    double seconds = PlanWork.flops(layouts.slices()) / SLOW_FLOPS;
    return (long) Math.max(100.0 * workers, MOMENT / Math.max(seconds, 1e-9) * workers);
  }

  /** Checks the integers of a set; nothing is written to the output. */
  private void check(CompiledPlan plan, int s, double alpha, double beta, int workers) {
    long[] addresses = new long[n + 1];
    for (int i = 0; i < n; i++) {
      addresses[i] = operands[s * n + i].address();
    }
    addresses[n] = address(s);
    try {
      plan.check(addresses, alpha, beta, workers);
    } catch (IntegerOverflowException e) {
      throw e.in("set " + s);
    }
  }

  /** Of a set's result. */
  private long address(int s) {
    return out.address() + s * out.strides()[0] * out.dtype().bytes();
  }

  /** Numbers of the sets that have the same strides and sameness, wherever they stand. */
  private int[][] groups() {
    int[] groupOf = new int[sets];
    int[] sizes = new int[4];
    int count = 0;
    Map<List<List<Long>>, Integer> known = new HashMap<>();
    for (int s = 0; s < sets; s++) {
      if (s > 0 && sameLayout(s, s - 1)) {
        groupOf[s] = groupOf[s - 1];
      } else {
        Integer group = known.putIfAbsent(strides(s), count);
        groupOf[s] = group == null ? count++ : group;
        sizes = count > sizes.length ? Arrays.copyOf(sizes, 2 * count) : sizes;
      }
      sizes[groupOf[s]]++;
    }
    int[][] groups = new int[count][];
    for (int g = 0; g < count; g++) {
      groups[g] = new int[sizes[g]];
    }
    for (int s = sets - 1; s >= 0; s--) {
      groups[groupOf[s]][--sizes[groupOf[s]]] = s;
    }
    return groups;
  }

  private int[] same(int set) {
    return Reuse.same(operands, set * n, n);
  }

  /** Strides of a set's operands, conjugate views, and which are the same, as a key. */
  private List<List<Long>> strides(int set) {
    List<List<Long>> strides = new ArrayList<>(n);
    for (Strided t : set(set)) {
      List<Long> own = new ArrayList<>(Arrays.stream(t.strides()).boxed().toList());
      own.add(t.isConjugate() ? 1L : 0L);
      strides.add(own);
    }
    int[] same = same(set);
    strides.add(same == null ? List.of() : Arrays.stream(same).asLongStream().boxed().toList());
    return strides;
  }

  private boolean sameLayout(int a, int b) {
    if (!Arrays.equals(same(a), same(b))) {
      return false;
    }
    for (int i = 0; i < n; i++) {
      Strided x = operands[a * n + i];
      Strided y = operands[b * n + i];
      if (!Views.same(x.strides(), y.strides()) || x.isConjugate() != y.isConjugate()) {
        return false;
      }
    }
    return true;
  }
}
