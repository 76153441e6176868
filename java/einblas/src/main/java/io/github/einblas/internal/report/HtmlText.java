// Explanations: what a page and its pictures are written with.
package io.github.einblas.internal.report;

import java.util.Locale;

/** Text of XHTML, in which nothing that a caller named is markup. */
final class HtmlText {
  private final StringBuilder out = new StringBuilder(1 << 14);

  /** Markup, with {@code %s} for escaped values. */
  HtmlText add(String markup, Object... values) {
    Object[] escaped = values.clone();
    for (int i = 0; i < escaped.length; i++) {
      if (escaped[i] instanceof String s) {
        escaped[i] = escaped(s);
      }
    }
    out.append(values.length == 0 ? markup : String.format(Locale.ROOT, markup, escaped));
    return this;
  }

  /** Markup as it is. */
  HtmlText raw(CharSequence markup) {
    out.append(markup);
    return this;
  }

  @Override
  public String toString() {
    return out.toString();
  }

  /** A text in which no character means markup, nor is one that XML forbids. */
  static String escaped(String text) {
    StringBuilder s = new StringBuilder(text.length() + 16);
    text.codePoints()
        .forEach(
            c -> {
              switch (c) {
                case '&' -> s.append("&amp;");
                case '<' -> s.append("&lt;");
                case '>' -> s.append("&gt;");
                case '"' -> s.append("&quot;");
                case '\'' -> s.append("&#39;");
                default -> s.appendCodePoint(isAllowed(c) ? c : 0xfffd);
              }
            });
    return s.toString();
  }

  private static boolean isAllowed(int c) {
    return c == '\t'
        || c == '\n'
        || (c >= 0x20 && c < 0x7f)
        || (c >= 0xa0 && c < 0xd800)
        || (c >= 0xe000 && c < 0xfffe)
        || c >= 0x10000;
  }

  /** A text of so many code points at most, the last of which says that there were more. */
  static String cut(String text, int most) {
    return text.codePointCount(0, text.length()) <= most
        ? text
        : text.substring(0, text.offsetByCodePoints(0, most - 1)) + "\u2026";
  }
}
