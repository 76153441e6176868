// Planner, first stage: reads an equation in letters.
package io.github.einblas.internal.equation;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Reads an equation's code points once, in their order. */
final class EquationParser {
  private static final String DOTS = "...";

  private final String text;
  private final List<Term> operands = new ArrayList<>();
  private Term output;
  private int at;
  private int dots;

  /** The labels of an operand or the output. */
  private static final class Term {
    final int from;
    int[] labels = new int[4];
    int count;

    /** Number of labels before the ellipsis, or -1. */
    int dots = -1;

    Term(int from) {
      this.from = from;
    }

    void add(int label) {
      if (count == labels.length) {
        labels = Arrays.copyOf(labels, 2 * count);
      }
      labels[count++] = label;
    }

    /** The labels with those of so many axes at the ellipsis. */
    int[] expanded(int axes) {
      int own = dots < 0 ? 0 : axes;
      int[] all = new int[count + own];
      for (int i = 0; i < all.length; i++) {
        boolean before = dots < 0 || i < dots;
        all[i] = before ? labels[i] : i < dots + own ? i - dots - own : labels[i - own];
      }
      return all;
    }
  }

  private EquationParser(String text) {
    this.text = text;
  }

  /** Reads the terms of an equation. */
  static EquationParser of(String text) {
    EquationParser parser = new EquationParser(text);
    parser.read();
    return parser;
  }

  private void read() {
    Term now = new Term(0);
    operands.add(now);
    while (at < text.length()) {
      int c = text.codePointAt(at);
      if ((c >= 'a' && c <= 'z') || isLabel(c)) {
        now.add(c);
      } else if (c == ',' && output == null) {
        now = new Term(at + 1);
        operands.add(now);
      } else if (c == '.') {
        readDots(now);
      } else if (c == '-' && output == null && arrow(now)) {
        at++;
        output = new Term(at + 1);
        now = output;
      } else if (!isWhite(c)) {
        boolean arrow = c == '-' || c == '>';
        throw wrong(
            now,
            at,
            " has "
                + (arrow
                    ? "'" + (char) c + "', which is only allowed as the arrow '->', once"
                    : EquationText.sign(c) + " which is not a letter or '...'"));
      }
      at += Character.charCount(c);
    }
  }

  /**
   * Letters, and the two other signs that opt_einsum has among its first 566 symbols. Later
   * Unicodes have letters that this Java platform does not know: what is not assigned counts as
   * one.
   */
  private static boolean isLabel(int c) {
    return Character.isLetter(c)
        || c == '\u00d7'
        || c == '\u00f7'
        || (Character.getType(c) == Character.UNASSIGNED
            && (c & 0xfffe) != 0xfffe
            && (c < 0xfdd0 || c > 0xfdef));
  }

  private static boolean isWhite(int c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
  }

  /** The first place from one on that is not white. */
  private int behindWhite(int from) {
    int next = from;
    while (next < text.length() && isWhite(text.charAt(next))) {
      next++;
    }
    return next;
  }

  /**
   * Inside the arrow and the ellipsis there is no white space, as in NumPy: {@code "i- >i"} and
   * {@code ". .."} are more likely slips than meant.
   */
  private boolean arrow(Term term) {
    int next = behindWhite(at + 1);
    if (next == text.length() || text.charAt(next) != '>') {
      return false;
    }
    if (next > at + 1) {
      throw bad(term.from, next, "there is white space inside the arrow '->'");
    }
    return true;
  }

  private void readDots(Term term) {
    int end = at;
    while (end < text.length() && text.charAt(end) == '.') {
      end++;
    }
    int next = behindWhite(end);
    if (next > end && next < text.length() && text.charAt(next) == '.') {
      throw bad(term.from, next, "there is white space inside the ellipsis '...'");
    }
    if (end - at != DOTS.length() || term.dots >= 0) {
      throw wrong(term, at, " has dots that are not one ellipsis '...'");
    }
    term.dots = term.count;
    at = end - 1;
  }

  /** An error at a place of a term, which is shown. */
  private IllegalArgumentException wrong(Term term, int place, String why) {
    String whose = term == output ? "the output" : "operand " + (operands.size() - 1);
    return bad(place, place, "the term '" + shown(term, place) + "' of " + whose + why);
  }

  private String shown(Term term, int place) {
    int end = text.length();
    if (term != output) {
      int comma = text.indexOf(',', term.from);
      int arrow = text.indexOf("->", term.from);
      end = Math.min(comma < 0 ? end : comma, arrow < 0 ? end : arrow);
    }
    int at = Math.min(place, end) - term.from;
    return EquationText.around(text.substring(term.from, end), at, at).strip();
  }

  private IllegalArgumentException bad(int from, int to, String why) {
    return EquationText.bad(EquationText.around(text, from, to), why);
  }

  /** Labels of the operands of these ranks. */
  int[][] operands(int[] ranks) {
    EquationText.requireCount(text, operands.size(), ranks.length);
    int[][] labels = new int[ranks.length][];
    for (int i = 0; i < labels.length; i++) {
      Term term = operands.get(i);
      int axes = ranks[i] - term.count;
      if (term.dots < 0 ? axes != 0 : axes < 0) {
        throw bad(
            term.from,
            term.from,
            "operand "
                + i
                + " has rank "
                + ranks[i]
                + ", but its term '"
                + shown(term, term.from)
                + "' has "
                + term.count
                + " labels"
                + (term.dots < 0 ? "" : " beside the ellipsis"));
      }
      labels[i] = term.expanded(axes);
      dots = Math.max(dots, axes);
    }
    return labels;
  }

  /** Most axes that an ellipsis stands for, once the operands are known. */
  int dots() {
    return dots;
  }

  /** Labels of the output, once the operands are known; null for the implicit output. */
  int[] output() {
    return output == null ? null : output.expanded(dots);
  }
}
