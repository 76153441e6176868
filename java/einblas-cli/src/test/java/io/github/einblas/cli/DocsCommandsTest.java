// The command line in the pages: every command and option is in its --help.
package io.github.einblas.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DocsCommandsTest {
  private static final Path ROOT = Path.of("..", "..");
  private static final Pattern CALL = Pattern.compile("\\./einblas ([a-z][a-z-]*)([^|`\n]*)");
  private static final Pattern OPTION = Pattern.compile("(?<![\\w-])--?[a-zA-Z][\\w-]*");

  @TempDir Path folder;

  private static List<Path> pages() throws IOException {
    List<Path> pages = new ArrayList<>();
    try (Stream<Path> docs = Files.walk(ROOT.resolve("docs"))) {
      docs.filter(p -> p.toString().endsWith(".md")).forEach(pages::add);
    }
    for (String name : List.of("README.md", "CONTRIBUTING.md", "SECURITY.md")) {
      pages.add(ROOT.resolve(name));
    }
    return pages;
  }

  @Test
  void everyCallIsOneThatHelpKnows() throws IOException {
    List<String> wrong = new ArrayList<>();
    int calls = 0;
    for (Path page : pages()) {
      for (MatchResult m : CALL.matcher(Files.readString(page)).results().toList()) {
        if (m.group(1).equals("spark")) {
          continue; // a module of its own, whose tests read the pages too
        }
        ++calls;
        Program.Outcome help = new Program(folder).run(m.group(1), "--help");
        if (help.status() != 0) {
          wrong.add(page + ": no command " + m.group(1));
          continue;
        }
        OPTION
            .matcher(m.group(2).replaceAll("'[^']*'", ""))
            .results()
            .map(MatchResult::group)
            .filter(o -> !Pattern.compile("(?<![\\w-])" + o + "\\b").matcher(help.out()).find())
            .forEach(o -> wrong.add(page + ": " + m.group(1) + " has no " + o));
      }
    }
    assertEquals(List.of(), wrong);
    assertTrue(calls > 10, "only " + calls + " calls");
  }

  @Test
  void everyCommandIsInTheReadme() throws IOException {
    String readme = Files.readString(ROOT.resolve("README.md"));
    String help = new Program(folder).run("--help").out();
    List<String> commands =
        help.substring(help.indexOf("Commands:"))
            .lines()
            .skip(1)
            .takeWhile(l -> l.startsWith("  "))
            .filter(l -> l.matches("  [a-z].*"))
            .map(l -> l.strip().split(" ", 2)[0])
            .toList();
    assertTrue(commands.size() > 15, commands::toString);
    assertEquals(
        List.of(),
        commands.stream()
            .filter(c -> !Pattern.compile("(?:`|\\./einblas )" + c + "[` ]").matcher(readme).find())
            .toList());
  }
}
