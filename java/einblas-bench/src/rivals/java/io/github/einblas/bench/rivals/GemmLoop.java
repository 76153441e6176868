// Rivals: how a case is done with BLAS alone, on the tensors where they lie: loops around gemm,
// gemv or dot.
package io.github.einblas.bench.rivals;

import io.github.einblas.bench.Catalogue;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * C[c[i]] = A[a[i]] B[b[i]] for each i, added to C where {@code add[i]}. What an expert would
 * write: the labels looped over are those that leave the fewest calls.
 *
 * @param kind the call
 * @param swapped operand 1 is A, operand 0 is B
 * @param transposeA A is stored k x m (for GEMV: the matrix is used transposed)
 * @param transposeB B is stored n x k
 * @param lda elements between rows; for DOT between elements
 * @param ldb as lda; for GEMV and DOT between elements of the vector
 * @param ldc as lda; for GEMV between elements of the result
 */
public record GemmLoop(
    Kind kind,
    boolean swapped,
    boolean transposeA,
    boolean transposeB,
    int m,
    int n,
    int k,
    int lda,
    int ldb,
    int ldc,
    long[] a,
    long[] b,
    long[] c,
    boolean[] add) {
  /** The call in the loop. */
  public enum Kind {
    GEMM,
    GEMV,
    DOT
  }

  private static final long MOST_CALLS = 2_000_000;

  /** Some labels seen as one axis: its length and its stride in each of the three tensors. */
  private record Axis(long length, long[] strides) {}

  /**
   * The loop with the fewest calls; empty when no label set leaves a matrix product without
   * copying.
   */
  public static Optional<GemmLoop> of(Catalogue.Case c) {
    String[] terms = c.terms();
    if (terms.length == 1 && hasDistinct(terms[0])) {
      terms =
          new String[] {terms[0], without(terms[0], c.output())}; // a sum is a product with ones
    }
    if (terms.length != 2
        || !hasDistinct(terms[0])
        || !hasDistinct(terms[1])
        || terms[1].isEmpty()) {
      return Optional.empty();
    }
    GemmLoop best = null;
    String labels = distinct(terms[0] + terms[1]);
    for (int set = 0; set < 1 << labels.length(); set++) {
      StringBuilder looped = new StringBuilder();
      StringBuilder rest = new StringBuilder();
      for (int i = 0; i < labels.length(); i++) {
        ((set >> i & 1) == 1 ? looped : rest).append(labels.charAt(i));
      }
      long calls = 1;
      for (long length : c.shape(looped.toString())) {
        calls *= length;
      }
      if (calls <= (best == null ? MOST_CALLS : best.c.length - 1)) {
        GemmLoop candidate = of(c, terms, looped.toString(), rest.toString());
        best = candidate == null ? best : candidate;
      }
    }
    return Optional.ofNullable(best);
  }

  private static GemmLoop of(Catalogue.Case c, String[] terms, String looped, String rest) {
    String[] tensors = {terms[0], terms[1], c.output()};
    List<Map<Character, Long>> strides = new ArrayList<>();
    for (String tensor : tensors) {
      strides.add(strides(c, tensor));
    }
    StringBuilder[] groups = {new StringBuilder(), new StringBuilder(), new StringBuilder()};
    for (int i = 0; i < rest.length(); i++) {
      char l = rest.charAt(i);
      boolean in0 = terms[0].indexOf(l) >= 0;
      boolean in1 = terms[1].indexOf(l) >= 0;
      boolean out = c.output().indexOf(l) >= 0;
      if ((in0 && in1) == out) {
        return null; // a batch label inside the call, or one summed in one operand alone
      }
      groups[out ? (in0 ? 0 : 1) : 2].append(l);
    }
    Axis m = fold(c, strides, groups[0].toString());
    Axis n = fold(c, strides, groups[1].toString());
    Axis k = fold(c, strides, groups[2].toString());
    if (m == null || n == null || k == null || k.length == 1) {
      return null;
    }
    boolean vector = m.length == 1 || n.length == 1;
    boolean swapped = vector ? m.length == 1 : n.strides[2] != 1;
    Axis rows = swapped ? n : m;
    Axis columns = swapped ? m : n;
    int first = swapped ? 1 : 0;
    long am = rows.strides[first];
    long ak = k.strides[first];
    long bk = k.strides[1 - first];
    long bn = columns.strides[1 - first];
    long cm = rows.strides[2];
    Kind kind = rows.length == 1 ? Kind.DOT : vector ? Kind.GEMV : Kind.GEMM;
    boolean fits =
        switch (kind) {
          case DOT -> true;
          case GEMV -> am == 1 || ak == 1;
          case GEMM -> (am == 1 || ak == 1) && (bk == 1 || bn == 1) && columns.strides[2] == 1;
        };
    if (!fits) {
      return null;
    }
    long[][] offsets = offsets(c, strides, looped, c.output());
    boolean[] add = new boolean[offsets[2].length];
    for (int i = 0; i < add.length; i++) {
      add[i] = offsets[3][i] != 0;
    }
    boolean transposeA = kind != Kind.DOT && ak != 1;
    boolean transposeB = kind == Kind.GEMM && bn != 1;
    return new GemmLoop(
        kind,
        swapped,
        transposeA,
        transposeB,
        (int) rows.length,
        (int) columns.length,
        (int) k.length,
        (int) (kind == Kind.DOT || transposeA ? ak : am),
        (int) (kind == Kind.GEMM && transposeB ? bn : bk),
        (int) cm,
        offsets[first],
        offsets[1 - first],
        offsets[2],
        add);
  }

  /** The labels as one axis in every tensor that has them; null when their strides forbid it. */
  private static Axis fold(Catalogue.Case c, List<Map<Character, Long>> strides, String labels) {
    if (labels.isEmpty()) {
      return new Axis(1, new long[] {1, 1, 1});
    }
    List<Character> order = new ArrayList<>(labels.chars().mapToObj(l -> (char) l).toList());
    Map<Character, Long> any =
        strides.stream().filter(s -> s.containsKey(order.get(0))).findFirst().orElseThrow();
    order.sort((x, y) -> Long.compare(any.get(y), any.get(x)));
    long[] innermost = new long[3];
    long length = 1;
    for (int t = 0; t < 3; t++) {
      if (!strides.get(t).containsKey(order.get(0))) {
        continue;
      }
      length = 1;
      long expected = -1;
      for (int i = order.size() - 1; i >= 0; i--) {
        long stride = strides.get(t).get(order.get(i));
        if (expected >= 0 && stride != expected) {
          return null;
        }
        innermost[t] = expected < 0 ? stride : innermost[t];
        expected = stride * c.lengths().get(order.get(i));
        length *= c.lengths().get(order.get(i));
      }
    }
    return new Axis(length, innermost);
  }

  /**
   * Offsets of each call in the three tensors, summed labels innermost; row 3: whether it adds to
   * an earlier one.
   */
  private static long[][] offsets(
      Catalogue.Case c, List<Map<Character, Long>> strides, String looped, String output) {
    StringBuilder order = new StringBuilder();
    looped.chars().filter(l -> output.indexOf(l) >= 0).forEach(l -> order.append((char) l));
    looped.chars().filter(l -> output.indexOf(l) < 0).forEach(l -> order.append((char) l));
    long[] lengths = c.shape(order.toString());
    int calls = 1;
    for (long length : lengths) {
      calls *= (int) length;
    }
    long[][] offsets = new long[4][calls];
    for (int i = 0; i < calls; i++) {
      int left = i;
      for (int axis = lengths.length - 1; axis >= 0; axis--) {
        long index = left % lengths[axis];
        left /= (int) lengths[axis];
        char label = order.charAt(axis);
        for (int t = 0; t < 3; t++) {
          offsets[t][i] += index * strides.get(t).getOrDefault(label, 0L);
        }
        offsets[3][i] += output.indexOf(label) < 0 ? index : 0;
      }
    }
    return offsets;
  }

  private static Map<Character, Long> strides(Catalogue.Case c, String labels) {
    Map<Character, Long> strides = new HashMap<>();
    long stride = 1;
    for (int i = labels.length() - 1; i >= 0; i--) {
      strides.put(labels.charAt(i), stride);
      stride *= c.lengths().get(labels.charAt(i));
    }
    return strides;
  }

  private static String distinct(String labels) {
    StringBuilder all = new StringBuilder();
    labels.chars().distinct().forEach(l -> all.append((char) l));
    return all.toString();
  }

  private static boolean hasDistinct(String labels) {
    return distinct(labels).length() == labels.length();
  }

  private static String without(String labels, String removed) {
    StringBuilder kept = new StringBuilder();
    labels.chars().filter(l -> removed.indexOf(l) < 0).forEach(l -> kept.append((char) l));
    return kept.toString();
  }
}
