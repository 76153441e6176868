// Planner: one native step of a program.
package io.github.einblas.internal.plan;

/**
 * Axes are {@code outer} then {@code reduced} labels; unary, binary or ternary by its inputs.
 *
 * @param inputs slots read
 * @param output slot written
 */
public record Step(int[] inputs, int output, int[] outer, int[] reduced) {}
