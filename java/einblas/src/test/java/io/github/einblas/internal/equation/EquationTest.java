// The equation language as tables: what is read how, and what is refused with which words. No
// native code.
package io.github.einblas.internal.equation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class EquationTest {
  private static int[] ranks(String text) {
    return text == null || text.isBlank()
        ? new int[0]
        : Arrays.stream(text.trim().split(" ")).mapToInt(Integer::parseInt).toArray();
  }

  private static long[][] shapes(String text) {
    return Arrays.stream(text.split(";"))
        .map(s -> s.trim().replaceAll("[()]", ""))
        .map(
            s ->
                s.isEmpty()
                    ? new long[0]
                    : Arrays.stream(s.split(" ")).mapToLong(Long::parseLong).toArray())
        .toArray(long[][]::new);
  }

  /** Labels as "ij", axes under an ellipsis as their number from the end. */
  private static String show(int[] labels) {
    return Arrays.stream(labels)
        .mapToObj(l -> l < 0 ? Integer.toString(-l) : Character.toString(l))
        .collect(Collectors.joining());
  }

  @ParameterizedTest(name = "{0} of ranks {1}")
  @CsvSource(
      delimiter = '|',
      nullValues = "null",
      value = {
        "ij,jk->ik        | 2 2 | ij,jk->ik",
        "ij,jk            | 2 2 | ij,jk->ik",
        "ba               | 2   | ba->ab",
        "bA               | 2   | bA->Ab",
        "zaB,Bc           | 3 2 | zaB,Bc->acz",
        "ii               | 2   | ii->''",
        "iij->j           | 3   | iij->j",
        "iiii->i          | 4   | iiii->i",
        "i,i,i            | 1 1 1 | i,i,i->''",
        "->               | 0   | ''->''",
        "''               | 0   | ''->''",
        "','              | 0 0 | '',''->''",
        "i,->i            | 1 0 | i,''->i",
        "' i j , j k -> k i '| 2 2 | ij,jk->ki",
        "i j ->  j  i     | 2   | ij->ji",
        "...              | 3   | 321->321",
        "...ij->...ji     | 4   | 21ij->21ji",
        "i...->...        | 3   | i21->21",
        "i...j            | 3   | i1j->1ij",
        "j...i            | 3   | j1i->1ij",
        "...i,...i->...   | 3 2 | 21i,1i->21",
        "...,...          | 0 2 | '',21->21",
        "i...,ij->...j    | 1 2 | i,ij->j",
        " ... i -> i ...  | 2   | 1i->i1",
        "i->...i          | 1   | i->i",
        "a...b,c...->ca...| 3 3 | a1b,c21->ca21",
        "A,a->aA          | 1 1 | A,a->aA",
        "éà,àß->éß        | 2 2 | éà,àß->éß",
        "ωaA              | 3   | ωaA->Aaω",
        "日本,本×->×日    | 2 2 | 日本,本×->×日",
        "𝒂ﬀ...            | 3   | 𝒂ﬀ1->1ﬀ𝒂",
        "Å\u212b           | 2   | Å\u212b->Å\u212b",
      })
  void reads(String equation, String ranks, String expected) {
    Equation e = Equation.parse(equation, ranks(ranks));
    StringBuilder s = new StringBuilder();
    for (int i = 0; i < e.operandCount(); i++) {
      s.append(i == 0 ? "" : ",").append(show(e.operand(i)));
    }
    s.append("->").append(show(e.output()));
    assertEquals(expected.replace("'", ""), s.toString());
  }

  @Test
  void tabsAndLineBreaksBetweenLabels() {
    Equation e = Equation.parse("\ti ,\n j\r\n->\f j\ti ", new int[] {1, 1});
    assertEquals("ji", show(e.output()));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "i- >i",
        "i-\t>i",
        "i-\n>i",
        "i -\r\n> i",
        ". ..",
        ".. .->...",
        "...i->. . .i",
        "i.\t..",
        "i..\n.",
        "...i->.\f..i"
      })
  void refusesWhiteSpaceInsideTheArrowAndTheEllipsis(String equation) {
    var e =
        assertThrows(IllegalArgumentException.class, () -> Equation.parse(equation, new int[] {1}));
    assertTrue(e.getMessage().contains("white space inside"), e::getMessage);
  }

  @ParameterizedTest(name = "{0} of ranks {1}")
  @CsvSource(
      delimiter = '|',
      value = {
        "ij,jk->ik  | 2     | 2 operand terms; 1 operands were given",
        "ij->ij     | 2 2   | 1 operand terms; 2 operands were given",
        "ij,jk->ik  | 2 3   | operand 1; rank 3; 'jk'; 2 labels",
        "ijk->ik    | 2     | operand 0; rank 2; 'ijk'; 3 labels",
        "ijk...     | 2     | operand 0; rank 2; 'ijk...'; 3 labels; ellipsis",
        "i,j%->i    | 1 2   | operand 1; 'j%'; '%'",
        "ij,jk->i1  | 2 2   | output; 'i1'; '1'",
        "i.j        | 2     | operand 0; 'i.j'; ellipsis",
        "i..        | 2     | 'i..'; ellipsis",
        "i....      | 2     | 'i....'; ellipsis",
        "i......    | 2     | 'i......'; ellipsis",
        "...i...    | 2     | '...i...'; ellipsis",
        "ij->.i     | 2     | output; '.i'; ellipsis",
        "ij->i......| 2     | 'i......'; ellipsis",
        "ij>ji      | 2     | '>'; arrow",
        "ij-ji      | 2     | '-'; arrow",
        "ij>-ji     | 2     | '>'; is only allowed; arrow",
        "ij->ji->ij | 2     | '-'; once",
        "ij->j,i    | 2     | ','; output",
        "ij->jj     | 2     | 'j'; twice; output",
        "ij->ijk    | 2     | 'k'; output; no operand",
        "ij->I      | 2     | 'I'; output; no operand",
        "...->''    | 2     | ellipsis; 2 axes; leaves out",
        "...i->i    | 3     | ellipsis; 2 axes; leaves out",
        "...i,i->i  | 2 1   | ellipsis; 1 axes; leaves out",
        "e\u0301a->a | 2     | U+0301 COMBINING ACUTE ACCENT; operand 0; not normalised",
        "a->\u0663   | 1     | '\u0663' (U+0663 ARABIC-INDIC DIGIT THREE); output",
        "i,i1->i    | 1 2   | '1' (U+0031 DIGIT ONE); operand 1",
        "a\u2192a    | 2     | U+2192 RIGHTWARDS ARROW",
        "a\u3000b    | 2     | (U+3000 IDEOGRAPHIC SPACE)",
        "a\u0007b    | 2     | (U+0007 BEL)",
        "a\ud83d     | 2     | (U+D83D HIGH SURROGATES D83D)",
        "a\u200db    | 2     | (U+200D ZERO WIDTH JOINER)",
        "ab😀       | 3     | '😀' (U+1F600 GRINNING FACE)",
        "𝒂𝒃𝒄->𝒂    | 2     | operand 0; rank 2; '𝒂𝒃𝒄'; 3 labels",
        "𝒂->𝒃       | 1     | '𝒃'; output; no operand",
      })
  void refuses(String equation, String ranks, String words) {
    String text = equation.replace("''", "");
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> Equation.parse(text, ranks(ranks)));
    assertTrue(e.getMessage().contains('"' + text + '"'), e::getMessage);
    for (String word : words.split(";")) {
      assertTrue(
          e.getMessage().contains(word.trim()), () -> e.getMessage() + " lacks " + word.trim());
    }
  }

  /** opt_einsum's get_symbol: letters, then each code point from U+00C0. */
  @Test
  void takesTheSymbolsOfOptEinsumUpToItsFirstThatIsNone() {
    for (int i = 52; i < 566; i++) {
      String symbol = Character.toString(i + 140);
      assertEquals(i + 140, Equation.parse(symbol, new int[] {1}).operand(0)[0]);
    }
    assertThrows(
        IllegalArgumentException.class,
        () -> Equation.parse(Character.toString(566 + 140), new int[] {1}));
  }

  /** Never a character, in any Unicode. */
  private static boolean isNone(int c) {
    return (c & 0xFFFF) >= 0xFFFE || (c >= 0xFDD0 && c <= 0xFDEF);
  }

  @Test
  void everyLetterIsALabelAndNothingElse() {
    for (int c = 0; c <= Character.MAX_CODE_POINT; c += c < 0x3100 ? 1 : 89) {
      String text = Character.toString(c);
      boolean unknown = Character.getType(c) == Character.UNASSIGNED && !isNone(c);
      boolean label = Character.isLetter(c) || c == 0xD7 || c == 0xF7 || unknown;
      if (label) {
        assertEquals(c, Equation.parse(text, new int[] {1}).operand(0)[0]);
      } else if (!Character.isWhitespace(c) && ",.".indexOf(c) < 0) {
        assertThrows(
            IllegalArgumentException.class, () -> Equation.parse(text, new int[] {1}), text);
      }
    }
  }

  @Test
  void refusesNoOperand() {
    assertThrows(IllegalArgumentException.class, () -> Equation.parse("", new int[0]));
    assertThrows(IllegalArgumentException.class, () -> Equation.parse("i->i", new int[0]));
  }

  @ParameterizedTest(name = "{0} {1}")
  @CsvSource(
      delimiter = '|',
      value = {
        "ij,jk->ik    | (2 3);(3 4)     | i=2 j=3 k=4",
        "ij,jk->ik    | (2 1);(3 4)     | i=2 j=3 k=4",
        "ij,jk->ik    | (2 3);(1 4)     | i=2 j=3 k=4",
        "i,i,i        | (1);(5);(1)     | i=5",
        "i,i          | (1);(0)         | i=0",
        "i,i          | (0);(1)         | i=0",
        "ii           | (1 1)           | i=1",
        "ii,i         | (1 1);(4)       | i=4",
        "...i,...i->... | (2 1 3);(5 3) | <2>=2 <1>=5 i=3",
        "...,...->... | ();(2 3)        | <2>=2 <1>=3",
      })
  void broadcastsLengths(String equation, String shapes, String expected) {
    long[][] given = shapes(shapes);
    Equation e = Equation.parse(equation, Arrays.stream(given).mapToInt(s -> s.length).toArray());
    String lengths =
        e.lengths(given).entrySet().stream()
            .map(x -> e.names(new int[] {x.getKey()}) + "=" + x.getValue())
            .collect(Collectors.joining(" "));
    assertEquals(expected.trim(), lengths);
  }

  @ParameterizedTest(name = "{0} {1}")
  @CsvSource(
      delimiter = '|',
      value = {
        "ij,jk->ik    | (2 3);(4 5)     | 'j'; length 3 in operand 0; length 4 in operand 1",
        "ij,jk->ik    | (2 0);(4 5)     | 'j'; length 0 in operand 0; length 4 in operand 1",
        "i,i,i        | (1);(5);(4)     | 'i'; length 5 in operand 1; length 4 in operand 2",
        "ii           | (2 3)           | 'i'; operand 0; lengths 2 and 3",
        "ii->i        | (1 3)           | 'i'; operand 0; lengths 1 and 3",
        "...i,...i->... | (2 4 3);(5 3) | ...[-1]; length 4 in operand 0; length 5 in operand 1",
      })
  void refusesLengths(String equation, String shapes, String words) {
    long[][] given = shapes(shapes);
    Equation e = Equation.parse(equation, Arrays.stream(given).mapToInt(s -> s.length).toArray());
    IllegalArgumentException thrown =
        assertThrows(IllegalArgumentException.class, () -> e.lengths(given));
    assertTrue(thrown.getMessage().contains('"' + equation + '"'), thrown::getMessage);
    for (String word : words.split(";")) {
      assertTrue(thrown.getMessage().contains(word.trim()), thrown::getMessage);
    }
  }

  @Test
  void numbersAreLabels() {
    int dots = Integer.MIN_VALUE;
    Equation e =
        new Equation.Numbers(new int[][] {{70, 3, dots}, {3, Integer.MAX_VALUE}}, null)
            .parse(new int[] {4, 2});
    assertEquals("[70, 3, -2, -1]", Arrays.toString(e.operand(0)));
    assertEquals("[-2, -1, 70, 2147483647]", Arrays.toString(e.output()));
    assertEquals("[70 3 ...],[3 2147483647]", e.toString());

    Equation given =
        new Equation.Numbers(new int[][] {{0, 1}, {1, 2}}, new int[] {2, 0})
            .parse(new int[] {2, 2});
    assertEquals("[2, 0]", Arrays.toString(given.output()));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "[0 -1]->",
        "[0]->",
        "[... 0 ...]->",
        "[0 1]->[2]",
        "[0 1]->[0 0]",
        "[... 0]->[0]"
      })
  void refusesNumbers(String text) {
    String[] sides = text.split("->");
    int[][] operands = {numbers(sides[0])};
    int[] output = sides.length == 1 ? null : numbers(sides[1]);
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class,
            () -> new Equation.Numbers(operands, output).parse(new int[] {2}));
    assertTrue(e.getMessage().contains(sides[0]), e::getMessage);
  }

  private static int[] numbers(String text) {
    return Arrays.stream(text.replaceAll("[\\[\\]]", "").split(" "))
        .mapToInt(s -> "...".equals(s) ? Integer.MIN_VALUE : Integer.parseInt(s))
        .toArray();
  }

  @Test
  void numbersCompareByValue() {
    var a = new Equation.Numbers(new int[][] {{0, 1}, {1}}, new int[] {0});
    var b = new Equation.Numbers(new int[][] {{0, 1}, {1}}, new int[] {0});
    var c = new Equation.Numbers(new int[][] {{0, 1}, {1}}, null);
    assertEquals(a, b);
    assertEquals(a.hashCode(), b.hashCode());
    assertTrue(!a.equals(c) && !c.equals(a));
  }
}
