// Port: one call of Python: parsed, given operands, translated.
package io.github.einblas.cli.port;

import io.github.einblas.DType;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A translated line, with the operands that it was tried with.
 *
 * @param line of Java, and its value by plain loops
 * @param operands what was drawn
 */
public record Port(PortedLine line, PortOperands operands) {
  /**
   * Shapes to try: new axes of different lengths, as mistakes then show; of one length, where axes
   * must agree that are not seen to; then tensors of other ranks.
   */
  private static final List<PortOperands.Choice> CHOICES =
      List.of(
          new PortOperands.Choice(new int[] {2, 3, 4, 5}, 2),
          new PortOperands.Choice(new int[] {3}, 2),
          new PortOperands.Choice(new int[] {2, 3, 4, 5}, 1),
          new PortOperands.Choice(new int[] {3}, 1),
          new PortOperands.Choice(new int[] {2, 3, 4, 5}, 3),
          new PortOperands.Choice(new int[] {3}, 3),
          new PortOperands.Choice(new int[] {4}, 4));

  /** Translates; shapes holds those that are given. */
  public static Port of(
      PythonSource source, Map<String, int[]> shapes, DType type, PortOperands.Draw draw) {
    PythonSyntax tree = PythonParser.parse(source);
    Set<String> names = new LinkedHashSet<>();
    PortNames.addTo(names, tree);
    for (String given : shapes.keySet()) {
      if (!names.contains(given)) {
        throw new IllegalArgumentException(
            "--shapes: the call has no tensor '"
                + given
                + "'; it has "
                + (names.isEmpty() ? "none" : String.join(", ", names)));
      }
    }
    PortShapes.Mismatch first = null;
    for (PortOperands.Choice choice : CHOICES) {
      PortOperands operands = new PortOperands(shapes, type, draw, choice);
      try {
        return new Port(new PortTranslation(source, operands).line(tree), operands);
      } catch (PortShapes.Mismatch e) {
        first = first == null ? e : first;
      }
    }
    throw new IllegalArgumentException(
        first.getMessage()
            + "; give --shapes, such as --shapes "
            + (names.isEmpty() ? "a" : names.iterator().next())
            + "=2x3");
  }
}
