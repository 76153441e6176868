// docs/design.md: its tables, its picture and its decisions are those of the tree.
package io.github.einblas;

import static io.github.einblas.Pages.ROOT;
import static io.github.einblas.Pages.SPAN;
import static io.github.einblas.Pages.all;
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
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class DesignTest {
  private static final Path DECISIONS = ROOT.resolve("docs/decisions");

  /** The tables of design.md name the packages and folders that there are, no more and no less. */
  @Test
  void roomsAreThoseOfTheDesign() throws IOException {
    String design = read(ROOT.resolve("docs/design.md"));
    String internal = "java/einblas/src/main/java/io/github/einblas/internal";
    Set<String> rooms = firstCells(design, "| room |");
    assertTrue(
        rooms.containsAll(folders(internal)), () -> rooms + " lacks a folder of " + internal);
    assertEquals(folders("cpp/src"), firstCells(design, "| folder |"));
  }

  /**
   * The rows of the table of Java's rooms are the floors of ArchitectureTest, from the cellar up.
   */
  @Test
  void floorsAreThoseOfTheArchitectureTest() {
    String test = read(sources("java/.*/ArchitectureTest\\.java").get(0));
    String floors = test.substring(test.indexOf("ROOMS ="));
    Pattern floor = Pattern.compile("Set\\.of\\(([^)]*)\\)");
    assertEquals(
        floor
            .matcher(floors.substring(0, floors.indexOf(';')))
            .results()
            .map(m -> new TreeSet<>(List.of(m.group(1).replaceAll("[\"\\s]", "").split(","))))
            .toList(),
        rows("| room |")
            .map(
                cells ->
                    SPAN.matcher(cells[1])
                        .results()
                        .map(m -> m.group(1))
                        .collect(Collectors.toCollection(TreeSet::new)))
            .toList());
  }

  private static Stream<String[]> rows(String heading) {
    return read(ROOT.resolve("docs/design.md"))
        .lines()
        .dropWhile(l -> !l.startsWith(heading))
        .skip(2)
        .takeWhile(l -> l.startsWith("|"))
        .map(l -> l.split("\\|"));
  }

  /** The table of the C++ rooms says what the check of includes lets through. */
  @Test
  void includesAreThoseOfTheDesign() {
    Map<String, Set<String>> allowed = new TreeMap<>();
    Set<String> rooms = firstCells(read(ROOT.resolve("docs/design.md")), "| folder |");
    Pattern.compile("set\\(MAY_(\\w+) ([^)]*)\\)")
        .matcher(read(ROOT.resolve("cmake/check_rooms.cmake")))
        .results()
        .filter(m -> rooms.contains(m.group(1)))
        .forEach(
            m -> {
              Set<String> others = new TreeSet<>(List.of(m.group(2).replace("\"", "").split(" ")));
              others.removeAll(Set.of(m.group(1), ""));
              allowed.put(m.group(1), others);
            });
    Map<String, Set<String>> said = new TreeMap<>();
    rows("| folder |")
        .forEach(
            cells ->
                said.put(
                    cells[1].replaceAll("[` ]", ""),
                    SPAN.matcher(cells[3])
                        .results()
                        .map(m -> m.group(1))
                        .collect(Collectors.toCollection(TreeSet::new))));
    assertEquals(allowed, said);
  }

  private static Set<String> folders(String parent) throws IOException {
    try (Stream<Path> files = Files.list(ROOT.resolve(parent))) {
      return files
          .filter(Files::isDirectory)
          .map(p -> p.getFileName().toString())
          .collect(Collectors.toCollection(TreeSet::new));
    }
  }

  /** Words in backticks of the first column of the table whose heading begins so. */
  private static Set<String> firstCells(String page, String heading) {
    return page.lines()
        .dropWhile(l -> !l.startsWith(heading))
        .skip(2)
        .takeWhile(l -> l.startsWith("|"))
        .flatMap(l -> SPAN.matcher(l.split("\\|")[1]).results())
        .map(m -> m.group(1))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /** What stands in pictures as code is checked as in text. */
  @Test
  void picturesNameWhatThereIs() {
    Set<String> words =
        all(
            sources("(?:java/.*/main|cpp/(?:src|include))/.*\\.(?:java|cpp|hpp|h|inl)"),
            Pattern.compile("\\b([A-Za-z_]\\w{3,})\\b"));
    Pattern code = Pattern.compile("class=\"code\"[^>]*>([^<]*)<");
    List<String> wrong = new ArrayList<>();
    for (Path picture : sources("docs/[^/]*\\.svg")) {
      code.matcher(read(picture))
          .results()
          .flatMap(m -> Stream.of(m.group(1).split("\\W+")))
          .filter(w -> !words.contains(w) && w.length() > 3)
          .forEach(w -> wrong.add(slashed(picture) + ": " + w));
    }
    assertEquals(List.of(), wrong);
  }

  @Test
  void decisionsAreNumberedAndLinked() throws IOException {
    String design = read(ROOT.resolve("docs/design.md"));
    List<String> wrong = new ArrayList<>();
    int number = 0;
    try (Stream<Path> files = Files.list(DECISIONS)) {
      for (Path p : files.sorted().toList()) {
        String name = p.getFileName().toString();
        String expected = String.format(Locale.ROOT, "%03d", ++number);
        if (!name.matches(expected + "-[a-z-]+\\.md")) {
          wrong.add(name + ": expected " + expected + "-title.md");
        }
        if (!read(p).startsWith("# " + expected + " ")) {
          wrong.add(name + ": its heading");
        }
        if (!design.contains("](decisions/" + name + ")")) {
          wrong.add(name + ": not in docs/design.md");
        }
      }
    }
    assertEquals(List.of(), wrong);
  }
}
