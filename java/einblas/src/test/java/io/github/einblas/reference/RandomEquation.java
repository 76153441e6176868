// Test support: random equations with shapes and small whole-number data, from a seed.
package io.github.einblas.reference;

import io.github.einblas.internal.equation.Equation;
import io.github.einblas.internal.tensor.Views;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** A random equation over letters; whole-number data keep every order of summation exact. */
public final class RandomEquation {
  /** The equation. */
  public final String text;

  /** Shapes of its operands. */
  public final long[][] shapes;

  /** Their elements in row-major order, whole numbers from -2 to 2. */
  public final double[][] data;

  /** An equation over up to six letters of lengths 0 to 4. */
  public RandomEquation(Random random, int operands) {
    this(random, operands, 3, 4);
  }

  /** An equation over up to six letters of lengths from 0 to the longest, rarely 0. */
  public RandomEquation(Random random, int operands, int mostRank, int longest) {
    int letters = 1 + random.nextInt(6);
    long[] lengths =
        random.longs(letters, 0, longest + 1).map(l -> l == 0 ? random.nextInt(2) : l).toArray();
    String[] terms = new String[operands];
    shapes = new long[operands][];
    for (int t = 0; t < operands; t++) {
      int rank = random.nextInt(mostRank + 1);
      terms[t] = random.ints(rank, 0, letters).mapToObj(RandomEquation::letter).collect(joined());
      long[] shape = terms[t].chars().mapToLong(c -> lengths[c - 'a']).toArray();
      int axis = rank == 0 ? 0 : random.nextInt(rank);
      if (rank > 0 && once(terms[t], axis) && random.nextInt(6) == 0) {
        shape[axis] = 1;
      }
      shapes[t] = shape;
    }
    String used =
        Arrays.stream(terms)
            .flatMapToInt(String::chars)
            .distinct()
            .filter(c -> random.nextInt(2) == 0)
            .mapToObj(Character::toString)
            .collect(joined());
    text = String.join(",", terms) + "->" + used;
    data =
        Arrays.stream(shapes)
            .map(s -> IntStream.range(0, (int) Views.size(s)))
            .map(s -> s.mapToDouble(i -> random.nextInt(5) - 2).toArray())
            .toArray(double[][]::new);
  }

  private static boolean once(String term, int axis) {
    return term.indexOf(term.charAt(axis)) == term.lastIndexOf(term.charAt(axis));
  }

  private static String letter(int i) {
    return Character.toString('a' + i);
  }

  private static java.util.stream.Collector<CharSequence, ?, String> joined() {
    return Collectors.joining();
  }

  /** The equation, parsed for its shapes. */
  public Equation parse() {
    return Equation.parse(text, Arrays.stream(shapes).mapToInt(s -> s.length).toArray());
  }

  /** The result for other elements, by definition. */
  public double[] evaluate(double[][] elements) {
    Equation e = parse();
    int[][] labels = IntStream.range(0, shapes.length).mapToObj(e::operand).toArray(int[][]::new);
    return NaiveEinsum.evaluate(labels, e.output(), shapes, elements);
  }

  @Override
  public String toString() {
    return text + " " + Arrays.deepToString(shapes);
  }
}
