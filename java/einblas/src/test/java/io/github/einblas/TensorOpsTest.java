// Named operations: against their definition as einsum, into given outputs, and what they refuse.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.reference.NaiveEinsum;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class TensorOpsTest {
  private static Tensor numbers(long... shape) {
    int size = (int) Arrays.stream(shape).reduce(1, (x, y) -> x * y);
    if (shape.length == 0) {
      return Tensor.scalar(DType.F64, -3);
    }
    return Tensor.of(IntStream.range(0, size).mapToDouble(i -> i % 7 - 3).toArray(), shape);
  }

  @FunctionalInterface
  private interface Into {
    void run(Tensor out, double alpha, double beta);
  }

  /** The operation as new tensor and into a reversed output, against an equation in letters. */
  private static void check(
      Tensor result, Into into, long[] shape, String equation, Tensor... operands) {
    String[] sides = equation.split("->", -1);
    String[] terms = sides[0].split(",", -1);
    double[] expected =
        NaiveEinsum.evaluate(
            Arrays.stream(terms).map(t -> t.chars().toArray()).toArray(int[][]::new),
            sides[1].chars().toArray(),
            Arrays.stream(operands).map(Tensor::shape).toArray(long[][]::new),
            Arrays.stream(operands).map(t -> t.copy().toDoubleArray()).toArray(double[][]::new));
    assertArrayEquals(shape, result.shape());
    // Whole numbers are exact; the tolerance lets -0 stand for 0.
    assertArrayEquals(expected, result.toDoubleArray(), 1e-300);
    Tensor out = Tensor.full(DType.F64, 4, shape);
    for (int d = 0; d < shape.length; d++) {
      out = out.flip(d);
    }
    into.run(out, 3, 0.5);
    assertArrayEquals(
        Arrays.stream(expected).map(v -> 3 * v + 2).toArray(), out.copy().toDoubleArray());
  }

  @Test
  void matmul() {
    Tensor a = numbers(5, 1, 2, 3);
    Tensor b = numbers(4, 3, 2);
    check(
        TensorOps.matmul(a, b),
        (out, x, y) -> TensorOps.matmulInto(out, x, y, a, b),
        new long[] {5, 4, 2, 2},
        "pqik,qkj->pqij",
        a,
        b);
    Tensor v = numbers(3);
    check(
        TensorOps.matmul(v, b),
        (out, x, y) -> TensorOps.matmulInto(out, x, y, v, b),
        new long[] {4, 2},
        "k,qkj->qj",
        v,
        b);
  }

  @Test
  void batchedDot() {
    Tensor a = numbers(3, 2, 4);
    Tensor b = numbers(3, 5, 4, 2);
    check(
        TensorOps.batchedDot(a, b),
        (out, x, y) -> TensorOps.batchedDotInto(out, x, y, a, b),
        new long[] {3, 2, 5, 2},
        "bik,bjkl->bijl",
        a,
        b);
  }

  @Test
  void tensordot() {
    Tensor a = numbers(3, 2, 4);
    Tensor b = numbers(4, 2, 5);
    int[] left = {2, -2};
    int[] right = {0, 1};
    check(
        TensorOps.tensordot(a, b, left, right),
        (out, x, y) -> TensorOps.tensordotInto(out, x, y, a, b, left, right),
        new long[] {3, 5},
        "ijk,kjl->il",
        a,
        b);
  }

  @Test
  void outerOfAnyNumber() {
    Tensor[] in = {numbers(2), numbers(3, 2), numbers(), numbers(4)};
    check(
        TensorOps.outer(in),
        (out, x, y) -> TensorOps.outerInto(out, x, y, in),
        new long[] {2, 3, 2, 4},
        "a,bc,,d->abcd",
        in);
    check(
        TensorOps.outer(in[1]),
        (out, x, y) -> TensorOps.outerInto(out, x, y, in[1]),
        new long[] {3, 2},
        "bc->bc",
        in[1]);
  }

  @Test
  void hadamardOuter() {
    Tensor a = numbers(2, 5, 6);
    Tensor b = numbers(3, 5, 6);
    check(
        TensorOps.hadamardOuter(a, b),
        (out, x, y) -> TensorOps.hadamardOuterInto(out, x, y, a, b),
        new long[] {2, 3, 5, 6},
        "ixy,jxy->ijxy",
        a,
        b);
    Tensor v = numbers(2);
    Tensor w = numbers(3);
    check(
        TensorOps.hadamardOuter(v, w),
        (out, x, y) -> TensorOps.hadamardOuterInto(out, x, y, v, w),
        new long[] {2, 3},
        "i,j->ij",
        v,
        w);
  }

  @Test
  void khatriRaoAndFaceSplittingOfThreeMatrices() {
    Tensor[] in = new Tensor[3];
    for (int f = 0; f < 3; f++) {
      double[] values = new double[4 * (f + 2)];
      for (int i = 0; i < values.length; i++) {
        values[i] = (i * 7 + f * 5) % 11 - 4;
      }
      in[f] = Tensor.of(values, f + 2, 4);
    }
    Tensor result = TensorOps.khatriRao(in);
    assertArrayEquals(new long[] {24, 4}, result.shape());
    Tensor[] turned = {in[0].transpose(), in[1].transpose(), in[2].transpose()};
    Tensor split = TensorOps.faceSplitting(turned);
    assertArrayEquals(new long[] {4, 24}, split.shape());
    Tensor out = Tensor.ones(DType.F64, 24, 4);
    TensorOps.khatriRaoInto(out, 2, 1, in);
    for (int i = 0; i < 24; i++) {
      for (int j = 0; j < 4; j++) {
        double want = in[0].get(i / 12, j) * in[1].get(i / 4 % 3, j) * in[2].get(i % 4, j);
        assertEquals(want, result.get(i, j));
        assertEquals(want, split.get(j, i));
        assertEquals(2 * want + 1, out.get(i, j));
      }
    }
    assertThrows(IllegalArgumentException.class, () -> TensorOps.faceSplitting(in));
    assertThrows(IllegalArgumentException.class, () -> TensorOps.khatriRao(turned));
    assertThrows(
        IllegalArgumentException.class, () -> TensorOps.khatriRao(Tensor.ones(DType.F64, 3)));
  }

  @Test
  void kronOfFourFactorsOfSeveralRanks() {
    Tensor[] in = {numbers(2, 3), numbers(4), numbers(1, 2, 2), numbers()};
    Tensor result = TensorOps.kron(in);
    assertArrayEquals(new long[] {1, 4, 24}, result.shape());
    Tensor out = Tensor.full(DType.F64, 1, 24, 4, 1).transpose();
    TensorOps.kronInto(out, 2, 1, in);
    for (int i = 0; i < 4; i++) {
      for (int j = 0; j < 24; j++) {
        double expected =
            in[0].get(i / 2, j / 8)
                * in[1].get(j / 2 % 4)
                * in[2].get(0, i % 2, j % 2)
                * in[3].item();
        assertEquals(expected, result.get(0, i, j));
        assertEquals(2 * expected + 1, out.get(0, i, j));
      }
    }
  }

  @Test
  void refusalsNameOperationAndShapes() {
    Tensor a = numbers(2, 3);
    Tensor b = numbers(4, 5);
    refused(() -> TensorOps.matmul(a, b), "matmul", "[2, 3]", "[4, 5]", "3 and 4");
    refused(() -> TensorOps.matmul(a, numbers()), "matmul", "rank-0");
    refused(() -> TensorOps.matmul(numbers(2, 2, 3), numbers(3, 3, 4)), "leading lengths 2 and 3");
    refused(() -> TensorOps.batchedDot(a, b), "batchedDot", "batch lengths 2 and 4");
    refused(() -> TensorOps.tensordot(a, b, 3), "tensordot", "3 axes");
    refused(
        () -> TensorOps.tensordot(a, b, new int[] {0}, new int[] {0}),
        "axis 0 of length 2",
        "axis 0 of length 4");
    refused(
        () -> TensorOps.tensordot(a, a, new int[] {0, -2}, new int[] {0, 1}),
        "axis -2 is named twice");
    assertThrows(
        IndexOutOfBoundsException.class,
        () -> TensorOps.tensordot(a, a, new int[] {2}, new int[] {0}));
    refused(() -> TensorOps.hadamardOuter(a, b), "hadamardOuter", "behind the first");
    refused(TensorOps::outer, "outer", "at least one");
    refused(TensorOps::kron, "kron", "at least one");
    Tensor narrow = Tensor.full(DType.F32, 1, 2, 3, 4, 5);
    refused(() -> TensorOps.outerInto(narrow, 1, 0, a, b.to(DType.F32)), "outer", "F64", "F32");
    Tensor out = Tensor.full(DType.F64, 1, 2, 2);
    refused(() -> TensorOps.matmulInto(out, 1, 0, a, numbers(3, 4)), "matmul", "[2, 4]", "[2, 2]");
    refused(() -> TensorOps.matmulInto(out.to(DType.F32), 1, 0, a, numbers(3, 2)), "matmul", "F32");
    refused(() -> TensorOps.matmulInto(out, 1, 0, out, out), "matmul", "shares elements");
    assertArrayEquals(new double[] {1, 1, 1, 1}, out.toDoubleArray());
  }

  private static void refused(Executable call, String... words) {
    IllegalArgumentException e = assertThrows(IllegalArgumentException.class, call);
    for (String word : words) {
      assertTrue(e.getMessage().contains(word), e::getMessage);
    }
  }
}
