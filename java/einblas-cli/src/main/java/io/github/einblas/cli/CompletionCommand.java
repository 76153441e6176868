// Command line: scripts that complete commands and options in a shell.
package io.github.einblas.cli;

import java.util.Locale;
import picocli.AutoComplete;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code einblas completion bash}. */
@Command(
    description = "Print a script that completes commands, options and files in a shell.",
    footer = {
      "",
      "bash: source <(./einblas completion bash), or put it into"
          + " ~/.local/share/bash-completion/completions/einblas",
      "zsh:  source <(./einblas completion zsh), behind compinit"
    })
final class CompletionCommand extends BaseCommand {
  /** What there is a script for. */
  enum Shell {
    BASH,
    ZSH;

    /** As one types it, and as completion offers it. */
    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  @Parameters(paramLabel = "SHELL", description = "bash or zsh")
  Shell shell;

  CompletionCommand(Streams io) {
    super(io);
  }

  @Override
  void run() {
    String script = AutoComplete.bash("einblas", spec.root().commandLine());
    if (shell == Shell.ZSH) {
      script = "autoload -U +X bashcompinit && bashcompinit\n" + script;
    }
    io.out().print(script.lines().map(l -> l.stripTrailing() + "\n").reduce("", String::concat));
  }
}
