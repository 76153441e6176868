// The labels of an equation over tensors in blocks: lengths, chunks, and who has which.
package io.github.einblas.spark.internal.plan;

import io.github.einblas.DType;
import io.github.einblas.Einsum;
import io.github.einblas.EinsumPlan;
import io.github.einblas.PlanOptions;
import io.github.einblas.PlanSlice;
import io.github.einblas.spark.Chunks;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Labels are numbers from 0, ellipsis axes labels as others. An axis of length 1 that stands for a
 * longer one is {@link #BROADCAST}.
 */
public final class Labelling {
  /** An axis that is repeated: it has no label of its own. */
  static final int BROADCAST = -1;

  private static final String LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

  private final String equation;
  private final List<String> names = new ArrayList<>();
  private final List<Long> lengths = new ArrayList<>();
  private final List<Long> chunks = new ArrayList<>();
  private final int[][] operands;
  private final int[] output;
  private final EinsumPlan whole;

  private Labelling(String equation, EinsumPlan whole, int operandCount) {
    this.equation = equation;
    this.whole = whole;
    this.operands = new int[operandCount][];
    this.output =
        new int[whole.outputShape().length]; // filled by of(), which knows labels' numbers
  }

  /**
   * Reads an equation.
   *
   * @throws IllegalArgumentException if it does not fit the shapes, chunks of a label differ, or
   *     there are more than 52 labels
   */
  public static Labelling of(
      String equation, PlanOptions options, List<DType> types, List<Chunks> chunks) {
    long[][] shapes = chunks.stream().map(Chunks::shape).toArray(long[][]::new);
    EinsumPlan whole = Einsum.plan(equation, options, types, shapes);
    Labelling labelling = new Labelling(equation, whole, shapes.length);
    PlanSlice all = whole.slice(0);
    Map<String, Integer> known = new HashMap<>();
    List<PlanSlice.Range> out = all.outputRanges();
    List<List<PlanSlice.Range>> axes = new ArrayList<>();
    Map<String, Long> longest = new HashMap<>();
    for (int i = 0; i < shapes.length; i++) {
      axes.add(all.operandRanges(i));
      for (int d = 0; d < shapes[i].length; d++) {
        longest.merge(axes.get(i).get(d).label(), shapes[i][d], Labelling::longer);
      }
    }
    for (int i = 0; i < shapes.length; i++) {
      labelling.operands[i] = new int[shapes[i].length];
      for (int d = 0; d < shapes[i].length; d++) {
        String name = axes.get(i).get(d).label();
        labelling.operands[i][d] =
            shapes[i][d] == longest.get(name)
                ? labelling.label(known, name, chunks.get(i), i, d)
                : BROADCAST;
      }
    }
    for (int d = 0; d < out.size(); d++) {
      labelling.output[d] = known.get(out.get(d).label());
    }
    if (labelling.names.size() > LETTERS.length()) {
      throw new IllegalArgumentException(
          equation
              + " has "
              + labelling.names.size()
              + " labels; contractions on Spark take at most "
              + LETTERS.length());
    }
    return labelling;
  }

  /** Lengths differ under an ellipsis only, where one of them is 1. */
  private static long longer(long a, long b) {
    return a == 1 ? b : a;
  }

  private int label(Map<String, Integer> known, String name, Chunks of, int operand, int axis) {
    Integer number = known.get(name);
    if (number == null) {
      known.put(name, names.size());
      names.add(name);
      lengths.add(of.length(axis));
      chunks.add(of.chunk(axis));
      return names.size() - 1;
    }
    if (chunks.get(number) != of.chunk(axis)) {
      throw new IllegalArgumentException(
          equation
              + ": label "
              + name
              + " of length "
              + lengths.get(number)
              + " is cut into chunks of "
              + chunks.get(number)
              + " elsewhere and of "
              + of.chunk(axis)
              + " along axis "
              + axis
              + " of operand "
              + operand
              + "; make them agree by rechunk");
    }
    return number;
  }

  /** As it was given. */
  public String equation() {
    return equation;
  }

  /** The plan of one machine over the whole shapes. */
  public EinsumPlan whole() {
    return whole;
  }

  /** Labels of an operand's axes. */
  public int[] operand(int i) {
    return operands[i].clone();
  }

  int operandCount() {
    return operands.length;
  }

  int[] output() {
    return output.clone();
  }

  String name(int label) {
    return names.get(label);
  }

  long length(int label) {
    return lengths.get(label);
  }

  int pieces(int label) {
    return (int) Math.max(1, (length(label) + chunks.get(label) - 1) / chunks.get(label));
  }

  long chunk(int label) {
    return chunks.get(label);
  }

  /** The chunks of a tensor with these labels. */
  public Chunks chunks(int[] labels) {
    return Chunks.of(
        Arrays.stream(labels).mapToLong(this::length).toArray(),
        Arrays.stream(labels).mapToLong(this::chunk).toArray());
  }

  /** The chunks of the result. */
  public Chunks resultChunks() {
    return chunks(output);
  }

  /** Labels as letters, for the equation of a block; {@link #BROADCAST} has none. */
  static String letters(int[] labels) {
    StringBuilder text = new StringBuilder();
    for (int label : labels) {
      text.append(label == BROADCAST ? "" : LETTERS.charAt(label));
    }
    return text.toString();
  }

  /** Labels as the user wrote them. */
  String names(int[] labels) {
    StringBuilder text = new StringBuilder();
    for (int label : labels) {
      text.append(label == BROADCAST ? "1" : name(label));
    }
    return text.toString();
  }
}
