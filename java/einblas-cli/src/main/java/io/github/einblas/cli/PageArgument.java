// Command line: the page of a plan for a browser.
package io.github.einblas.cli;

import io.github.einblas.PlanReport;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import picocli.CommandLine.Option;

/** {@code --html}. */
final class PageArgument {
  @Option(
      names = "--html",
      paramLabel = "PLAN.html",
      description =
          "write a page for a browser to this file: the tree with hot steps large and red, memory"
              + " over time, a roofline, all steps; with --profile by measured times; - is standard"
              + " output")
  String file;

  boolean isGiven() {
    return file != null;
  }

  /**
   * Refuses a page that cannot be written, or would replace what is read.
   *
   * @param output where else something is written to, or null
   */
  void check(String output, List<String> read, boolean force, Streams io) {
    if (file == null) {
      return;
    }
    boolean printed = TextOutput.of(file, io).isStandardOutput();
    boolean both = output == null ? printed : output.equals(file);
    if (both || (printed && OutputPath.isStandardOutput(output))) {
      throw new InputException(
          "--html and the result cannot both go to " + (printed ? "standard output" : file));
    }
    OutputPath.requireNoInput(file, read, force);
  }

  void write(PlanReport report, Streams io) {
    if (file != null) {
      try {
        TextOutput.of(file, io).write(report.html());
      } catch (IOException e) {
        throw new UncheckedIOException(e.getMessage(), e);
      }
    }
  }
}
