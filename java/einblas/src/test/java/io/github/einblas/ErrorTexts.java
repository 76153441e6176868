// Test: the texts of exceptions in Java sources, with … where a value stands.
package io.github.einblas;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Finds {@code new XException(...)} wherever it stands, and calls of helpers behind {@code throw}.
 * Of the arguments the literal texts are taken, joined as the source joins them.
 */
final class ErrorTexts {
  private static final Pattern SITE =
      Pattern.compile("\\bnew (\\w*(?:Exception|Error))\\(|\\bthrow (?!new\\b)[\\w.]*?(\\w+)\\(");
  private static final Pattern COMMENT =
      Pattern.compile(
          "(\"(?:[^\"\\\\\n]|\\\\.)*\"|'(?:[^'\\\\\n]|\\\\.)*')|//[^\n]*|(?s:/\\*.*?\\*/)");
  private static final Pattern LITERAL = Pattern.compile("\"((?:[^\"\\\\]|\\\\.)*)\"");

  /** A text and what is thrown with it, the name of a helper where it is made by one. */
  record Found(String thrown, String text) {}

  private ErrorTexts() {}

  static List<Found> of(String source) {
    String code =
        COMMENT
            .matcher(source)
            .replaceAll(m -> m.group(1) == null ? " " : Matcher.quoteReplacement(m.group(1)));
    List<Found> all = new ArrayList<>();
    Matcher site = SITE.matcher(code);
    while (site.find()) {
      String text = text(inside(code, site.end()));
      if (!text.isEmpty()) {
        String helper = site.group(2);
        all.add(new Found(helper == null ? site.group(1) : typeOf(helper, code), text));
      }
    }
    return all;
  }

  /** What a helper of the same file returns. */
  private static String typeOf(String helper, String code) {
    Matcher m = Pattern.compile("(\\w+(?:Exception|Error)) " + helper + "\\(").matcher(code);
    return m.find() ? m.group(1) : "";
  }

  /** From behind a parenthesis to the one that closes it. */
  private static String inside(String code, int from) {
    return code.substring(from, end(code, from, ")"));
  }

  /** The first of the signs that stands on the level of the place given, or the end. */
  private static int end(String code, int from, String signs) {
    int depth = 0;
    for (int i = from; i < code.length(); i++) {
      char c = code.charAt(i);
      if (c == '"' || c == '\'') {
        for (i++; code.charAt(i) != c; i++) {
          i += code.charAt(i) == '\\' ? 1 : 0;
        }
      } else if (depth == 0 && signs.indexOf(c) >= 0) {
        return i;
      } else if ("([{".indexOf(c) >= 0) {
        depth++;
      } else if (")]}".indexOf(c) >= 0) {
        depth--;
      }
    }
    return code.length();
  }

  private static List<String> split(String code, String sign) {
    List<String> parts = new ArrayList<>();
    int from = 0;
    while (from <= code.length()) {
      int to = end(code, from, sign);
      parts.add(code.substring(from, to).strip());
      from = to + 1;
    }
    return parts;
  }

  private static String text(String arguments) {
    return split(arguments, ",").stream()
        .filter(a -> LITERAL.matcher(a).find())
        .map(ErrorTexts::argument)
        .filter(a -> a.matches(".*\\w.*"))
        .collect(Collectors.joining(": "));
  }

  private static String argument(String argument) {
    List<String> pieces = split(argument, "+");
    if (pieces.size() == 1 && argument.matches("(?s)(?:new )?[\\w.]+\\(.*")) {
      return text(inside(argument, argument.indexOf('(') + 1));
    }
    StringBuilder text = new StringBuilder();
    for (String piece : pieces) {
      Matcher literal = LITERAL.matcher(piece);
      text.append(literal.matches() ? literal.group(1).replaceAll("%[.\\w]+", "…") : "…");
    }
    return text.toString()
        .replace("\\\"", "\"")
        .replace("\\\\", "\\")
        .replaceAll("…(?:…| …)*", "…")
        .strip();
  }
}
