// Test: the pages and the files of the tree, for what checks one against the other.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

final class Pages {
  static final Path ROOT = Path.of("..", "..").toAbsolutePath().normalize();
  static final Pattern FENCE = Pattern.compile("(?ms)^```.*?^```");
  static final Pattern SPAN = Pattern.compile("`([^`\n]+)`");

  /** Every file that is ours, by its path from the root. */
  static final Map<String, Path> FILES = files();

  static Map<String, Path> files() {
    try (Stream<Path> walk = Files.walk(ROOT)) {
      Map<String, Path> files = new TreeMap<>();
      walk.filter(Files::isRegularFile)
          .filter(p -> !slashed(p).matches("(?:.*/)?(?:target|build|\\.git)/.*"))
          .forEach(p -> files.put(slashed(p), p));
      return files;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static String slashed(Path p) {
    return ROOT.relativize(p).toString().replace('\\', '/');
  }

  static String read(Path p) {
    try {
      return Files.readString(p);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static List<Path> pages() {
    List<Path> pages =
        FILES.entrySet().stream()
            .filter(f -> f.getKey().matches("(?:[A-Z]+|docs/.*|\\.github/.*|examples/[^/]*)\\.md"))
            .map(Map.Entry::getValue)
            .toList();
    assertTrue(pages.size() > 40, () -> "only " + pages);
    return pages;
  }

  static List<Path> sources(String pattern) {
    List<Path> sources =
        FILES.entrySet().stream()
            .filter(f -> f.getKey().matches(pattern))
            .map(Map.Entry::getValue)
            .toList();
    assertTrue(!sources.isEmpty(), pattern);
    return sources;
  }

  static Set<String> all(Collection<Path> files, Pattern pattern) {
    return files.stream()
        .flatMap(p -> pattern.matcher(read(p)).results())
        .map(m -> m.groupCount() == 0 ? m.group() : m.group(1))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private Pages() {}
}
