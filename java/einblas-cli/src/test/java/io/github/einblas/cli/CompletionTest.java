// Test: the completion script in a real shell.
package io.github.einblas.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class CompletionTest {
  @TempDir Path folder;

  private static boolean isThere(String shell) {
    try {
      Process process = new ProcessBuilder(shell, "-c", "exit 0").start();
      return process.waitFor(30, TimeUnit.SECONDS) && process.exitValue() == 0;
    } catch (IOException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /** What a shell that has sourced the script offers for words, the last of which is begun. */
  private List<String> offered(String shell, String... words) throws Exception {
    Assumptions.assumeTrue(isThere(shell), shell + " is missing");
    Path script = folder.resolve("completion");
    Files.writeString(script, new Program(folder).done("completion", shell).out());
    StringBuilder program = new StringBuilder();
    if (shell.equals("zsh")) {
      program.append("autoload -Uz compinit && compinit -u\n");
    }
    program.append("compopt() { :; }\n"); // which works in a shell that a person types into alone
    program.append("source '").append(script).append("'\nCOMP_WORDS=(");
    for (String word : words) {
      program.append('\'').append(word).append("' ");
    }
    program
        .append(")\nCOMP_CWORD=")
        .append(words.length - 1)
        .append("\nCOMP_LINE='")
        .append(String.join(" ", words))
        .append("'\nCOMP_POINT=${#COMP_LINE}\nCOMPREPLY=()\n")
        // the function that the shell itself would call, not one that this test knows
        .append("f=$(complete -p einblas) || exit 3\nf=${f##*-F }\nf=${f%% *}\n")
        .append("$f einblas '")
        .append(words[words.length - 1])
        .append("' '")
        .append(words[words.length - 2])
        .append("'\nprintf '%s\\n' \"${COMPREPLY[@]}\"\n");
    Path errors = folder.resolve("errors");
    Process process =
        new ProcessBuilder(shell, "-c", program.toString())
            .directory(folder.toFile())
            .redirectError(errors.toFile())
            .start();
    process.getOutputStream().close();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertTrue(process.waitFor(60, TimeUnit.SECONDS));
    assertEquals("", Files.readString(errors));
    return out.lines().map(String::strip).filter(l -> !l.isEmpty()).sorted().toList();
  }

  @Test
  void bashCompletesCommands() throws Exception {
    assertEquals(List.of("einsum"), offered("bash", "einblas", "ei"));
    assertEquals(List.of("plan", "port"), offered("bash", "einblas", "p"));
    assertEquals(List.of(), offered("bash", "einblas", "frob"));
  }

  @Test
  void bashCompletesOptions() throws Exception {
    List<String> einsum = offered("bash", "einblas", "einsum", "--");
    assertTrue(
        einsum.containsAll(List.of("--help", "--output", "--plan", "--threads", "--profile")),
        einsum::toString);
    List<String> port = offered("bash", "einblas", "port", "--s");
    assertEquals(List.of("--seed", "--shapes"), port);
    List<String> types = offered("bash", "einblas", "port", "--dtype", "F");
    assertEquals(List.of("F16", "F32", "F64"), types);
  }

  @Test
  void bashCompletesCommandsOfHelp() throws Exception {
    assertEquals(List.of("plan", "port"), offered("bash", "einblas", "help", "p"));
  }

  @Test
  void bashCompletesShells() throws Exception {
    assertEquals(List.of("bash", "zsh"), offered("bash", "einblas", "completion", ""));
    assertEquals(List.of("zsh"), offered("bash", "einblas", "completion", "z"));
  }

  @Test
  void zshCompletesCommands() throws Exception {
    assertEquals(List.of("einsum"), offered("zsh", "einblas", "ei"));
  }
}
