// Command line: plans as files, which move between machines.
package io.github.einblas.cli;

import io.github.einblas.EinsumPlan;
import io.github.einblas.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Reads what {@code einblas plan -o} wrote. */
final class SavedPlan {
  private static final String STANDARD_INPUT = "-";

  private final String name;
  private final EinsumPlan plan;

  private SavedPlan(String name, EinsumPlan plan) {
    this.name = name;
    this.plan = plan;
  }

  /** The plan of a file, or of standard input where the name is {@code -}. */
  static SavedPlan read(String file, Streams io) {
    String name = file.equals(STANDARD_INPUT) ? "standard input" : file;
    try {
      String text = file.equals(STANDARD_INPUT) ? standardInput(io) : PathFiles.text(file);
      return new SavedPlan(name, EinsumPlan.fromJson(text));
    } catch (IllegalArgumentException e) {
      throw new InputException(name + ": " + e.getMessage(), e);
    }
  }

  /** All of standard input as text. */
  static String standardInput(Streams io) {
    try {
      return new String(io.in().readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  EinsumPlan plan() {
    return plan;
  }

  /** The plan, for operands that must have its shapes and types. */
  EinsumPlan planFor(Tensor[] operands) {
    long[][] shapes = plan.shapes();
    if (operands.length != shapes.length) {
      throw wrong("needs " + shapes.length + " operands, got " + operands.length);
    }
    for (int i = 0; i < shapes.length; i++) {
      boolean fits =
          Arrays.equals(operands[i].shape(), shapes[i])
              && operands[i].dtype() == plan.operandTypes().get(i);
      if (!fits) {
        throw wrong(
            "operand "
                + i
                + " must be "
                + Arrays.toString(shapes[i])
                + " "
                + plan.operandTypes().get(i)
                + ", and is "
                + Arrays.toString(operands[i].shape())
                + " "
                + operands[i].dtype());
      }
    }
    return plan;
  }

  private InputException wrong(String what) {
    return new InputException(
        name + ": the plan of \"" + Terms.shortened(plan.equation()) + "\" " + what);
  }
}
