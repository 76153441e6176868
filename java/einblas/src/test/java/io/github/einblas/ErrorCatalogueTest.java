// The error catalogue: every text that the library throws has a cause and a cure on the site's
// page.
package io.github.einblas;

import static io.github.einblas.Pages.ROOT;
import static io.github.einblas.Pages.read;
import static io.github.einblas.Pages.sources;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class ErrorCatalogueTest {
  private static final String FILE = "docs/mkdocs/errors.txt";
  private static final Path PAGE = ROOT.resolve("docs/site/errors.md");
  private static final String HINT =
      "; give each a line in " + FILE + ", with its cause (?) and cure (!)";

  private static final String INTRODUCTION =
      """
      # Errors

      Every text that the library throws, with its cause and what to do. Search for a few words of yours; `…` stands for a
      value. Made from the sources: do not edit this page but %s.

      Types stand behind a text where they are not `IllegalArgumentException`. A `NullPointerException` names the argument
      that is null. A refused call changes nothing.

      ## Native memory and overflow

      | text | why | what to do |
      |---|---|---|
      | `needs … bytes of native memory; …`<br>`NativeMemoryException` | The machine, the container or `Einblas.setNativeMemoryLimit` leaves less; the text says which, and the collector was asked before. | Close tensors, set `PlanOptions.withMemoryLimit`, or raise the limit. `isOutputUntouched` says whether the output was written. |
      | `plan of …: its result is …, beyond … (… to …); the output is untouched`<br>`IntegerOverflowException` | `withCheckedIntegers` found a number that its type cannot hold. | Take a wider type by `withOutputType`, or leave the check out where wrapping is meant. |
      """;

  private record Group(List<String> texts, String cause, String cure) {}

  private static Map<String, List<Group>> catalogue() {
    Map<String, List<Group>> sections = new LinkedHashMap<>();
    List<Group> section = List.of();
    List<String> texts = new ArrayList<>();
    String cause = "";
    for (String line : read(ROOT.resolve(FILE)).lines().toList()) {
      if (line.startsWith("# ")) {
        section = new ArrayList<>();
        sections.put(line.substring(2), section);
      } else if (line.startsWith("? ")) {
        cause = line.substring(2).strip();
      } else if (line.startsWith("! ")) {
        section.add(new Group(List.copyOf(texts), cause, line.substring(2).strip()));
        texts.clear();
        cause = "";
      } else if (!line.isBlank() && !line.startsWith(";")) {
        texts.add(line);
      }
    }
    assertEquals(List.of(), texts, "texts without a cause and a cure");
    return sections;
  }

  private static List<Group> groups() {
    return catalogue().values().stream().flatMap(List::stream).toList();
  }

  /** Each text of the sources, and what is thrown with it. */
  private static Map<String, Set<String>> thrown() {
    Map<String, Set<String>> all = new TreeMap<>();
    for (Path source : sources("java/einblas/src/main/java/.*\\.java")) {
      for (ErrorTexts.Found found : ErrorTexts.of(read(source))) {
        all.computeIfAbsent(found.text(), t -> new TreeSet<>()).add(found.thrown());
      }
    }
    return all;
  }

  @Test
  void everyTextOfTheSourcesIsThere() {
    Set<String> listed =
        groups().stream().flatMap(g -> g.texts().stream()).collect(Collectors.toSet());
    Set<String> missing = new TreeSet<>(thrown().keySet());
    assertTrue(missing.size() > 300, () -> "only " + missing.size() + " texts are found");
    missing.removeAll(listed);
    assertEquals("", String.join("\n", missing), "texts without an entry" + HINT);
  }

  @Test
  void nothingElseIsThere() {
    Set<String> found = thrown().keySet();
    Set<String> once = new HashSet<>();
    List<String> wrong =
        groups().stream()
            .flatMap(g -> g.texts().stream())
            .filter(t -> !found.contains(t) || !once.add(t))
            .toList();
    assertEquals("", String.join("\n", wrong), "not thrown any more, or listed twice in " + FILE);
  }

  @Test
  void everyEntryHasACauseAndACure() {
    List<Group> wrong =
        groups().stream()
            .filter(
                g ->
                    g.texts().isEmpty()
                        || g.cause().split(" ").length < 3
                        || g.cure().split(" ").length < 3)
            .toList();
    assertEquals(List.of(), wrong);
  }

  /** {@code -Deinblas.site.write=true} writes the page. */
  @Test
  void thePageIsMadeOfThem() throws IOException {
    Map<String, Set<String>> thrown = thrown();
    StringBuilder page = new StringBuilder(INTRODUCTION.formatted("`" + FILE + "`"));
    catalogue()
        .forEach(
            (name, groups) -> {
              page.append("\n## ").append(name).append("\n\n");
              page.append("| text | why | what to do |\n|---|---|---|\n");
              for (Group g : groups) {
                String texts =
                    g.texts().stream()
                        .map(t -> shown(t, thrown.getOrDefault(t, Set.of())))
                        .collect(Collectors.joining("<br>"));
                page.append("| ").append(texts).append(" | ").append(g.cause()).append(" | ");
                page.append(g.cure()).append(" |\n");
              }
            });
    if (Boolean.getBoolean("einblas.site.write")) {
      Files.writeString(PAGE, page);
    }
    assertEquals(page.toString(), read(PAGE), "run this test with -Deinblas.site.write=true");
  }

  private static String shown(String text, Set<String> types) {
    String named =
        types.stream()
            .filter(t -> !t.isEmpty() && !t.equals("IllegalArgumentException"))
            .map(t -> " " + t)
            .collect(Collectors.joining());
    return "`" + text.replace("|", "\\|") + "`" + named;
  }

  @Test
  void textsAreFoundAsTheyAreThrown() {
    String source =
        """
        // throw new IllegalStateException("in a comment");
        throw new IllegalArgumentException(
            "axis " + axis + " of \\"" + name + "\\" has, say, (" + (a ? "x" : "y") + ") elements", e);
        throw bad("matmul", "lengths " + a.length(-1) + " differ", a, b);
        return new IOException(String.format(Locale.ROOT, "%s: %.4g bytes", file, bytes));
        throw new IndexOutOfBoundsException(bad(name, "index " + i, a).getMessage());
        throw e;
        private static IllegalArgumentException bad(String name, String why, Tensor... x) {}
        """;
    assertEquals(
        List.of(
            new ErrorTexts.Found(
                "IllegalArgumentException", "axis … of \"…\" has, say, (…) elements"),
            new ErrorTexts.Found("IllegalArgumentException", "matmul: lengths … differ"),
            new ErrorTexts.Found("IOException", "…: … bytes"),
            new ErrorTexts.Found("IndexOutOfBoundsException", "index …")),
        ErrorTexts.of(source));
  }
}
