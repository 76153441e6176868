// Port: signs of arithmetic and comparison.
package io.github.einblas.cli.port;

import io.github.einblas.TensorMath;

/** Sums with factors go into one call; everything else is a call of its own. */
final class PortArithmetic {
  private final PortTranslation in;

  PortArithmetic(PortTranslation in) {
    this.in = in;
  }

  Ported negative(Ported x) {
    return x.asLinear().scaled(-1).of(in.maps().negative(x.plain()));
  }

  /** number * x. */
  Ported scaled(double number, Ported x) {
    return x.asLinear().scaled(number).of(in.maps().multiply(constant(number), x.plain()));
  }

  Ported shifted(Ported x, double number) {
    return x.asLinear().plus(number).of(in.maps().add(x.plain(), constant(number)));
  }

  /** A number as the library takes it: a double, for any type. */
  private static PlainTensor constant(double number) {
    return PlainTensor.of(PlainTensor.Kind.REAL, new double[] {number});
  }

  Ported add(Ported x, Ported y) {
    PlainTensor plain = in.maps().add(x.plain(), y.plain());
    Ported.Linear sum = x.asLinear().plus(y.asLinear());
    return sum != null
        ? sum.of(plain)
        : Ported.made(JavaExpression.call(TensorMath.class, "add", x.java(), y.java()), plain);
  }

  Ported subtract(Ported x, Ported y) {
    PlainTensor plain = in.maps().subtract(x.plain(), y.plain());
    Ported.Linear sum = x.asLinear().plus(y.asLinear().scaled(-1));
    return sum != null
        ? sum.of(plain)
        : Ported.made(JavaExpression.call(TensorMath.class, "subtract", x.java(), y.java()), plain);
  }

  Ported multiply(Ported x, Ported y) {
    return Ported.made(
        JavaExpression.call(TensorMath.class, "multiply", x.java(), y.java()),
        in.maps().multiply(x.plain(), y.plain()));
  }

  Ported divide(Ported x, Ported y) {
    return Ported.made(
        JavaExpression.call(TensorMath.class, "divide", x.java(), y.java()),
        in.maps().divide(x.plain(), y.plain()));
  }

  private Ported compare(String sign, Ported x, Ported y) {
    TensorMath.Comparison comparison =
        switch (sign) {
          case "<" -> TensorMath.Comparison.LESS;
          case "<=" -> TensorMath.Comparison.LESS_EQUAL;
          case ">" -> TensorMath.Comparison.GREATER;
          case ">=" -> TensorMath.Comparison.GREATER_EQUAL;
          case "==" -> TensorMath.Comparison.EQUAL;
          default -> TensorMath.Comparison.NOT_EQUAL;
        };
    return Ported.made(
        JavaExpression.call(TensorMath.class, "compare", x.java(), comparison, y.java()),
        in.maps().compare(sign, x.plain(), y.plain()));
  }

  Ported of(PythonSyntax.Binary b, Ported x, Ported y) {
    in.real(b.left(), x);
    in.real(b.right(), y);
    return switch (b.sign()) {
      case "+" -> add(x, y);
      case "-" -> subtract(x, y);
      case "*" -> multiply(x, y);
      case "/" -> divide(x, y);
      default -> compare(b.sign(), x, y);
    };
  }

  Ported numberAndTensor(PythonSyntax.Binary b, double number, Ported x) {
    in.real(b.right(), x);
    return switch (b.sign()) {
      case "+" -> shifted(x, number);
      case "-" -> shifted(negative(x), number);
      case "*" -> scaled(number, x);
      case "/" -> divide(in.scalar(number), x);
      default -> compare(b.sign(), in.scalar(number), x);
    };
  }

  Ported tensorAndNumber(PythonSyntax.Binary b, Ported x, double number) {
    in.real(b.left(), x);
    return switch (b.sign()) {
      case "+" -> shifted(x, number);
      case "-" -> shifted(x, -number);
      case "*" -> scaled(number, x);
      case "/" -> {
        if (number == 0) {
          throw in.source().wrong(b.position(), "a division by 0");
        }
        yield scaled(1 / number, x);
      }
      default -> compare(b.sign(), x, in.scalar(number));
    };
  }

  /** x ** 2 and x ** 0.5. */
  Ported power(PythonSyntax.Binary b, int[] want) {
    Ported x = in.reals(b.left(), want);
    double exponent = in.isNumber(b.right()) ? in.number(b.right()) : Double.NaN;
    if (exponent == 0.5) {
      return Ported.made(
          JavaExpression.call(TensorMath.class, "sqrt", x.java()), in.maps().sqrt(x.plain()));
    }
    if (exponent == 2) {
      return square(b.position(), x);
    }
    throw in.source().wrong(b.position(), "of powers there are ** 2 and ** 0.5");
  }

  Ported square(int position, Ported x) {
    if (!(x.java() instanceof JavaExpression.Variable)) {
      throw in.source()
          .wrong(position, "the square of an expression would compute it twice; name it first");
    }
    return multiply(x, x);
  }
}
