// Text: prints tensors as NumPy prints arrays.
package io.github.einblas.internal.tensor;

import io.github.einblas.DType;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** Builds {@code Tensor.toString}. */
public final class TensorText {
  private static final long SUMMARISE_FROM = 1000;
  private static final int EDGE = 3;

  /** More cells than that are not printed: many axes of length 2 summarise to nothing less. */
  private static final long MOST_CELLS = 20_000;

  private final Strided tensor;
  private final long[] shape;
  private final boolean summarised;

  private TensorText(Strided tensor) {
    this.tensor = tensor;
    this.shape = tensor.shape();
    this.summarised = tensor.size() > SUMMARISE_FROM;
  }

  /** The text of a tensor that is not closed. */
  public static String of(Strided tensor) {
    TensorText text = new TensorText(tensor);
    StringBuilder out = new StringBuilder();
    if (tensor.size() == 0) {
      out.append("[]");
    } else if (text.cells() > MOST_CELLS) {
      out.append("[...]");
    } else {
      text.print(out);
    }
    return out.append(" shape=")
        .append(Arrays.toString(text.shape))
        .append(" dtype=")
        .append(tensor.dtype())
        .toString();
  }

  /** How many indices of an axis are printed. */
  private int shown(int axis) {
    return summarised ? (int) Math.min(shape[axis], 2 * EDGE) : (int) shape[axis];
  }

  private long cells() {
    long cells = 1;
    for (int d = 0; d < shape.length && cells <= MOST_CELLS; d++) {
      cells *= shown(d);
    }
    return cells;
  }

  /** The index at a place among those that are printed. */
  private long index(int axis, int place) {
    boolean behind = shown(axis) < shape[axis] && place >= EDGE;
    return behind ? shape[axis] - 2 * EDGE + place : place;
  }

  /**
   * Moves on to the next cell.
   *
   * @return the axis that moved, behind which all begin anew; -1 after the last cell
   */
  private int next(int[] places, long[] index) {
    int axis = shape.length - 1;
    while (axis >= 0 && ++places[axis] == shown(axis)) {
      places[axis] = 0;
      index[axis--] = 0;
    }
    if (axis >= 0) {
      index[axis] = index(axis, places[axis]);
    }
    return axis;
  }

  /** Not by recursion: there may be thousands of axes. */
  private void print(StringBuilder out) {
    List<String> cells = new ArrayList<>();
    int width = 0;
    int[] places = new int[shape.length];
    long[] index = new long[shape.length];
    do {
      String cell = cell(index);
      cells.add(cell);
      width = Math.max(width, cell.length());
    } while (next(places, index) >= 0);
    out.append("[".repeat(shape.length));
    for (String cell : cells) {
      out.append(" ".repeat(width - cell.length())).append(cell);
      int axis = next(places, index);
      out.append("]".repeat(shape.length - 1 - axis));
      if (axis >= 0) {
        String gap = axis == shape.length - 1 ? ", " : ",\n" + " ".repeat(axis + 1);
        out.append(gap);
        if (shown(axis) < shape[axis] && places[axis] == EDGE) {
          out.append("...").append(gap);
        }
        out.append("[".repeat(shape.length - 1 - axis));
      }
    }
  }

  private String cell(long[] index) {
    return switch (tensor.dtype().kind()) {
      case BOOL -> Elements.getLong(tensor, index) != 0 ? "true" : "false";
      case INTEGER -> Long.toString(Elements.getLong(tensor, index));
      case REAL -> number(Elements.get(tensor, index));
      case COMPLEX -> {
        double im = Elements.imaginary(tensor, index);
        boolean minus = Double.doubleToRawLongBits(im) < 0 && !Double.isNaN(im);
        String sign = minus ? "-" : "+";
        yield number(Elements.real(tensor, index)) + sign + number(Math.abs(im)) + "j";
      }
    };
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
    DType type = tensor.dtype();
    if (type == DType.BF16 || type == DType.F16) {
      return shortest(v);
    }
    return text(v, isPlain(v) ? 'f' : 'e', Precision.of(type).digits());
  }

  private static boolean isPlain(double v) {
    return Math.abs(v) >= 1e-4 && Math.abs(v) < 1e7;
  }

  private static String text(Object v, char form, int digits) {
    return String.format(Locale.ROOT, "%." + digits + form, v).replaceAll("(\\.\\d*?)0+$", "$1");
  }

  /** The fewest digits that no other number of the type is nearer to. */
  private String shortest(double v) {
    Precision of = Precision.of(tensor.dtype());
    double power = Math.scalb(1.0, Math.getExponent(v));
    double apart = Math.max(2 * of.unit() * power, of.least());
    // Below a power of two numbers lie closer, but for the subnormal ones.
    double closer = Math.abs(v) == power ? Math.max(apart / 2, of.least()) : apart;
    for (int digits = 1; ; digits++) {
      BigDecimal d = new BigDecimal(v).round(new MathContext(digits));
      double off = Math.abs(d.doubleValue()) - Math.abs(v);
      if (off < apart / 2 && -off < closer / 2) {
        return isPlain(v) ? text(d, 'f', Math.max(d.scale(), 1)) : text(d, 'e', digits - 1);
      }
    }
  }
}
