// The Javadoc: each public type has an example, and every example compiles and runs.
package io.github.einblas;

import static io.github.einblas.Pages.ROOT;
import static io.github.einblas.Pages.read;
import static io.github.einblas.Pages.sources;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.spi.ToolProvider;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * An example is code in {@code pre}, the form that the tool of JDK 17 takes. What it uses without
 * making it is in site/javadoc.txt. A line that prints has what it prints behind it.
 */
class JavadocExamplesTest {
  private static final Pattern EXAMPLE =
      Pattern.compile("(?s)<pre>\\{@code\n(.*?)\n *\\* *\\}</pre>");
  private static final Pattern PRINTS =
      Pattern.compile("(?m)^ *System\\.out\\.println\\(.*\\); // (.*)$");

  private static final String GIVEN =
      read(ROOT.resolve("java/einblas/src/test/resources/site/javadoc.txt"));

  @TempDir static Path folder;

  private record Given(String file, String text, boolean run, String fields) {}

  private static List<Given> given() {
    List<Given> all = new ArrayList<>();
    for (String section : GIVEN.split("(?m)^== ")) {
      String[] parts = section.split("\n", 2);
      if (parts[0].contains(": ")) {
        String[] key = parts[0].split(": ", 2);
        boolean run = !key[1].matches(".* (?:compile|later)");
        all.add(new Given(key[0], key[1].replaceFirst(" (?:compile|later)$", ""), run, parts[1]));
      }
    }
    return all;
  }

  private static List<Path> types() {
    return sources("java/einblas/src/main/java/io/github/einblas/[\\w-]+\\.java").stream()
        .filter(p -> read(p).contains("\npublic ") || p.endsWith("package-info.java"))
        .toList();
  }

  private static List<String> examples(Path source) {
    return EXAMPLE
        .matcher(read(source))
        .results()
        .map(m -> m.group(1).replaceAll("(?m)^ *\\* ?", ""))
        .toList();
  }

  @Test
  void everyPublicTypeHasAnExample() {
    List<String> without =
        types().stream()
            .filter(p -> !read(p).split("(?m)^public ", 2)[0].contains("<pre>{@code"))
            .map(p -> p.getFileName().toString())
            .toList();
    assertEquals(List.of(), without);
  }

  /** The tool itself, with every group of its checks, finds nothing missing or wrong. */
  @Test
  void doclintFindsNothing() throws IOException {
    Path sources = folder.resolve("sources");
    for (Path source : sources("java/einblas/src/main/java/io/.*\\.java")) {
      Path copy = sources.resolve(ROOT.resolve("java/einblas/src/main/java").relativize(source));
      Files.createDirectories(copy.getParent());
      Files.copy(source, copy); // without the module, so that the class path serves
    }
    StringWriter says = new StringWriter();
    int status =
        ToolProvider.findFirst("javadoc")
            .orElseThrow()
            .run(
                new PrintWriter(says, true),
                new PrintWriter(says, true),
                "-quiet",
                "-Xdoclint:all",
                "-Xmaxwarns",
                "1000",
                "-d",
                folder.resolve("javadoc").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                "-sourcepath",
                sources.toString(),
                "io.github.einblas");
    assertEquals("", says.toString());
    assertEquals(0, status);
  }

  @Test
  void nothingIsGivenThatNoExampleUses() {
    List<Given> used = new ArrayList<>();
    for (Path source : types()) {
      examples(source).forEach(e -> used.addAll(given(source, e)));
    }
    assertEquals(List.of(), given().stream().filter(g -> !used.contains(g)).toList());
  }

  private static List<Given> given(Path source, String example) {
    String name = source.getFileName().toString().replace(".java", "");
    return given().stream()
        .filter(g -> (g.file.equals(name) || g.file.equals("*")) && example.contains(g.text))
        .limit(1)
        .toList();
  }

  @TestFactory
  Stream<DynamicTest> everyExampleRuns() {
    List<DynamicTest> tests = new ArrayList<>();
    for (Path source : types()) {
      List<String> examples = examples(source);
      for (int i = 0; i < examples.size(); i++) {
        String name = source.getFileName().toString().replaceAll("\\W|java$", "") + "_" + i;
        String example = examples.get(i);
        tests.add(DynamicTest.dynamicTest(name, () -> check(source, name, example)));
      }
    }
    assertTrue(tests.size() > 40, () -> "only " + tests.size());
    return tests.stream();
  }

  private static void check(Path source, String name, String example) throws IOException {
    List<Given> given = given(source, example);
    String fields = given.isEmpty() ? "" : given.get(0).fields;
    if (!given.isEmpty()
        && GIVEN.contains("== " + given.get(0).file + ": " + given.get(0).text + " later\n")) {
      return;
    }
    String text =
        JavaPrograms.IMPORTS
            + "public class "
            + name
            + " {\n"
            + fields
            + (example.startsWith("static ") ? example + "\n" : "")
            + "static void example() throws Exception {\n"
            + (example.startsWith("static ") ? "" : example)
            + "\n}\n}\n";
    Class<?> type = JavaPrograms.compile(folder.resolve(name), name, text);
    if (given.isEmpty() || given.get(0).run) {
      List<String> shown =
          PRINTS.matcher(example).results().map((MatchResult m) -> m.group(1)).toList();
      assertEquals(shown, JavaPrograms.printed(type, "example").lines().toList());
    }
  }
}
