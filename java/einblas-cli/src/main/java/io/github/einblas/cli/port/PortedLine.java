// Port: a whole line of Java.
package io.github.einblas.cli.port;

import io.github.einblas.Tensor;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * What a line of Python becomes.
 *
 * @param value the call, or a call without result that writes, and what is then in the tensor
 * @param target the name that is written or declared; null for an expression
 * @param form how the line is written
 */
public record PortedLine(Ported value, String target, Form form) {
  /** How a line is written. */
  enum Form {
    /** A call, whose result is the value. */
    EXPRESSION,
    /** A new variable. */
    DECLARATION,
    /** A variable that there is already. */
    ASSIGNMENT,
    /** A call that writes into the target. */
    WRITING
  }

  PortedLine(Ported value, String target) {
    this(value, target, target == null ? Form.EXPRESSION : Form.DECLARATION);
  }

  public String text() {
    String call = value.java().text();
    return switch (form) {
      case EXPRESSION -> call;
      case DECLARATION -> "Tensor " + target + " = " + call + ";";
      case ASSIGNMENT -> target + " = " + call + ";";
      case WRITING -> call + ";";
    };
  }

  /** Public types that the text names, as lines of imports. */
  public Set<String> imports() {
    Set<String> types = new TreeSet<>();
    value.java().addTypes(types);
    if (form == Form.DECLARATION) {
      types.add(Tensor.class.getName());
    }
    return types;
  }

  /** Runs the line through the library; the tensor that it gives or writes. */
  public Tensor run(Map<String, Tensor> operands) {
    Object result = value.java().value(operands);
    return form == Form.WRITING ? operands.get(target) : (Tensor) result;
  }
}
