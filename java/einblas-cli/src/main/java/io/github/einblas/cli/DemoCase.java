// Demo: one case: an equation over two operands, its lengths, and how its files are shaped.
package io.github.einblas.cli;

import io.github.einblas.DType;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * A contraction of two operands.
 *
 * @param equation an explicit equation, one letter per axis, no letter twice in an operand
 * @param dtype type of the operands
 * @param lengths length of each letter
 * @param zeros share of the first operand's elements that are 0; it is a sparse matrix then
 * @param fold rows of the first operand and of the result that a row of their files joins: a file
 *     of shape (r/fold, fold*d) is viewed as (r, d)
 */
record DemoCase(
    String equation, DType dtype, Map<Character, Long> lengths, long fold, double zeros) {

  /** The cases of the demonstration, in order. */
  static List<DemoCase> all() {
    return List.of(
        of("nhd,khd->nkd", DType.F32, "n=128 k=128 h=64 d=256"),
        of("nhd,khd->nkd", DType.F32, "n=64 k=64 h=512 d=64"),
        of("nhd,khd->nkhd", DType.F32, "n=32 k=32 h=64 d=128"),
        of("bij,k->bijk", DType.F32, "b=64 i=64 j=64 k=64"),
        of("ijk,il->ijkl", DType.F32, "i=64 j=128 k=64 l=64"),
        of("ixy,jxy->ijxy", DType.F64, "i=200 j=300 x=50 y=60"),
        of("ixy,jxy->ijxy", DType.F64, "i=2 j=3 x=50 y=60"),
        of("nhd,khd->nkd", DType.C64, "n=64 k=64 h=64 d=256"),
        of("ij,jk->ik", DType.BF16, "i=512 j=512 k=512"),
        of("ij,jk->ik", DType.I8, "i=512 j=512 k=512"),
        new DemoCase("rd,od->ro", DType.F32, lengths("r=49980 d=784 o=30"), 30, 0),
        new DemoCase("rd,od->ro", DType.F32, lengths("r=49980 d=784 o=30"), 30, 0.8),
        new DemoCase("rd,od->ro", DType.F64, lengths("r=49980 d=784 o=30"), 30, 0.8));
  }

  /** A case whose files have the operands' own shapes. */
  static DemoCase of(String equation, DType dtype, String lengths) {
    return new DemoCase(equation, dtype, lengths(lengths), 1, 0);
  }

  private static Map<Character, Long> lengths(String text) {
    Map<Character, Long> lengths = new LinkedHashMap<>();
    for (String part : text.split(" ", -1)) {
      lengths.put(part.charAt(0), Long.parseLong(part.substring(2)));
    }
    return lengths;
  }

  /** Labels of the first operand, the second operand and the result. */
  String[] terms() {
    return equation.split(",|->", -1);
  }

  /** Type of the result: that of the operands, but I32 of I8, whose sums wrap. */
  DType result() {
    return dtype == DType.I8 ? DType.I32 : dtype;
  }

  /** Shape of an operand (0, 1) or of the result (2). */
  long[] shape(int term) {
    return terms()[term].chars().mapToLong(label -> lengths.get((char) label)).toArray();
  }

  /** Shape of that operand's or result's file: the same, unless rows are folded. */
  long[] storedShape(int term) {
    long[] shape = shape(term);
    if (fold > 1 && term != 1) {
      shape[0] /= fold;
      shape[1] *= fold;
    }
    return shape;
  }

  /** Whether the first operand is a sparse matrix. */
  boolean isSparse() {
    return zeros > 0;
  }

  /** Elements of an operand or of the result that are stored, about. */
  long stored(int term) {
    return term == 0 ? Math.round((1 - zeros) * size(shape(0))) : size(shape(term));
  }

  /** Bytes of an operand or of the result; those of a sparse matrix with its indices. */
  long bytes(int term) {
    boolean indexed = term == 0 && isSparse();
    DType type = term == 2 ? result() : dtype;
    return stored(term) * (type.bytes() + (indexed ? 4 : 0)) + (indexed ? 8 * shape(0)[0] : 0);
  }

  /** Bytes of both operands and the result. */
  long bytes() {
    return bytes(0) + bytes(1) + bytes(2);
  }

  /** Products that are summed into each element of the result. */
  long summed() {
    String kept = terms()[2];
    return lengths.entrySet().stream()
        .filter(e -> kept.indexOf(e.getKey()) < 0)
        .mapToLong(Map.Entry::getValue)
        .reduce(1, (a, b) -> a * b);
  }

  /** Lengths as text, equal ones joined: {@code n=k=128 h=64}. */
  String sizes() {
    Map<Long, String> labels = new LinkedHashMap<>();
    lengths.forEach((label, length) -> labels.merge(length, label + "=", String::concat));
    return labels.entrySet().stream()
            .map(e -> e.getValue() + e.getKey())
            .collect(Collectors.joining(" "))
        + (isSparse() ? " " + Math.round(100 * zeros) + "%0" : "");
  }

  /**
   * The same case with the longest of the result's lengths halved until it needs no more than some
   * bytes.
   */
  DemoCase within(long limit) {
    DemoCase smaller = this;
    while (smaller.bytes() > limit) {
      DemoCase next = smaller.halved();
      if (next == null) {
        return smaller;
      }
      smaller = next;
    }
    return smaller;
  }

  private DemoCase halved() {
    Character longest = null;
    for (char label : terms()[2].toCharArray()) {
      if (longest == null || lengths.get(label) > lengths.get(longest)) {
        longest = label;
      }
    }
    long unit = fold > 1 && terms()[0].charAt(0) == longest ? fold : 1;
    long half = lengths.get(longest) / unit / 2 * unit;
    if (half < unit) {
      return null;
    }
    Map<Character, Long> fewer = new LinkedHashMap<>(lengths);
    fewer.put(longest, half);
    return new DemoCase(equation, dtype, fewer, fold, zeros);
  }

  static long size(long[] shape) {
    return Arrays.stream(shape).reduce(1, (a, b) -> a * b);
  }
}
