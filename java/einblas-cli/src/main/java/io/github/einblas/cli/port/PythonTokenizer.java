// Port: from characters to tokens.
package io.github.einblas.cli.port;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Splits a line of Python into tokens; the last is of kind END. */
final class PythonTokenizer {
  private static final Pattern NUMBER =
      Pattern.compile("(?:\\d+\\.?\\d*|\\.\\d+)(?:[eE][+-]?\\d+)?");
  private static final Pattern SIGN =
      Pattern.compile("\\*\\*|//|\\.\\.\\.|[+\\-*/@]=|[<>=!]=|[-+*/@%()\\[\\],.:=<>&|~^]");
  private static final int MOST_DIGITS = 25;

  private final PythonSource source;
  private final String text;
  private int at;

  private PythonTokenizer(PythonSource source) {
    this.source = source;
    this.text = source.text();
  }

  static List<PythonToken> tokens(PythonSource source) {
    PythonTokenizer tokenizer = new PythonTokenizer(source);
    List<PythonToken> all = new ArrayList<>();
    do {
      all.add(tokenizer.next());
    } while (all.get(all.size() - 1).kind() != PythonToken.Kind.END);
    return all;
  }

  private PythonToken next() {
    while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
      ++at;
    }
    if (at == text.length()) {
      return new PythonToken(PythonToken.Kind.END, "", at);
    }
    int c = text.codePointAt(at);
    if (Character.isUnicodeIdentifierStart(c) || c == '_') {
      return name();
    }
    if (c == '\'' || c == '"') {
      return quoted((char) c);
    }
    Matcher number = NUMBER.matcher(text).region(at, text.length());
    if (!text.startsWith("...", at) && number.lookingAt()) {
      return number(number.end());
    }
    Matcher sign = SIGN.matcher(text).region(at, text.length());
    if (sign.lookingAt()) {
      return token(PythonToken.Kind.SIGN, at, sign.end());
    }
    throw source.wrong(at, "unexpected character " + PythonSource.shown(c) + quoteAdvice(c));
  }

  private static String quoteAdvice(int c) {
    boolean quote =
        Character.getType(c) == Character.INITIAL_QUOTE_PUNCTUATION
            || Character.getType(c) == Character.FINAL_QUOTE_PUNCTUATION;
    return quote || c == '`' ? ": texts stand between ' or \"" : "";
  }

  private PythonToken token(PythonToken.Kind kind, int from, int to) {
    at = to;
    return new PythonToken(kind, text.substring(from, to), from);
  }

  private PythonToken name() {
    int end = at;
    while (end < text.length() && Character.isUnicodeIdentifierPart(text.codePointAt(end))) {
      int c = text.codePointAt(end);
      if (Character.isIdentifierIgnorable(c)) {
        throw source.wrong(end, "unexpected character " + PythonSource.shown(c));
      }
      end += Character.charCount(c);
    }
    if (end < text.length() && (text.charAt(end) == '\'' || text.charAt(end) == '"')) {
      throw source.wrong(at, "texts with a prefix, such as f'...', are not supported");
    }
    return token(PythonToken.Kind.NAME, at, end);
  }

  private PythonToken number(int end) {
    if (end - at > MOST_DIGITS) {
      throw source.wrong(at, "a number of more than " + MOST_DIGITS + " characters");
    }
    if (end < text.length()
        && (Character.isUnicodeIdentifierPart(text.codePointAt(end)) || text.charAt(end) == '_')) {
      throw source.wrong(
          at, "not a decimal number; complex and other forms of numbers are not supported");
    }
    return token(PythonToken.Kind.NUMBER, at, end);
  }

  private PythonToken quoted(char quote) {
    int from = at;
    for (int end = at + 1; end < text.length(); end++) {
      char c = text.charAt(end);
      if (c == quote) {
        at = end + 1;
        return new PythonToken(PythonToken.Kind.TEXT, text.substring(from + 1, end), from);
      }
      if (c == '\\' || c == '\n') {
        throw source.wrong(end, "backslashes and new lines in texts are not supported");
      }
    }
    throw source.wrong(from, "the text that begins here has no " + quote + " at its end");
  }
}
