// Command line: the table of subcommands; only the one that is called is built.
package io.github.einblas.cli;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.UsageMessageSpec;

/**
 * The subcommands by their names. picocli reads the options of a command by reflection: for all of
 * them that takes longer than the JVM's start. So a call builds the command that it names, and help
 * lists the others with the descriptions of their classes.
 */
final class Subcommands {
  private static final String COMPLETION = "completion";
  private static final String HELP = "help";

  private static final Map<String, Class<? extends BaseCommand>> TABLE = new LinkedHashMap<>();

  static {
    TABLE.put("einsum", EinsumCommand.class);
    TABLE.put("explain", ExplainCommand.class);
    TABLE.put("plan", PlanCommand.class);
    TABLE.put("matmul", ProductCommand.Matmul.class);
    TABLE.put("batched-dot", ProductCommand.BatchedDot.class);
    TABLE.put("tensordot", ProductCommand.Tensordot.class);
    TABLE.put("outer", ProductCommand.Outer.class);
    TABLE.put("hadamard-outer", ProductCommand.HadamardOuter.class);
    TABLE.put("kron", ProductCommand.Kron.class);
    TABLE.put("khatri-rao", ProductCommand.KhatriRao.class);
    TABLE.put("face-splitting", ProductCommand.FaceSplitting.class);
    TABLE.put("kron-matmul", KronMatmulCommand.class);
    TABLE.put("block-gemv", BlockCommand.Gemv.class);
    TABLE.put("block-dot", BlockCommand.Dot.class);
    TABLE.put("block-outer", BlockCommand.Outer.class);
    TABLE.put("block-grad", BlockGradientCommand.class);
    TABLE.put("block-train", BlockTrainCommand.class);
    TABLE.put("csr-mm", CsrCommand.class);
    TABLE.put("random", RandomCommand.class);
    TABLE.put("show", ShowCommand.class);
    TABLE.put("convert", ConvertCommand.class);
    TABLE.put("info", InfoCommand.class);
    TABLE.put("tune", TuneCommand.class);
    TABLE.put("demo", DemoCommand.class);
    TABLE.put("port", PortCommand.class);
    TABLE.put(COMPLETION, CompletionCommand.class);
  }

  private Subcommands() {}

  static Collection<String> names() {
    return TABLE.keySet();
  }

  /**
   * Adds what a call may run: the command that stands first; else, as behind an option or behind
   * help, those that any argument names. A file of arguments may name any, and completion asks them
   * all.
   */
  static void addTo(CommandLine line, Streams io, List<String> args) {
    if (!args.isEmpty() && TABLE.containsKey(args.get(0)) && !args.get(0).equals(COMPLETION)) {
      build(args.get(0), line, io);
      return;
    }
    boolean all = args.contains(COMPLETION) || args.stream().anyMatch(a -> a.startsWith("@"));
    for (String name : TABLE.keySet()) {
      if (all || args.contains(name)) {
        build(name, line, io);
      }
    }
    line.addSubcommand(HELP, new CommandLine.HelpCommand());
    line.getHelpSectionMap().put(UsageMessageSpec.SECTION_KEY_COMMAND_LIST, Subcommands::list);
  }

  private static void build(String name, CommandLine line, Streams io) {
    try {
      line.addSubcommand(
          name, TABLE.get(name).getDeclaredConstructor(Streams.class).newInstance(io));
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("the command " + name + " could not be made: " + e, e);
    }
  }

  /** All commands with the first lines of their descriptions, in the order of the table. */
  private static String list(Help help) {
    Map<String, Help> all = new LinkedHashMap<>();
    TABLE.forEach(
        (name, type) -> {
          CommandSpec spec = CommandSpec.create().name(name);
          spec.usageMessage().description(type.getAnnotation(Command.class).description());
          all.put(name, new Help(spec, help.colorScheme()));
        });
    all.put(HELP, help.subcommands().get(HELP));
    return help.commandList(all);
  }
}
