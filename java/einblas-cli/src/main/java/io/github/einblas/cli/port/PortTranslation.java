// Port: walks the tree of a call, and makes its Java and its value by plain loops.
package io.github.einblas.cli.port;

import io.github.einblas.DType;
import io.github.einblas.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** One translation of one expression; operands are drawn as it goes. */
final class PortTranslation {
  private final PythonSource source;
  private final PortOperands operands;
  private final PortArithmetic arithmetic;
  private final PlainProducts products;
  private final PlainMaps maps;
  private final PlainReductions reductions;

  PortTranslation(PythonSource source, PortOperands operands) {
    this.source = source;
    this.operands = operands;
    PlainRounding rounding = PlainRounding.of(operands.type());
    this.products = new PlainProducts(rounding);
    this.maps = new PlainMaps(rounding);
    this.reductions = new PlainReductions(rounding);
    this.arithmetic = new PortArithmetic(this);
  }

  PythonSource source() {
    return source;
  }

  PortOperands operands() {
    return operands;
  }

  PortArithmetic arithmetic() {
    return arithmetic;
  }

  PlainProducts products() {
    return products;
  }

  PlainMaps maps() {
    return maps;
  }

  PlainReductions reductions() {
    return reductions;
  }

  /** The line of a whole statement. */
  PortedLine line(PythonSyntax tree) {
    if (tree instanceof PythonSyntax.Assignment assignment) {
      return new PortAssignment(this).line(assignment);
    }
    if (tree instanceof PythonSyntax.Call c
        && c.arguments().size() == 2
        && c.keywords().keySet().equals(Set.of("out"))
        && c.keywords().get("out") instanceof PythonSyntax.Name out
        && Set.of("np.matmul", "numpy.matmul", "torch.matmul")
            .contains(String.valueOf(path(c.callee())))) {
      PythonSyntax product =
          new PythonSyntax.Binary(c.position(), "@", c.arguments().get(0), c.arguments().get(1));
      return new PortAssignment(this)
          .line(new PythonSyntax.Assignment(out.position(), out.name(), true, "=", product));
    }
    return new PortedLine(tensor(tree, null), null);
  }

  /** A tensor; want has -1 for lengths that may be any, and is null if all may. */
  Ported tensor(PythonSyntax node, int[] want) {
    if (isNumber(node)) {
      return scalar(number(node));
    }
    if (node instanceof PythonSyntax.Name name) {
      return variable(name, want);
    }
    if (node instanceof PythonSyntax.Negative n) {
      return arithmetic.negative(tensor(n.of(), want));
    }
    if (node instanceof PythonSyntax.Binary b) {
      return binary(b, want);
    }
    if (node instanceof PythonSyntax.Attribute a) {
      return attribute(a, want);
    }
    if (node instanceof PythonSyntax.Subscript s) {
      return new PortIndexing(this).of(s);
    }
    if (node instanceof PythonSyntax.Call c) {
      return call(c, want);
    }
    throw source.wrong(node.position(), "a tensor was expected here");
  }

  /** A tensor of one number. */
  Ported scalar(double value) {
    DType type = operands.type();
    double rounded;
    try (Tensor t = Tensor.scalar(type, value)) {
      rounded = t.item();
    }
    return Ported.made(
        JavaExpression.call(Tensor.class, "scalar", type, value),
        PlainTensor.of(PlainTensor.Kind.REAL, new double[] {rounded}));
  }

  private Ported variable(PythonSyntax.Name name, int[] want) {
    if (PortFunctions.isModule(name.name())) {
      throw source.wrong(name.position(), name.name() + " is a module, and a tensor was expected");
    }
    if (PortOperands.isJavaWord(name.name())) {
      throw source.wrong(
          name.position(), "'" + name.name() + "' is a word of Java; give the tensor another name");
    }
    return Ported.made(new JavaExpression.Variable(name.name()), operands.get(name.name(), want));
  }

  private Ported binary(PythonSyntax.Binary b, int[] want) {
    if (b.sign().equals("@")) {
      return PortProducts.matmul(this, b.position(), b.left(), b.right());
    }
    if (b.sign().equals("**")) {
      return arithmetic.power(b, want);
    }
    if (isNumber(b.left()) || isNumber(b.right())) {
      boolean left = isNumber(b.left());
      Ported x = tensor(left ? b.right() : b.left(), want);
      double number = number(left ? b.left() : b.right());
      return left
          ? arithmetic.numberAndTensor(b, number, x)
          : arithmetic.tensorAndNumber(b, x, number);
    }
    Ported[] both = broadcasting(List.of(b.left(), b.right()), want);
    return arithmetic.of(b, both[0], both[1]);
  }

  /** Operands of one shape, but for what is bound already and broadcasts. */
  Ported[] broadcasting(List<PythonSyntax> nodes, int[] want) {
    return each(
        nodes,
        (i, known) -> {
          for (Ported other : known) {
            if (other != null) {
              return other.shape();
            }
          }
          return want;
        });
  }

  /** What shape an operand should have, given the others that are known; others are null. */
  interface Wants {
    int[] of(int i, Ported[] known);
  }

  /** Operands, first those whose names have shapes already. */
  Ported[] each(List<PythonSyntax> nodes, Wants wants) {
    Ported[] known = new Ported[nodes.size()];
    for (int done = 0; done < known.length; done++) {
      int next = -1;
      for (int i = known.length - 1; i >= 0; i--) {
        if (known[i] == null && (next < 0 || !isBound(nodes.get(next)) || isBound(nodes.get(i)))) {
          next = i;
        }
      }
      known[next] = tensor(nodes.get(next), wants.of(next, known));
    }
    return known;
  }

  private boolean isBound(PythonSyntax node) {
    Set<String> names = new LinkedHashSet<>();
    PortNames.addTo(names, node);
    return names.stream().allMatch(operands::isKnown);
  }

  private Ported attribute(PythonSyntax.Attribute a, int[] want) {
    return switch (a.name()) {
      case "T" -> PortMoves.transpose(tensor(a.of(), reversed(want)));
      case "mT" -> transposedMatrices(a);
      default ->
          throw source.unknown(
              a.position(),
              "attribute ." + a.name() + " is not supported; there are .T and .mT, and calls",
              a.name(),
              List.of("T", "mT"));
    };
  }

  /** With the last two axes exchanged. */
  private Ported transposedMatrices(PythonSyntax.Attribute a) {
    Ported x = tensor(a.of(), null);
    if (x.rank() < 2) {
      throw source.wrong(a.position(), "mT needs at least two axes");
    }
    int[] axes = PortShapes.range(0, x.rank());
    axes[x.rank() - 1] = x.rank() - 2;
    axes[x.rank() - 2] = x.rank() - 1;
    return PortMoves.permuted(x, axes);
  }

  private static int[] reversed(int[] want) {
    if (want == null) {
      return null;
    }
    int[] reversed = want.clone();
    for (int i = 0; i < want.length; i++) {
      reversed[i] = want[want.length - 1 - i];
    }
    return reversed;
  }

  private Ported call(PythonSyntax.Call c, int[] want) {
    String path = path(c.callee());
    String root = path == null ? null : path.split("\\.", 2)[0];
    if (path != null && (!path.contains(".") || PortFunctions.isModule(root))) {
      PortFunctions.Entry entry = PortFunctions.function(path);
      if (entry == null) {
        throw source.unknown(
            c.position(),
            "the function " + path + " is not supported",
            path,
            PortFunctions.names());
      }
      PortCall call =
          new PortCall(this, path, c.position(), entry.parameters(), c.arguments(), c.keywords());
      return entry.body().apply(call, want);
    }
    if (!(c.callee() instanceof PythonSyntax.Attribute method)) {
      throw source.wrong(c.position(), "what is called here has no name");
    }
    PortFunctions.Entry entry = PortFunctions.method(method.name());
    if (entry == null) {
      throw source.unknown(
          method.position(),
          "the method ." + method.name() + " is not supported",
          method.name(),
          PortFunctions.methods());
    }
    List<PythonSyntax> arguments = new ArrayList<>();
    arguments.add(method.of());
    arguments.addAll(c.arguments());
    return entry
        .body()
        .apply(
            new PortCall(
                this,
                "." + method.name(),
                method.position(),
                entry.parameters(),
                arguments,
                c.keywords()),
            want);
  }

  /** Names with points between them; null for anything else. */
  private static String path(PythonSyntax node) {
    if (node instanceof PythonSyntax.Name name) {
      return name.name();
    }
    if (node instanceof PythonSyntax.Attribute a) {
      String of = path(a.of());
      return of == null ? null : of + "." + a.name();
    }
    return null;
  }

  // ---- numbers

  boolean isNumber(PythonSyntax node) {
    if (node instanceof PythonSyntax.Numeral) {
      return true;
    }
    if (node instanceof PythonSyntax.Negative n) {
      return isNumber(n.of());
    }
    if (node instanceof PythonSyntax.Binary b) {
      return "+-*/**".contains(b.sign()) && isNumber(b.left()) && isNumber(b.right());
    }
    if (node instanceof PythonSyntax.Call c) {
      return c.arguments().size() == 1
          && c.keywords().isEmpty()
          && Set.of("np.sqrt", "math.sqrt", "numpy.sqrt").contains(String.valueOf(path(c.callee())))
          && isNumber(c.arguments().get(0));
    }
    return node instanceof PythonSyntax.Attribute a
        && Set.of("np.pi", "math.pi", "torch.pi", "np.e", "math.e")
            .contains(String.valueOf(path(a)));
  }

  double number(PythonSyntax node) {
    double value;
    if (node instanceof PythonSyntax.Numeral n) {
      value = n.value();
    } else if (!isNumber(node)) {
      throw source.wrong(node.position(), "a number was expected here");
    } else if (node instanceof PythonSyntax.Negative n) {
      value = -number(n.of());
    } else if (node instanceof PythonSyntax.Binary b) {
      double x = number(b.left());
      double y = number(b.right());
      value =
          switch (b.sign()) {
            case "+" -> x + y;
            case "-" -> x - y;
            case "*" -> x * y;
            case "/" -> x / y;
            default -> Math.pow(x, y);
          };
    } else if (node instanceof PythonSyntax.Call c) {
      value = Math.sqrt(number(c.arguments().get(0)));
    } else {
      value = ((PythonSyntax.Attribute) node).name().equals("pi") ? Math.PI : Math.E;
    }
    if (!Double.isFinite(value)) {
      throw source.wrong(node.position(), "the number here is not finite");
    }
    return value;
  }

  int integer(PythonSyntax node) {
    PythonSyntax absolute = node instanceof PythonSyntax.Negative n ? n.of() : node;
    boolean whole = absolute instanceof PythonSyntax.Numeral n && n.whole();
    if (!whole) {
      throw source.wrong(node.position(), "a whole number was expected here");
    }
    double value = number(node);
    if (Math.abs(value) > Integer.MAX_VALUE) {
      throw source.wrong(node.position(), "the whole number here is too large");
    }
    return (int) value;
  }

  /** One integer, or those of a tuple or list. */
  int[] integers(PythonSyntax node) {
    return node instanceof PythonSyntax.Items items
        ? items.items().stream().mapToInt(this::integer).toArray()
        : new int[] {integer(node)};
  }

  /** Refuses indices and truths where numbers are needed. */
  Ported real(PythonSyntax node, Ported x) {
    if (x.plain().kind() != PlainTensor.Kind.REAL) {
      throw source.wrong(
          node.position(), "numbers are needed here, and this gives " + x.plain().kind().text);
    }
    return x;
  }

  /** Real numbers. */
  Ported reals(PythonSyntax node, int[] want) {
    return real(node, tensor(node, want));
  }
}
