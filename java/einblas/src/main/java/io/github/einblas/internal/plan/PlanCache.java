// Plans behind Einsum.einsum and TensorOps: bounded, no lock on a hit.
package io.github.einblas.internal.plan;

import io.github.einblas.DType;
import io.github.einblas.PlanOptions;
import io.github.einblas.internal.equation.Equation;
import io.github.einblas.internal.tensor.Strided;
import io.github.einblas.internal.tensor.Views;
import java.util.Arrays;
import java.util.Iterator;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

/**
 * Keeps the plans of recent equations, by equation, types, shapes and which operands are the same.
 */
public final class PlanCache {
  /** A program uses tens of equations with a few shapes each; a plan is some kilobytes. */
  public static final int LIMIT = 512;

  private static final ConcurrentHashMap<Key, Entry> PLANS = new ConcurrentHashMap<>();

  private PlanCache() {}

  /** A plan that is kept, and the public object that hands it out, the same each time. */
  public static final class Entry {
    private final Contraction plan;
    private Object door;

    /** Made when they are first asked for. */
    private volatile PlanGradients gradients;

    private Entry(Contraction plan) {
      this.plan = plan;
    }

    /** The plan. */
    public Contraction plan() {
      return plan;
    }

    /** Its gradients for all operands. */
    public PlanGradients gradients() {
      PlanGradients known = gradients;
      if (known == null) {
        known = new PlanGradients(plan);
        gradients = known;
      }
      return known;
    }

    /** Its door, made when it is first asked for. */
    public synchronized <D> D door(Class<D> type, Function<Contraction, D> make) {
      if (door == null) {
        door = make.apply(plan);
      }
      return type.cast(door);
    }
  }

  /** What a plan depends on; the equation is a String or {@link Equation.Numbers}. */
  private static final class Key {
    final Object equation;

    /** Null for those of a call that names none. */
    final PlanOptions options;

    final DType[] types;
    final long[][] shapes;

    /** Null where all operands differ. */
    final int[] same;

    private final int hash;

    Key(Object equation, PlanOptions options, Strided[] operands) {
      this.equation = equation;
      this.options = options;
      this.types = new DType[operands.length];
      this.shapes = new long[operands.length][];
      this.same = Reuse.same(operands);
      int h = 31 * equation.hashCode() + Arrays.hashCode(same);
      h += options == null ? 0 : options.hashCode();
      for (int i = 0; i < shapes.length; i++) {
        types[i] = operands[i].dtype();
        shapes[i] = operands[i].shape();
        h = (h * 31 + types[i].ordinal()) * 31 + Arrays.hashCode(shapes[i]);
      }
      this.hash = h;
    }

    @Override
    public int hashCode() {
      return hash;
    }

    @Override
    public boolean equals(Object other) {
      if (!(other instanceof Key k)
          || k.hash != hash
          || k.shapes.length != shapes.length
          || !Arrays.equals(k.same, same)
          || !k.equation.equals(equation)
          || !Objects.equals(k.options, options)) {
        return false;
      }
      for (int i = 0; i < shapes.length; i++) {
        if (types[i] != k.types[i] || !Views.same(shapes[i], k.shapes[i])) {
          return false;
        }
      }
      return true;
    }

    Contraction plan() {
      int[] ranks = Arrays.stream(shapes).mapToInt(s -> s.length).toArray();
      Equation parsed =
          equation instanceof Equation.Numbers numbers
              ? numbers.parse(ranks)
              : Equation.parse((String) equation, ranks);
      PlanOptions given = options == null ? PlanOptions.DEFAULT : options;
      PlanOptions own =
          given.sameOperands().length > 0 ? given : given.withSameOperands(Reuse.groups(same));
      return new Contraction(parsed, types, shapes, own);
    }
  }

  /**
   * The plan of an equation, with the options of a call that names none.
   *
   * @param equation a String or {@link Equation.Numbers}
   * @param operands those that are there
   */
  public static Entry get(Object equation, Strided[] operands) {
    return get(equation, PlanOptions.DEFAULT, operands);
  }

  /** As above, with options; a plan whose search tells somebody is made anew each time. */
  public static Entry get(Object equation, PlanOptions options, Strided[] operands) {
    PlanOptions named = options.equals(PlanOptions.DEFAULT) ? null : options;
    Key key = new Key(equation, named, operands);
    if (options.searchListener() != null) {
      // No part of what makes options equal.
      return new Entry(new Key(equation, options, operands).plan());
    }
    Entry plan = PLANS.get(key);
    if (plan != null) {
      return plan;
    }
    plan = new Entry(key.plan());
    if (PLANS.size() >= LIMIT) {
      // Any eighth of them goes: the map's order is as good as random, and what is used comes back.
      Iterator<Key> old = PLANS.keySet().iterator();
      for (int i = 0; i < LIMIT / 8 && old.hasNext(); i++) {
        old.next();
        old.remove();
      }
    }
    Entry other = PLANS.putIfAbsent(key, plan);
    return other != null ? other : plan;
  }

  /** Forgets all plans: what they were made with has changed. */
  public static void clear() {
    PLANS.clear();
  }

  /** Number of plans kept, for tests. */
  public static int size() {
    return PLANS.size();
  }
}
