// Command line: the entry: parses arguments, runs a subcommand, gives the exit status.
package io.github.einblas.cli;

import io.github.einblas.Einblas;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Arrays;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.ParameterException;

/** The {@code einblas} program; exits with 0 when done, 2 when the input is wrong, else 1. */
@Command(
    name = "einblas",
    description = "Tensor contractions at machine speed, over .npy files.",
    synopsisSubcommandLabel = "COMMAND",
    footer = {
      "",
      "./einblas spark contracts on Apache Spark: docs/spark.md.",
      "Exit status: 0 done; 2 the input is wrong (one line says what); 130 after Ctrl-C;"
          + " 1 anything else.",
      "Environment: EINBLAS_ISA=base|avx2|avx512|avx512vnni|avx512bf16|neon forces an instruction set."
    })
public final class Main extends BaseCommand {
  static final String VERBOSE = "--verbose";

  private Main(Streams io) {
    super(io);
  }

  /**
   * Runs the program and ends the process.
   *
   * @param args the command line
   */
  public static void main(String[] args) {
    System.exit(run(Streams.ofProcess(), args));
  }

  /** Runs the program on given streams; the exit status. */
  static int run(Streams io, String... args) {
    boolean verbose = Arrays.asList(args).contains(VERBOSE);
    int status;
    try {
      status = commandLine(io, verbose, args).execute(shielded(args));
    } catch (Throwable e) { // Errors too: a native library that does not load, a full heap
      status = Failures.report(e, io, verbose);
    }
    IOException unwritten = io.outputFailure();
    if (unwritten != null && status == Failures.DONE) {
      if (!Failures.isBrokenPipe(unwritten)) {
        io.err()
            .println(
                "einblas: standard output could not be written: " + Failures.reason(unwritten));
      }
      status = Failures.FAILED;
    }
    io.err().flush();
    io.written();
    return status;
  }

  private static CommandLine commandLine(Streams io, boolean verbose, String... args) {
    CommandLine line = new CommandLine(new Main(io));
    Subcommands.addTo(line, io, Arrays.asList(args));
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.setOut(new PrintWriter(io.out(), true, Streams.CHARSET));
    line.setErr(new PrintWriter(io.err(), true, Streams.CHARSET));
    line.setParameterExceptionHandler((e, a) -> usageError(e, io));
    line.setExecutionExceptionHandler((e, command, parsed) -> Failures.report(e, io, verbose));
    return line;
  }

  /**
   * An equation may begin with an arrow, which would be taken for an option; a blank, which
   * equations ignore, shields it.
   */
  private static String[] shielded(String[] args) {
    return Arrays.stream(args).map(a -> a.startsWith("->") ? " " + a : a).toArray(String[]::new);
  }

  private static int usageError(ParameterException failure, Streams io) {
    String command = failure.getCommandLine().getCommandSpec().qualifiedName();
    io.err().println("einblas: " + Suggestions.message(failure) + "; see " + command + " --help");
    return Failures.WRONG_INPUT;
  }

  @Override
  void run() {
    throw new InputException("a command is missing; see einblas --help");
  }

  /** Version of the library, for --version. */
  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      return new String[] {"einblas " + Einblas.version()};
    }
  }
}
