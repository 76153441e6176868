// Errors of long equations show the place that is wrong.
package io.github.einblas.internal.equation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class EquationTextTest {
  private static final int COUNT = 5_000;

  /** Letter number i: from the ideographs, of which there are 20,000. */
  private static String letter(int i) {
    return Character.toString(0x4E00 + i);
  }

  private static String[] chain(int count) {
    return IntStream.range(0, count)
        .mapToObj(i -> letter(i) + letter(i + 1))
        .toArray(String[]::new);
  }

  private static int[] ranks(int count) {
    int[] ranks = new int[count];
    Arrays.fill(ranks, 2);
    return ranks;
  }

  /** The error's text, which shows a window of the equation around some place. */
  private static String refused(Runnable body, String... words) {
    String text = assertThrows(IllegalArgumentException.class, body::run).getMessage();
    assertTrue(text.length() < 700, text);
    for (String word : words) {
      assertTrue(text.contains(word), () -> text + " lacks " + word);
    }
    return text;
  }

  private static String around(int i) {
    return IntStream.range(i - 9, i + 9)
        .mapToObj(k -> letter(k) + letter(k + 1))
        .collect(Collectors.joining(","));
  }

  @Test
  void aWrongSignIsShownWhereItIs() {
    String[] terms = chain(COUNT);
    terms[3_000] += "%";
    String text = refused(() -> Equation.parse(String.join(",", terms), ranks(COUNT)), "\"... ");
    assertTrue(text.contains(terms[2_999] + "," + terms[3_000] + "," + terms[3_001]), text);
    assertTrue(text.contains(" ...\": ") && text.contains("of operand 3000 has '%'"), text);
  }

  @Test
  void aWrongRankIsShownWhereItIs() {
    int[] ranks = ranks(COUNT);
    ranks[4_000] = 3;
    refused(
        () -> Equation.parse(String.join(" , ", chain(COUNT)), ranks),
        "\"... ",
        letter(4_000) + letter(4_001) + " , " + letter(4_001) + letter(4_002),
        "operand 4000 has rank 3");
    ranks[4_000] = 2;
    ranks[0] = 1;
    refused(
        () -> Equation.parse(String.join(",", chain(COUNT)), ranks),
        "equation \"" + letter(0),
        " ...\"",
        "operand 0 has rank 1");
  }

  @Test
  void lengthsThatDifferAreShownWhereTheyMeet() {
    Equation e = Equation.parse(String.join(",", chain(COUNT)) + "->", ranks(COUNT));
    long[][] shapes = new long[COUNT][];
    Arrays.fill(shapes, new long[] {2, 2});
    shapes[2_500] = new long[] {3, 2};
    refused(
        () -> e.lengths(shapes),
        "\"... ",
        around(2_500),
        " ...\"",
        "in operand 2499",
        "in operand 2500");
  }

  @Test
  void theOutputIsShown() {
    String left = String.join(",", chain(COUNT));
    refused(() -> Equation.parse(left + "->aa", ranks(COUNT)), "\"... ", "->aa\": label 'a'");
    refused(() -> Equation.parse(left + "->b", ranks(COUNT)), "\"... ", "->b\": label 'b'");
    refused(() -> Equation.parse(left + "->b?", ranks(COUNT)), "\"... ", "->b?\": ", "'?'");
  }

  @Test
  void aTermOfThousandsIsShownAroundTheSign() {
    String letters =
        IntStream.range(0, 9_000).mapToObj(i -> letter(i)).collect(Collectors.joining());
    String text = letters.substring(0, 5_000) + "!" + letters.substring(5_000);
    refused(
        () -> Equation.parse("a," + text + ",b", new int[] {1, 9_001, 1}),
        letter(4_999) + "!" + letter(5_000),
        "operand 1");
    refused(() -> Equation.parse(letters, new int[] {3}), "9000 labels");
  }

  @Test
  void numbersAreShownWhereTheyAreWrong() {
    int[][] labels =
        IntStream.range(0, COUNT).mapToObj(i -> new int[] {i, i + 1}).toArray(int[][]::new);
    int[] ranks = ranks(COUNT);
    ranks[3_333] = 1;
    refused(
        () -> new Equation.Numbers(labels, null).parse(ranks),
        "\"... ",
        "[3333 3334],[3334 3335]",
        "operand 3333 has rank 1");
    ranks[3_333] = 2;
    labels[1_234] = new int[] {7, -3};
    refused(
        () -> new Equation.Numbers(labels, null).parse(ranks),
        "[7 -3],[1235 1236]",
        "operand 1234",
        "-3");
    labels[1_234] = new int[] {7, 3};
    refused(
        () -> new Equation.Numbers(labels, new int[] {COUNT + 1}).parse(ranks),
        "->[5001]\"",
        "label 5001");
    refused(() -> new Equation.Numbers(labels, null).parse(new int[] {2}), "5000", "1 operand");
  }

  @Test
  void windowsNeverSplitACodePoint() {
    String wide = Character.toString(0x1D482).repeat(2_000);
    for (int i = 0; i < 4; i++) {
      String text = "a".repeat(i) + wide + "%" + wide;
      String shown = refused(() -> Equation.parse(text, new int[] {1}), "%");
      shown.codePoints().forEach(c -> assertTrue(c < 0xD800 || c > 0xDFFF, shown));
    }
  }

  /** Quadratic work would take minutes. */
  @Test
  @Timeout(20)
  void hundredThousandsOfLabels() {
    int n = 100_000;
    int[][] labels =
        IntStream.range(0, n).mapToObj(i -> new int[] {i, n + i}).toArray(int[][]::new);
    int[] output = IntStream.range(0, 2 * n).map(i -> 2 * n - 1 - i).toArray();
    Equation e = new Equation.Numbers(labels, output).parse(ranks(n));
    assertEquals(2 * n, e.output().length);
    assertEquals(2 * n, new Equation.Numbers(labels, null).parse(ranks(n)).output().length);
    long[][] shapes = new long[n][];
    Arrays.fill(shapes, new long[] {1, 1});
    assertEquals(2 * n, e.lengths(shapes).size());
    String letters =
        IntStream.rangeClosed(0, Character.MAX_CODE_POINT)
            .filter(Character::isLetter)
            .limit(n)
            .mapToObj(Character::toString)
            .collect(Collectors.joining());
    Equation one = Equation.parse(letters + "->" + letters, new int[] {n});
    assertEquals(n, one.output().length);
    assertEquals(one.operand(0)[n - 1], one.output()[n - 1]);
  }
}
