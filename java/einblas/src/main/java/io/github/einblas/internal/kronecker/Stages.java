// Kronecker: the stages of a product with sparse factors: which are applied when.
package io.github.einblas.internal.kronecker;

import io.github.einblas.internal.natives.NativeKronecker;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * An operator with sparse factors as a product of operators that each act on some of X's axes: one
 * for each sparse factor, and one for every run of other factors between them. They commute; of two
 * factors, exchanging them shows which one costs less when it goes first.
 */
final class Stages {
  private Stages() {}

  /**
   * One step.
   *
   * @param sparse position of a sparse factor, or -1
   * @param factors those of this stage, and identities; also of a sparse stage
   * @param before product of the lengths of the axes in front of the sparse factor's, now
   * @param behind product of the lengths behind it
   */
  record Stage(int sparse, Factors factors, long before, long behind) {
    boolean isSparse() {
      return sparse >= 0;
    }

    /** The sparse factor. */
    Term term() {
      return factors.term(sparse);
    }
  }

  /** Stages of K X, or of X K when left is set. */
  static List<Stage> of(Factors k, boolean left) {
    List<Term> terms = k.terms();
    boolean[] done = new boolean[terms.size()];
    List<Integer> order =
        IntStream.range(0, terms.size())
            .boxed()
            .filter(f -> !terms.get(f).isIdentity())
            .sorted(
                Comparator.comparingDouble((Integer f) -> weight(terms.get(f), left))
                    .thenComparing(f -> terms.get(f).isSparse()))
            .toList();
    List<Stage> stages = new ArrayList<>();
    for (int at = 0; at < order.size(); ) {
      int end = at + 1;
      boolean sparse = terms.get(order.get(at)).isSparse();
      while (!sparse && end < order.size() && !terms.get(order.get(end)).isSparse()) {
        end++;
      }
      stages.add(stage(terms, order.subList(at, end), done, left));
      order.subList(at, end).forEach(f -> done[f] = true);
      at = end;
    }
    return stages;
  }

  /**
   * What the native chain orders its factors by; a sparse one reads and writes each element once,
   * beside its entries.
   */
  private static double weight(Term t, boolean left) {
    double k = Math.max(1, left ? t.rows() : t.columns());
    double q = Math.max(1, left ? t.columns() : t.rows());
    double work = t.isSparse() ? t.csr().entries() / k + 1 + q / k : t.isDiagonal() ? 1 : q;
    return NativeKronecker.kronWeight(k, q, work);
  }

  private static Stage stage(List<Term> terms, List<Integer> now, boolean[] done, boolean left) {
    List<Term> own = new ArrayList<>();
    long before = 1;
    long behind = 1;
    int sparse = terms.get(now.get(0)).isSparse() ? now.get(0) : -1;
    for (int f = 0; f < terms.size(); f++) {
      Term t = terms.get(f);
      long length = done[f] == left ? t.columns() : t.rows();
      own.add(now.contains(f) ? t : Term.identity(length));
      if (f < sparse) {
        before = Math.multiplyExact(before, length);
      } else if (f > sparse) {
        behind = Math.multiplyExact(behind, length);
      }
    }
    return new Stage(sparse, Factors.of(own), before, behind);
  }

  /** The operator with identities in place of its sparse factors, or of all but these. */
  static Factors only(Factors k, boolean sparse, boolean left) {
    return Factors.of(
        k.terms().stream()
            .map(
                t ->
                    t.isSparse() == sparse || t.isIdentity()
                        ? t
                        : Term.identity(sparse == left ? t.rows() : t.columns()))
            .toList());
  }
}
