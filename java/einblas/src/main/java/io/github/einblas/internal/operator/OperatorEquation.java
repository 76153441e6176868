// Einsum with a matrix operator: which product of it an equation is.
package io.github.einblas.internal.operator;

import io.github.einblas.PlanOptions;
import io.github.einblas.internal.equation.Equation;
import io.github.einblas.internal.equation.EquationText;
import io.github.einblas.internal.tensor.Strided;
import io.github.einblas.internal.tensor.Views;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Equations of a {@link MatrixOperand} and a tensor that are matrix products, in any letters and
 * any order of axes: the tensor is seen as (..., summed, n) and the result as (..., kept, n), both
 * by strides.
 */
public final class OperatorEquation {
  private final String equation;
  private final MatrixOperand operator;
  private final Strided x;

  /** Labels of the operator's batch axes; none but for a Kronecker operator that is a batch. */
  private final int[] batch;

  private final int[] dense;
  private final int[] output;

  /** Whether the label of the operator's rows is the summed one. */
  private final boolean transposed;

  private final int summed;
  private final int kept;

  private OperatorEquation(String equation, int place, MatrixOperand operator, Strided x) {
    this.equation = equation;
    this.operator = operator;
    this.x = x;
    int rank = operator.shape().length;
    int[] ranks = place == 0 ? new int[] {rank, x.rank()} : new int[] {x.rank(), rank};
    Equation parsed = Equation.parse(equation, ranks);
    int[] matrix = parsed.operand(place);
    this.batch = Arrays.copyOf(matrix, rank - 2);
    this.dense = parsed.operand(1 - place);
    this.output = parsed.output();
    if (hasTwice(matrix) || hasTwice(dense)) {
      throw refused("a letter stands twice in an operand");
    }
    int row = matrix[rank - 2];
    int column = matrix[rank - 1];
    this.transposed = index(dense, row) >= 0;
    if (transposed == (index(dense, column) >= 0)) {
      throw refused("the matrix must share one letter with the dense operand, which is summed");
    }
    this.summed = transposed ? row : column;
    this.kept = transposed ? column : row;
    requireOutput();
  }

  /** The output must have each label but the summed one. */
  private void requireOutput() {
    int[] wanted =
        IntStream.concat(
                IntStream.of(kept),
                IntStream.concat(Arrays.stream(batch), Arrays.stream(dense))
                    .filter(l -> l != summed))
            .distinct()
            .sorted()
            .toArray();
    if (!Arrays.equals(wanted, Arrays.stream(output).sorted().toArray())) {
      throw refused("the output must have every letter but the summed one, in any order");
    }
  }

  /**
   * An equation one of whose operands is no tensor.
   *
   * @param tensors null where an operand is none
   * @param matrices null where an operand is a tensor
   */
  public static OperatorEquation of(
      String equation, PlanOptions options, Strided[] tensors, MatrixOperand[] matrices) {
    for (int i = 0; i < tensors.length; i++) {
      if (tensors[i] == null && matrices[i] == null) {
        throw new NullPointerException(
            "\"" + EquationText.around(equation, i) + "\": operand " + i + " is null");
      }
    }
    for (int place = 0; place < 2 && tensors.length == 2; place++) {
      Strided x = tensors[1 - place];
      if (matrices[place] != null && x != null) {
        if (!options.equals(PlanOptions.DEFAULT)) {
          throw new IllegalArgumentException(
              "equation \""
                  + Equation.abbreviated(equation)
                  + "\" with a "
                  + matrices[place].kind()
                  + ": its products have no plan and take PlanOptions.DEFAULT alone, got "
                  + options);
        }
        return new OperatorEquation(equation, place, matrices[place], x);
      }
    }
    String kinds =
        String.join(
            ", ", Arrays.stream(matrices).map(m -> m == null ? "Tensor" : m.kind()).toList());
    throw refused(equation, kinds, "one such matrix and one tensor are needed");
  }

  /** The result, a new tensor. */
  public Strided run() {
    Strided out = Strided.empty(x.dtype(), outputShape(turned()));
    boolean done = false;
    try {
      write(out, 1, 0);
      done = true;
      return out;
    } finally {
      if (!done) {
        out.close();
      }
    }
  }

  /** {@code out = alpha * result + beta * out}. */
  public void runInto(Strided out, double alpha, double beta) {
    long[] shape = outputShape(turned());
    if (!Views.same(out.shape(), shape)) {
      throw new IllegalArgumentException(
          "equation \""
              + Equation.abbreviated(equation)
              + "\": the output must have shape="
              + Arrays.toString(shape)
              + ", got "
              + out.describe());
    }
    write(out, alpha, beta);
  }

  /** The matrix that x is multiplied with from the left. */
  private MatrixOperand turned() {
    return transposed ? operator.transpose() : operator;
  }

  private void write(Strided out, double alpha, double beta) {
    // Axes of x in front: those that the operator has not, then its batch axes.
    int[] free = Arrays.stream(output).filter(l -> l != kept && index(batch, l) < 0).toArray();
    int n = free.length == 0 ? 0 : 1;
    int[] leading =
        IntStream.concat(Arrays.stream(free, 0, free.length - n), Arrays.stream(batch)).toArray();
    if (leading.length > 0 && !operator.takesLeadingAxes()) {
      throw refused("the dense operand must have rank 1 or 2, got " + x.describe());
    }
    List<Integer> from = new ArrayList<>();
    List<Integer> to = new ArrayList<>();
    for (int label : leading) {
      from.add(index(dense, label));
      to.add(index(output, label));
    }
    from.add(index(dense, summed));
    to.add(index(output, kept));
    if (n > 0) {
      from.add(index(dense, free[free.length - 1]));
      to.add(index(output, free[free.length - 1]));
    } else if (leading.length > 0) {
      from.add(-1);
      to.add(-1);
    }
    turned().timesInto(view(out, to), alpha, beta, view(x, from));
  }

  private long[] outputShape(MatrixOperand a) {
    long[] own = operator.shape();
    long[] turned = a.shape();
    long rows = turned[turned.length - 2];
    return Arrays.stream(output)
        .mapToLong(
            label -> {
              int axis = index(dense, label);
              int place = index(batch, label);
              long length = axis >= 0 ? x.length(axis) : 1;
              return label == kept ? rows : length == 1 && place >= 0 ? own[place] : length;
            })
        .toArray();
  }

  /** The axes in this order; -1 is a new one of length 1. */
  private static Strided view(Strided t, List<Integer> axes) {
    Strided view = t.permute(axes.stream().filter(a -> a >= 0).mapToInt(a -> a).toArray());
    for (int d = 0; d < axes.size(); d++) {
      if (axes.get(d) < 0) {
        view = view.view(view.geometry().unsqueeze(d));
      }
    }
    return view;
  }

  private static boolean hasTwice(int[] labels) {
    return Arrays.stream(labels).distinct().count() < labels.length;
  }

  private static int index(int[] labels, int label) {
    for (int d = 0; d < labels.length; d++) {
      if (labels[d] == label) {
        return d;
      }
    }
    return -1;
  }

  private IllegalArgumentException refused(String why) {
    return refused(equation, "a " + operator.kind(), why);
  }

  private static IllegalArgumentException refused(String equation, String with, String why) {
    return new IllegalArgumentException(
        "equation \""
            + Equation.abbreviated(equation)
            + "\" with "
            + with
            + ": "
            + why
            + "; products such as ij,jk->ik of a CsrMatrix, BsrMatrix or Kronecker with one tensor"
            + " are computed, for others toDense() makes a tensor");
  }
}
