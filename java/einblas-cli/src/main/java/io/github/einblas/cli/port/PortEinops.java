// Port: rearrange, reduce and repeat of einops.
package io.github.einblas.cli.port;

import io.github.einblas.Einsum;
import io.github.einblas.TensorMath;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A pattern becomes a split, a reduction, an order, repeated axes and a join, each where needed.
 */
final class PortEinops {
  private final PortCall c;
  private final PortPattern left;
  private final PortPattern right;
  private final Map<String, Integer> sizes = new HashMap<>();

  private PortEinops(PortCall c, PortPattern left, PortPattern right) {
    this.c = c;
    this.left = left;
    this.right = right;
  }

  static void addTo(PortFunctions.Table table) {
    table.put("einops.rearrange", "tensor, pattern, **sizes", (c, want) -> lower(c, null));
    table.put("einops.repeat", "tensor, pattern, **sizes", (c, want) -> lower(c, null));
    table.put(
        "einops.reduce", "tensor, pattern, reduction, **sizes", (c, want) -> lower(c, c.text(2)));
  }

  private static Ported lower(PortCall c, String reduction) {
    if (c.node(0) instanceof PythonSyntax.Items) {
      throw c.wrong(0, "lists of tensors are not supported; stack them first");
    }
    String[] sides = c.text(1).split("->", -1);
    if (sides.length != 2) {
      throw c.wrong(1, "a pattern has one arrow, such as 'a b -> b a'");
    }
    PortPattern left = side(c, sides[0]);
    PortPattern right = side(c, sides[1]);
    if (right.hasEllipsis() && !left.hasEllipsis()) {
      throw c.wrong(1, "... stands on the right alone");
    }
    Map<String, Integer> given = new LinkedHashMap<>();
    c.others()
        .forEach(
            (name, node) -> {
              int size = c.in().integer(node);
              if (size < 1) {
                throw c.in().source().wrong(node.position(), name + " is a length from 1 on");
              }
              if (!left.names().contains(name) && !right.names().contains(name)) {
                throw c.in()
                    .source()
                    .unknown(
                        node.position(),
                        c.name() + ": the pattern has no axis " + name,
                        name,
                        left.names());
              }
              given.put(name, size);
            });
    Ported x = c.tensor(0, want(c, left, given));
    int ellipsis = x.rank() - left.axes().size() + 1;
    if (left.hasEllipsis() ? ellipsis < 0 : x.rank() != left.axes().size()) {
      throw c.mismatch(
          "the pattern has "
              + left.axes().size()
              + " axes, and the tensor the shape "
              + PortShapes.text(x.shape()));
    }
    PortEinops lowering = new PortEinops(c, left.expanded(ellipsis), right.expanded(ellipsis));
    lowering.sizes.putAll(given);
    return lowering.lowered(x, reduction);
  }

  private static PortPattern side(PortCall c, String text) {
    try {
      return PortPattern.parse(text);
    } catch (IllegalArgumentException e) {
      throw c.wrong(1, "in the pattern, " + e.getMessage());
    }
  }

  /** Lengths of a tensor of free shape: single names any, composed ones of what is given. */
  private static int[] want(PortCall c, PortPattern left, Map<String, Integer> given) {
    int[] want = new int[left.axes().size()];
    for (int i = 0; i < want.length; i++) {
      List<String> names = left.axes().get(i);
      if (names.size() == 1 && !given.containsKey(names.get(0))) {
        want[i] = -1;
        continue;
      }
      long length = 1;
      for (String name : names) {
        Integer size = given.get(name);
        length =
            PlainTensor.requireSmall(
                length * (size == null ? c.in().operands().nextLength() : size));
      }
      want[i] = (int) length;
    }
    return want;
  }

  /** Lengths of names from those of the axes. */
  private void measure(Ported x) {
    for (int i = 0; i < left.axes().size(); i++) {
      List<String> names = left.axes().get(i);
      int length = x.shape()[i];
      int known = 1;
      String open = null;
      for (String name : names) {
        Integer size = sizes.get(name);
        if (size != null) {
          known = (int) PlainTensor.requireSmall((long) known * size);
        } else if (open == null) {
          open = name;
        } else {
          throw c.wrong(1, "the lengths of " + open + " and " + name + " are missing");
        }
      }
      if (open == null ? known != length : length % known != 0) {
        throw c.mismatch(
            "the axis ("
                + String.join(" ", names)
                + ") has the length "
                + length
                + ", which "
                + known
                + (open == null ? " is not" : " does not divide"));
      }
      if (open != null) {
        sizes.put(open, length / known);
      }
    }
  }

  private int[] lengths(List<String> names) {
    return names.stream().mapToInt(sizes::get).toArray();
  }

  private Ported lowered(Ported x, String reduction) {
    measure(x);
    List<String> names = left.names();
    List<String> kept = names.stream().filter(right.names()::contains).toList();
    List<String> added = right.names().stream().filter(n -> !names.contains(n)).toList();
    boolean repeats = c.name().endsWith("repeat");
    if (kept.size() < names.size() && reduction == null) {
      throw c.wrong(1, "an axis of the left is missing on the right; reduce sums axes");
    }
    if (!added.isEmpty() && !repeats) {
      throw c.wrong(1, "the right has a new axis " + added.get(0) + "; repeat makes axes");
    }
    for (String name : added) {
      if (!sizes.containsKey(name)) {
        throw c.wrong(1, "the length of " + name + " is missing; give " + name + "=2");
      }
    }
    List<String> order = right.names().stream().filter(names::contains).toList();
    PlainTensor plain = plain(x, names, order, reduction);
    Step split = split(x);
    Step reduced =
        reduction == null || kept.size() == names.size()
            ? split.ordered(names, order)
            : reduced(split, names, order, reduction);
    Step joined = joined(repeated(reduced, order));
    return new Ported(joined.java, plain, joined.contiguous, null);
  }

  // ---- by plain loops, from what the pattern means

  private PlainTensor plain(Ported x, List<String> names, List<String> order, String reduction) {
    PlainTensor split = x.plain().reshaped(lengths(names));
    int[] gone = PortShapes.others(order.stream().mapToInt(names::indexOf).toArray(), names.size());
    List<String> rest = names.stream().filter(order::contains).toList();
    if (reduction != null && gone.length > 0) {
      PlainReductions reductions = c.in().reductions();
      split =
          switch (reduction) {
            case "sum" -> reductions.sum(split, gone);
            case "mean" -> reductions.mean(split, gone);
            case "max" -> reductions.max(split, gone);
            case "min" -> reductions.min(split, gone);
            default -> throw c.wrong(2, "of reductions there are sum, mean, max and min");
          };
    }
    List<String> all = right.names();
    int[] shape = lengths(all);
    PlainTensor.requireSmall(PlainTensor.size(shape));
    PlainTensor moved =
        split.gathered(
            shape, index -> rest.stream().mapToInt(n -> index[all.indexOf(n)]).toArray());
    return moved.reshaped(outer());
  }

  private int[] outer() {
    return right.axes().stream()
        .mapToInt(names -> (int) PlainTensor.size(lengths(names)))
        .toArray();
  }

  // ---- by the library

  /** A tensor on the way to the result. */
  private record Step(JavaExpression java, boolean contiguous) {
    Step then(String method, int... numbers) {
      return new Step(java.then(method, (Object[]) Ported.boxed(numbers)), contiguous);
    }

    Step view(String method, int... numbers) {
      return new Step(then(method, numbers).java, false);
    }

    Step reshaped(int... shape) {
      return new Step(contiguous ? java : java.then("contiguous"), true).then("reshape", shape);
    }

    Step ordered(List<String> names, List<String> order) {
      int[] axes = order.stream().mapToInt(names::indexOf).toArray();
      boolean same = Arrays.equals(axes, PortShapes.range(0, axes.length));
      return same ? this : view("permute", axes);
    }
  }

  private Step split(Ported x) {
    Step whole = new Step(x.java(), x.contiguous());
    if (!left.isFlat()) {
      return whole.reshaped(lengths(left.names()));
    }
    return left.hasOnes() ? whole.then("squeeze", ones(left)) : whole;
  }

  private static int[] ones(PortPattern pattern) {
    return Arrays.stream(PortShapes.range(0, pattern.axes().size()))
        .filter(i -> pattern.axes().get(i).isEmpty())
        .toArray();
  }

  private static Step reduced(Step x, List<String> names, List<String> order, String reduction) {
    if (reduction.equals("sum")) {
      Map<String, Character> letters = new LinkedHashMap<>();
      StringBuilder equation = new StringBuilder();
      String all = String.join(" ", names);
      names.forEach(n -> equation.append(PortPattern.letter(n, letters, all)));
      equation.append("->");
      order.forEach(n -> equation.append(letters.get(n)));
      return new Step(
          JavaExpression.call(Einsum.class, "einsum", equation.toString(), x.java), true);
    }
    int[] axes = PortShapes.others(order.stream().mapToInt(names::indexOf).toArray(), names.size());
    int[] printed = Arrays.stream(axes).map(a -> a == names.size() - 1 ? -1 : a).toArray();
    List<String> rest = names.stream().filter(order::contains).toList();
    JavaExpression java =
        JavaExpression.call(TensorMath.class, reduction, x.java, Ported.boxed(printed));
    return new Step(java, true).ordered(rest, order);
  }

  private Step repeated(Step x, List<String> order) {
    List<String> all = right.names();
    if (order.size() == all.size()) {
      return x;
    }
    boolean inFront = all.subList(all.size() - order.size(), all.size()).equals(order);
    Step wide = x;
    for (int i = 0; i < all.size() && !inFront; i++) {
      wide = order.contains(all.get(i)) ? wide : wide.then("unsqueeze", i);
    }
    return wide.view("broadcastTo", lengths(all));
  }

  private Step joined(Step x) {
    if (!right.isFlat()) {
      return x.reshaped(outer());
    }
    Step all = x;
    for (int i : ones(right)) {
      all = all.then("unsqueeze", i);
    }
    return all;
  }
}
