// Planner, second stage: what contracting a pair of tensors costs.
package io.github.einblas.internal.path;

import io.github.einblas.PlanOptions;

/**
 * Cost of one pair from four numbers of elements: all labels of both operands (the loop nest), each
 * operand, and the result. Costs of pairs add up.
 */
public interface PathCost {
  /**
   * Cost of a pair.
   *
   * @param all product of the lengths of all labels of the pair
   * @param a elements of the first operand
   * @param b elements of the second operand
   * @param c elements of the result
   */
  double pair(double all, double a, double b, double c);

  /**
   * Floating-point operations: a multiplication per point of the loop nest, and an addition where
   * something is summed. Among equals the smaller result: 2^-40 of an operation per element written
   * decides only ties.
   */
  PathCost FLOPS = (all, a, b, c) -> (all > c ? 2 * all : all) + 0x1p-40 * c;

  /** Time by kernel class, in floating-point operations at the machine's peak. */
  PathCost KERNELS = PathCost::kernelTime;

  /** The model of that name. */
  static PathCost of(PlanOptions.CostModel model) {
    return model == PlanOptions.CostModel.FLOPS ? FLOPS : KERNELS;
  }

  /** What a step with sums moves costs this times as much: packing, and tiles of the result. */
  double PACKED = 2.5;

  /**
   * Operations at peak in the time of moving one element; measured on one thread, P 106 GFLOP/s F64
   * and 226 F32, products of two tensors of 90 K, 3 M and 18 M elements: 3.7, 9.9 and 16.5 F64,
   * 3.9, 7.4 and 13 F32. 128 K elements stay in L2, 4 M in L3; the rest comes from memory.
   */
  static double movedElement(double elements) {
    return elements <= 0x1p17 ? 4 : elements <= 0x1p22 ? 8 : 17;
  }

  /**
   * Fitted to 128 steps of one and two operands (64 shapes in both types): off by more than 1.5
   * times for 27 of them, 2 times for 12. What it does not see: how axes lie (up to 2.5 times for a
   * tensor read across its unit stride), and special kernels (batches of 2 x 2 to 8 x 8 take half,
   * 4 columns and 100,000 terms twice to four times as long).
   */
  private static double kernelTime(double all, double a, double b, double c) {
    if (!(all > 0)) {
      return 0;
    }
    if (all == Double.POSITIVE_INFINITY) {
      return all;
    }
    double bytes = movedElement(a + b + c) * (a + b + c);
    if (all <= c) {
      // Nothing is summed: bound by the bytes, whatever the shapes.
      return bytes;
    }
    double k = all / c;
    double m = all / b;
    double n = all / a;
    double small = Math.min(m, n);
    if (small == 1) {
      // A matrix and a vector: the matrix is read once, in place.
      return Math.max(2 * all / 0.25, bytes);
    }
    // Few rows or columns leave lanes and registers of a tile idle. A short sum pays for reading
    // and writing the tile at each end.
    double rate = small / (small + 6) * (k / (k + 3));
    return Math.max(2 * all / rate, PACKED * bytes);
  }
}
