// Command line: what every subcommand shares.
package io.github.einblas.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** A subcommand with --help, --version and --verbose. */
@Command(
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    sortOptions = false,
    usageHelpAutoWidth = true)
abstract class BaseCommand implements Callable<Integer> {
  final Streams io;

  @Spec CommandSpec spec;

  @Option(names = Main.VERBOSE, order = 100, description = "print the stack trace of a failure")
  boolean verbose;

  BaseCommand(Streams io) {
    this.io = io;
  }

  @Override
  public final Integer call() throws Exception {
    run();
    return Failures.DONE;
  }

  abstract void run() throws Exception;
}
