// Planner, first stage: parses an equation into labels. Knows ranks, no lengths and no memory.
package io.github.einblas.internal.equation;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * The labels of each operand and of the output.
 *
 * <p>A letter's label is its code point; axis number d from the end under an ellipsis has label -d;
 * a sublist's numbers are labels as they are. NumPy's rules: implicit output is the ellipsis, then
 * the labels that occur once in the order of their numbers.
 */
public final class Equation {
  /** In place of a number: the axes that are not named. */
  public static final int ELLIPSIS = Integer.MIN_VALUE;

  private static final String ARROW = "->";
  private static final String DOTS = "...";

  private final String text;
  private final int[][] operands;
  private final int[] output;
  private final boolean numbered;

  /** Lengths of output labels that no operand has: the result repeats along them. */
  private final Map<Integer, Long> repeated;

  /** Whether the text is that of another equation, which this was made of. */
  private final boolean derived;

  private Equation(
      String text,
      int[][] operands,
      int[] output,
      boolean numbered,
      Map<Integer, Long> repeated,
      boolean derived) {
    this.text = text;
    this.operands = operands;
    this.output = output;
    this.numbered = numbered;
    this.repeated = repeated;
    this.derived = derived;
  }

  /**
   * The equation of the gradient for an operand, given the upstream gradient and the other
   * operands. Its output has each label of the operand once: axes of length 1 are left out (their
   * labels are summed), repeated labels stand for a diagonal, and along labels that nothing else
   * has the result repeats.
   *
   * @param shapes of this equation's operands
   */
  public Equation gradient(int operand, long[][] shapes) {
    int[][] others = new int[operands.length][];
    others[0] = output;
    Map<Integer, Long> found = new TreeMap<>();
    Map<Integer, Long> lengths = lengths(shapes);
    for (int label : output) {
      found.put(label, lengths.get(label));
    }
    int n = 1;
    for (int i = 0; i < operands.length; i++) {
      if (i != operand) {
        others[n++] = operands[i];
        for (int d = 0; d < operands[i].length; d++) {
          found.merge(operands[i][d], shapes[i][d], Math::max);
        }
      }
    }
    Set<Integer> result = new LinkedHashSet<>();
    Map<Integer, Long> alone = new TreeMap<>();
    for (int d = 0; d < operands[operand].length; d++) {
      int label = operands[operand][d];
      long length = shapes[operand][d];
      if (length != 1 && result.add(label) && found.getOrDefault(label, 1L) == 1) {
        alone.put(label, length);
      }
    }
    return new Equation(
        "gradient for operand " + operand + " of " + text,
        others,
        result.stream().mapToInt(Integer::intValue).toArray(),
        numbered,
        alone,
        true);
  }

  /** The contraction of two tensors of this equation, or of its intermediates, to some labels. */
  public Equation pair(int[] a, int[] b, int[] result) {
    String name = names(a) + "," + names(b) + "->" + names(result);
    return new Equation(name, new int[][] {a, b}, result, numbered, Map.of(), false);
  }

  /** An equation of labels that are known to be right, with a text for errors. */
  public static Equation of(String text, int[][] operands, int[] output) {
    return new Equation(text, operands, output, true, Map.of(), true);
  }

  /** Whether labels were given as numbers: the text is then no equation in letters. */
  public boolean isNumbered() {
    return numbered;
  }

  /** Labels of operand i, one for each axis. */
  public int[] operand(int i) {
    return operands[i];
  }

  /** Number of operands. */
  public int operandCount() {
    return operands.length;
  }

  /** Labels of the output. */
  public int[] output() {
    return output;
  }

  /** The equation as given. */
  @Override
  public String toString() {
    return text;
  }

  /** A label as people wrote it. */
  public String name(int label) {
    if (label < 0) {
      return "..." + "[" + label + "]";
    }
    return numbered ? Integer.toString(label) : "'" + Character.toString(label) + "'";
  }

  /** Several labels as text, for explanations. */
  public String names(int[] labels) {
    StringBuilder s = new StringBuilder();
    for (int label : labels) {
      if (numbered) {
        s.append(s.length() == 0 ? "" : ".").append(label);
      } else if (label < 0) {
        s.append('<').append(-label).append('>');
      } else {
        s.appendCodePoint(label);
      }
    }
    return s.toString();
  }

  /** The equation as given, around the term of an operand where it is long; -1 for the output. */
  public String around(int operand) {
    return derived
        ? EquationText.abbreviated(text)
        : EquationText.around(text, operand < 0 ? operands.length : operand);
  }

  private IllegalArgumentException bad(int operand, String why) {
    return EquationText.bad(around(operand), why);
  }

  /** An equation for error texts: hundreds of operands would hide what is wrong. */
  public static String abbreviated(String text) {
    return EquationText.abbreviated(text);
  }

  /**
   * Parses an equation for operands of the given ranks.
   *
   * @throws IllegalArgumentException saying what is wrong with which operand or label
   */
  public static Equation parse(String text, int[] ranks) {
    EquationParser parser = EquationParser.of(text);
    int[][] operands = parser.operands(ranks);
    return checked(text.strip(), operands, parser.output(), parser.dots(), false);
  }

  /**
   * An equation whose operands fit their ranks.
   *
   * @param output its labels, or null for the implicit output
   * @param dots most axes that an ellipsis stands for
   */
  private static Equation checked(
      String text, int[][] operands, int[] output, int dots, boolean numbered) {
    int[] own = output == null ? implicitOutput(operands, dots) : output;
    Equation e = new Equation(text, operands, own, numbered, Map.of(), false);
    e.checkOutput(dots);
    return e;
  }

  private static int[] implicitOutput(int[][] operands, int dots) {
    Map<Integer, Integer> counts = new TreeMap<>();
    for (int[] labels : operands) {
      for (int label : labels) {
        counts.merge(label, 1, Integer::sum);
      }
    }
    List<Integer> output = new ArrayList<>();
    for (int d = dots; d >= 1; d--) {
      output.add(-d);
    }
    counts.forEach(
        (label, count) -> {
          if (label >= 0 && count == 1) {
            output.add(label);
          }
        });
    return output.stream().mapToInt(Integer::intValue).toArray();
  }

  /**
   * The output's labels must occur in an operand, once each, and must include all that an ellipsis
   * stands for.
   */
  private void checkOutput(int dots) {
    int[] known = Arrays.stream(operands).flatMapToInt(Arrays::stream).sorted().toArray();
    int[] own = output.clone();
    Arrays.sort(own);
    for (int i = 1; i < own.length; i++) {
      if (own[i] == own[i - 1]) {
        throw bad(-1, "label " + name(own[i]) + " stands twice in the output");
      }
    }
    for (int label : output) {
      if (Arrays.binarySearch(known, label) < 0) {
        throw bad(-1, "label " + name(label) + " of the output is in no operand");
      }
    }
    for (int d = 1; d <= dots; d++) {
      if (Arrays.binarySearch(own, -d) < 0) {
        throw bad(
            -1,
            "the ellipsis stands for "
                + dots
                + " axes that the output leaves out; write '...' there too, or name the axes to sum"
                + " them");
      }
    }
  }

  /**
   * An equation in numbers, not yet parsed: a key for caches.
   *
   * @param operands labels of each operand; {@link #ELLIPSIS} stands for an ellipsis
   * @param output labels of the output, or null for the implicit output (numbers rise)
   */
  public record Numbers(int[][] operands, int[] output) {
    /** Parses for operands of the given ranks; errors as {@link Equation#parse}. */
    public Equation parse(int[] ranks) {
      return ofNumbers(this, ranks);
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Numbers n
          && Arrays.equals(output, n.output)
          && Arrays.deepEquals(operands, n.operands);
    }

    @Override
    public int hashCode() {
      int h = Arrays.hashCode(output);
      for (int[] labels : operands) {
        h = h * 31 + Arrays.hashCode(labels);
      }
      return h;
    }

    @Override
    public String toString() {
      return numbersText(operands, output);
    }
  }

  private static Equation ofNumbers(Numbers numbers, int[] ranks) {
    int[][] operands = numbers.operands;
    int[] output = numbers.output;
    String text = numbers.toString();
    EquationText.requireCount(text, operands.length, ranks.length);
    int[][] full = new int[operands.length][];
    int dots = 0;
    for (int i = 0; i < operands.length; i++) {
      int ellipses = (int) Arrays.stream(operands[i]).filter(l -> l == ELLIPSIS).count();
      int plain = operands[i].length - ellipses;
      if (ellipses > 1) {
        throw EquationText.bad(
            EquationText.around(text, i), "operand " + i + " has more than one ellipsis");
      }
      if (ellipses == 0 ? plain != ranks[i] : plain > ranks[i]) {
        throw EquationText.bad(
            EquationText.around(text, i),
            "operand " + i + " has rank " + ranks[i] + ", but " + plain + " labels were given");
      }
      dots = Math.max(dots, ranks[i] - plain);
      full[i] = expand(text, i, operands[i], ranks[i] - plain);
    }
    int[] out = output == null ? null : expand(text, operands.length, output, dots);
    return checked(text, full, out, dots, true);
  }

  private static int[] expand(String text, int operand, int[] labels, int dots) {
    List<Integer> all = new ArrayList<>();
    for (int label : labels) {
      if (label == ELLIPSIS) {
        for (int d = dots; d >= 1; d--) {
          all.add(-d);
        }
      } else if (label < 0) {
        throw EquationText.bad(
            EquationText.around(text, operand),
            "label " + label + " of operand " + operand + " is negative");
      } else {
        all.add(label);
      }
    }
    return all.stream().mapToInt(Integer::intValue).toArray();
  }

  private static String numbersText(int[][] operands, int[] output) {
    StringBuilder s = new StringBuilder();
    for (int[] labels : operands) {
      s.append(s.length() == 0 ? "" : ",").append(numbersText(labels));
    }
    return output == null ? s.toString() : s + ARROW + numbersText(output);
  }

  private static String numbersText(int[] labels) {
    StringBuilder s = new StringBuilder("[");
    for (int label : labels) {
      s.append(s.length() == 1 ? "" : " ").append(label == ELLIPSIS ? DOTS : label);
    }
    return s.append(']').toString();
  }

  /**
   * The length of each label, by NumPy's broadcasting: lengths of a label are equal, or 1.
   *
   * @throws IllegalArgumentException naming label, operands and lengths where they differ
   */
  public Map<Integer, Long> lengths(long[][] shapes) {
    Map<Integer, Long> lengths = new TreeMap<>();
    Map<Integer, Integer> from = new TreeMap<>();
    for (int i = 0; i < operands.length; i++) {
      Map<Integer, Long> own = new TreeMap<>();
      for (int d = 0; d < operands[i].length; d++) {
        int label = operands[i][d];
        long length = shapes[i][d];
        Long before = own.putIfAbsent(label, length);
        if (before != null && before != length) {
          throw bad(
              i,
              "label "
                  + name(label)
                  + " of operand "
                  + i
                  + " stands for axes of lengths "
                  + before
                  + " and "
                  + length);
        }
        Long known = lengths.get(label);
        if (known == null || known == 1) {
          lengths.put(label, length);
          from.put(label, i);
        } else if (length != 1 && length != known) {
          throw bad(
              i,
              "label "
                  + name(label)
                  + " has length "
                  + known
                  + " in operand "
                  + from.get(label)
                  + " and length "
                  + length
                  + " in operand "
                  + i);
        }
      }
    }
    // An operand may have such a label with length 1.
    lengths.putAll(repeated);
    return lengths;
  }
}
