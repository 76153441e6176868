// The site's pages: every Java block compiles, runs, and prints what the page shows behind it.
package io.github.einblas;

import static io.github.einblas.Pages.ROOT;
import static io.github.einblas.Pages.read;
import static io.github.einblas.Pages.slashed;
import static io.github.einblas.Pages.sources;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * Blocks of one section (## heading) are one program, in their order; the next section starts anew.
 * A block that begins with "static" holds methods for the whole page, one with "public class" is a
 * program of its own. A {@code text} block right behind a Java block, a line of words between them
 * at most, is what it prints: to the letter; a {@code varies} block in the first word of each line,
 * where numbers and kernels are the machine's.
 */
class SitePagesTest {
  private static final Pattern BLOCK =
      Pattern.compile(
          ("(?ms)^(## [^NL]*)$|^```javaNL(.*?)^```NL(?:NL?[^NL`#]*NL)?NL?"
                  + "(?:```(?:text|(varies))?NL(.*?)^```)?")
              .replace("NL", "\\n"));
  private static final String MARK = "\u0001";

  @TempDir Path folder;

  private record Block(String code, String prints, boolean varies) {}

  private static final class Program {
    final List<Block> own = new ArrayList<>();
    final List<String> methods = new ArrayList<>();
    final List<List<Block>> sections = new ArrayList<>(List.of(new ArrayList<>()));

    Program(String page) {
      for (MatchResult m : BLOCK.matcher(page).results().toList()) {
        if (m.group(1) != null) {
          sections.add(new ArrayList<>());
          continue;
        }
        Block block = new Block(m.group(2), m.group(4), m.group(3) != null);
        if (block.code.startsWith("static ")) {
          methods.add(block.code);
        } else if (block.code.contains("public class ")) {
          own.add(block);
        } else {
          sections.get(sections.size() - 1).add(block);
        }
      }
      sections.removeIf(List::isEmpty);
    }

    String text(String name) {
      StringBuilder text = new StringBuilder(JavaPrograms.IMPORTS);
      text.append("public class ").append(name).append(" {\n");
      methods.forEach(text::append);
      for (int s = 0; s < sections.size(); s++) {
        text.append("static void section").append(s).append("() throws Exception {\n");
        for (Block b : sections.get(s)) {
          text.append(b.code).append("System.out.print(\"\\u0001\");\n");
        }
        text.append("}\n");
      }
      return text.append("}\n").toString();
    }
  }

  @TestFactory
  Stream<DynamicTest> everyBlockRunsAndPrintsWhatThePageShows() {
    List<Path> pages = new ArrayList<>(sources("docs/site/[a-z-]+\\.md"));
    pages.add(ROOT.resolve("README.md"));
    return pages.stream().map(p -> DynamicTest.dynamicTest(slashed(p), () -> run(p)));
  }

  private void run(Path page) throws IOException {
    String name = page.getFileName().toString().replaceAll("\\W", "_");
    Program program = new Program(read(page));
    for (Block own : program.own) {
      String type = own.code.replaceFirst("(?s).*public class (\\w+).*", "$1");
      Class<?> main = JavaPrograms.compile(folder.resolve(name), type, own.code);
      compare(page, own, JavaPrograms.printed(main, "main", (Object) new String[0]));
    }
    Class<?> type = JavaPrograms.compile(folder.resolve(name), name, program.text(name));
    for (int s = 0; s < program.sections.size(); s++) {
      String[] prints = JavaPrograms.printed(type, "section" + s).split(MARK, -1);
      for (int i = 0; i < program.sections.get(s).size(); i++) {
        compare(page, program.sections.get(s).get(i), prints[i]);
      }
    }
  }

  /** With {@code -Deinblas.site.write=true} the page is given what its blocks print. */
  private static void compare(Path page, Block block, String printed) throws IOException {
    if (Boolean.getBoolean("einblas.site.write")
        && block.prints != null
        && !lines(block.prints, block.varies).equals(lines(printed, block.varies))) {
      String text = read(page);
      int from = text.indexOf(block.prints, text.indexOf(block.code) + block.code.length());
      from = block.prints.isEmpty() ? text.indexOf("```text", text.indexOf(block.code)) : from;
      from = block.prints.isEmpty() ? text.indexOf('\n', from) + 1 : from;
      String rest = text.substring(from + block.prints.length());
      Files.writeString(page, text.substring(0, from) + printed.stripTrailing() + "\n" + rest);
      return;
    }
    String shown = block.prints == null ? "" : block.prints;
    assertEquals(lines(shown, block.varies), lines(printed, block.varies), block.code);
  }

  private static String lines(String text, boolean varies) {
    return text.stripTrailing()
        .lines()
        .filter(l -> !(varies && l.strip().startsWith("unreliable"))) // a busy machine says so
        .map(
            l ->
                varies
                    ? l.strip().split("\\s+", 2)[0].replaceAll("[0-9.]+", "0")
                    : l.stripTrailing())
        .collect(Collectors.joining("\n"));
  }

  /** No page of the site is left out: Java stands in blocks that are called so. */
  @Test
  void pagesHaveBlocks() {
    int blocks = 0;
    for (Path page : sources("docs/site/[a-z-]+\\.md")) {
      Program program = new Program(read(page));
      int found = program.own.size() + program.methods.size();
      found += program.sections.stream().mapToInt(List::size).sum();
      int fences = read(page).split("(?m)^```java", -1).length - 1;
      assertEquals(fences, found, slashed(page));
      blocks += found;
    }
    assertTrue(blocks > 1, "only " + blocks);
  }
}
