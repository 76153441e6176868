// Plans behind Einsum.einsum and TensorOps: bounded, no lock on a hit.
package io.github.einblas;

import io.github.einblas.internal.equation.Equation;
import io.github.einblas.internal.tensor.Views;
import java.util.Arrays;
import java.util.Iterator;
import java.util.concurrent.ConcurrentHashMap;

/** Keeps the plans of recent equations, by equation, type and shapes. */
final class PlanCache {
  /** A program uses tens of equations with a few shapes each; a plan is some kilobytes. */
  static final int LIMIT = 512;

  private static final ConcurrentHashMap<Key, EinsumPlan> PLANS = new ConcurrentHashMap<>();

  private PlanCache() {}

  /** What a plan depends on; the equation is a String or {@link Equation.Numbers}. */
  private static final class Key {
    final Object equation;
    final DType dtype;
    final long[][] shapes;
    private final int hash;

    Key(Object equation, Tensor[] operands) {
      this.equation = equation;
      this.dtype = operands[0].dtype();
      this.shapes = new long[operands.length][];
      int h = equation.hashCode() * 31 + dtype.bytes();
      for (int i = 0; i < shapes.length; i++) {
        shapes[i] = operands[i].shapeRef();
        h = h * 31 + Arrays.hashCode(shapes[i]);
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
          || k.dtype != dtype
          || k.shapes.length != shapes.length
          || !k.equation.equals(equation)) {
        return false;
      }
      for (int i = 0; i < shapes.length; i++) {
        if (!Views.same(shapes[i], k.shapes[i])) {
          return false;
        }
      }
      return true;
    }

    EinsumPlan plan() {
      int[] ranks = Arrays.stream(shapes).mapToInt(s -> s.length).toArray();
      Equation parsed =
          equation instanceof Equation.Numbers numbers
              ? numbers.parse(ranks)
              : Equation.parse((String) equation, ranks);
      return new EinsumPlan(parsed, dtype, shapes, PlanOptions.DEFAULT);
    }
  }

  /** The plan of an equation in letters. The operands are there and of one type. */
  static EinsumPlan get(String equation, Tensor[] operands) {
    return get(new Key(equation, operands));
  }

  /** The plan of an equation in numbers. The operands are there and of one type. */
  static EinsumPlan get(Equation.Numbers equation, Tensor[] operands) {
    return get(new Key(equation, operands));
  }

  private static EinsumPlan get(Key key) {
    EinsumPlan plan = PLANS.get(key);
    if (plan != null) {
      return plan;
    }
    plan = key.plan();
    if (PLANS.size() >= LIMIT) {
      // Any eighth of them goes: the map's order is as good as random, and what is used comes back.
      Iterator<Key> old = PLANS.keySet().iterator();
      for (int i = 0; i < LIMIT / 8 && old.hasNext(); i++) {
        old.next();
        old.remove();
      }
    }
    EinsumPlan other = PLANS.putIfAbsent(key, plan);
    return other != null ? other : plan;
  }

  /** Forgets all plans: what they were made with has changed. */
  static void clear() {
    PLANS.clear();
  }

  /** Number of plans kept, for tests. */
  static int size() {
    return PLANS.size();
  }
}
