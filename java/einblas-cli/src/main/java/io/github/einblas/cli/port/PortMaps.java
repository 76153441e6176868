// Port: functions of elements and rows by name.
package io.github.einblas.cli.port;

import io.github.einblas.Tensor;
import io.github.einblas.TensorMath;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;

/** Functions of elements, and layers. */
final class PortMaps {
  private PortMaps() {}

  /** What plain loops compute. */
  private interface Unary {
    PlainTensor of(PlainMaps maps, PlainTensor x);
  }

  /** What plain loops compute of two. */
  private interface Binary {
    PlainTensor of(PlainMaps maps, PlainTensor x, PlainTensor y);
  }

  static void addTo(PortFunctions.Table table) {
    unary(table, "np.exp torch.exp .exp", "exp", PlainMaps::exp);
    unary(table, "np.log torch.log .log", "log", PlainMaps::log);
    unary(table, "np.sqrt torch.sqrt .sqrt", "sqrt", PlainMaps::sqrt);
    unary(table, "np.tanh torch.tanh F.tanh .tanh", "tanh", PlainMaps::tanh);
    unary(table, "np.abs np.absolute torch.abs .abs", "abs", PlainMaps::abs);
    unary(table, "np.sign torch.sign .sign", "sign", PlainMaps::sign);
    unary(
        table,
        "torch.sigmoid F.sigmoid special.expit torch.expit .sigmoid",
        "sigmoid",
        PlainMaps::sigmoid);
    unary(table, "torch.relu F.relu .relu", "relu", PlainMaps::relu);
    table.put(
        "F.gelu",
        "input, /, approximate=",
        (c, want) -> {
          if (c.has(1) && !c.text(1).equals("none")) {
            throw c.wrong(
                1, "TensorMath.gelu is by the error function; approximate='none' is supported");
          }
          return unary(c, "gelu", PlainMaps::gelu, want);
        });
    binary(table, "np.maximum torch.maximum .maximum", "maximum", PlainMaps::maximum);
    binary(table, "np.minimum torch.minimum .minimum", "minimum", PlainMaps::minimum);
    sums(table);
    layers(table);
    table.put("np.where torch.where", "condition, x|input, y|other", (c, want) -> where(c, want));
    table.put(
        "np.clip torch.clamp torch.clip .clamp .clip",
        "a|input, min|a_min=, max|a_max=",
        (c, want) -> clip(c, want));
    table.put(
        "np.square torch.square .square",
        "a|input|x",
        (c, want) ->
            c.in().arithmetic().square(c.node(0).position(), c.in().reals(c.node(0), want)));
    table.put(
        "np.negative torch.neg torch.negative .neg",
        "a|input|x",
        (c, want) -> c.in().arithmetic().negative(c.in().reals(c.node(0), want)));
  }

  private static void unary(PortFunctions.Table table, String names, String method, Unary f) {
    table.put(names, "a|x|input|self", (c, want) -> unary(c, method, f, want));
  }

  private static Ported unary(PortCall c, String method, Unary f, int[] want) {
    Ported x = c.in().reals(c.node(0), want);
    return Ported.made(
        JavaExpression.call(TensorMath.class, method, x.java()), f.of(c.in().maps(), x.plain()));
  }

  private static void binary(PortFunctions.Table table, String names, String method, Binary f) {
    table.put(
        names,
        "a|x1|input|self, b|x2|other",
        (c, want) -> {
          Ported[] both = reals(c, want);
          return Ported.made(
              JavaExpression.call(TensorMath.class, method, both[0].java(), both[1].java()),
              f.of(c.in().maps(), both[0].plain(), both[1].plain()));
        });
  }

  private static Ported[] reals(PortCall c, int[] want) {
    // a number has no shape that the other operand should take
    if (c.in().isNumber(c.node(1))) {
      return new Ported[] {c.in().reals(c.node(0), want), c.in().tensor(c.node(1), null)};
    }
    if (c.in().isNumber(c.node(0))) {
      return new Ported[] {c.in().tensor(c.node(0), null), c.in().reals(c.node(1), want)};
    }
    Ported[] both = c.in().broadcasting(List.of(c.node(0), c.node(1)), want);
    c.in().real(c.node(0), both[0]);
    c.in().real(c.node(1), both[1]);
    return both;
  }

  private static void sums(PortFunctions.Table table) {
    sign(table, "np.add .add", "a|x1|self, b|x2|other", "+");
    sign(table, "np.subtract .subtract", "a|x1|self, b|x2|other", "-");
    sign(
        table,
        "np.multiply torch.mul torch.multiply .mul .multiply",
        "a|x1|input, b|x2|other",
        "*");
    sign(
        table,
        "np.divide np.true_divide torch.div torch.divide .div",
        "a|x1|input, b|x2|other",
        "/");
    table.put("torch.add", "input, other, /, alpha=", (c, want) -> alpha(c, 1, want));
    table.put(
        "torch.sub torch.subtract .sub",
        "input, other, /, alpha=",
        (c, want) -> alpha(c, -1, want));
  }

  private static void sign(
      PortFunctions.Table table, String names, String parameters, String sign) {
    table.put(
        names,
        parameters,
        (c, want) ->
            c.in()
                .tensor(
                    new PythonSyntax.Binary(c.node(0).position(), sign, c.node(0), c.node(1)),
                    want));
  }

  /** input + by * alpha * other. */
  private static Ported alpha(PortCall c, double by, int[] want) {
    double factor = by * c.number(2, 1);
    PortArithmetic arithmetic = c.in().arithmetic();
    if (c.in().isNumber(c.node(1))) {
      return arithmetic.shifted(c.in().reals(c.node(0), want), factor * c.in().number(c.node(1)));
    }
    Ported[] both = reals(c, want);
    return arithmetic.add(both[0], factor == 1 ? both[1] : arithmetic.scaled(factor, both[1]));
  }

  private static Ported where(PortCall c, int[] want) {
    Ported condition = c.in().tensor(c.node(0), want);
    if (condition.plain().kind() != PlainTensor.Kind.TRUTH) {
      throw c.wrong(0, "the condition must be a comparison, such as a > b");
    }
    Function<Integer, Ported> branch = i -> c.in().reals(c.node(i), condition.shape());
    Ported x = branch.apply(1);
    Ported y = branch.apply(2);
    return Ported.made(
        JavaExpression.call(TensorMath.class, "where", condition.java(), x.java(), y.java()),
        c.in().maps().where(condition.plain(), x.plain(), y.plain()));
  }

  private static Ported clip(PortCall c, int[] want) {
    Ported x = c.in().reals(c.node(0), want);
    if (!c.has(1) && !c.has(2)) {
      throw c.wrong("a least or a largest number is missing");
    }
    if (c.has(1)) {
      Ported least = c.in().scalar(c.number(1, 0));
      x =
          Ported.made(
              JavaExpression.call(TensorMath.class, "maximum", x.java(), least.java()),
              c.in().maps().maximum(x.plain(), least.plain()));
    }
    if (c.has(2)) {
      Ported most = c.in().scalar(c.number(2, 0));
      x =
          Ported.made(
              JavaExpression.call(TensorMath.class, "minimum", x.java(), most.java()),
              c.in().maps().minimum(x.plain(), most.plain()));
    }
    return x;
  }

  // ---- layers

  private static void layers(PortFunctions.Table table) {
    table.put("torch.softmax F.softmax .softmax", "input, dim|axis", (c, want) -> softmax(c, want));
    table.put("special.softmax", "x, axis", (c, want) -> softmax(c, want));
    table.put(
        "torch.log_softmax F.log_softmax .log_softmax",
        "input, dim",
        (c, want) -> logSoftmax(c, want));
    table.put(
        "F.layer_norm",
        "input, normalized_shape, weight=, bias=, eps=",
        (c, want) -> layerNorm(c, want));
  }

  private static Ported softmax(PortCall c, int[] want) {
    Ported x = c.in().reals(c.node(0), want);
    int dim = c.integer(1);
    int axis = c.axis(1, dim, x.rank());
    return Ported.made(
        JavaExpression.call(TensorMath.class, "softmax", x.java(), dim),
        c.in().reductions().softmax(x.plain(), axis));
  }

  /** x minus the logarithm of the sum of e^x. */
  private static Ported logSoftmax(PortCall c, int[] want) {
    Ported x = c.in().reals(c.node(0), want);
    if (!(x.java() instanceof JavaExpression.Variable)) {
      throw c.wrong(0, "of an expression it would compute that twice; name it first");
    }
    int dim = c.integer(1);
    int axis = c.axis(1, dim, x.rank());
    JavaExpression sum =
        JavaExpression.call(TensorMath.class, "logSumExp", x.java(), dim).then("unsqueeze", axis);
    int[] kept = x.shape().clone();
    kept[axis] = 1;
    return c.in()
        .arithmetic()
        .subtract(
            x, Ported.made(sum, c.in().reductions().logSumExp(x.plain(), axis).reshaped(kept)));
  }

  private static Ported layerNorm(PortCall c, int[] want) {
    int[] shape = c.in().integers(c.node(1));
    if (shape.length != 1) {
      throw c.wrong(1, "normalised shapes of one axis, the last, are supported");
    }
    int n = shape[0];
    Ported x = c.in().reals(c.node(0), want != null ? want : new int[] {-1, n});
    if (x.rank() == 0 || x.shape()[x.rank() - 1] != n) {
      throw c.mismatch(
          "the last axis of "
              + PortShapes.text(x.shape())
              + " has not the length "
              + n
              + " that is normalised");
    }
    Ported weight = c.has(2) ? c.in().reals(c.node(2), shape) : constant(c, "ones", 1, n);
    Ported bias = c.has(3) ? c.in().reals(c.node(3), shape) : constant(c, "zeros", 0, n);
    if (!Arrays.equals(weight.shape(), shape) || !Arrays.equals(bias.shape(), shape)) {
      throw c.mismatch("weight and bias have not the shape " + n);
    }
    double epsilon = c.number(4, 1e-5);
    if (epsilon < 0) {
      throw c.wrong(4, "eps must not be negative");
    }
    PlainMaps maps = c.in().maps();
    PlainTensor normalised = c.in().reductions().normalised(x.plain(), epsilon);
    return Ported.made(
        JavaExpression.call(
            TensorMath.class, "layerNorm", x.java(), weight.java(), bias.java(), epsilon),
        maps.add(maps.multiply(normalised, weight.plain()), bias.plain()));
  }

  private static Ported constant(PortCall c, String method, double value, int n) {
    double[] values = new double[n];
    Arrays.fill(values, value);
    return Ported.made(
        JavaExpression.call(Tensor.class, method, c.in().operands().type(), n),
        PlainTensor.of(PlainTensor.Kind.REAL, values, n));
  }
}
