// Command line: a matrix as a picture of letters.
package io.github.einblas.cli;

import io.github.einblas.DType;
import io.github.einblas.Tensor;
import java.util.ArrayList;
import java.util.List;

/** Cells of a matrix by their size: the darker the letter, the larger the number. */
final class Picture {
  private static final String SHADES = " .:-=+*#%@";
  private static final int ROWS = 16;
  private static final int COLUMNS = 64;

  /** Elements of a cell that are looked at along each axis: large matrices are sampled. */
  private static final int SAMPLES = 8;

  private Picture() {}

  /**
   * Lines for a tensor with axes: the last two, the others at 0. Empty of one that has no cells.
   */
  static List<String> of(Tensor tensor) {
    if (tensor.rank() == 0 || tensor.size() == 0) {
      return List.of();
    }
    Tensor matrix = tensor.rank() == 1 ? tensor.unsqueeze(0) : tensor.permute(axes(tensor.rank()));
    while (matrix.rank() > 2) {
      try (Tensor whole = matrix) {
        matrix = whole.select(0, 0);
      }
    }
    try (Tensor own = matrix) {
      return drawn(own);
    }
  }

  private static int[] axes(int rank) {
    int[] axes = new int[rank];
    for (int d = 0; d < rank; d++) {
      axes[d] = d;
    }
    return axes;
  }

  private static List<String> drawn(Tensor m) {
    int rows = (int) Math.min(m.length(0), ROWS);
    int columns = (int) Math.min(m.length(1), COLUMNS);
    double[][] cells = new double[rows][columns];
    double least = Double.POSITIVE_INFINITY;
    double most = Double.NEGATIVE_INFINITY;
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < columns; c++) {
        double v = cell(m, r, rows, c, columns);
        cells[r][c] = v;
        if (Double.isFinite(v)) {
          least = Math.min(least, v);
          most = Math.max(most, v);
        }
      }
    }
    List<String> lines = new ArrayList<>();
    String edge = "+" + "-".repeat(columns) + "+";
    lines.add(edge);
    for (double[] row : cells) {
      StringBuilder line = new StringBuilder("|");
      for (double v : row) {
        line.append(shade(v, least, most));
      }
      lines.add(line.append('|').toString());
    }
    lines.add(edge);
    return lines;
  }

  private static char shade(double v, double least, double most) {
    if (Double.isNaN(v)) {
      return '?';
    }
    if (Double.isInfinite(v)) {
      return '!';
    }
    // Halves: the difference of two numbers at the ends of the range is no number.
    double share = most > least ? (v / 2 - least / 2) / (most / 2 - least / 2) : v == 0 ? 0 : 0.5;
    return SHADES.charAt((int) Math.min(SHADES.length() - 1, share * SHADES.length()));
  }

  /** The mean of a cell; NaN or infinity where there is one. Of complex numbers, the moduli's. */
  private static double cell(Tensor m, int r, int rows, int c, int columns) {
    long r0 = r * m.length(0) / rows;
    long r1 = (r + 1) * m.length(0) / rows;
    long c0 = c * m.length(1) / columns;
    long c1 = (c + 1) * m.length(1) / columns;
    double sum = 0;
    long n = 0;
    for (long i = r0; i < r1; i += Math.max(1, (r1 - r0) / SAMPLES)) {
      for (long j = c0; j < c1; j += Math.max(1, (c1 - c0) / SAMPLES)) {
        sum += number(m, i, j) / 2;
        n++;
      }
    }
    return sum / n * 2;
  }

  private static double number(Tensor m, long i, long j) {
    DType type = m.dtype();
    return type.isComplex() ? Math.hypot(m.getReal(i, j), m.getImag(i, j)) : m.get(i, j);
  }
}
