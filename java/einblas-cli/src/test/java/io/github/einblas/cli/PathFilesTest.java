// Test: orders in the formats of other programs, read, written and refused.
package io.github.einblas.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class PathFilesTest {
  private static final Terms CHAIN = Terms.of("ab,bc,cd,de->ae", null);

  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  private final Streams io =
      new Streams(
          InputStream.nullInputStream(),
          OutputStream.nullOutputStream(),
          new PrintStream(err, true, StandardCharsets.UTF_8),
          false);

  private int[][] read(String text, PathFormat format) {
    return PathFiles.read("f", text, CHAIN, format, io);
  }

  private void pairs(String expected, String text, PathFormat format) {
    assertEquals(expected, Arrays.deepToString(read(text, format)), text);
  }

  private void refused(String expected, String text, PathFormat format) {
    InputException e = assertThrows(InputException.class, () -> read(text, format), text);
    assertTrue(e.getMessage().contains(expected), () -> expected + " in: " + e.getMessage());
  }

  @Test
  void placesInTheList() {
    pairs("[[0, 1], [2, 3], [4, 5]]", "[(0, 1), (0, 1), (0, 1)]", null);
    pairs("[[1, 3], [0, 4], [2, 5]]", "[[1,3],[0,2],[0,1]]", null);
    pairs("[[0, 1], [2, 3], [4, 5]]", "((0, 1), (0, 1), (0, 1))", null);
    pairs("[[0, 1], [2, 3], [4, 5]]", "['einsum_path', (0, 1), (0, 1), (0, 1)]", null);
    pairs("[[3, 1], [0, 2], [4, 5]]", " [\n(3, 1),\n(0, 1),\n(0, 1),\n]\n", PathFormat.LINEAR);
  }

  @Test
  void numberedResults() {
    pairs("[[0, 1], [4, 2], [5, 3]]", "[[0, 1], [4, 2], [5, 3]]", null);
    pairs("[[3, 2], [1, 4], [0, 5]]", "[[3, 2], [1, 4], [0, 5]]", PathFormat.SSA);
  }

  @Test
  void oneTensorAndSeveral() {
    // (0,) moves operand 0 to the end: 1 2 3 0
    pairs("[[3, 0], [1, 2], [4, 5]]", "[(0,), (2, 3), (0, 1), (0, 1)]", null);
    pairs("[[0, 1], [2, 3], [4, 5]]", "[[0], [4, 1], [2, 3], [5, 6]]", null);
    pairs("[[0, 1], [4, 2], [5, 3]]", "[(0, 1, 2, 3)]", null);
    pairs("[[1, 2], [4, 3], [0, 5]]", "[[1, 2, 3], [0, 4], [5]]", null);
  }

  @Test
  void trees() {
    String tree =
        """
        {"inputs": [[1,2],[2,3],[3,4],[4,5]], "output": [1,5], "label-type": "Int64", "tree":
        {"args": [{"isleaf": true, "tensorindex": 3}, {"eins": {"ixs": [[1]], "iy": []},
        "isleaf": false, "args": [{"tensorindex": 1, "isleaf": true}, {"args":
        [{"isleaf": true, "tensorindex": 4}]}, {"isleaf": true, "tensorindex": 2}]}]}}
        """;
    pairs("[[0, 3], [4, 1], [2, 5]]", tree, null);
    assertEquals("", err.toString(StandardCharsets.UTF_8));
    pairs("[[0, 3], [4, 1], [2, 5]]", tree.replaceFirst("\\{", "{\"slices\": [1],"), null);
    assertTrue(err.toString(StandardCharsets.UTF_8).contains("slices are left out"));
  }

  @Test
  void listsThatDoNotFit() {
    refused("no JSON: End of input", "", null);
    refused("leave 2 tensors: the result 4, the result 5", "[(0,1),(0,1)]", PathFormat.LINEAR);
    refused(
        "pair 1 [0, 3] takes the tensor at place 3, and there are 3",
        "[(0,1),(0,3)]",
        PathFormat.LINEAR);
    refused("operand 1 'bc', which pair 0 has used", "[[0,1],[4,1],[5,3]]", PathFormat.SSA);
    refused("pair 0 [0, 5] takes tensor 5, which does not exist yet", "[[0,5]]", PathFormat.SSA);
    refused("pair 0 [1, 1] has 1 twice", "[[1,1]]", PathFormat.SSA);
    refused("pair 0 [1, 1] has 1 twice", "[[1,1]]", PathFormat.LINEAR);
    refused("neither as linear (f: pair 1", "[[0,1],[4,9],[5,3]]", null);
    refused("--path-format", "[[0,1],[4,9],[5,3]]", null);
    refused("line 1 column", "[[0,1],[4,-9],[5,3]]", null);
    refused("not -9", "[[0,1],[4,-9],[5,3]]", null);
    refused("not 1.0", "[[0,1.0]]", null);
    refused("must be a number, not text", "[[0,\"1\"]]", null);
    refused("must be a list of tensors, not a number", "[0,1]", null);
    refused("pair 0 has no tensor", "[[]]", null);
    refused("more text behind", "[[0,1]] [0]", null);
    refused("no JSON", "[[0,1", null);
    refused("not 99999999999", "[[0,99999999999]]", null);
    refused("is no tree", "[[0,1]]", PathFormat.TREE);
  }

  private static String node(String... arguments) {
    return "{\"isleaf\":false,\"args\":[" + String.join(",", arguments) + "]}";
  }

  private static String leaf(int index) {
    return "{\"isleaf\":true,\"tensorindex\":" + index + "}";
  }

  @Test
  void treesThatDoNotFit() {
    String rest = "{\"tree\":" + node(node(leaf(1), leaf(2)), node(leaf(3), leaf(4))) + "}";
    pairs("[[0, 1], [2, 3], [4, 5]]", rest, null);
    refused("is a tree, not a list", rest, PathFormat.SSA);
    refused("operand 0 'ab' (tensorindex 1) stands twice", rest.replace(":4", ":1"), null);
    refused("from 1 to 4, the operands, not 5", rest.replace(":4", ":5"), null);
    refused("not 0", rest.replace(":4", ":0"), null);
    refused(
        "3 of 4 operands; operand 3 'de' (tensorindex 4) is missing",
        "{\"tree\":" + node(leaf(1), leaf(2), leaf(3)) + "}",
        null);
    refused("no \"tree\"", "{}", null);
    refused("neither \"args\" nor", "{\"tree\":{}}", null);
    refused("must be an object, not a number", "{\"tree\":" + node("7") + "}", null);
    refused("must be a list of nodes, not text", "{\"tree\":{\"args\":\"x\"}}", null);
    refused("stands twice", "{\"tree\":{\"tensorindex\":1,\"tensorindex\":2}}", null);
    refused("both \"args\"", "{\"tree\":{\"tensorindex\":1,\"args\":[" + leaf(2) + "]}}", null);
    refused("no JSON: this is not allowed here", rest + "[]", null);
    refused("no JSON", rest.substring(0, 30), null);
  }

  @Test
  void treesOfAnotherEquation() {
    String tree = ",\"tree\":" + node(leaf(1), leaf(2), leaf(3), leaf(4)) + "}";
    read("{\"inputs\":[[9,1],[1,3],[3,4],[4,7]]" + tree, null);
    refused("3 operands, and the equation has 4", "{\"inputs\":[[1,2],[2,3],[3,4]]" + tree, null);
    refused("more operands", "{\"inputs\":[[1,2],[2,3],[3,4],[4,5],[5]]" + tree, null);
    refused("operand 1 'bc' has 1 labels", "{\"inputs\":[[1,2],[2],[3,4],[4,5]]" + tree, null);
    refused(
        "operand 2 'cd': label '2' of the file stands where the equation has 'c', which is '3'",
        "{\"inputs\":[[1,2],[2,3],[2,4],[4,5]]" + tree,
        null);
    refused("operand 3 'de': label '1'", "{\"inputs\":[[1,2],[2,3],[3,4],[4,1]]" + tree, null);
    refused("Expected BEGIN_ARRAY", "{\"inputs\":[1]" + tree, null);
  }

  /** A random tree over operands, as pairs of slots. */
  private static int[][] random(int n, Random random) {
    List<Integer> left = new ArrayList<>(IntStream.range(0, n).boxed().toList());
    int[][] pairs = new int[n - 1][];
    for (int i = 0; i < pairs.length; i++) {
      Collections.swap(left, random.nextInt(left.size()), left.size() - 1);
      int a = left.remove(left.size() - 1);
      Collections.swap(left, random.nextInt(left.size()), left.size() - 1);
      pairs[i] = new int[] {a, left.remove(left.size() - 1)};
      left.add(n + i);
    }
    return pairs;
  }

  /** What each pair multiplies, whatever its number and its order are. */
  private static List<List<Integer>> groups(int n, int[][] pairs) {
    List<List<Integer>> all = new ArrayList<>();
    IntStream.range(0, n).forEach(i -> all.add(List.of(i)));
    for (int[] pair : pairs) {
      List<Integer> both = new ArrayList<>(all.get(pair[0]));
      both.addAll(all.get(pair[1]));
      Collections.sort(both);
      all.add(both);
    }
    return all.stream().sorted(Comparator.comparing(List::toString)).toList();
  }

  private static Terms ring(int n) {
    return Terms.of(
        IntStream.range(0, n)
            .mapToObj(i -> "[" + i + "][" + (i + 1) % n + "]")
            .collect(Collectors.joining(",", "", "->")),
        null);
  }

  @Test
  void whatIsWrittenIsReadAgain() {
    for (int seed = 0; seed < 200; seed++) {
      Random random = new Random(seed);
      int n = 1 + random.nextInt(20);
      Terms terms = ring(n);
      int[][] pairs = random(n, random);
      for (PathFormat format : PathFormat.values()) {
        String text = PathWriter.of(pairs, terms, format);
        int[][] back = PathFiles.read("f", text, terms, null, io);
        if (n > 1 || format == PathFormat.TREE) {
          assertEquals(groups(n, pairs), groups(n, back), "seed " + seed + ", " + text);
        }
        if (format != PathFormat.TREE) {
          assertArrayEquals(pairs, back.length == 0 ? new int[0][] : sameOrder(pairs, back));
        }
      }
    }
  }

  /** Pairs may be written the other way round. */
  private static int[][] sameOrder(int[][] pairs, int[][] back) {
    int[][] result = new int[back.length][];
    for (int i = 0; i < back.length; i++) {
      boolean turned = back[i][0] == pairs[i][1];
      result[i] = turned ? new int[] {back[i][1], back[i][0]} : back[i];
    }
    return result;
  }

  /** Places and numbers are never mistaken for each other: PathLists says why. */
  @Test
  void aWholeListFitsOneFormatOnly() {
    for (int seed = 0; seed < 300; seed++) {
      Random random = new Random(seed);
      int n = 3 + random.nextInt(8);
      Terms terms = ring(n);
      int[][] pairs = random(n, random);
      String linear = PathWriter.of(pairs, terms, PathFormat.LINEAR);
      String ssa = PathWriter.of(pairs, terms, PathFormat.SSA);
      assertThrows(
          InputException.class, () -> PathFiles.read("f", linear, terms, PathFormat.SSA, io));
      assertThrows(
          InputException.class, () -> PathFiles.read("f", ssa, terms, PathFormat.LINEAR, io));
    }
  }

  @Test
  void aHundredThousandOperandsNeedLittleStack() throws InterruptedException {
    int n = 100_000;
    Terms terms = ring(n);
    int[][] pairs = new int[n - 1][];
    Arrays.setAll(pairs, i -> new int[] {i == 0 ? 0 : n + i - 1, i + 1});
    List<Throwable> failures = Collections.synchronizedList(new ArrayList<>());
    Thread small =
        new Thread(
            null,
            () -> {
              for (PathFormat format : PathFormat.values()) {
                String text = PathWriter.of(pairs, terms, format);
                assertEquals(n - 1, PathFiles.read("f", text, terms, null, io).length);
                String broken = text.replace("99998", "99999"); // deep inside
                assertThrows(
                    InputException.class, () -> PathFiles.read("f", broken, terms, null, io));
              }
            },
            "small stack",
            256 << 10);
    String one = "[" + Arrays.toString(IntStream.range(0, n).toArray()) + "]"; // a step of all
    assertEquals(n - 1, PathFiles.read("f", one, terms, null, io).length);
    small.setUncaughtExceptionHandler((t, e) -> failures.add(e));
    small.start();
    small.join();
    assertEquals(List.of(), failures);
  }

  @Test
  void labelsOfTheTree() {
    Terms terms = Terms.of("ab,bc,cb->ac", null);
    assertEquals(
        "{\"label-type\":\"Int64\",\"inputs\":[[1,2],[2,3],[3,2]],\"output\":[1,3],\"tree\":"
            + "{\"args\":[{\"args\":[{\"isleaf\":true,\"tensorindex\":2},"
            + "{\"isleaf\":true,\"tensorindex\":3}],\"eins\":{\"ixs\":[[2,3],[3,2]],\"iy\":[2,3]},"
            + "\"isleaf\":false},{\"isleaf\":true,\"tensorindex\":1}],"
            + "\"eins\":{\"ixs\":[[2,3],[1,2]],\"iy\":[1,3]},\"isleaf\":false}}\n",
        PathWriter.of(new int[][] {{1, 2}, {3, 0}}, terms, PathFormat.TREE));
  }

  @Test
  void labelsOfEquations() {
    Terms ellipsis = Terms.of("...ij, ...jk", new int[] {4, 3});
    assertEquals(4, ellipsis.operand(0).length);
    assertEquals(3, ellipsis.operand(1).length);
    assertEquals(4, ellipsis.output().length);
    assertEquals("i", ellipsis.name(ellipsis.output()[2]));
    Terms implicit = Terms.of("ba,ac", null);
    assertEquals("b", implicit.name(implicit.output()[0]));
    assertEquals("c", implicit.name(implicit.output()[1]));
    assertEquals(2, Terms.of("\uD835\uDC1A,a->", null).labelCount()); // beyond 16 bits
  }
}
