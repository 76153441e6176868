// Command line: the labels of an equation, as far as orders and instances need them.
package io.github.einblas.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Labels as numbers, in the order in which the equation first has them. Whether the equation is
 * right is for the library to say: this reads any.
 */
final class Terms {
  private static final String ARROW = "->";
  private static final String DOTS = "...";
  private static final int MOST_SHOWN = 20;
  private static final int MOST_OF_EQUATION = 60;

  private final String[] texts;
  private final String[] names;
  private final int[][] operands;
  private final int[] output;

  private Terms(String[] texts, String[] names, int[][] operands, int[] output) {
    this.texts = texts;
    this.names = names;
    this.operands = operands;
    this.output = output;
  }

  /**
   * The terms of an equation.
   *
   * @param ranks of the operands, for the axes under an ellipsis; null for an equation without
   */
  static Terms of(String equation, int[] ranks) {
    String text = equation.replaceAll("\\s", "");
    int arrow = text.indexOf(ARROW);
    String[] terms = (arrow < 0 ? text : text.substring(0, arrow)).split(",", -1);
    Map<String, Integer> numbers = new LinkedHashMap<>();
    int[][] operands = new int[terms.length][];
    int under = 0;
    for (int i = 0; i < terms.length; i++) {
      List<String> labels = labels(terms[i]);
      if (labels.contains(DOTS)) {
        int axes = ranks == null || i >= ranks.length ? 0 : ranks[i] - labels.size() + 1;
        under = Math.max(under, axes);
        labels = expanded(labels, axes);
      }
      operands[i] = numbered(labels, numbers);
    }
    List<String> result =
        arrow < 0
            ? implicit(operands, List.copyOf(numbers.keySet()), under)
            : expanded(labels(text.substring(arrow + ARROW.length())), under);
    int[] output = numbered(result, numbers);
    return new Terms(terms, numbers.keySet().toArray(String[]::new), operands, output);
  }

  /** Letters, names in brackets and ellipses of a term. */
  private static List<String> labels(String term) {
    List<String> labels = new ArrayList<>();
    int at = 0;
    while (at < term.length()) {
      int end = term.startsWith("[", at) ? term.indexOf(']', at) + 1 : 0;
      if (term.startsWith(DOTS, at)) {
        end = at + DOTS.length();
      } else if (end == 0) {
        end = term.offsetByCodePoints(at, 1);
      }
      labels.add(term.substring(at, end));
      at = end;
    }
    return labels;
  }

  /** With a label for each axis under an ellipsis, counted from the end. */
  private static List<String> expanded(List<String> labels, int axes) {
    List<String> result = new ArrayList<>();
    for (String label : labels) {
      if (label.equals(DOTS)) {
        for (int axis = axes; axis > 0; axis--) {
          result.add(DOTS + axis);
        }
      } else {
        result.add(label);
      }
    }
    return result;
  }

  private static int[] numbered(List<String> labels, Map<String, Integer> numbers) {
    int[] result = new int[labels.size()];
    for (int d = 0; d < result.length; d++) {
      int next = numbers.size();
      result[d] = numbers.computeIfAbsent(labels.get(d), l -> next);
    }
    return result;
  }

  /** The ellipsis, then labels that occur once, in their order. */
  private static List<String> implicit(int[][] operands, List<String> names, int under) {
    int[] times = new int[names.size()];
    Arrays.stream(operands).flatMapToInt(Arrays::stream).forEach(l -> times[l]++);
    List<String> result = expanded(List.of(DOTS), under);
    for (String name : names.stream().sorted().toList()) {
      if (times[names.indexOf(name)] == 1 && !name.startsWith(DOTS)) {
        result.add(name);
      }
    }
    return result;
  }

  int count() {
    return operands.length;
  }

  int labelCount() {
    return names.length;
  }

  /** Labels of an operand, one for each axis. */
  int[] operand(int i) {
    return operands[i];
  }

  int[] output() {
    return output;
  }

  /** A label as the equation has it. */
  String name(int label) {
    return names[label];
  }

  boolean hasEllipsis() {
    return Arrays.stream(texts).anyMatch(t -> t.contains(DOTS));
  }

  /** An operand for errors: its number and its term. */
  String named(int operand) {
    return "operand " + operand + " '" + shortened(texts[operand], MOST_SHOWN) + "'";
  }

  /** An equation for errors, its first labels where it is long. */
  static String shortened(String equation) {
    return shortened(equation, MOST_OF_EQUATION);
  }

  private static String shortened(String text, int most) {
    return text.length() <= most ? text : text.substring(0, most) + "...";
  }
}
