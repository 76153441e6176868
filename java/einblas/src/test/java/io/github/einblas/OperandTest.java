// One grammar: einsum and products over tensors and the three matrix operators.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class OperandTest {
  private static final long SEED = 20261128;
  private static final int ROWS = 6;
  private static final int COLUMNS = 4;

  private final List<AutoCloseable> open = new ArrayList<>();
  private final Random random = new Random(SEED);

  private <T extends AutoCloseable> T keep(T it) {
    open.add(it);
    return it;
  }

  @AfterEach
  void closeAll() throws Exception {
    for (AutoCloseable it : open) {
      it.close();
    }
  }

  /** Small integers, a third of them 0: sums of their products are exact. */
  private Tensor tensor(long... shape) {
    double[] values = new double[(int) Arrays.stream(shape).reduce(1, (a, b) -> a * b)];
    Arrays.setAll(values, i -> random.nextInt(3) == 0 ? 0 : random.nextInt(9) - 4);
    return keep(Tensor.of(values, shape));
  }

  /** The three operators of one shape. */
  private List<MatrixOperator> operators() {
    return List.of(
        keep(CsrMatrix.ofDense(tensor(ROWS, COLUMNS), 0)),
        keep(BsrMatrix.ofDense(tensor(ROWS, COLUMNS), 3, 2)),
        Kronecker.of(tensor(3, 2), tensor(2, 2)));
  }

  private void same(String what, Tensor want, Tensor got) {
    keep(want);
    keep(got);
    assertArrayEquals(want.shape(), got.shape(), what);
    assertArrayEquals(want.toDoubleArray(), got.toDoubleArray(), what);
  }

  @Test
  void everyOperatorIsMultipliedInTheSameWay() {
    Tensor x = tensor(COLUMNS, 5);
    Tensor y = tensor(ROWS, 5);
    Tensor vector = tensor(COLUMNS);
    for (MatrixOperator a : operators()) {
      String name = a.toString();
      Tensor dense = keep(a.toDense());
      assertArrayEquals(new long[] {a.rows(), a.columns()}, a.shape(), name);
      assertEquals(DType.F64, a.dtype(), name);
      same(name, TensorOps.matmul(dense, x), a.times(x));
      same(name, TensorOps.matmul(dense, vector), a.times(vector));
      same(name, TensorOps.matmul(y.transpose(), dense), a.timesLeft(y.transpose()));
      same(name, TensorOps.matmul(dense.transpose(), y), a.transpose().times(y));
      Tensor out = keep(Tensor.ones(DType.F64, ROWS, 5));
      Tensor want = keep(Tensor.ones(DType.F64, ROWS, 5));
      TensorOps.matmulInto(want, 2, -1, dense, x);
      a.timesInto(out, 2, -1, x);
      assertArrayEquals(want.toDoubleArray(), out.toDoubleArray(), name);
      TensorOps.matmulInto(want.transpose(), 2, 1, x.transpose(), dense.transpose());
      a.transpose().timesLeftInto(out.transpose(), 2, 1, x.transpose());
      assertArrayEquals(want.toDoubleArray(), out.toDoubleArray(), name);
      assertTrue(a.explain(x).length() > 20, name);
      assertThrows(IllegalArgumentException.class, () -> a.explain(y), name);
    }
  }

  @Test
  void einsumTakesEveryOperatorOnEitherSide() {
    Tensor x = tensor(COLUMNS, 5);
    Tensor y = tensor(ROWS, 5);
    Tensor vector = tensor(ROWS);
    for (MatrixOperator a : operators()) {
      Tensor dense = keep(a.toDense());
      for (String equation : List.of("ij,jk->ik", "ij,jk->ki", "Za,ax", " q b , b c -> c q")) {
        same(equation, Einsum.einsum(equation, dense, x), Einsum.einsum(equation, a, x));
      }
      for (String equation : List.of("ij,ik->jk", "ij,ik->kj", "ba,bc")) {
        same(equation, Einsum.einsum(equation, dense, y), Einsum.einsum(equation, a, y));
      }
      for (String equation : List.of("ki,ij->kj", "ki,ij->jk", "ba,ac")) {
        Tensor turned = y.transpose();
        same(equation, Einsum.einsum(equation, turned, dense), Einsum.einsum(equation, turned, a));
      }
      same("jk,ij->ik", Einsum.einsum("jk,ij->ik", x, dense), Einsum.einsum("jk,ij->ik", x, a));
      same("i,ij->j", Einsum.einsum("i,ij->j", vector, dense), Einsum.einsum("i,ij->j", vector, a));
      same("ij,i", Einsum.einsum("ij,i", dense, vector), Einsum.einsum("ij,i", a, vector));
    }
  }

  @Test
  void einsumTakesBatchesWithKronecker() {
    Kronecker one = Kronecker.of(tensor(3, 2), tensor(2, 2));
    Kronecker batch = Kronecker.of(tensor(7, 3, 2), tensor(2, 2));
    Tensor x = tensor(7, COLUMNS, 5);
    Tensor each = tensor(COLUMNS, 5);
    Tensor rows = tensor(5, 7, ROWS);
    for (String equation : List.of("ij,bjk->bik", "ij,bjk->kib", "ij,bjk->ikb", "ij,bjk")) {
      same(
          equation,
          Einsum.einsum(equation, keep(one.toDense()), x),
          Einsum.einsum(equation, one, x));
    }
    Tensor dense = keep(batch.toDense());
    for (String equation : List.of("bij,bjk->bik", "bij,bjk->ibk", "...ij,...jk->...ik")) {
      same(equation, Einsum.einsum(equation, dense, x), Einsum.einsum(equation, batch, x));
    }
    for (String equation : List.of("bij,jk->bik", "bij,jk->kbi")) {
      same(equation, Einsum.einsum(equation, dense, each), Einsum.einsum(equation, batch, each));
    }
    same(
        "bij,kbi->bjk",
        Einsum.einsum("bij,kbi->bjk", dense, rows),
        Einsum.einsum("bij,kbi->bjk", batch, rows));
    Tensor column = tensor(7, COLUMNS);
    same(
        "bij,bj->bi",
        Einsum.einsum("bij,bj->bi", dense, column),
        Einsum.einsum("bij,bj->bi", batch, column));
  }

  @Test
  void otherEquationsAreRefusedAndSayWhatIsSupported() {
    Tensor x = tensor(COLUMNS, 5);
    for (MatrixOperator a : operators()) {
      for (String wrong :
          List.of("ij,jk->ijk", "ij,jk->i", "ii,ik->k", "ij,kl->ijkl", "ij,ij->", "ij,jk->")) {
        refused(a, wrong, a, x);
      }
      refused(a, "ij,jk,kl->il", a, x, x);
      refused(a, "ij,jk->ik", a, a.transpose());
      refused(a, "ij->ji", a);
      Tensor cube = tensor(2, COLUMNS, 5);
      if (!(a instanceof Kronecker)) {
        refused(a, "ij,bjk->bik", a, cube);
      }
      assertThrows(
          IllegalArgumentException.class, () -> Einsum.einsum("ij,jk->ik", a, tensor(ROWS, 5)));
      assertThrows(NullPointerException.class, () -> Einsum.einsum("ij,jk->ik", a, (Operand) null));
    }
  }

  private static void refused(MatrixOperator a, String equation, Operand... operands) {
    String text =
        assertThrows(
                IllegalArgumentException.class,
                () -> Einsum.einsum(equation, operands),
                () -> equation + " of " + a)
            .getMessage();
    assertTrue(text.contains('"' + equation + '"'), text);
    assertTrue(text.contains(a.getClass().getSimpleName()), text);
    assertTrue(text.contains("ij,jk->ik") && text.contains("toDense()"), text);
  }

  @Test
  void kroneckerRefusesBlocksAndSaysHowToGiveThem() {
    BsrMatrix blocks = keep(BsrMatrix.ofDense(tensor(ROWS, COLUMNS), 3, 2));
    String text =
        assertThrows(IllegalArgumentException.class, () -> Kronecker.of(tensor(2, 2), blocks))
            .getMessage();
    assertTrue(text.contains("factor 1 is BsrMatrix(6 x 4"), text);
    assertTrue(text.contains("toDense()"), text);
  }

  @Test
  void bothSparseFormsGiveBackTheArraysThatTheyAreMadeFrom() {
    CsrMatrix csr = keep(CsrMatrix.ofDense(tensor(ROWS, COLUMNS), 0));
    BsrMatrix bsr = keep(BsrMatrix.ofDense(tensor(ROWS, COLUMNS), 3, 2));
    CsrMatrix sameCsr =
        keep(CsrMatrix.of(csr.values(), csr.indices(), csr.indptr(), ROWS, COLUMNS));
    BsrMatrix sameBsr =
        keep(BsrMatrix.of(bsr.blocks(), bsr.indices(), bsr.indptr(), ROWS, COLUMNS));
    same("csr", csr.toDense(), sameCsr.toDense());
    same("bsr", bsr.toDense(), sameBsr.toDense());
    assertEquals(DType.I32, bsr.indices().dtype());
    assertEquals(DType.I64, bsr.indptr().dtype());
    assertThrows(
        IllegalArgumentException.class,
        () -> BsrMatrix.of(bsr.blocks(), bsr.blocks(), bsr.indptr(), ROWS, COLUMNS));
  }
}
