// Plans: one slice of a contraction: ranges of the labels that are cut.
package io.github.einblas.internal.plan;

import io.github.einblas.internal.equation.Equation;
import io.github.einblas.internal.tensor.Strided;
import java.util.Arrays;

/**
 * A part of a contraction.
 *
 * @param plan of the slice's own parts of the operands
 * @param index its number, from 0
 * @param labels those that are cut
 * @param from first index of each
 * @param to the one behind the last
 */
public record Slice(
    Contraction whole, Contraction plan, long index, int[] labels, long[] from, long[] to) {

  /** Its number and the cut that it is of. */
  public String id() {
    return index + "@" + whole.slices().fingerprint();
  }

  /** First index and the one behind the last of each axis; length 1 stands for any length. */
  public long[][] ranges(long[] shape, int[] own) {
    long[][] ranges = new long[own.length][];
    for (int d = 0; d < own.length; d++) {
      int cut = cutOf(own[d], shape[d]);
      ranges[d] = cut < 0 ? new long[] {0, shape[d]} : new long[] {from[cut], to[cut]};
    }
    return ranges;
  }

  private int cutOf(int label, long length) {
    for (int k = 0; k < labels.length; k++) {
      if (labels[k] == label && length != 1) {
        return k;
      }
    }
    return -1;
  }

  /** This slice's parts of the operands, as views. */
  public Strided[] operands(Strided[] operands) {
    long[][] shapes = whole.shapes();
    if (operands.length != shapes.length) {
      throw new IllegalArgumentException(
          "the plan has " + shapes.length + " operands, got " + operands.length);
    }
    Strided[] parts = new Strided[operands.length];
    for (int i = 0; i < parts.length; i++) {
      parts[i] = part(operands[i], shapes[i], whole.equation().operand(i), "operand " + i);
    }
    return parts;
  }

  /** The part of the output that this slice adds to, as a view. */
  public Strided output(Strided out) {
    return part(out, whole.outputShape(), whole.equation().output(), "the output");
  }

  private Strided part(Strided tensor, long[] shape, int[] own, String what) {
    if (tensor == null) {
      throw new NullPointerException(what + " is null");
    }
    if (!Arrays.equals(tensor.shape(), shape)) {
      throw new IllegalArgumentException(
          what + " must have shape " + Arrays.toString(shape) + ", got " + tensor.describe());
    }
    Strided view = tensor;
    for (int d = 0; d < own.length; d++) {
      int cut = cutOf(own[d], shape[d]);
      view = cut < 0 ? view : view.slice(d, from[cut], to[cut]);
    }
    return view;
  }

  @Override
  public String toString() {
    Equation equation = whole.equation();
    StringBuilder s = new StringBuilder(index + " of \"" + equation + "\"");
    for (int k = 0; k < labels.length; k++) {
      s.append(k == 0 ? ": " : ", ").append(equation.name(labels[k]));
      s.append(" from ").append(from[k]).append(" to ").append(to[k]);
    }
    return s.toString();
  }
}
