// Plans: the slices of a plan by number, by id and as a list.
package io.github.einblas.internal.plan;

import io.github.einblas.internal.equation.Equation;
import java.util.AbstractList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Makes a plan's slices as they are asked for. Thread-safe. */
public final class PlanSlices {
  private static final Pattern ID = Pattern.compile("(\\d{1,19})@([0-9a-f]{16})");

  private final Contraction whole;
  private final Equation equation;
  private final SlicedProgram slices;
  private final int[] labels;

  /** One for whole pieces and one for each kind of shorter last pieces. */
  private final ConcurrentHashMap<Integer, Contraction> plans = new ConcurrentHashMap<>();

  /**
   * Slices of a contraction.
   *
   * @throws UnsupportedOperationException if that is a gradient, or rounds the sum of its slices
   */
  public PlanSlices(Contraction whole) {
    whole.requireEquation("slices of a gradient are not handed out");
    whole.checks().requireNoEpilogue("slices are of the contraction alone");
    whole.requireExactSlices();
    this.whole = whole;
    this.equation = whole.equation();
    this.slices = whole.slices();
    this.labels = new int[slices.cuts()];
    Arrays.setAll(labels, slices::label);
  }

  /** The slice of a number. */
  public Slice get(long index) {
    if (index < 0 || index >= slices.slices()) {
      throw new IndexOutOfBoundsException(
          "plan of \""
              + Equation.abbreviated(equation.toString())
              + "\": slices are numbered 0 to "
              + (slices.slices() - 1)
              + ", got "
              + index);
    }
    long[] from = slices.starts(index);
    long[] to = slices.lengthsOf(from);
    Arrays.setAll(to, k -> from[k] + to[k]);
    Contraction plan = plans.computeIfAbsent(slices.variant(from), whole::forSlice);
    return new Slice(whole, plan, index, labels, from, to);
  }

  /** The slice of an id. */
  public Slice get(String id) {
    Matcher m = ID.matcher(Objects.requireNonNull(id, "id"));
    if (!m.matches()) {
      throw new IllegalArgumentException(
          "\"" + id + "\" is no slice's id, such as 7@9f86d081884c7d65");
    }
    String own = slices.fingerprint();
    if (!own.equals(m.group(2))) {
      throw new IllegalArgumentException(
          "plan of \""
              + Equation.abbreviated(equation.toString())
              + "\": slice "
              + id
              + " is of a contraction that is cut otherwise than this one ("
              + slices.slices()
              + " slices, cut "
              + own
              + "); their sum would be wrong. Take the plan from the JSON of the plan that the slice"
              + " is of");
    }
    try {
      return get(Long.parseLong(m.group(1)));
    } catch (IndexOutOfBoundsException | NumberFormatException e) {
      throw new IllegalArgumentException(
          "slice " + id + " is beyond the plan's " + slices.slices() + " slices", e);
    }
  }

  /** All of them, each as its door. */
  public <D> List<D> list(Function<Slice, D> door) {
    if (slices.slices() > Integer.MAX_VALUE) {
      throw new IllegalStateException(
          "plan of \""
              + Equation.abbreviated(equation.toString())
              + "\": its "
              + slices.slices()
              + " slices are more than a list holds; slice(long) gives each of them");
    }
    return new AbstractList<>() {
      @Override
      public D get(int i) {
        return door.apply(PlanSlices.this.get((long) i));
      }

      @Override
      public int size() {
        return (int) slices.slices();
      }
    };
  }

  @Override
  public String toString() {
    return "PlanSlices(" + slices.slices() + ")";
  }
}
