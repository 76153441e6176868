// Command line: which known name was meant by one that is not known.
package io.github.einblas.cli;

import java.util.Collection;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** Names that differ by few letters. */
final class Suggestions {
  private static final int MOST = 3;

  private Suggestions() {}

  /** What is wrong with a call, and what it may have meant. */
  static String message(ParameterException failure) {
    CommandLine line = failure.getCommandLine();
    boolean command =
        failure instanceof UnmatchedArgumentException e
            && !line.getSubcommands().isEmpty()
            && !e.getUnmatched().isEmpty()
            && !e.getUnmatched().get(0).startsWith("-");
    String message =
        command
            ? "there is no command '"
                + ((UnmatchedArgumentException) failure).getUnmatched().get(0)
                + "'"
            : failure.getMessage();
    return Failures.oneLine(message) + of(failure);
  }

  /** What a wrong call may have meant, as an end of its message; empty if nothing is near. */
  private static String of(ParameterException failure) {
    CommandLine line = failure.getCommandLine();
    String given = null;
    if (failure instanceof UnmatchedArgumentException e && !e.getUnmatched().isEmpty()) {
      given = e.getUnmatched().get(0);
    } else if (!line.getSubcommands().isEmpty()) {
      given = failure.getValue(); // of help
    }
    if (given == null) {
      return "";
    }
    int equals = given.indexOf('=');
    String name = given.startsWith("--") && equals > 0 ? given.substring(0, equals) : given;
    List<String> near =
        near(
            name,
            name.startsWith("-")
                ? line.getCommandSpec().optionsMap().keySet()
                : Subcommands.names());
    return near.isEmpty() ? "" : "; did you mean " + String.join(" or ", near) + "?";
  }

  /** The nearest names, if they differ by a third of the letters at most, or go on. */
  static List<String> near(String name, Collection<String> known) {
    int most = Math.max(1, name.length() / 3);
    int best = known.stream().mapToInt(k -> distance(name, k)).min().orElse(Integer.MAX_VALUE);
    if (best > most) {
      return name.length() < 2 || name.equals("--")
          ? List.of()
          : known.stream().filter(k -> k.startsWith(name)).sorted().limit(MOST).toList();
    }
    return known.stream().filter(k -> distance(name, k) == best).sorted().limit(MOST).toList();
  }

  /** Letters to insert, delete, replace or swap with their neighbours. */
  static int distance(String a, String b) {
    int[][] d = new int[a.length() + 1][b.length() + 1];
    for (int i = 0; i <= a.length(); i++) {
      for (int j = 0; j <= b.length(); j++) {
        if (i == 0 || j == 0) {
          d[i][j] = i + j;
          continue;
        }
        int replaced = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
        d[i][j] = Math.min(d[i - 1][j - 1] + replaced, 1 + Math.min(d[i - 1][j], d[i][j - 1]));
        if (i > 1
            && j > 1
            && a.charAt(i - 1) == b.charAt(j - 2)
            && a.charAt(i - 2) == b.charAt(j - 1)) {
          d[i][j] = Math.min(d[i][j], d[i - 2][j - 2] + 1);
        }
      }
    }
    return d[a.length()][b.length()];
  }
}
