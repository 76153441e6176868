// Kronecker products that come to the native chain on a detour: diagonals, batches of operators, X
// and outputs of any
// layout; beside the built matrix, with the way that explain names.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.internal.tensor.TensorCopy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class KroneckerNativeTest {
  private static final long SEED = 20261123;
  private final List<Tensor> open = new ArrayList<>();
  private final Random random = new Random(SEED);

  @AfterEach
  void close() {
    open.forEach(Tensor::close);
  }

  private Tensor own(Tensor t) {
    open.add(t);
    return t;
  }

  private Tensor random(DType dtype, long... shape) {
    double[] values =
        random.doubles(Arrays.stream(shape).reduce(1, (a, b) -> a * b), -1, 1).toArray();
    return own(own(Tensor.of(values, shape)).to(dtype));
  }

  /** With the last two axes of its memory in the other order. */
  private Tensor turned(DType dtype, long... shape) {
    long[] stored = shape.clone();
    int n = shape.length;
    stored[n - 1] = shape[n - 2];
    stored[n - 2] = shape[n - 1];
    int[] axes = new int[n];
    Arrays.setAll(axes, d -> d < n - 2 ? d : d == n - 2 ? n - 1 : n - 2);
    return random(dtype, stored).permute(axes);
  }

  private void check(Kronecker k, boolean left, Tensor x, boolean turnedOut, String way) {
    String what = "seed " + SEED + " " + k + (left ? " left " : " ") + x.strided().describe();
    DType dtype = x.dtype();
    long length = left ? k.rows() : k.columns();
    String said = left ? k.explainLeft(x) : k.explain(x);
    assertTrue(said.contains(way), () -> what + ": " + said);
    Tensor matrix = own(k.toDense());
    Tensor want = own(left ? TensorOps.matmul(x, matrix) : TensorOps.matmul(matrix, x));
    // Two orders of some `length` additions, of products of numbers up to 1; factors round more.
    double bound =
        4 * (length + 64) * (dtype == DType.F32 ? 0x1p-24 : 0x1p-53) * Math.sqrt((double) length);
    Tensor out = turnedOut ? turned(dtype, want.shape()) : own(Tensor.full(dtype, 2, want.shape()));
    double[] before = TensorCopy.doubles(out.strided());
    if (left) {
      k.timesLeftInto(out, -1.5, 0.5, x);
    } else {
      k.timesInto(out, -1.5, 0.5, x);
    }
    double[] exact = TensorCopy.doubles(want.strided());
    double[] got = TensorCopy.doubles(out.strided());
    for (int e = 0; e < exact.length; e++) {
      assertEquals(-1.5 * exact[e] + 0.5 * before[e], got[e], 2 * bound, what + " element " + e);
    }
    out.fill(Double.NaN);
    if (left) {
      k.timesLeftInto(out, 1, 0, x);
    } else {
      k.timesInto(out, 1, 0, x);
    }
    got = TensorCopy.doubles(out.strided());
    for (int e = 0; e < exact.length; e++) {
      assertEquals(exact[e], got[e], bound, what + " element " + e);
    }
  }

  @Test
  void diagonalsScaleX() {
    for (DType dtype : List.of(DType.F32, DType.F64)) {
      Kronecker k =
          Kronecker.of(
              random(dtype, 8, 4),
              Kronecker.diagonal(random(dtype, 3)),
              random(dtype, 5, 8),
              Kronecker.diagonal(random(dtype, 2)));
      check(k, false, random(dtype, k.columns(), 20), false, "X scaled by the diagonals");
      check(k, true, random(dtype, 9, k.rows()), true, "X scaled by the diagonals");
      check(k.transpose(), false, turned(dtype, k.rows(), 20), false, "X scaled by the diagonals");
      check(k, true, random(dtype, 2, 9, k.rows()), false, "X scaled by the diagonals");
    }
  }

  @Test
  void otherLayoutsOfXAndOfTheResult() {
    for (DType dtype : List.of(DType.F32, DType.F64)) {
      Kronecker k = Kronecker.of(random(dtype, 8, 16), random(dtype, 6, 8));
      check(k, false, turned(dtype, k.columns(), 20), false, "X copied");
      check(k, true, turned(dtype, 9, k.rows()), false, "X copied");
      check(k, true, turned(dtype, 3, 9, k.rows()), true, "X copied");
      check(k, false, random(dtype, k.columns(), 20), true, "1 pass");
      check(k, true, random(dtype, 9, k.rows()), true, "1 pass");
      Tensor wide = random(dtype, k.columns(), 40);
      check(k, false, wide.slice(1, 0, 40, 2), false, "X copied");
      check(k, false, random(dtype, k.columns(), 20).flip(1), true, "X copied");
    }
  }

  @Test
  void batchesOfOperatorsAreRunOneByOne() {
    for (DType dtype : List.of(DType.F32, DType.F64)) {
      Tensor w = random(dtype, 3, 16, 16);
      Tensor v = turned(dtype, 2, 1, 16, 18);
      Kronecker k = Kronecker.of(w, Kronecker.identity(2), v);
      assertArrayEquals(new long[] {2, 3, 512, 576}, k.shape());
      check(k, false, random(dtype, 2, 3, k.columns(), 20), false, "6 runs of");
      check(k, true, random(dtype, 3, 20, k.rows()), true, "6 runs of");
      check(k, false, turned(dtype, 1, 1, k.columns(), 20), false, "6 runs of");
      // A batch axis of X that no factor has is an axis of each run.
      check(Kronecker.of(w, v.select(0, 1)), false, random(dtype, 2, 1, 288, 20), true, "3 runs");
      // Small runs are one einsum.
      String said = k.explain(random(dtype, 2, 3, k.columns(), 1));
      assertTrue(!said.contains("runs of"), said);
    }
  }

  @Test
  void outputsThatShareElementsAreRefusedBeforeAnythingIsWritten() {
    Tensor w = random(DType.F32, 8, 8);
    Kronecker k = Kronecker.of(w, Kronecker.diagonal(random(DType.F32, 4)), w);
    Tensor big = own(Tensor.ones(DType.F32, 256 * 3));
    Tensor x = big.slice(0, 0, 512).reshape(256, 2);
    Tensor out = big.slice(0, 200, 712).reshape(256, 2);
    assertThrows(IllegalArgumentException.class, () -> k.timesInto(out, 1, 0, x));
    assertEquals(256 * 3, Arrays.stream(TensorCopy.doubles(big.strided())).sum());
    Tensor d = big.slice(0, 0, 64).reshape(8, 8);
    Kronecker own = Kronecker.of(w, d);
    Tensor y = random(DType.F32, 64, 2);
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class,
            () -> own.timesInto(big.slice(0, 0, 128).reshape(64, 2), 1, 0, y));
    assertTrue(e.getMessage().contains("a factor, "), e.getMessage());
  }
}
