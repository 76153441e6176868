// Rivals: lines of the report.
package io.github.einblas.bench.rivals;

import java.util.Locale;

/** Markdown, line by line. */
final class Text {
  private final StringBuilder lines = new StringBuilder();

  void line(String format, Object... values) {
    lines
        .append(values.length == 0 ? format : String.format(Locale.ROOT, format, values))
        .append('\n');
  }

  /** Three digits. */
  static String number(double v) {
    String format = v >= 100 ? "%.0f" : v >= 10 ? "%.1f" : v >= 0.1 ? "%.2f" : "%.3f";
    return String.format(Locale.ROOT, format, v);
  }

  /** "75 % of B"; a dash where no bound was measured. */
  static String share(double share, String limit) {
    return Double.isNaN(share)
        ? "-"
        : String.format(Locale.ROOT, "%.0f %% of %s", 100 * share, limit);
  }

  static String bold(String words, boolean when) {
    return when ? "**" + words + "**" : words;
  }

  @Override
  public String toString() {
    return lines.toString();
  }
}
