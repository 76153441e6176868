// Kronecker: the labels of an operator's axes, with which its products are einsums.
package io.github.einblas.internal.kronecker;

import java.util.Arrays;
import java.util.List;

/**
 * Labels of an operator and of the tensors that it is applied to. Batch axes have the labels 0 to
 * batchRank - 1, the free axis of X batchRank; factor i has one label for its rows and one for its
 * columns, which are the same for an identity and a diagonal.
 */
final class FactorLabels {
  private final List<Term> terms;
  private final int batchRank;

  FactorLabels(Factors factors, int batchRank) {
    this.terms = factors.terms();
    this.batchRank = batchRank;
  }

  int free() {
    return batchRank;
  }

  int row(int factor) {
    return batchRank + 1 + 2 * factor;
  }

  int column(int factor) {
    return terms.get(factor).isDense() || terms.get(factor).isSparse()
        ? row(factor) + 1
        : row(factor);
  }

  /** A label of its own, for the entries of a sparse factor. */
  int entry(int factor) {
    return row(terms.size()) + factor;
  }

  /** Labels of the last {@code rank} batch axes. */
  int[] batch(int rank) {
    int[] labels = new int[rank];
    Arrays.setAll(labels, d -> batchRank - rank + d);
    return labels;
  }

  int[] rows() {
    int[] labels = new int[terms.size()];
    Arrays.setAll(labels, this::row);
    return labels;
  }

  int[] columns() {
    int[] labels = new int[terms.size()];
    Arrays.setAll(labels, this::column);
    return labels;
  }

  /** Labels of a factor that has a tensor. */
  int[] term(int factor) {
    return terms.get(factor).isDiagonal()
        ? new int[] {row(factor)}
        : join(
            batch(terms.get(factor).batchRank()),
            new int[] {row(factor)},
            new int[] {column(factor)});
  }

  static int[] join(int[]... parts) {
    return Arrays.stream(parts).flatMapToInt(Arrays::stream).toArray();
  }
}
