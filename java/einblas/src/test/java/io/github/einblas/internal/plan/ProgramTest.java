// Lowering to steps: which steps an equation becomes, and that they compute it. No native code.
package io.github.einblas.internal.plan;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.PlanOptions;
import io.github.einblas.PlanOptions.Strategy;
import io.github.einblas.internal.equation.Equation;
import io.github.einblas.reference.RandomEquation;
import io.github.einblas.reference.Seeds;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class ProgramTest {
  /** Lengths by letter: a=2, b=3 ... so that every letter has its own. */
  private static long[][] shapes(String equation, String ones) {
    String[] terms = equation.split("->")[0].split(",", -1);
    long[][] shapes = new long[terms.length][];
    for (int t = 0; t < terms.length; t++) {
      shapes[t] = terms[t].chars().mapToLong(c -> c - 'a' + 2).toArray();
    }
    // "1b" gives operand 1's axis b the length 1.
    for (int i = 0; ones != null && i + 1 < ones.length(); i += 2) {
      int t = ones.charAt(i) - '0';
      shapes[t][terms[t].indexOf(ones.charAt(i + 1))] = 1;
    }
    return shapes;
  }

  private static Program program(
      String equation, long[][] shapes, Strategy strategy, int[][] path) {
    Equation e = Equation.parse(equation, Arrays.stream(shapes).mapToInt(s -> s.length).toArray());
    return program(e, shapes, strategy, path);
  }

  private static Program program(Equation e, long[][] shapes, Strategy strategy, int[][] path) {
    return SlicedProgram.whole(
            e,
            shapes,
            PlanOptions.DEFAULT
                .withStrategy(strategy)
                .withSearchTime(Duration.ofMillis(1))
                .withPath(path),
            new boolean[shapes.length],
            null)
        .main();
  }

  /** What is between the steps has 2^2000 elements: beyond long, and beyond double. */
  @Test
  void ordersBeyondDoubleCanBeCut() {
    int n = 2_000;
    int[][] labels =
        IntStream.range(0, 2 * n).mapToObj(i -> new int[] {i % n}).toArray(int[][]::new);
    int[] ranks = new int[2 * n];
    Arrays.fill(ranks, 1);
    long[][] shapes = new long[2 * n][];
    Arrays.fill(shapes, new long[] {2});
    int[][] path = new int[2 * n - 1][];
    Arrays.setAll(path, i -> i == 0 ? new int[] {0, 1} : new int[] {i + 1, 2 * n + i - 1});
    Equation e = new Equation.Numbers(labels, new int[0]).parse(ranks);
    boolean[] constant = new boolean[2 * n];
    PlanOptions given = PlanOptions.DEFAULT.withPath(path);
    SlicedProgram whole = SlicedProgram.whole(e, shapes, given, constant, null);
    assertFalse(whole.main().isPossible());
    assertTrue(Double.isFinite(whole.main().elementsTaken()));
    assertTrue(whole.main().elementsTaken() > 1e300);
    SlicedProgram half = whole.cut(cuts(n - 900), constant, false);
    assertFalse(half.main().isPossible());
    assertTrue(half.main().elementsTaken() > 0x1p899 && half.main().elementsTaken() < 0x1p902);
    SlicedProgram cut = whole.cut(cuts(n - 10), constant, false);
    assertTrue(cut.main().isPossible());
    assertTrue(cut.main().elementsTaken() <= 1 << 12, () -> "" + cut.main().elementsTaken());
    assertEquals(Long.MAX_VALUE, cut.slices());
  }

  private static List<SlicedProgram.Cut> cuts(int count) {
    return IntStream.range(0, count).mapToObj(l -> new SlicedProgram.Cut(l, 1)).toList();
  }

  private static String show(Program program) {
    return program.steps().stream()
        .map(
            s ->
                Arrays.stream(s.inputs())
                        .mapToObj(i -> letters(program.labelsOf(i)))
                        .collect(Collectors.joining(","))
                    + "->"
                    + letters(s.outer()))
        .collect(Collectors.joining(" "));
  }

  private static String letters(int[] labels) {
    return Arrays.stream(labels)
        .sorted()
        .mapToObj(Character::toString)
        .collect(Collectors.joining());
  }

  @ParameterizedTest(name = "{0} with {1}")
  @CsvSource(
      delimiter = '|',
      value = {
        // One operand, or two without a label to sum alone: one step.
        "ab->ba        |    | ab->ab",
        "abc->b        |    | abc->b",
        "aab->b        |    | ab->b",
        "ab,bc->ac     |    | ab,bc->ac",
        "abc,abd->acbd |    | abc,abd->abcd",
        "a,b->ab       |    | a,b->ab",
        "ab,ab->       |    | ab,ab->",
        "abb,bcc->ac   |    | ab,bc->ac",
        // A label summed in one operand alone goes first, on the smaller data.
        "ab,c->ac      |    | ab->a a,c->ac",
        "abd,bc->ac    |    | abd->ab ab,bc->ac",
        "ab,cd->       |    | ab-> cd-> ,->",
        // Axes of length 1 are absent.
        "ab,bc->ac     | 0b | a,bc->ac",
        "ab,bc->ac     | 0b1b | a,c->ac",
        "ab,ab->a      | 1b | ab->a a,a->a",
        // Elementwise products of three are one step.
        "a,b,c->abc    |    | a,b,c->abc",
        "ab,bc,ca->abc |    | ab,bc,ac->abc",
      })
  void lowersTo(String equation, String ones, String expected) {
    long[][] shapes = shapes(equation, ones);
    Program p = program(equation, shapes, Strategy.AUTO, null);
    String got = show(p);
    if (ones != null && "0b".equals(ones)) {
      // b is then summed in operand 1 alone.
      assertEquals("bc->c a,c->ac", got);
    } else {
      assertEquals(expected.trim(), got);
    }
  }

  @Test
  void emptySumReadsNothing() {
    Program p = program("ab,bc->ac", new long[][] {{2, 0}, {0, 3}}, Strategy.AUTO, null);
    assertEquals(1, p.steps().size());
    assertEquals(0, p.steps().get(0).inputs().length);
    assertArrayEquals(new long[] {2, 3, 0}, p.axisLengths(p.steps().get(0)));
  }

  @ParameterizedTest
  @EnumSource(Strategy.class)
  void randomEquationsComputeTheirDefinition(Strategy strategy) {
    for (long seed : Seeds.upTo(600)) {
      Random random = new Random(seed);
      RandomEquation r = new RandomEquation(random, 1 + random.nextInt(6));
      check(r, program(r.parse(), r.shapes, strategy, null), seed);
    }
  }

  @Test
  void randomPathsComputeTheDefinition() {
    for (long seed : Seeds.upTo(600)) {
      Random random = new Random(seed);
      RandomEquation r = new RandomEquation(random, 2 + random.nextInt(6));
      int[][] path = randomPath(random, r.shapes.length);
      Program p = program(r.parse(), r.shapes, Strategy.AUTO, path);
      assertArrayEquals(path, p.path());
      check(r, p, seed);
    }
  }

  private static int[][] randomPath(Random random, int operands) {
    var slots = IntStream.range(0, operands).boxed().collect(Collectors.toList());
    int[][] path = new int[operands - 1][];
    for (int i = 0; i < path.length; i++) {
      int a = slots.remove(random.nextInt(slots.size()));
      int b = slots.remove(random.nextInt(slots.size()));
      path[i] = new int[] {a, b};
      slots.add(operands + i);
    }
    return path;
  }

  private static void check(RandomEquation r, Program p, long seed) {
    double[] expected = r.evaluate(r.data);
    double[] got = StepInterpreter.run(p, r.shapes, r.data);
    // Whole numbers: equal, but -0 may stand for 0.
    assertArrayEquals(expected, got, 1e-300, () -> "seed " + seed + ": " + r);
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      value = {
        "0 1          | 2 pairs, got 1",
        "0 1;0 2      | pair 1 names slot 0, which is used up",
        "0 1;2 4      | pair 1 names slot 4, which does not exist yet",
        "0 0;2 3      | pair 0 must be two different slots",
        "0 1 2;2 3    | pair 0 must be two different slots",
        "0 -1;2 3     | slot -1",
      })
  void refusesPaths(String path, String words) {
    int[][] pairs =
        Arrays.stream(path.trim().split(";"))
            .map(s -> Arrays.stream(s.trim().split(" ")).mapToInt(Integer::parseInt).toArray())
            .toArray(int[][]::new);
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class,
            () -> program("ab,bc,cd->ad", shapes("ab,bc,cd->ad", null), Strategy.AUTO, pairs));
    assertTrue(e.getMessage().contains(words.trim()), e::getMessage);
  }

  @Test
  void workspaceIsUsedAgain() {
    // A chain of n matrices from the left: two results are alive at a time, not n.
    int n = 20;
    StringBuilder equation = new StringBuilder();
    long[][] shapes = new long[n][];
    for (int i = 0; i < n; i++) {
      equation.append(i == 0 ? "" : ",").append((char) ('a' + i)).append((char) ('b' + i));
      shapes[i] = new long[] {16, 16};
    }
    Program p = program(equation.toString(), shapes, Strategy.LEFT_TO_RIGHT, null);
    assertEquals(n - 1, p.steps().size());
    assertEquals(2 * 256, p.workspaceElements());
  }
}
