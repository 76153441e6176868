// Port: the text that is ported, and refusals that show a place in it.
package io.github.einblas.cli.port;

import java.util.Collection;
import java.util.List;

/**
 * A line of Python.
 *
 * @param text as given
 */
public record PythonSource(String text) {
  private static final int MOST = 20_000;
  private static final int EXCERPT = 24;

  public PythonSource {
    if (text.length() > MOST) {
      throw new IllegalArgumentException(
          "the call has " + text.length() + " characters; at most " + MOST + " are read");
    }
    if (text.isBlank()) {
      throw new IllegalArgumentException(
          "the call is empty; give one such as np.einsum('ij,jk->ik', a, b)");
    }
  }

  /** A refusal of what stands at a position, counted from 0. */
  IllegalArgumentException wrong(int position, String what) {
    return new IllegalArgumentException(
        what + " (" + place(position) + "); einblas port --help names what is supported");
  }

  /** A refusal of a name, with names that are near. */
  IllegalArgumentException unknown(
      int position, String what, String name, Collection<String> known) {
    List<String> near = NearNames.of(name, known);
    return wrong(
        position,
        what + (near.isEmpty() ? "" : "; did you mean " + String.join(" or ", near) + "?"));
  }

  /** Where a position is, for a reader: its number from 1 on and what begins there. */
  private String place(int position) {
    if (position >= text.length()) {
      return "at the end";
    }
    int end = Math.min(text.length(), position + EXCERPT);
    StringBuilder excerpt = new StringBuilder();
    text.substring(position, end).codePoints().forEach(c -> excerpt.append(shown(c)));
    return "character "
        + (text.codePointCount(0, position) + 1)
        + ": "
        + excerpt
        + (end < text.length() ? "..." : "");
  }

  /** A character, or its code where it cannot be seen. */
  static String shown(int character) {
    boolean visible =
        switch (Character.getType(character)) {
          case Character.CONTROL,
              Character.FORMAT,
              Character.SURROGATE,
              Character.PRIVATE_USE,
              Character.UNASSIGNED,
              Character.LINE_SEPARATOR,
              Character.PARAGRAPH_SEPARATOR ->
              false;
          default -> true;
        };
    if (character == '\n' || character == '\t' || character == '\r') {
      return " ";
    }
    return visible ? Character.toString(character) : String.format("U+%04X", character);
  }
}
