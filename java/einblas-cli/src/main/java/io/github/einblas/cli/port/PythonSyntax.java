// Port: the tree of an expression of Python.
package io.github.einblas.cli.port;

import java.util.List;
import java.util.Map;

/** A node; its position is where it begins in the source, or where its sign stands. */
sealed interface PythonSyntax {
  int position();

  /** A name of a tensor or of a module. */
  record Name(int position, String name) implements PythonSyntax {}

  /** A number without sign; whole when written without point and exponent. */
  record Numeral(int position, double value, boolean whole) implements PythonSyntax {}

  /** What stands between quotes. */
  record Text(int position, String value) implements PythonSyntax {}

  /** True, False, None or {@code ...}. */
  record Constant(int position, String word) implements PythonSyntax {}

  /** A tuple or a list. */
  record Items(int position, List<PythonSyntax> items) implements PythonSyntax {}

  /** {@code of.name}. */
  record Attribute(int position, PythonSyntax of, String name) implements PythonSyntax {}

  /** A call; keywords in the order in which they were given. */
  record Call(
      int position,
      PythonSyntax callee,
      List<PythonSyntax> arguments,
      Map<String, PythonSyntax> keywords)
      implements PythonSyntax {}

  /** {@code of[indices]}. */
  record Subscript(int position, PythonSyntax of, List<PythonSyntax> indices)
      implements PythonSyntax {}

  /** {@code start:stop:step}; what is not given is null. */
  record Slice(int position, PythonSyntax start, PythonSyntax stop, PythonSyntax step)
      implements PythonSyntax {}

  /** {@code -of}. */
  record Negative(int position, PythonSyntax of) implements PythonSyntax {}

  /** {@code left sign right}. */
  record Binary(int position, String sign, PythonSyntax left, PythonSyntax right)
      implements PythonSyntax {}

  /** {@code target = value} or {@code target += value}; whole: {@code target[...]}. */
  record Assignment(int position, String target, boolean whole, String sign, PythonSyntax value)
      implements PythonSyntax {}
}
