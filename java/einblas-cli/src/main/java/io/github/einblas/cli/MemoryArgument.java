// Command line: the option that limits memory, for all commands that compute.
package io.github.einblas.cli;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.Option;

/** {@code --memory-limit}. */
final class MemoryArgument {
  private static final Pattern BYTES = Pattern.compile("([0-9]{1,18})([KMGT]?)(i?B?)");

  @Option(
      names = "--memory-limit",
      paramLabel = "BYTES",
      description =
          "most memory for result, intermediates and workspaces together, such as 500M or 2G"
              + " (powers of 1024); larger contractions are computed slice by slice, where they can be"
              + " cut; what needs more is refused")
  String text;

  boolean isGiven() {
    return text != null;
  }

  /** The bytes of an option that was given. */
  long bytes() {
    Matcher m = BYTES.matcher(text.strip().toUpperCase(Locale.ROOT).replace("I", "i"));
    if (!m.matches()) {
      throw new InputException(
          "--memory-limit needs bytes, such as 1000000, 500M or 2G, not '" + text + "'");
    }
    int power = m.group(2).isEmpty() ? 0 : 10 * ("KMGT".indexOf(m.group(2)) + 1);
    long number = Long.parseLong(m.group(1));
    if (number > Long.MAX_VALUE >> power) {
      throw new InputException("--memory-limit " + text + " is beyond any memory");
    }
    return number << power;
  }
}
