// Port: views, and tensors joined, by name.
package io.github.einblas.cli.port;

import io.github.einblas.Tensor;
import io.github.einblas.TensorMath;
import java.util.Arrays;
import java.util.List;

/** Axes in other orders and of other lengths; tensors joined; elements by index. */
final class PortMoves {
  private PortMoves() {}

  static void addTo(PortFunctions.Table table) {
    table.put("np.transpose", "a, axes=", (c, want) -> permute(c));
    table.put("torch.permute", "input, dims", (c, want) -> permute(c));
    table.put(".permute", "self, *dims", (c, want) -> permute(c));
    table.put(".transpose", "self, *axes", (c, want) -> transposeMethod(c));
    table.put(".t torch.t", "input", (c, want) -> transpose(c.tensor(0, new int[] {-1, -1})));
    table.put(
        "np.swapaxes torch.swapaxes torch.transpose .swapaxes",
        "a|input, axis1|dim0, axis2|dim1",
        (c, want) -> swap(c, c.integer(1), c.integer(2)));
    table.put(
        "np.moveaxis torch.movedim .movedim",
        "a|input, source, destination",
        (c, want) -> moveAxis(c));
    table.put("np.reshape torch.reshape", "a|input, shape|newshape", (c, want) -> reshape(c));
    table.put(".reshape .view", "self, *shape", (c, want) -> reshape(c));
    table.put(
        "np.ravel torch.ravel torch.flatten .ravel .flatten",
        "a|input",
        (c, want) -> {
          Ported x = c.tensor(0);
          return x.reshaped(new int[] {x.plain().size()}, x.plain().size());
        });
    table.put(
        "np.expand_dims torch.unsqueeze .unsqueeze",
        "a|input, axis|dim",
        (c, want) -> unsqueeze(c));
    table.put("np.squeeze torch.squeeze .squeeze", "a|input, axis|dim=", (c, want) -> squeeze(c));
    table.put("np.concatenate", "arrays, axis=", (c, want) -> concat(c));
    table.put(
        "torch.cat torch.concat torch.concatenate", "tensors, dim|axis=", (c, want) -> concat(c));
    table.put("np.stack", "arrays, axis=", (c, want) -> stack(c));
    table.put("torch.stack", "tensors, dim=", (c, want) -> stack(c));
    table.put("np.take", "a, indices, axis", (c, want) -> take(c, 1, 2));
    table.put(".take", "self, indices, axis", (c, want) -> take(c, 1, 2));
    table.put("torch.index_select .index_select", "input, dim, index", (c, want) -> take(c, 2, 1));
    table.put("np.flip torch.flip .flip", "m|input, *axis|dims=", (c, want) -> flip(c));
    table.put(
        "np.broadcast_to torch.broadcast_to", "array|input, shape|size", (c, want) -> broadcast(c));
    table.put(".expand", "self, *sizes", (c, want) -> broadcast(c));
    table.put("np.diagonal torch.diagonal .diagonal", "a|input", (c, want) -> diagonal(c));
    table.put(
        ".copy .clone np.copy torch.clone",
        "a|input",
        (c, want) -> {
          Ported x = c.tensor(0, want);
          return Ported.made(x.java().then("copy"), x.plain());
        });
    table.put(
        ".conj np.conj np.conjugate torch.conj",
        "a|input|x",
        (c, want) -> {
          Ported x = c.tensor(0, want);
          return x.as(x.java().then("conj"), x.plain()); // operands are real
        });
    table.put(".select torch.select", "input, dim, index", (c, want) -> part(c, 2));
    table.put(".narrow torch.narrow", "input, dim, start, length", (c, want) -> part(c, 3));
    table.put(
        ".contiguous np.ascontiguousarray", "a|self", (c, want) -> c.tensor(0, want).packed());
  }

  // ---- the order of axes

  static Ported transpose(Ported x) {
    int[] axes = PortShapes.range(0, x.rank());
    for (int i = 0; i < axes.length; i++) {
      axes[i] = axes.length - 1 - i;
    }
    return Ported.view(x.java().then("transpose"), permuted(x.plain(), axes));
  }

  static Ported permuted(Ported x, int... axes) {
    if (Arrays.equals(axes, PortShapes.range(0, axes.length))) {
      return x;
    }
    return Ported.view(
        x.java().then("permute", (Object[]) Ported.boxed(axes)), permuted(x.plain(), axes));
  }

  /** Axis i of the result is axis axes[i]. */
  static PlainTensor permuted(PlainTensor x, int... axes) {
    return x.gathered(
        PortShapes.taken(x.shape(), axes),
        index -> {
          int[] from = new int[index.length];
          PortShapes.put(from, axes, index);
          return from;
        });
  }

  private static Ported permute(PortCall c) {
    if (c.rest().isEmpty() && !c.has(1)) {
      return transpose(c.tensor(0));
    }
    int[] given = c.integers(1);
    Ported x = c.tensor(0, PortShapes.filled(Math.min(given.length, 26), -1));
    int[] axes = c.axes(1, given, x.rank());
    if (axes.length != x.rank()) {
      throw c.mismatch("a tensor of " + x.rank() + " axes is not ordered by " + axes.length);
    }
    return permuted(x, axes);
  }

  /** NumPy's gives an order of all axes, PyTorch's exchanges two. */
  private static Ported transposeMethod(PortCall c) {
    if (c.rest().isEmpty()) {
      return permute(c);
    }
    int[] given = c.integers(1);
    if (given.length != 2) {
      return permute(c);
    }
    if (Math.abs(given[0]) > 1 || Math.abs(given[1]) > 1) {
      return swap(c, given[0], given[1]);
    }
    Ported x = c.tensor(0);
    int[] axes = c.axes(1, given, x.rank());
    if (x.rank() == 2 && axes[0] == 0) {
      throw c.wrong(
          "NumPy leaves the axes as they are and PyTorch exchanges them; write np.transpose or"
              + " torch.transpose");
    }
    return swap(c, given[0], given[1]);
  }

  private static Ported swap(PortCall c, int first, int second) {
    int largest = Math.max(first < 0 ? -first - 1 : first, second < 0 ? -second - 1 : second);
    Ported x = c.tensor(0, PortShapes.filled(Math.min(26, Math.max(2, largest + 1)), -1));
    int a = c.axis(0, first, x.rank());
    int b = c.axis(0, second, x.rank());
    int[] axes = PortShapes.range(0, x.rank());
    axes[a] = b;
    axes[b] = a;
    return permuted(x, axes);
  }

  private static Ported moveAxis(PortCall c) {
    int from = c.integer(1);
    int to = c.integer(2);
    int largest = Math.max(from < 0 ? -from - 1 : from, to < 0 ? -to - 1 : to);
    Ported x = c.tensor(0, PortShapes.filled(Math.min(26, Math.max(2, largest + 1)), -1));
    int axis = c.axis(1, from, x.rank());
    int[] others = PortShapes.others(new int[] {axis}, x.rank());
    return permuted(x, PortShapes.with(others, c.axis(2, to, x.rank()), axis));
  }

  // ---- lengths of axes

  private static Ported reshape(PortCall c) {
    int[] printed = c.integers(1);
    long known = 1;
    int open = -1;
    for (int i = 0; i < printed.length; i++) {
      if (printed[i] == -1 && open < 0) {
        open = i;
      } else if (printed[i] < 0) {
        throw c.wrong(1, "the length " + printed[i] + (printed[i] == -1 ? " comes twice" : ""));
      } else {
        known = PlainTensor.requireSmall(known * printed[i]);
      }
    }
    int length = open < 0 ? 1 : c.in().operands().nextLength();
    Ported x = c.tensor(0, split((int) PlainTensor.requireSmall(known * length)));
    int size = x.plain().size();
    if (open < 0 ? known != size : known == 0 || size % known != 0) {
      throw c.mismatch(
          size
              + " elements of "
              + PortShapes.text(x.shape())
              + " do not fill "
              + Arrays.toString(printed));
    }
    int[] shape = printed.clone();
    if (open >= 0) {
      shape[open] = (int) (size / known);
    }
    return x.reshaped(printed, shape);
  }

  /** Two lengths of a product, so that a reshape has something to do. */
  private static int[] split(int size) {
    for (int factor = 2; factor * factor <= size; factor++) {
      if (size % factor == 0) {
        return new int[] {factor, size / factor};
      }
    }
    return new int[] {size};
  }

  private static Ported unsqueeze(PortCall c) {
    Ported x = c.tensor(0);
    int given = c.integer(1);
    int axis = c.axis(1, given, x.rank() + 1);
    return x.as(
        x.java().then("unsqueeze", axis), x.plain().reshaped(PortShapes.with(x.shape(), axis, 1)));
  }

  private static Ported squeeze(PortCall c) {
    int[] given = c.has(1) ? c.in().integers(c.node(1)) : new int[0];
    int[] want = {1, -1};
    if (given.length > 0) {
      int largest = Arrays.stream(given).map(a -> a < 0 ? -a - 1 : a).max().orElse(0);
      want = PortShapes.filled(Math.min(26, Math.max(2, largest + 1)), -1);
      for (int axis : given) {
        int at = axis < 0 ? axis + want.length : axis;
        if (at >= 0 && at < want.length) {
          want[at] = 1;
        }
      }
    }
    Ported x = c.tensor(0, want);
    int[] axes = c.axes(1, given, x.rank());
    int[] ones =
        Arrays.stream(PortShapes.range(0, x.rank()))
            .filter(a -> x.shape()[a] == 1 && (given.length == 0 || PortShapes.contains(axes, a)))
            .toArray();
    if (given.length > ones.length) {
      throw c.mismatch("an axis of " + PortShapes.text(x.shape()) + " has not the length 1");
    }
    int[] shape = PortShapes.taken(x.shape(), PortShapes.others(ones, x.rank()));
    return x.as(
        x.java().then("squeeze", (Object[]) Ported.boxed(given)), x.plain().reshaped(shape));
  }

  private static Ported broadcast(PortCall c) {
    int[] given = c.integers(1);
    if (Arrays.stream(given).anyMatch(l -> l < -1)) {
      throw c.wrong(1, "a length is negative");
    }
    int[] want =
        given.length > 0 ? Arrays.copyOfRange(given, given.length - 1, given.length) : given;
    Ported x = c.tensor(0, want);
    int[] shape = given.clone();
    for (int i = 1; i <= shape.length; i++) {
      int at = shape.length - i;
      if (shape[at] == -1) {
        if (i > x.rank()) {
          throw c.wrong(1, "-1 stands for an axis that there is not");
        }
        shape[at] = x.shape()[x.rank() - i];
      }
    }
    PlainTensor.requireSmall(PlainTensor.size(shape));
    if (!Arrays.equals(PortShapes.broadcast(x.shape(), shape), shape)) {
      throw c.mismatch(
          PortShapes.text(x.shape()) + " does not broadcast to " + PortShapes.text(shape));
    }
    return Ported.view(
        x.java().then("broadcastTo", (Object[]) Ported.boxed(shape)), x.plain().broadcast(shape));
  }

  private static Ported diagonal(PortCall c) {
    Ported x = c.tensor(0, new int[] {-1, -1});
    if (x.rank() != 2) {
      throw c.mismatch("matrices are supported");
    }
    int n = Math.min(x.shape()[0], x.shape()[1]);
    return Ported.view(
        x.java().then("diagonal", 0, 1),
        x.plain().gathered(new int[] {n}, i -> new int[] {i[0], i[0]}));
  }

  /** One index of an axis, which is dropped, or some that follow each other. */
  private static Ported part(PortCall c, int last) {
    int given = c.integer(1);
    Ported x = c.tensor(0);
    int axis = c.axis(1, given, x.rank());
    int length = x.shape()[axis];
    int start = c.integer(2);
    int from = start < 0 ? start + length : start;
    boolean drops = last == 2;
    long to = from + (drops ? 1L : c.integer(last));
    if (from < 0 || to > length || to < from || (drops && from == length)) {
      throw c.mismatch(2, "an axis of " + length + " has no such part");
    }
    int[] shape = x.shape().clone();
    shape[axis] = (int) to - from;
    PlainTensor plain =
        x.plain()
            .gathered(
                shape,
                index -> {
                  int[] at = index.clone();
                  at[axis] += from;
                  return at;
                });
    return drops
        ? Ported.view(
            x.java().then("select", given, start),
            plain.reshaped(
                PortShapes.taken(shape, PortShapes.others(new int[] {axis}, shape.length))))
        : Ported.view(x.java().then("slice", given, from, (int) to), plain);
  }

  private static Ported flip(PortCall c) {
    boolean all = c.rest().isEmpty() && !c.has(1);
    int[] given = all ? new int[0] : c.integers(1);
    Ported x = c.tensor(0);
    int[] axes = all ? PortShapes.range(0, x.rank()) : c.axes(1, given, x.rank());
    JavaExpression java = x.java();
    for (int axis : all ? axes : given) {
      java = java.then("flip", axis);
    }
    return Ported.view(
        java,
        x.plain()
            .gathered(
                x.shape(),
                index -> {
                  int[] from = index.clone();
                  for (int axis : axes) {
                    from[axis] = x.shape()[axis] - 1 - index[axis];
                  }
                  return from;
                }));
  }

  // ---- several tensors, and indices

  private static Ported[] alike(PortCall c, List<PythonSyntax> nodes) {
    return c.in().broadcasting(nodes, null);
  }

  private static Object[] javas(Ported... all) {
    return Arrays.stream(all).map(Ported::java).toArray();
  }

  private static Ported concat(PortCall c) {
    Ported[] all = alike(c, c.list(0));
    int given = c.integer(1, 0);
    int axis = c.axis(1, given, all[0].rank());
    int[] shape = all[0].shape().clone();
    shape[axis] = 0;
    for (Ported x : all) {
      if (x.rank() != shape.length) {
        throw c.mismatch("the tensors differ in rank");
      }
      int[] other = x.shape().clone();
      other[axis] = 0;
      int length = shape[axis];
      shape[axis] = 0;
      if (!Arrays.equals(shape, other)) {
        throw c.mismatch("the tensors differ beside the axis that is joined");
      }
      shape[axis] = length + x.shape()[axis];
      if (x.plain().kind() != all[0].plain().kind()) {
        throw c.wrong(0, "numbers and indices are not joined");
      }
    }
    PlainTensor joined = PlainTensor.empty(all[0].plain().kind(), shape);
    for (int i = 0; i < joined.size(); i++) {
      int[] index = PlainTensor.index(i, shape);
      int which = 0;
      while (index[axis] >= all[which].shape()[axis]) {
        index[axis] -= all[which++].shape()[axis];
      }
      joined.set(i, all[which].plain(), all[which].plain().place(index));
    }
    return Ported.made(JavaExpression.call(TensorMath.class, "concat", given, javas(all)), joined);
  }

  private static Ported stack(PortCall c) {
    Ported[] all = alike(c, c.list(0));
    int given = c.integer(1, 0);
    int axis = c.axis(1, given, all[0].rank() + 1);
    for (Ported x : all) {
      if (!Arrays.equals(x.shape(), all[0].shape())) {
        throw c.mismatch("the tensors differ in shape");
      }
      if (x.plain().kind() != all[0].plain().kind()) {
        throw c.wrong(0, "numbers and indices are not stacked");
      }
    }
    int[] shape = PortShapes.with(all[0].shape(), axis, all.length);
    PlainTensor stacked = PlainTensor.empty(all[0].plain().kind(), shape);
    for (int i = 0; i < stacked.size(); i++) {
      int[] index = PlainTensor.index(i, shape);
      int[] others = PortShapes.taken(index, PortShapes.others(new int[] {axis}, index.length));
      PlainTensor from = all[index[axis]].plain();
      stacked.set(i, from, from.place(others));
    }
    return Ported.made(JavaExpression.call(TensorMath.class, "stack", given, javas(all)), stacked);
  }

  private static Ported take(PortCall c, int indices, int axisAt) {
    int given = c.integer(axisAt);
    Ported x = c.tensor(0, null);
    int axis = c.axis(axisAt, given, x.rank());
    int[] at = indices(c, indices);
    int length = x.shape()[axis];
    for (int i : at) {
      if (i >= length || i < -length) {
        throw c.mismatch(indices, "there is no index " + i + " of " + length);
      }
    }
    int[] shape = x.shape().clone();
    shape[axis] = at.length;
    PlainTensor plain =
        x.plain()
            .gathered(
                shape,
                index -> {
                  int[] from = index.clone();
                  int i = at[index[axis]];
                  from[axis] = i < 0 ? i + length : i;
                  return from;
                });
    return Ported.made(
        JavaExpression.call(
            TensorMath.class, "take", x.java(), given, JavaExpression.call(Tensor.class, "of", at)),
        plain);
  }

  /** A list of integers, as it is or in torch.tensor or np.array. */
  private static int[] indices(PortCall c, int i) {
    PythonSyntax node = c.node(i);
    if (node instanceof PythonSyntax.Call call
        && call.callee() instanceof PythonSyntax.Attribute made
        && List.of("tensor", "array").contains(made.name())
        && call.arguments().size() == 1
        && call.keywords().isEmpty()) {
      node = call.arguments().get(0);
    }
    if (!(node instanceof PythonSyntax.Items)) {
      throw c.wrong(i, "indices are supported as a list of whole numbers, such as [2, 0]");
    }
    return c.in().integers(node);
  }
}
