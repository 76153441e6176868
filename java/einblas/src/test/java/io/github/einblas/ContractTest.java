// docs/contract.md: every promise names tests, and they exist.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class ContractTest {
  private static final Path ROOT = Path.of("..", "..");
  private static final Pattern NAME = Pattern.compile("`([A-Za-z0-9]+)([#.])([A-Za-z0-9]+)`");
  private static final Pattern NATIVE = Pattern.compile("TEST(?:_F)?\\((\\w+), *(\\w+)\\)");

  /**
   * A method that JUnit runs: the first declaration, indented by two, after its annotation;
   * whatever other annotations hold stands between.
   */
  private static final Pattern JAVA =
      Pattern.compile(
          "@(?:Test|TestFactory|ParameterizedTest|Property)\\b"
              + "(?:(?!@Disabled|\n  \\w)[\\s\\S])*+\n  [\\w<>\\[\\],.? ]* (\\w+)\\(");

  private static List<String> rows() throws IOException {
    return Files.readAllLines(ROOT.resolve("docs/contract.md")).stream()
        .filter(l -> l.startsWith("|") && !l.startsWith("| ---") && !l.startsWith("| Promise"))
        .toList();
  }

  private static List<Path> sources(String folder, String ending) throws IOException {
    try (Stream<Path> files = Files.walk(ROOT.resolve(folder))) {
      return files
          .filter(p -> p.toString().endsWith(ending) && !p.toString().contains("target"))
          .toList();
    }
  }

  private static Set<String> tests() throws IOException {
    Set<String> known = new HashSet<>();
    for (Path p : sources("cpp/test", ".cpp")) {
      Matcher m = NATIVE.matcher(Files.readString(p));
      while (m.find()) {
        known.add(m.group(1) + "." + m.group(2));
      }
    }
    for (String module : List.of("einblas", "einblas-cli", "einblas-platform", "einblas-bench")) {
      for (Path p : sources("java/" + module + "/src/test", ".java")) {
        String name = p.getFileName().toString().replace(".java", "");
        Matcher m = JAVA.matcher(Files.readString(p));
        while (m.find()) {
          known.add(name + "#" + m.group(1));
        }
      }
    }
    return known;
  }

  private static List<String> named(String cell) {
    List<String> names = new ArrayList<>();
    Matcher m = NAME.matcher(cell);
    while (m.find()) {
      names.add(m.group(1) + m.group(2) + m.group(3));
    }
    return names;
  }

  @Test
  void everyPromiseNamesTestsThatExist() throws IOException {
    Set<String> known = tests();
    assertTrue(known.contains("ContractTest#everyPromiseNamesTestsThatExist"));
    assertTrue(known.size() > 200, known::toString);
    List<String> wrong = new ArrayList<>();
    List<String> rows = rows();
    for (String row : rows) {
      String[] cells = row.split("(?<!\\\\)\\|", -1);
      if (cells.length != 5 || cells[1].isBlank() || cells[2].isBlank()) {
        wrong.add("not a promise, a place and its tests: " + row);
        continue;
      }
      List<String> names = named(cells[3]);
      if (names.isEmpty()) {
        wrong.add("no test: " + row);
      }
      names.stream()
          .filter(n -> !known.contains(n))
          .forEach(n -> wrong.add("there is no test " + n + ":" + cells[1]));
    }
    assertEquals(List.of(), wrong);
    assertTrue(rows.size() > 20, "only " + rows.size() + " promises");
  }

  /** Two lines of one promise would let one of them rot. */
  @Test
  void noPromiseStandsTwice() throws IOException {
    Set<String> seen = new TreeSet<>();
    for (String row : rows()) {
      assertTrue(seen.add(row.split("\\|", -1)[1].strip()), row);
    }
  }
}
