// Explanations: how long a run of a step will take.
package io.github.einblas.internal.report;

import io.github.einblas.DType;
import io.github.einblas.internal.natives.MachineSpeed;
import io.github.einblas.internal.report.StepAxes.Axis;
import io.github.einblas.internal.report.StepAxes.Group;

/**
 * Time of a step from the kernel that it takes, its axes and strides, and the rates of the machine.
 * What a kernel does is a sum: a call, bytes at the rate of the cache that holds them, operations
 * at peak, and what its loops spend on vectors, lines and elements. The weights are fitted to steps
 * of the catalogue, decision 018 says how well.
 */
final class StepTime {
  /** Work that is worth another thread, as the native library counts it. */
  private static final double THREAD = 8e-6;

  private static final double WAKING = 1.5e-6;

  /** Of a point of plain loops. */
  private static final double LOOP = 2e-9;

  /** Bytes of operations at peak in the time of one vector's steps; a clock cycle, about. */
  private static final double CYCLE = 256;

  private final MachineSpeed machine;

  /** What is computed in. */
  private final DType type;

  private boolean steady = true;

  StepTime(MachineSpeed machine, DType type) {
    this.machine = machine;
    this.type = type;
  }

  /** Whether all rates that were asked for so far are reliable. */
  boolean steady() {
    return steady;
  }

  /** Operations per second of a product. */
  double flops(int threads) {
    MachineSpeed.Rate rate = machine.flops(measured(), threads);
    steady &= rate.steady();
    return rate.perSecond();
  }

  /** The type whose rate is known: integers and parts of complex numbers go by their bytes. */
  private DType measured() {
    return switch (type) {
      case F32, BF16, F16, BOOL, I8, U8, I16, I32, C64 -> DType.F32;
      case F64, I64, C128 -> DType.F64;
    };
  }

  /** Operations of a multiplication and an addition. */
  private double operations() {
    return switch (type) {
      case C64, C128 -> 8;
      case F32, F64, BF16, F16, BOOL, I8, U8, I16, I32, I64 -> 2;
    };
  }

  /** Bytes per second of a copy of so many. */
  double bandwidth(int threads, double bytes) {
    MachineSpeed.Rate rate = machine.bandwidth(threads, bytes);
    steady &= rate.steady();
    return rate.perSecond();
  }

  /**
   * Seconds of one run.
   *
   * @param footprint bytes that are passed between two runs, of which caches keep what fits
   * @param adds whether the output is read too
   */
  double seconds(String kernel, StepAxes axes, double footprint, boolean adds, int threads) {
    if (threads > 1) {
      double all = with(threads, kernel, axes, footprint, adds);
      if (all > threads * THREAD) {
        return all + WAKING;
      }
    }
    double one = with(1, kernel, axes, footprint, adds);
    int used = (int) Math.min(threads, one / THREAD);
    return used <= 1 ? one : with(used, kernel, axes, footprint, adds) + WAKING;
  }

  private double with(int threads, String kernel, StepAxes axes, double footprint, boolean adds) {
    double points = axes.points();
    if (points == 0) {
      return CALL;
    }
    double peak = flops(threads);
    double touched = axes.touched() + (adds ? axes.touched(axes.operands()) : 0);
    double memory = touched / bandwidth(threads, Math.max(touched, footprint));
    double cycle = CYCLE / type.bytes() / peak;
    double product = operations() * points / peak;
    return switch (kernel) {
      case "permute" -> permute(axes, memory, cycle);
      case "product" -> product(axes, memory, cycle);
      case "reduce" -> reduce(axes, memory, cycle);
      case "lanes" -> lanes(axes, memory, cycle, product);
      case "gemm_small" -> small(axes, memory, cycle, product);
      case "gemm_items" -> CALL + 1.84 * memory + 1.2 * product;
      case "ttm" -> 2e-6 + 0.9 * memory + 1.2 * product;
      case "gemm", "openblas" -> gemm(axes, memory, cycle, product);
      // Pairs and fours of narrow numbers: a half and a quarter of the multiply-adds, and packing.
      case "dots" -> 2e-6 + memory + 0.6 * product;
      // Pieces are converted, then multiplied as if they had been of the type that is computed in.
      case "convert" -> 2e-6 + 2 * memory + 1.5 * product;
      default -> CALL + memory + points * LOOP / threads;
    };
  }

  /** A call from Java to a native step and back. */
  private static final double CALL = 7e-8;

  private static double permute(StepAxes axes, double memory, double cycle) {
    double elements = axes.elements(1);
    double line = Math.min(axes.lineLength(0), axes.lineLength(1));
    return CALL + 1.73 * memory + cycle * (0.066 * elements + 0.48 * elements / line);
  }

  private double product(StepAxes axes, double memory, double cycle) {
    int out = axes.operands();
    double elements = axes.elements(out);
    return CALL
        + 1.12 * memory
        + cycle * (0.39 * vectors(elements) + 0.35 * elements / axes.lineLength(out));
  }

  private double reduce(StepAxes axes, double memory, double cycle) {
    double points = axes.points();
    int main = axes.operands() > 1 && axes.elements(1) > axes.elements(0) ? 1 : 0;
    Axis line = axes.line(main);
    double work =
        line == null
            ? 1.77 * vectors(points) + 4.9 * points
            : line.outer()
                ? 1.77 * vectors(points)
                : 0.2 * vectors(points) + 0.78 * points / line.length();
    return CALL + 1.14 * memory + cycle * work;
  }

  /**
   * The batch lies along the vectors: partly filled ones cost as much, and both operands packing.
   */
  private double lanes(StepAxes axes, double memory, double cycle, double product) {
    double length = axes.lineLength(axes.operands());
    double filled = Math.ceil(vectors(length)) / vectors(length);
    double packed = vectors(axes.elements(0) + axes.elements(1));
    return 2.4e-7
        + 0.53 * memory
        + 1.35 * filled * product
        + cycle * (6.2 * filled * packed + 112 * vectors(axes.elements(Group.BATCH)));
  }

  private double small(StepAxes axes, double memory, double cycle, double product) {
    boolean swapped = swapped(axes);
    int right = swapped ? 0 : 1;
    double columns = axes.elements(swapped ? Group.M : Group.N);
    // Vectors of the result, for each term of its sums.
    double steps = axes.points() / columns * Math.ceil(vectors(columns)) / 2;
    Axis line = axes.line(right);
    boolean turned = line == null || axes.group(line) != (swapped ? Group.M : Group.N);
    return CALL
        + 0.86 * memory
        + 0.77 * product
        + cycle * (0.08 * steps + (turned ? 0.87 * axes.elements(right) : 0));
  }

  private double gemm(StepAxes axes, double memory, double cycle, double product) {
    double columns = axes.elements(swapped(axes) ? Group.M : Group.N);
    double filled = Math.ceil(columns / 8) * 8 / columns;
    double out = axes.elements(2);
    double passes = Math.max(1, axes.elements(Group.K) / 512);
    double lines = axes.elements(0) / axes.lineLength(0) + axes.elements(1) / axes.lineLength(1);
    return 2e-6
        + 0.64 * memory
        + 1.13 * filled * product
        + cycle
            * (2.3 * (axes.across(0) + axes.across(1))
                + 0.55 * vectors(out) * passes
                + 10 * (out / axes.lineLength(2) + lines));
  }

  /**
   * Whether the first operand has the output's unit stride: then it is the right one of the two.
   */
  private static boolean swapped(StepAxes axes) {
    Axis line = axes.line(2);
    return line != null && axes.group(line) == Group.M;
  }

  private double vectors(double elements) {
    return elements * type.bytes() / StepAxes.LINE;
  }
}
