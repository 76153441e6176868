// Port: assignments.
package io.github.einblas.cli.port;

import io.github.einblas.TensorMath;
import io.github.einblas.TensorOps;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** New names, and calls that write into a tensor. */
final class PortAssignment {
  private final PortTranslation in;

  PortAssignment(PortTranslation in) {
    this.in = in;
  }

  PortedLine line(PythonSyntax.Assignment a) {
    if (PortFunctions.isModule(a.target()) || PortOperands.isJavaWord(a.target())) {
      throw in.source().wrong(0, "'" + a.target() + "' cannot be the name of a tensor");
    }
    if (a.sign().equals("=") && !a.whole()) {
      Set<String> used = new LinkedHashSet<>();
      PortNames.addTo(used, a.value());
      Ported value = in.tensor(a.value(), null);
      return new PortedLine(
          value,
          a.target(),
          used.contains(a.target()) ? PortedLine.Form.ASSIGNMENT : PortedLine.Form.DECLARATION);
    }
    return writing(a);
  }

  private PortedLine writing(PythonSyntax.Assignment a) {
    PythonSyntax.Name target = new PythonSyntax.Name(a.position(), a.target());
    PythonSyntax.Binary product =
        a.value() instanceof PythonSyntax.Binary b && b.sign().equals("@") ? b : null;
    Set<String> used = new LinkedHashSet<>();
    PortNames.addTo(used, a.value());
    boolean apart = !used.contains(a.target()); // a product cannot be written over its operands
    if (product != null && apart && (a.sign().equals("=") || a.sign().equals("+="))) {
      return matmulInto(a, product);
    }
    Ported[] both = in.broadcasting(List.of(target, a.value()), null);
    Ported out = both[0];
    Ported x = in.real(a.value(), both[1]);
    if (a.sign().equals("=") && in.isNumber(a.value())) {
      return written(
          a, out, out.java().then("fill", in.number(a.value())), x.plain().broadcast(out.shape()));
    }
    JavaExpression scaled = a.sign().equals("=") ? scaledMatmulInto(out, x) : null;
    if (scaled != null) {
      return written(a, out, scaled, x.plain());
    }
    return switch (a.sign()) {
      case "=" ->
          written(
              a,
              out,
              out.java().then("copyFrom", broadcast(x, out).java()),
              x.plain().broadcast(out.shape()));
      case "+=" -> into(a, out, "addInto", x, in.arithmetic().add(out, x));
      case "-=" -> into(a, out, "subtractInto", x, in.arithmetic().subtract(out, x));
      case "*=" -> into(a, out, "multiplyInto", x, in.arithmetic().multiply(out, x));
      case "/=" -> into(a, out, "divideInto", x, in.arithmetic().divide(out, x));
      default -> throw in.source().wrong(a.position(), a.sign() + " is not supported");
    };
  }

  private static Ported broadcast(Ported x, Ported out) {
    return Arrays.equals(x.shape(), out.shape())
        ? x
        : Ported.view(
            x.java().then("broadcastTo", (Object[]) Ported.boxed(out.shape())), x.plain());
  }

  private PortedLine into(
      PythonSyntax.Assignment a, Ported out, String method, Ported x, Ported result) {
    return written(
        a,
        out,
        JavaExpression.call(TensorMath.class, method, out.java(), out.java(), x.java()),
        result.plain());
  }

  private PortedLine matmulInto(PythonSyntax.Assignment a, PythonSyntax.Binary product) {
    Ported result = PortProducts.matmul(in, product.position(), product.left(), product.right());
    Ported out = in.tensor(new PythonSyntax.Name(a.position(), a.target()), result.shape());
    boolean adds = a.sign().equals("+=");
    List<JavaExpression> operands = ((JavaExpression.Call) result.java()).arguments();
    return written(
        a,
        out,
        JavaExpression.call(
            TensorOps.class,
            "matmulInto",
            out.java(),
            1,
            adds ? 1 : 0,
            operands.get(0),
            operands.get(1)),
        adds ? in.maps().add(out.plain(), result.plain()) : result.plain());
  }

  /** beta * out + alpha * a @ b as one call; null if the value is nothing like it. */
  private static JavaExpression scaledMatmulInto(Ported out, Ported value) {
    List<Ported.Linear.Part> parts = value.asLinear().parts();
    if (parts.size() != 2 || value.asLinear().constant() != 0) {
      return null;
    }
    int own = parts.get(0).java().equals(out.java()) ? 0 : 1;
    Ported.Linear.Part product = parts.get(1 - own);
    boolean fits =
        parts.get(own).java().equals(out.java())
            && product.java() instanceof JavaExpression.Call call
            && call.owner() == TensorOps.class
            && call.method().equals("matmul")
            && call.arguments().stream()
                .allMatch(v -> v instanceof JavaExpression.Variable && !v.equals(out.java()));
    if (!fits) {
      return null;
    }
    List<JavaExpression> operands = ((JavaExpression.Call) product.java()).arguments();
    return JavaExpression.call(
        TensorOps.class,
        "matmulInto",
        out.java(),
        product.factor(),
        parts.get(own).factor(),
        operands.get(0),
        operands.get(1));
  }

  private PortedLine written(
      PythonSyntax.Assignment a, Ported out, JavaExpression call, PlainTensor plain) {
    if (!Arrays.equals(out.shape(), plain.shape())) {
      throw new PortShapes.Mismatch(
          a.target()
              + " of shape "
              + PortShapes.text(out.shape())
              + " cannot hold a result of shape "
              + PortShapes.text(plain.shape()));
    }
    return new PortedLine(Ported.made(call, plain), a.target(), PortedLine.Form.WRITING);
  }
}
