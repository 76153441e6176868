// Port: indices and slices in brackets.
package io.github.einblas.cli.port;

import java.util.ArrayList;
import java.util.List;

/** Whole numbers, slices, None and ... in brackets. */
final class PortIndexing {
  private final PortTranslation in;

  PortIndexing(PortTranslation in) {
    this.in = in;
  }

  Ported of(PythonSyntax.Subscript s) {
    int taken = 0;
    boolean ellipsis = false;
    for (PythonSyntax index : s.indices()) {
      boolean dots = isWord(index, "...");
      if (dots && ellipsis) {
        throw in.source().wrong(index.position(), "two ellipses in one index");
      }
      ellipsis |= dots;
      taken += dots || isWord(index, "None") ? 0 : 1;
    }
    int needed = Math.min(26, Math.max(2, taken));
    Ported x = in.tensor(s.of(), taken > 2 ? PortShapes.filled(needed, -1) : null);
    if (taken > x.rank()) {
      throw new PortShapes.Mismatch(
          in.source()
              .wrong(s.position(), taken + " indices of " + x.rank() + " axes")
              .getMessage());
    }
    List<PythonSyntax> indices = new ArrayList<>(s.indices());
    int axis = 0;
    for (PythonSyntax index : indices) {
      if (isWord(index, "...")) {
        axis += x.rank() - axis - left(indices, index);
      } else if (isWord(index, "None")) {
        x =
            x.as(
                x.java().then("unsqueeze", axis),
                x.plain().reshaped(PortShapes.with(x.shape(), axis, 1)));
        ++axis;
      } else if (index instanceof PythonSyntax.Slice slice) {
        x = sliced(x, axis++, slice);
      } else {
        x = selected(x, axis, index);
      }
    }
    return x;
  }

  /** How many axes the indices behind one take. */
  private static int left(List<PythonSyntax> indices, PythonSyntax behind) {
    int count = 0;
    for (int i = indices.indexOf(behind) + 1; i < indices.size(); i++) {
      count += isWord(indices.get(i), "None") ? 0 : 1;
    }
    return count;
  }

  private static boolean isWord(PythonSyntax node, String word) {
    return node instanceof PythonSyntax.Constant c && c.word().equals(word);
  }

  private Ported selected(Ported x, int axis, PythonSyntax node) {
    int given = in.integer(node);
    int length = x.shape()[axis];
    int index = given < 0 ? given + length : given;
    if (index < 0 || index >= length) {
      throw new PortShapes.Mismatch(
          in.source()
              .wrong(node.position(), "there is no index " + given + " of " + length)
              .getMessage());
    }
    int[] kept = PortShapes.others(new int[] {axis}, x.rank());
    return Ported.view(
        x.java().then("select", axis, given),
        x.plain()
            .gathered(
                PortShapes.taken(x.shape(), kept),
                i -> {
                  int[] from = new int[kept.length + 1];
                  PortShapes.put(from, kept, i);
                  from[axis] = index;
                  return from;
                }));
  }

  private Ported sliced(Ported x, int axis, PythonSyntax.Slice slice) {
    int length = x.shape()[axis];
    int step = slice.step() == null ? 1 : in.integer(slice.step());
    if (step == 0) {
      throw in.source().wrong(slice.position(), "the step of a slice is 0");
    }
    if (slice.start() == null && slice.stop() == null && step == 1) {
      return x;
    }
    if (step < 0 && (slice.start() != null || slice.stop() != null || step != -1)) {
      throw in.source()
          .wrong(slice.position(), "of slices with a negative step there is ::-1 alone");
    }
    if (step == -1) {
      return Ported.view(
          x.java().then("flip", axis), picked(x.plain(), axis, length, length - 1, -1));
    }
    int start = slice.start() == null ? 0 : in.integer(slice.start());
    int stop = slice.stop() == null ? length : in.integer(slice.stop());
    int from = Math.max(0, Math.min(length, start < 0 ? start + length : start));
    int to = Math.max(from, Math.min(length, stop < 0 ? stop + length : stop));
    int count = (int) (((long) to - from + step - 1) / step);
    JavaExpression java =
        step == 1
            ? x.java().then("slice", axis, start, stop)
            : x.java().then("slice", axis, start, stop, step);
    return Ported.view(java, picked(x.plain(), axis, count, from, step));
  }

  private static PlainTensor picked(PlainTensor x, int axis, int count, int from, int step) {
    int[] shape = x.shape().clone();
    shape[axis] = count;
    return x.gathered(
        shape,
        index -> {
          int[] at = index.clone();
          at[axis] = from + step * index[axis];
          return at;
        });
  }
}
