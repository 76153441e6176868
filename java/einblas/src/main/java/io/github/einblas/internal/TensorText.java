// Text: prints tensors as NumPy prints arrays.
package io.github.einblas.internal;

import io.github.einblas.DType;
import io.github.einblas.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** Builds {@code Tensor.toString}. */
public final class TensorText {
  private static final long SUMMARISE_FROM = 1000;
  private static final int EDGE = 3;

  private final Tensor tensor;
  private final long[] shape;
  private final boolean summarised;
  private final List<String> cells = new ArrayList<>();
  private int width;
  private int next;

  private TensorText(Tensor tensor) {
    this.tensor = tensor;
    this.shape = tensor.shape();
    this.summarised = tensor.size() > SUMMARISE_FROM;
  }

  /** The text of a tensor that is not closed. */
  public static String of(Tensor tensor) {
    TensorText text = new TensorText(tensor);
    text.collect(0, new long[text.shape.length]);
    for (String cell : text.cells) {
      text.width = Math.max(text.width, cell.length());
    }
    StringBuilder out = new StringBuilder();
    text.print(out, 0);
    return out.append(" shape=")
        .append(Arrays.toString(text.shape))
        .append(" dtype=")
        .append(tensor.dtype())
        .toString();
  }

  private long[] shown(int axis) {
    long n = shape[axis];
    if (!summarised || n <= 2 * EDGE) {
      long[] all = new long[(int) n];
      Arrays.setAll(all, i -> i);
      return all;
    }
    long[] edges = new long[2 * EDGE];
    Arrays.setAll(edges, i -> i < EDGE ? i : n - 2 * EDGE + i);
    return edges;
  }

  private void collect(int axis, long[] index) {
    if (axis == shape.length) {
      cells.add(
          tensor.dtype().isFloating()
              ? number(tensor.get(index))
              : Long.toString(tensor.getLong(index)));
      return;
    }
    for (long i : shown(axis)) {
      index[axis] = i;
      collect(axis + 1, index);
    }
  }

  private String number(double v) {
    if (Double.isNaN(v)) {
      return "nan";
    }
    if (Double.isInfinite(v)) {
      return v > 0 ? "inf" : "-inf";
    }
    if (v == Math.rint(v) && Math.abs(v) < 1e7) {
      return (long) v + ".";
    }
    double size = Math.abs(v);
    int digits = tensor.dtype() == DType.F32 ? 7 : 8;
    return String.format(
            Locale.ROOT, size < 1e-4 || size >= 1e7 ? "%." + digits + "e" : "%." + digits + "f", v)
        .replaceAll("(\\.\\d*?)0+$", "$1");
  }

  private void print(StringBuilder out, int axis) {
    if (axis == shape.length) {
      String cell = cells.get(next++);
      out.append(" ".repeat(width - cell.length())).append(cell);
      return;
    }
    out.append('[');
    long[] shown = shown(axis);
    for (int i = 0; i < shown.length; i++) {
      if (i > 0) {
        boolean last = axis == shape.length - 1;
        String gap = last ? ", " : ",\n" + " ".repeat(axis + 1);
        out.append(gap);
        if (shown.length < shape[axis] && i == EDGE) {
          out.append("...").append(gap);
        }
      }
      print(out, axis + 1);
    }
    out.append(']');
  }
}
