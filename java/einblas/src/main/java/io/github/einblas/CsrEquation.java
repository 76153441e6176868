// Einsum with a CSR operand: which of the four products an equation is.
package io.github.einblas;

import io.github.einblas.internal.equation.Equation;
import java.util.Arrays;

/** Equations of two operands, one of them a {@link CsrMatrix}: matrix products of any letters. */
final class CsrEquation {
  private CsrEquation() {}

  /** The result of {@code equation} with the matrix at place {@code sparse}. */
  static Tensor run(String equation, int sparse, CsrMatrix a, Tensor x) {
    if (x.rank() != 1 && x.rank() != 2) {
      throw refused(equation, "the dense operand must have rank 1 or 2, got " + x.describe());
    }
    int[] ranks = sparse == 0 ? new int[] {2, x.rank()} : new int[] {x.rank(), 2};
    Equation parsed = Equation.parse(equation, ranks);
    int[] matrix = parsed.operand(sparse);
    int[] dense = parsed.operand(1 - sparse);
    int[] output = parsed.output();
    if (matrix[0] == matrix[1] || (dense.length == 2 && dense[0] == dense[1])) {
      throw refused(equation, "a letter stands twice in an operand");
    }
    int summedRow = index(dense, matrix[0]);
    int summedColumn = index(dense, matrix[1]);
    if ((summedRow < 0) == (summedColumn < 0)) {
      throw refused(
          equation, "the matrix must share one letter with the dense operand, which is summed");
    }
    boolean turned = summedRow >= 0;
    int kept = turned ? matrix[1] : matrix[0];
    int at = turned ? summedRow : summedColumn;
    int[] product = dense.length == 1 ? new int[] {kept} : new int[] {kept, dense[1 - at]};
    boolean straight = Arrays.equals(output, product);
    boolean swapped =
        product.length == 2
            && output.length == 2
            && output[0] == product[1]
            && output[1] == product[0];
    if (!straight && !swapped) {
      throw refused(
          equation, "the output must have the letters that only one operand has, in any order");
    }
    // The product with the summed axis first, or last when the output wants its kept axis last.
    try (Tensor operand = view(x, at, swapped)) {
      if (swapped) {
        return (turned ? CsrProduct.TIMES_LEFT : CsrProduct.TRANSPOSE_TIMES_LEFT).of(a, operand);
      }
      return (turned ? CsrProduct.TRANSPOSE_TIMES : CsrProduct.TIMES).of(a, operand);
    }
  }

  private static Tensor view(Tensor x, int summed, boolean last) {
    boolean turn = x.rank() == 2 && (summed == 1) != last;
    return turn ? x.transpose() : x.reshape(x.shapeRef());
  }

  private static int index(int[] labels, int label) {
    for (int d = 0; d < labels.length; d++) {
      if (labels[d] == label) {
        return d;
      }
    }
    return -1;
  }

  private static IllegalArgumentException refused(String equation, String why) {
    return new IllegalArgumentException(
        "equation \""
            + equation
            + "\" with a CSR matrix: "
            + why
            + "; products such as ij,jk->ik are computed, others need CsrMatrix.toDense");
  }
}
