// Planner: one native step of a program.
package io.github.einblas.internal.plan;

/**
 * Axes are {@code outer} then {@code reduced} labels; unary, binary or ternary by its inputs.
 *
 * @param inputs slots read
 * @param output slot written
 * @param labels of the inputs' axes: an intermediate that is used again has others each time
 */
public record Step(int[] inputs, int output, int[] outer, int[] reduced, int[][] labels) {}
