// Public API: one slice of a contraction, a plan of its own.
package io.github.einblas;

import io.github.einblas.internal.plan.Contraction;
import io.github.einblas.internal.plan.Slice;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;

/**
 * A part of a sliced contraction: ranges of the labels that were cut. It can be computed anywhere
 * from its parts of the operands; all slices' results, added to their parts of an output that
 * starts as zeros, are the result. {@link EinsumPlan#of(PlanSlice)} is the contraction of its
 * parts.
 *
 * <pre>{@code
 * EinsumPlan plan = Einsum.plan("ij,jk->ik", PlanOptions.DEFAULT.withSlices(2), x, x);
 * Tensor sum = Tensor.zeros(DType.F64, plan.outputShape());
 * for (PlanSlice slice : plan.slices()) {
 *   slice.addTo(sum, x, x); // here, or each on a machine of its own
 * }
 * }</pre>
 */
public final class PlanSlice {
  private final Slice slice;

  PlanSlice(Slice slice) {
    this.slice = slice;
  }

  /** The contraction of this slice's parts of the operands. */
  Contraction core() {
    return slice.plan();
  }

  /** {@return its number, from 0} */
  public long index() {
    return slice.index();
  }

  /**
   * {@return its number and the cut that it is of, for {@link EinsumPlan#slice(String)} in any
   * process: such as {@code 7@9f86d081884c7d65}}
   */
  public String id() {
    return slice.id();
  }

  /**
   * A part of an axis.
   *
   * @param label of the axis, as in the equation; {@code <d>} for axis d from the end under an
   *     ellipsis
   * @param from the first index
   * @param to the one behind the last
   */
  public record Range(String label, long from, long to) {
    /** {@return number of indices} */
    public long length() {
      return to - from;
    }
  }

  /**
   * {@return this slice's parts of the labels that are cut; of all other labels it takes
   * everything}
   */
  public List<Range> ranges() {
    List<Range> ranges = new ArrayList<>();
    for (int k = 0; k < slice.labels().length; k++) {
      ranges.add(range(slice.labels()[k], slice.from()[k], slice.to()[k]));
    }
    return List.copyOf(ranges);
  }

  private Range range(int label, long from, long to) {
    return new Range(slice.whole().equation().names(new int[] {label}), from, to);
  }

  /**
   * {@return this slice's part of an operand, axis by axis: what a program must have at hand that
   * computes the slice by {@link EinsumPlan#of(PlanSlice)}} Of an operand of shape (300, 800) whose
   * second axis is cut it is, say, 0 to 300 and 400 to 800.
   *
   * @param i number of the operand, from 0
   * @throws IndexOutOfBoundsException if there is no such operand
   */
  public List<Range> operandRanges(int i) {
    Contraction whole = slice.whole();
    Objects.checkIndex(i, whole.shapes().length);
    return ranges(whole.shapes()[i], whole.equation().operand(i));
  }

  /** {@return this slice's part of the result, axis by axis} */
  public List<Range> outputRanges() {
    return ranges(slice.whole().outputShape(), slice.whole().equation().output());
  }

  private List<Range> ranges(long[] shape, int[] own) {
    long[][] all = slice.ranges(shape, own);
    return IntStream.range(0, own.length)
        .mapToObj(d -> range(own[d], all[d][0], all[d][1]))
        .toList();
  }

  /**
   * {@return this slice's parts of the operands, as views}
   *
   * @param operands the whole operands
   * @throws IllegalArgumentException if number or shapes are not the whole plan's
   */
  public Tensor[] operands(Tensor... operands) {
    return Tensor.of(slice.operands(Tensor.cores(operands)));
  }

  /**
   * {@return the part of the output that this slice adds to, as a view}
   *
   * @param out the whole output
   * @throws IllegalArgumentException if the shape is not the whole plan's
   */
  public Tensor output(Tensor out) {
    return new Tensor(slice.output(Tensor.core(out)));
  }

  /**
   * Computes this slice and adds it to its part of the output. {@link EinsumPlan#runSlices} does so
   * for several and computes once what they share.
   *
   * @param out of the whole result's shape
   * @param operands the whole operands
   */
  public void addTo(Tensor out, Tensor... operands) {
    slice
        .plan()
        .runInto(slice.output(Tensor.core(out)), 1, 1, slice.operands(Tensor.cores(operands)));
  }

  @Override
  public String toString() {
    return "PlanSlice " + slice;
  }
}
