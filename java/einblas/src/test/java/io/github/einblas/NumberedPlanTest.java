// Labels as numbers have what letters have: options, types, plans from shapes, thousands of labels.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class NumberedPlanTest {
  private static final int[][] PRODUCT = {{60_000, 7}, {7, 1_000_000}};
  private static final int[] OUTPUT = {1_000_000, 60_000};
  private static final long[][] SHAPES = {{2, 3}, {3, 4}};

  private static String refused(Class<? extends Exception> type, Runnable body) {
    return assertThrows(type, body::run).getMessage();
  }

  @Test
  void plansFromShapesAsLettersDo() {
    PlanOptions options = PlanOptions.DEFAULT.withThreads(1).withOutputType(DType.F64);
    List<DType> types = List.of(DType.F32, DType.BF16);
    EinsumPlan letters = Einsum.plan("ij,jk->ki", options, types, SHAPES);
    EinsumPlan numbers = Einsum.plan(PRODUCT, OUTPUT, options, types, SHAPES);
    assertEquals(letters.flops(), numbers.flops());
    assertEquals(DType.F64, numbers.dtype());
    assertEquals(types, numbers.operandTypes());
    assertArrayEquals(new long[] {4, 2}, numbers.outputShape());
    assertEquals("[60000 7],[7 1000000]->[1000000 60000]", numbers.equation());
    assertEquals(numbers, EinsumPlan.fromJson(numbers.toJson()));
    assertEquals(options, numbers.options());
    assertEquals(1, Einsum.plan(PRODUCT, OUTPUT, options, DType.F32, SHAPES).options().threads());
    EinsumPlan implicit = Einsum.plan(PRODUCT, null, DType.F32, SHAPES);
    assertArrayEquals(new long[] {2, 4}, implicit.outputShape());
    int[][] dots = {{Sublist.ELLIPSIS, 1}, {1, 2}};
    EinsumPlan some = Einsum.plan(dots, null, DType.F32, new long[] {5, 2, 3}, new long[] {3, 4});
    assertArrayEquals(new long[] {5, 2, 4}, some.outputShape());
  }

  @Test
  void optionsForOperandsWithNumbers() {
    try (Tensor a = Tensor.of(new double[] {1, 2, 3, 4, 5, 6}, 2, 3);
        Tensor b = Tensor.of(new double[] {1, 0, 2, 3, 5, 0, 1, 2, 9, 4, 1, 7}, 3, 4)) {
      Sublist[] operands = {Sublist.of(a, PRODUCT[0]), Sublist.of(b, PRODUCT[1])};
      PlanOptions options = PlanOptions.DEFAULT.withSlices(2);
      EinsumPlan plan = Einsum.plan(OUTPUT, options, operands);
      assertTrue(plan.sliceCount() >= 2);
      try (Tensor x = plan.run(a, b);
          Tensor y = Einsum.einsum("ij,jk->ki", a, b);
          Tensor z = Einsum.einsum(OUTPUT, operands)) {
        assertArrayEquals(y.toDoubleArray(), x.toDoubleArray());
        assertArrayEquals(y.toDoubleArray(), z.toDoubleArray());
      }
    }
  }

  @Test
  void callersMayChangeTheirArrays() {
    int[][] labels = {{0, 1}, {1, 2}};
    int[] output = {0, 2};
    EinsumPlan plan = Einsum.plan(labels, output, DType.F64, SHAPES);
    labels[0][0] = 5;
    labels[1] = new int[0];
    output[0] = 9;
    assertEquals("[0 1],[1 2]->[0 2]", plan.equation());
    assertEquals(plan, EinsumPlan.fromJson(plan.toJson()));
  }

  @Test
  void refusals() {
    Class<IllegalArgumentException> bad = IllegalArgumentException.class;
    String text = refused(bad, () -> Einsum.plan(PRODUCT, OUTPUT, DType.F32, SHAPES[0]));
    assertTrue(text.contains("2 operand terms") && text.contains("1 operands"), text);
    long[][] wrong = {{2, 3}, {5, 4}};
    text = refused(bad, () -> Einsum.plan(PRODUCT, OUTPUT, DType.F32, wrong));
    assertTrue(text.contains("label 7") && text.contains("length 5 in operand 1"), text);
    long[][] large = {{2, 3}, {1L << 40, 1L << 40}};
    text = refused(bad, () -> Einsum.plan(PRODUCT, OUTPUT, DType.F32, large));
    assertTrue(text.contains("operand 1") && text.contains("[60000 7]"), text);
    text = refused(bad, () -> Einsum.plan("ij,jk", DType.F32, large));
    assertTrue(text.contains("\"ij,jk\": operand 1"), text);
    List<DType> one = List.of(DType.F32);
    text = refused(bad, () -> Einsum.plan(PRODUCT, null, PlanOptions.DEFAULT, one, SHAPES));
    assertTrue(text.contains("2 shapes need as many types, got 1"), text);
    int[][] hole = {{0, 1}, null};
    text = refused(NullPointerException.class, () -> Einsum.plan(hole, OUTPUT, DType.F32, SHAPES));
    assertTrue(text.contains("labels of operand 1"), text);
  }

  /** A chain of letters and one of numbers, each label of which is another one. */
  @Test
  @Timeout(60)
  void fiveThousandOperands() {
    int n = 5_000;
    String letters =
        IntStream.range(0, n)
            .mapToObj(i -> Character.toString(0x4E00 + i) + Character.toString(0x4E01 + i))
            .collect(Collectors.joining(","));
    try (Tensor turn = Tensor.of(new double[] {0, 1, -1, 0}, 2, 2);
        Tensor one = Tensor.ones(DType.F64, 2)) {
      Tensor[] operands = new Tensor[n];
      Arrays.fill(operands, turn);
      Sublist[] lists = new Sublist[n];
      Arrays.setAll(lists, i -> Sublist.of(turn, 3 * i, 3 * i + 3));
      try (Tensor x = Einsum.einsum(letters, operands);
          Tensor y = Einsum.einsum(null, lists)) {
        assertArrayEquals(new double[] {1, 0, 0, 1}, x.toDoubleArray());
        assertArrayEquals(new double[] {1, 0, 0, 1}, y.toDoubleArray());
      }
      operands[3_000] = one;
      String text = refused(IllegalArgumentException.class, () -> Einsum.einsum(letters, operands));
      String place = "," + Character.toString(0x4E00 + 3_000) + Character.toString(0x4E01 + 3_000);
      assertTrue(text.contains(place) && text.contains("operand 3000"), text);
      EinsumPlan plan = Einsum.plan(null, lists);
      text = refused(IllegalArgumentException.class, () -> plan.run(operands));
      assertTrue(text.contains("],[9000 9003],[") && text.contains("operand 3000"), text);
      operands[3_000] = null;
      text = refused(NullPointerException.class, () -> plan.run(operands));
      assertTrue(text.contains("],[9000 9003],[") && text.length() < 700, text);
      text = refused(IllegalArgumentException.class, () -> plan.run(turn));
      assertTrue(text.contains("5000 operands, got 1") && text.length() < 700, text);
    }
  }
}
