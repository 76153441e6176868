// Planner: equations in the texts of errors, shortened around what is wrong.
package io.github.einblas.internal.equation;

/** Thousands of operands would hide what is wrong: a window shows the place. */
public final class EquationText {
  /** Texts of up to so many characters are shown as they are. */
  private static final int WHOLE = 400;

  /** Characters on each side of a place. */
  private static final int AROUND = 100;

  private EquationText() {}

  /** A text of which no place is meant: its begin and its end. */
  public static String abbreviated(String text) {
    return text.length() <= WHOLE
        ? text
        : text.substring(0, border(text, 300))
            + " ... "
            + text.substring(border(text, text.length() - 60));
  }

  /** An equation around the term of an operand; of the output where there is no such operand. */
  public static String around(String equation, int operand) {
    if (equation.length() <= WHOLE) {
      return equation;
    }
    int arrow = equation.indexOf("->");
    int from = 0;
    for (int i = 0; i < operand && from >= 0; i++) {
      from = equation.indexOf(',', from) + 1;
      if (from == 0 || (arrow >= 0 && from > arrow)) {
        return around(equation, arrow < 0 ? equation.length() : arrow, equation.length());
      }
    }
    int end = equation.indexOf(',', from);
    int last = arrow < 0 ? equation.length() : arrow;
    return around(equation, from, end < 0 || end > last ? last : end);
  }

  static IllegalArgumentException bad(String shown, String why) {
    return new IllegalArgumentException("equation \"" + shown + "\": " + why);
  }

  static void requireCount(String text, int terms, int operands) {
    if (operands == 0) {
      throw bad(abbreviated(text), "at least one operand is needed");
    }
    if (terms != operands) {
      throw bad(
          abbreviated(text),
          "it has " + terms + " operand terms, but " + operands + " operands were given");
    }
  }

  /** A text around a part of it, cut at commas where there are some. */
  static String around(String text, int from, int to) {
    if (text.length() <= WHOLE) {
      return text;
    }
    int begin = Math.max(0, from - AROUND);
    int end = Math.min(text.length(), Math.max(from, Math.min(to, from + AROUND)) + AROUND);
    int comma = text.indexOf(',', begin);
    int last = text.lastIndexOf(',', end - 1);
    begin = begin == 0 ? 0 : comma >= 0 && comma < from ? comma + 1 : border(text, begin);
    end = end == text.length() ? end : last >= to && last < end ? last : border(text, end);
    return (begin == 0 ? "" : "... ")
        + text.substring(begin, end)
        + (end == text.length() ? "" : " ...");
  }

  /** A place that is not between the halves of a code point. */
  private static int border(String text, int at) {
    return at > 0 && at < text.length() && Character.isLowSurrogate(text.charAt(at)) ? at - 1 : at;
  }

  /** A code point that has no place in an equation: itself, its number and its name. */
  static String sign(int c) {
    String name = Character.getName(c);
    boolean mark =
        switch (Character.getType(c)) {
          case Character.NON_SPACING_MARK,
              Character.COMBINING_SPACING_MARK,
              Character.ENCLOSING_MARK ->
              true;
          default -> false;
        };
    boolean shown =
        switch (Character.getType(c)) {
          case Character.CONTROL,
              Character.FORMAT,
              Character.SURROGATE,
              Character.UNASSIGNED,
              Character.PRIVATE_USE,
              Character.SPACE_SEPARATOR,
              Character.LINE_SEPARATOR,
              Character.PARAGRAPH_SEPARATOR ->
              false;
          default -> true;
        };
    // A mark sits on the sign before it: on a dotted circle.
    String itself = shown ? "'" + (mark ? "\u25cc" : "") + Character.toString(c) + "' " : "";
    return itself
        + String.format("(U+%04X%s)", c, name == null ? ", unassigned" : " " + name)
        + (mark ? ", a mark: equations are not normalised, a label is one code point," : ",");
  }
}
