// Command line: which known name was meant by one that is not known.
package io.github.einblas.cli;

import io.github.einblas.cli.port.NearNames;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** Names that differ by few letters. */
final class Suggestions {
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
        NearNames.of(
            name,
            name.startsWith("-")
                ? line.getCommandSpec().optionsMap().keySet()
                : Subcommands.names());
    return near.isEmpty() ? "" : "; did you mean " + String.join(" or ", near) + "?";
  }
}
