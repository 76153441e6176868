package io.github.einblas.architecture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** No Java file is longer than a reader can keep in mind, but for a few that say why. */
class FileLengthTest {
  private static final int LINES = 500;

  /** Files that may be longer, by name, each with its reason. */
  private static final Map<String, String> LONGER =
      Map.ofEntries(
          Map.entry("Tensor.java", "one public type: views, elements, conversions, Javadoc"),
          Map.entry("TensorMathTest.java", "every function against plain loops"),
          Map.entry(
              "EinsumPlan.java", "one public type: runs, reports, gradients, slices, Javadoc"),
          Map.entry("CsrMatrix.java", "one public type: arrays, products, gradients, Javadoc"),
          Map.entry("TensorMath.java", "one list of functions with their Javadoc"),
          Map.entry("Einsum.java", "one public type: each form of call with its Javadoc"),
          Map.entry("TensorOps.java", "one list of operations with their Javadoc"),
          Map.entry("PlanOptions.java", "one value: each option with its Javadoc"),
          Map.entry("BlockSparseTest.java", "every operation against plain loops"));

  @Test
  void filesAreShort() throws IOException {
    Map<String, Long> wrong = longFiles();
    wrong.keySet().removeAll(LONGER.keySet());
    assertEquals(Map.of(), wrong, "longer than " + LINES + " lines: split, or say why in LONGER");
  }

  @Test
  void everyExceptionIsNeeded() throws IOException {
    Set<String> unneeded = new TreeSet<>(LONGER.keySet());
    unneeded.removeAll(longFiles().keySet());
    assertEquals(Set.of(), unneeded, "in LONGER, but no file of that name is so long");
  }

  /** Lines of the files that have more than LINES. */
  private static Map<String, Long> longFiles() throws IOException {
    Map<String, Long> found = new TreeMap<>();
    for (Path file :
        sources(Path.of(System.getProperty("basedir", "")).toAbsolutePath().getParent())) {
      try (Stream<String> all = Files.lines(file)) {
        long lines = all.count();
        if (lines > LINES) {
          found.merge(file.getFileName().toString(), lines, Math::max);
        }
      }
    }
    return found;
  }

  private static List<Path> sources(Path java) throws IOException {
    try (Stream<Path> all = Files.walk(java)) {
      List<Path> sources =
          all.filter(f -> f.toString().endsWith(".java"))
              .filter(f -> f.toString().replace('\\', '/').matches(".*/java/[^/]+/src/.*"))
              .toList();
      assertFalse(sources.isEmpty(), "no sources below " + java);
      return sources;
    }
  }
}
