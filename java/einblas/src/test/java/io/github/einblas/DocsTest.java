// The pages: what they name exists, what must be named is, and they stay short.
package io.github.einblas;

import static io.github.einblas.Pages.FENCE;
import static io.github.einblas.Pages.FILES;
import static io.github.einblas.Pages.ROOT;
import static io.github.einblas.Pages.SPAN;
import static io.github.einblas.Pages.all;
import static io.github.einblas.Pages.pages;
import static io.github.einblas.Pages.read;
import static io.github.einblas.Pages.slashed;
import static io.github.einblas.Pages.sources;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class DocsTest {
  private static final Path KERNELS = ROOT.resolve("docs/kernels");

  private static final Pattern LINK = Pattern.compile("\\[[^\\]]*\\]\\(([^)\\s]+)\\)");
  private static final Pattern PATH =
      Pattern.compile(
          "(?<![\\w/.$-])(?:cpp|docs|java|presets|cmake|examples|\\.ci|\\.github)/[\\w./-]*\\w");
  private static final Pattern FILE =
      Pattern.compile("(?<![\\w/.-])[\\w-]+\\.(?:cpp|hpp|inl|java|cmake|yml)(?!\\w)");
  private static final Pattern NAME =
      Pattern.compile("(?<![\\w.<-])([A-Z][a-z]\\w*)(?:[.#](\\w+))?(?![\\w*])");
  private static final Pattern TYPE =
      Pattern.compile("\\b(?:class|interface|record|enum|struct|enum class)\\s+([A-Z]\\w*)");
  private static final Pattern NATIVE_TEST = Pattern.compile("TEST(?:_F|_P)?\\((\\w+), *(\\w+)\\)");
  private static final Pattern OPTION = Pattern.compile("(?<![\\w-])--[a-z][\\w-]*\\w");
  private static final Pattern VARIABLE = Pattern.compile("\\bEINBLAS_[A-Z0-9_]+");

  /** Names of others, and placeholders: what a reader looks up elsewhere. */
  private static final Set<String> FOREIGN =
      Set.of(
          "ActiveProcessorCount", // of the JVM
          "ArrowBuf", // of Apache Arrow
          "EagerSession", // of TensorFlow
          "Example", // the README's class
          "MemorySegment", // of JDK 22
          "Hello", // getting started
          "GoogleTest",
          "Ninja",
          "PointerScope", // of JavaCPP
          "InPlace", // ends names
          "SparseBlockGemv", // of Theano
          "SparseBlockOuter",
          "Suite", // Suite.Name
          "None", // of Python
          "True",
          "Nd4j", // of ND4J
          "DataType",
          "Transforms");

  /** Options of cmake, mvn, git, java, valgrind, gtest and MKL's users. */
  private static final Set<String> FOREIGN_OPTIONS =
      Set.of(
          "--preset",
          "--build",
          "--parallel",
          "--no-install-recommends",
          "--enable-native-access",
          "--add-modules",
          "--follow",
          "--target_class");

  /** The pages that say what is, not what was, but the one that quotes texts of the sources. */
  private static List<Path> lasting() {
    return pages().stream()
        .filter(p -> !p.endsWith("CHANGELOG.md") && !p.endsWith("errors.md"))
        .toList();
  }

  /** Of each page, what the pattern finds in its text and the predicate does not know. */
  private static List<String> unknown(Pattern pattern, Predicate<MatchResult> known) {
    List<String> wrong = new ArrayList<>();
    for (Path page : lasting()) {
      pattern
          .matcher(read(page))
          .results()
          .filter(known.negate())
          .forEach(m -> wrong.add(slashed(page) + ": " + m.group()));
    }
    return wrong;
  }

  @Test
  void linksLeadSomewhere() {
    List<String> wrong = new ArrayList<>();
    int links = 0;
    for (Path page : pages()) {
      for (MatchResult m :
          LINK.matcher(FENCE.matcher(read(page)).replaceAll("")).results().toList()) {
        String target = m.group(1);
        if (target.matches("[a-z]+:.*")) {
          continue;
        }
        ++links;
        String[] parts = target.split("#", 2);
        Path to = parts[0].isEmpty() ? page : page.resolveSibling(parts[0]).normalize();
        boolean there = Files.exists(to);
        if (!there || (parts.length == 2 && !anchors(to).contains(parts[1]))) {
          wrong.add(slashed(page) + ": " + target);
        }
      }
    }
    assertEquals(List.of(), wrong);
    assertTrue(links > 60, "only " + links + " links");
  }

  /** Anchors as GitHub makes them of headings. */
  private static Set<String> anchors(Path page) {
    return read(page)
        .lines()
        .filter(l -> l.startsWith("#"))
        .map(l -> l.replaceFirst("^#+ *", "").toLowerCase(Locale.ROOT))
        .map(l -> l.replaceAll("[^\\w\\- ]", "").replace(' ', '-'))
        .collect(Collectors.toSet());
  }

  @Test
  void pathsExist() {
    Set<String> names =
        FILES.values().stream().map(p -> p.getFileName().toString()).collect(Collectors.toSet());
    List<String> wrong =
        unknown(
            PATH,
            m -> {
              String path = m.group();
              if (path.contains("/.../")) { // somewhere below
                return names.contains(path.replaceFirst(".*/", ""));
              }
              return path.contains("NNN") // a number to come
                  || path.matches(".*(?:/target|/prebuilt)(?:/.*)?")
                  || Files.exists(ROOT.resolve(path));
            });
    wrong.addAll(unknown(FILE, m -> names.contains(m.group())));
    assertEquals(List.of(), wrong);
  }

  @Test
  void pagesNamedInSourcesExist() {
    Pattern page = Pattern.compile("\\bdocs/[\\w/-]+\\.md");
    Set<String> named =
        all(
            sources(
                "(?:cpp|java|cmake)/.*\\.(?:java|cpp|hpp|h|inl|txt|cmake|py|xml)|\\.ci/.*|einblas|einblas-bench"),
            page);
    named.removeIf(p -> Files.exists(ROOT.resolve(p)));
    assertEquals(Set.of(), named);
  }

  @Test
  void typesAndMembersExist() {
    Map<String, String> java = new TreeMap<>();
    for (Path p : sources("java/.*\\.java")) {
      String text = read(p);
      String file = p.getFileName().toString().replace(".java", "");
      java.merge(file, text, String::concat);
      TYPE.matcher(text).results().forEach(m -> java.merge(m.group(1), text, String::concat));
    }
    Set<String> known = all(sources("cpp/.*\\.(?:cpp|hpp|h|inl)"), TYPE);
    Set<String> tests =
        sources("cpp/test/.*\\.cpp").stream()
            .flatMap(p -> NATIVE_TEST.matcher(read(p)).results())
            .flatMap(m -> Stream.of(m.group(1), m.group(1) + "." + m.group(2)))
            .collect(Collectors.toSet());
    List<String> wrong = new ArrayList<>();
    int checked = 0;
    for (Path page : lasting()) {
      for (String code : codeOf(read(page))) {
        for (MatchResult m : NAME.matcher(code).results().toList()) {
          String type = m.group(1);
          String member = m.group(2);
          ++checked;
          boolean there =
              tests.contains(m.group().replace('#', '.'))
                  || (java.containsKey(type)
                      && (member == null || mentions(java.get(type), member)))
                  || known.contains(type)
                  || isOfJava(type)
                  || FOREIGN.contains(type);
          if (!there) {
            wrong.add(slashed(page) + ": " + m.group());
          }
        }
      }
    }
    assertEquals(List.of(), wrong);
    assertTrue(checked > 200, "only " + checked + " names");
  }

  /** Words in backticks, and lines of Java without their comments and texts. */
  private static List<String> codeOf(String page) {
    List<String> code = new ArrayList<>();
    FENCE
        .matcher(page)
        .results()
        .filter(m -> m.group().startsWith("```java"))
        .flatMap(m -> m.group().lines())
        .map(l -> l.replaceAll("//.*|\"[^\"]*\"", ""))
        .forEach(code::add);
    SPAN.matcher(FENCE.matcher(page).replaceAll("")).results().forEach(m -> code.add(m.group(1)));
    return code;
  }

  private static boolean mentions(String text, String word) {
    return Pattern.compile("\\b" + word + "\\b").matcher(text).find();
  }

  private static boolean isOfJava(String type) {
    return Stream.of(
            "java.lang",
            "java.io",
            "java.util",
            "java.nio",
            "java.nio.channels",
            "java.nio.file",
            "java.lang.ref",
            "java.time",
            "java.util.concurrent")
        .anyMatch(
            p -> {
              try {
                Class.forName(p + "." + type, false, DocsTest.class.getClassLoader());
                return true;
              } catch (ClassNotFoundException e) {
                return false;
              }
            });
  }

  /** The first table of the index is the library's list in its order; each row has its page. */
  @Test
  void kernelPagesAreThoseOfTheLibrary() {
    String index = read(KERNELS.resolve("README.md"));
    Pattern row = Pattern.compile("(?m)^\\| \\[(\\w+)\\]\\((\\w+)\\.md\\) \\|");
    List<String> rows = new ArrayList<>();
    row.matcher(index).results().forEach(m -> rows.add(m.group(1) + " " + m.group(2)));
    List<String> kernels = Einblas.kernels();
    assertEquals(kernels.stream().map(k -> k + " " + k).toList(), rows.subList(0, kernels.size()));
    Set<String> pages =
        sources("docs/kernels/\\w+\\.md").stream()
            .map(p -> p.getFileName().toString().replace(".md", ""))
            .filter(p -> !p.equals("README"))
            .map(p -> p + " " + p)
            .collect(Collectors.toCollection(TreeSet::new));
    assertEquals(pages, new TreeSet<>(rows));
  }

  @Test
  void kernelPagesSayTheSameThings() {
    List<String> wrong = new ArrayList<>();
    for (Path page : sources("docs/kernels/[a-z]\\w*\\.md")) {
      String text = read(page);
      for (String part :
          List.of("When it is taken", "How it works", "What bounds it", "Figures", "Where")) {
        if (!text.contains("\n## " + part + "\n")) {
          wrong.add(slashed(page) + ": lacks " + part);
        }
      }
      String figures = text.replaceAll("(?s).*\n## Figures\n|\n## .*", "");
      if (figures.split("\n\\|---", -1).length != 2) {
        wrong.add(slashed(page) + ": figures are one table");
      }
      int words = words(text);
      if (words > 800) {
        wrong.add(slashed(page) + ": " + words + " words");
      }
    }
    assertEquals(List.of(), wrong);
  }

  private static int words(String text) {
    return (int) Stream.of(text.split("\\s+")).filter(w -> w.matches(".*[A-Za-z0-9].*")).count();
  }

  /** Paragraphs of all pages; tables and code are not prose. */
  @Test
  void paragraphsAreShort() {
    List<String> wrong = new ArrayList<>();
    for (Path page : sources("[A-Z]+\\.md|docs/.*\\.md")) {
      String text = FENCE.matcher(read(page)).replaceAll("");
      for (String part : text.split("\n\\s*\n|\n(?=\\s*(?:[-*]|\\d+\\.) )|\n(?=\\|)|(?<=\\|)\n")) {
        boolean prose = !part.startsWith("|") && !part.startsWith("    ");
        if (prose && words(part) > 80) {
          wrong.add(
              slashed(page)
                  + ": "
                  + words(part)
                  + " words: "
                  + part.strip().lines().findFirst().orElse(""));
        }
      }
    }
    assertEquals(List.of(), wrong);
  }

  @Test
  void optionsExist() {
    Set<String> ours =
        all(
            sources(
                "java/.*/src/.*\\.java|cpp/bench/.*\\.cpp|\\.ci/.*|einblas|einblas-bench|java/.*\\.py"),
            OPTION);
    // The bench's table of options: a letter, a name.
    all(sources("cpp/bench/.*\\.[ch]pp"), Pattern.compile("\\{'\\w', \"([a-z-]+)\""))
        .forEach(name -> ours.add("--" + name));
    assertEquals(
        List.of(),
        unknown(OPTION, m -> ours.contains(m.group()) || FOREIGN_OPTIONS.contains(m.group())));
  }

  /** Named ones are read somewhere; those that the library and its program read are listed. */
  @Test
  void variablesAreReadAndDocumented() {
    Pattern literal = Pattern.compile("\"(EINBLAS_[A-Z0-9_]+)\"");
    Set<String> product =
        all(sources("(?:cpp/src|java/einblas(?:-cli)?/src/main)/.*\\.(?:cpp|hpp|java)"), literal);
    Set<String> known = new TreeSet<>(product);
    known.addAll(all(sources("cpp/(?:bench|fuzz|test)/.*\\.cpp"), literal));
    known.addAll(
        all(
            sources("CMakeLists.txt|cmake/.*|cpp/include/einblas.h"),
            Pattern.compile("\\b(EINBLAS_[A-Z0-9_]+)")));
    Tuning.values().forEach(v -> known.add("EINBLAS_" + v.name()));
    assertEquals(
        List.of(),
        unknown(
            VARIABLE,
            m ->
                known.contains(m.group())
                    || (m.group().endsWith("_")
                        && known.stream().anyMatch(k -> k.startsWith(m.group())))));
    String listed = read(ROOT.resolve("docs/site/platforms.md"));
    product.removeIf(v -> listed.contains("`" + v));
    assertEquals(Set.of(), product);
  }
}
