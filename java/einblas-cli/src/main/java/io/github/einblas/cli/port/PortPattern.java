// Port: one side of a pattern of einops.
package io.github.einblas.cli.port;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Axes of a tensor, each with the names that it is made of; none for a length of 1.
 *
 * @param axes names of each axis; {@code ...} alone stands for any number of axes
 */
record PortPattern(List<List<String>> axes) {
  static final String ELLIPSIS = "...";

  private static final Pattern WORD = Pattern.compile("\\s*(\\.\\.\\.|[A-Za-z_]\\w*|1|\\(|\\))");

  /** One side; what is wrong is an IllegalArgumentException without place. */
  static PortPattern parse(String side) {
    List<List<String>> axes = new ArrayList<>();
    Set<String> seen = new LinkedHashSet<>();
    List<String> group = null;
    Matcher words = WORD.matcher(side);
    int at = 0;
    while (!side.substring(at).isBlank()) {
      if (!words.find(at) || words.start() != at) {
        throw new IllegalArgumentException(
            "a name, 1, ... or parentheses were expected, not "
                + PythonSource.shown(side.strip().codePointAt(0)));
      }
      at = words.end();
      String word = words.group(1);
      if (word.equals("(")) {
        if (group != null) {
          throw new IllegalArgumentException("parentheses in parentheses");
        }
        group = new ArrayList<>();
        axes.add(group);
      } else if (word.equals(")")) {
        if (group == null) {
          throw new IllegalArgumentException("')' closes nothing");
        }
        group = null;
      } else if (word.equals("1")) {
        if (group == null) {
          axes.add(List.of());
        }
      } else {
        if (!seen.add(word)) {
          throw new IllegalArgumentException(word + " comes twice");
        }
        if (group == null) {
          axes.add(List.of(word));
        } else if (word.equals(ELLIPSIS)) {
          throw new IllegalArgumentException("... in parentheses is not supported");
        } else {
          group.add(word);
        }
      }
    }
    if (group != null) {
      throw new IllegalArgumentException("a parenthesis is not closed");
    }
    return new PortPattern(axes);
  }

  /** With a name for each axis of the ellipsis. */
  PortPattern expanded(int count) {
    List<List<String>> all = new ArrayList<>();
    for (List<String> axis : axes) {
      if (axis.equals(List.of(ELLIPSIS))) {
        for (int i = 0; i < count; i++) {
          all.add(List.of(ELLIPSIS + i));
        }
      } else {
        all.add(axis);
      }
    }
    return new PortPattern(all);
  }

  boolean hasEllipsis() {
    return axes.contains(List.of(ELLIPSIS));
  }

  /** All names in order. */
  List<String> names() {
    return axes.stream().flatMap(List::stream).toList();
  }

  /** Whether each axis is one name or has the length 1. */
  boolean isFlat() {
    return axes.stream().allMatch(a -> a.size() <= 1);
  }

  boolean hasOnes() {
    return axes.stream().anyMatch(List::isEmpty);
  }

  /** A letter for a name: itself, or one that no other name has. */
  static char letter(String name, Map<String, Character> letters, String pattern) {
    Character known = letters.get(name);
    if (known != null) {
      return known;
    }
    Set<Character> used = new LinkedHashSet<>(letters.values());
    for (String word : pattern.split("[^A-Za-z0-9_]+")) {
      if (word.length() == 1 && !word.equals(name)) {
        used.add(word.charAt(0));
      }
    }
    String candidates = name + "ijklmnopqrstuvwxyzabcdefghABCDEFGHIJKLMNOPQRSTUVWXYZ";
    for (int i = 0; i < candidates.length(); i++) {
      char c = candidates.charAt(i);
      if (((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) && !used.contains(c)) {
        letters.put(name, c);
        return c;
      }
    }
    throw new IllegalArgumentException("a pattern has more than 52 names");
  }
}
