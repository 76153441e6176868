// Planner, second stage: what contracting a pair of tensors costs.
package io.github.einblas.internal;

import io.github.einblas.PlanOptions;

/**
 * Cost of one pair from four numbers of elements: all labels of both operands (the loop nest), each
 * operand, and the result. Costs of pairs add up.
 */
interface PathCost {
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

  /** 64 K elements stay in L2, 2 M in L3; the rest comes from memory. */
  private static double movedElement(double elements) {
    // Operations at peak in the time of moving one element: 90 GFLOP/s F64 against 60, 25 and 10
    // GB/s. F32 has twice the peak and half the bytes per element: the same numbers.
    return elements <= 0x1p16 ? 12 : elements <= 0x1p21 ? 29 : 72;
  }

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
    // A tile is some 12 x 16 elements: fewer rows or columns leave its lanes and registers idle. A
    // short sum pays for reading and writing the tile at each end.
    double small = Math.min(m, n);
    double large = Math.max(m, n);
    double rate = small == 1 ? 0.25 : small / (small + 2) * (large / (large + 4)) * (k / (k + 8));
    return Math.max(2 * all / rate, bytes);
  }
}
