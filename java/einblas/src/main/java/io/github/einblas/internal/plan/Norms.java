// Plans: norms of a contraction's operands, which bound the errors of its sums.
package io.github.einblas.internal.plan;

import io.github.einblas.DType;
import io.github.einblas.PlanOptions;
import io.github.einblas.internal.equation.Equation;
import io.github.einblas.internal.tensor.Strided;
import io.github.einblas.internal.tensor.TensorCopy;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.IntStream;

/** Squared norms of operands over the labels that an output lacks. Used once. */
final class Norms {
  /** Elements of a piece of an operand that is converted to F64. */
  private static final long PIECE = 1 << 20;

  private final Equation equation;
  private final long[][] shapes;
  private final PlanOptions options;

  Norms(Equation equation, long[][] shapes, PlanOptions options) {
    this.equation = equation;
    this.shapes = shapes;
    this.options = options;
  }

  /**
   * For each place that stays, the sum over the others of the products of the operands' squared
   * norms: what bounds the sums of products (Cauchy and Schwarz), squared.
   *
   * @param kept labels that stay
   */
  double[] magnitudes(Strided[] operands, int[] kept) {
    int n = operands.length;
    Strided[] norms = new Strided[n];
    int[][] labels = new int[n][];
    long[][] own = new long[n][];
    try {
      for (int i = 0; i < n; i++) {
        labels[i] =
            Arrays.stream(equation.operand(i)).distinct().filter(this::isInOutput).toArray();
        norms[i] = squares(operands[i], equation.operand(i), labels[i]);
        own[i] = norms[i].shape();
      }
      Equation product = Equation.of("bound of " + equation, labels, kept);
      try (Strided all = new Contraction(product, DType.F64, own, options).run(norms)) {
        double[] result = TensorCopy.doubles(all);
        double alone = alone();
        Arrays.setAll(result, i -> result[i] * alone);
        return result;
      }
    } finally {
      for (Strided norm : norms) {
        if (norm != null) {
          norm.close();
        }
      }
    }
  }

  private boolean isInOutput(int label) {
    return Arrays.stream(equation.output()).anyMatch(l -> l == label);
  }

  /** Lengths of the labels that one operand alone has and the output lacks: there a sum of n. */
  private double alone() {
    double product = 1;
    for (Map.Entry<Integer, Long> label : equation.lengths(shapes).entrySet()) {
      int holders = 0;
      for (int i = 0; i < shapes.length; i++) {
        int[] own = equation.operand(i);
        for (int d = 0; d < own.length; d++) {
          if (own[d] == label.getKey() && shapes[i][d] != 1) {
            holders++;
            break;
          }
        }
      }
      product *= holders == 1 && !isInOutput(label.getKey()) ? label.getValue() : 1;
    }
    return product;
  }

  /** Sums of the squares of a tensor's elements, in F64; of both parts where it is complex. */
  private Strided squares(Strided x, int[] labels, int[] to) {
    if (!x.dtype().isComplex()) {
      return squaresOfReals(x, labels, to);
    }
    Strided sum;
    // The sign of the imaginary part does not matter.
    Strided plain = x.isConjugate() ? x.conj() : x;
    try (Strided real = plain.real()) {
      sum = squaresOfReals(real, labels, to);
    }
    boolean done = false;
    try (Strided imaginary = plain.imag();
        Strided other = squaresOfReals(imaginary, labels, to)) {
      Equation same = Equation.of("sum", new int[][] {to}, to);
      long[][] shape = {other.shape()};
      new Contraction(same, DType.F64, shape, options).runInto(sum, 1, 1, new Strided[] {other});
      done = true;
      return sum;
    } finally {
      if (!done) {
        sum.close();
      }
    }
  }

  /** Piece by piece along the first axis. */
  private Strided squaresOfReals(Strided x, int[] labels, int[] to) {
    boolean plain = Arrays.stream(labels).distinct().count() == labels.length;
    boolean isWide = x.dtype() == DType.F64;
    long rows = plain && labels.length > 0 ? x.length(0) : 1;
    long pieces = isWide ? 1 : Math.max(1, Math.min(rows, x.size() / PIECE));
    if (pieces == 1) {
      if (isWide) {
        return squarePlan(x, labels, to).run(x, x);
      }
      try (Strided wide = TensorCopy.convert(x, DType.F64)) {
        return squarePlan(wide, labels, to).run(wide, wide);
      }
    }
    Strided sum = TensorCopy.full(DType.F64, 0, outShape(x, labels, to));
    boolean parts = to.length > 0 && to[0] == labels[0];
    for (long p = 0; p < pieces; p++) {
      long from = rows * p / pieces;
      long until = rows * (p + 1) / pieces;
      try (Strided wide = TensorCopy.convert(x.slice(0, from, until), DType.F64);
          Strided own = parts ? sum.slice(0, from, until) : sum.permute(identity(to.length))) {
        squarePlan(wide, labels, to).runInto(own, 1, 1, wide, wide);
      }
    }
    return sum;
  }

  private static int[] identity(int n) {
    return IntStream.range(0, n).toArray();
  }

  private static long[] outShape(Strided x, int[] labels, int[] to) {
    long[] shape = new long[to.length];
    for (int o = 0; o < to.length; o++) {
      for (int d = 0; d < labels.length; d++) {
        shape[o] = labels[d] == to[o] ? x.length(d) : shape[o];
      }
    }
    return shape;
  }

  private Contraction squarePlan(Strided x, int[] labels, int[] to) {
    Equation squares = Equation.of("squares", new int[][] {labels, labels}, to);
    long[] shape = x.shape();
    return new Contraction(squares, DType.F64, new long[][] {shape, shape}, options);
  }
}
