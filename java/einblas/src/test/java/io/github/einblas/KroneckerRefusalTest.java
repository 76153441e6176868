// What Kronecker operators refuse: factors that do not fit, shapes, types, overlaps, closed
// factors.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.internal.tensor.TensorCopy;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class KroneckerRefusalTest extends RandomKronecker {
  @Test
  void refusals() {
    Tensor w = own(Tensor.ones(DType.F32, 3, 4));
    Tensor square = own(Tensor.ones(DType.F32, 2, 2));
    Kronecker k = Kronecker.of(Kronecker.identity(5), w);
    message(Kronecker::of, "at least one factor");
    message(() -> Kronecker.of(w, own(Tensor.ones(DType.F64, 2, 2))), "factor 1", "F64", "F32");
    message(() -> Kronecker.of(own(Tensor.ones(DType.F32, 2))), "factor 0", "matrix", "[2]");
    message(() -> Kronecker.of(own(Tensor.ones(DType.I32, 2, 2))), "I32");
    message(() -> Kronecker.identity(-2), "-2");
    message(() -> Kronecker.of(Kronecker.identity(1L << 40), Kronecker.identity(1L << 40)), "2^63");
    message(() -> k.times(own(Tensor.ones(DType.F32, 21, 2))), "[15, 20]", "20", "[21, 2]");
    message(() -> k.timesLeft(own(Tensor.ones(DType.F32, 2, 20))), "15", "[2, 20]");
    message(() -> k.times(own(Tensor.ones(DType.F64, 20))), "F32", "F64");
    Tensor x = own(Tensor.ones(DType.F32, 20, 2));
    message(() -> k.timesInto(own(Tensor.ones(DType.F32, 15, 3)), 1, 0, x), "[15, 2]", "[15, 3]");
    Tensor big = own(Tensor.ones(DType.F32, 60));
    Tensor out = big.slice(0, 30, 60).reshape(15, 2);
    Tensor overlapping = big.slice(0, 0, 40).reshape(20, 2);
    message(() -> k.timesInto(out, 1, 0, overlapping), "shares");
    assertEquals(60, Arrays.stream(TensorCopy.doubles(big.strided())).sum());
    Kronecker batched =
        Kronecker.of(own(Tensor.ones(DType.F32, 2, 3, 3)), own(Tensor.ones(DType.F32, 3, 3)));
    message(() -> batched.times(own(Tensor.ones(DType.F32, 3, 9, 1))), "[3]", "[2]");
    message(() -> Kronecker.of(batched, own(Tensor.ones(DType.F32, 3, 3, 3))), "factor 2", "[3]");
    message(batched::trace, "batch");
    message(k::trace, "15 x 20");
    message(k::logDeterminant, "factor 1", "[3, 4]");
    message(() -> k.solve(x), "factor 1");
    message(
        () -> Kronecker.of(square, square).solve(own(Tensor.ones(DType.F32, 5))),
        "length 4",
        "[5]");
    assertThrows(IndexOutOfBoundsException.class, () -> k.row(15));
    Kronecker huge = Kronecker.of(Kronecker.identity(1 << 20), square);
    message(huge::toDense, "bytes", "1073741824");
    ArithmeticException singular =
        assertThrows(
            ArithmeticException.class,
            () ->
                Kronecker.of(Kronecker.identity(2), square).solve(own(Tensor.ones(DType.F32, 4))));
    assertTrue(singular.getMessage().contains("factor 1 is singular: pivot 1"));
    assertEquals(0, Kronecker.of(square).logDeterminant().sign());
    square.set(Double.NaN, 0, 1);
    assertThrows(ArithmeticException.class, () -> Kronecker.of(square).eigenvalues());
  }

  @Test
  void typesAreRefusedByName() {
    String types = "F32, F64, BF16, F16, C64 or C128";
    for (DType type : DType.values()) {
      if (type.isReal() || type.isComplex()) {
        continue;
      }
      Tensor m = own(Tensor.ones(type, 2, 2));
      Tensor v = own(Tensor.ones(type, 2));
      message(() -> Kronecker.of(m), "factor 0", types, type.toString());
      message(() -> Kronecker.diagonal(v), "vector of " + types, type.toString());
      message(() -> Kronecker.identity(2).times(v), "needs x of " + types, type.toString());
      message(() -> Kronecker.identity(2).solve(v), "needs b of " + types, type.toString());
    }
    Tensor z = own(Tensor.ones(DType.C64, 2, 2));
    Tensor wide = own(Tensor.ones(DType.C128, 2, 2));
    Tensor real = own(Tensor.ones(DType.F32, 2, 2));
    message(() -> Kronecker.of(z, wide), "factor 1", "C128", "C64");
    message(() -> Kronecker.of(z, Kronecker.diagonal(real.select(0, 0))), "factor 1", "F32", "C64");
    Kronecker k = Kronecker.of(z, Kronecker.identity(1));
    message(() -> k.times(wide), "C64", "x has C128");
    message(() -> k.solve(real), "C64", "b has F32");
    message(() -> k.timesGradient(z, wide), "g", "C64", "C128");
    message(() -> k.product(Kronecker.of(wide)), "C64", "C128");
    message(() -> k.timesInto(own(Tensor.ones(DType.C64, 2, 2)).conj(), 1, 0, z), "conjugate view");
    message(() -> k.timesInto(z, 1, 0, z), "shares elements");
    message(k::trace, "C64", "traceReal and traceImag");
    message(() -> Kronecker.of(real, real.slice(0, 0, 1)).traceImag(), "2 x 4");
    Tensor count = own(Tensor.of(new int[] {1, 2, 3}));
    Tensor rows = own(Tensor.of(new int[] {0, 1, 2, 3}));
    CsrMatrix whole = CsrMatrix.of(count, rows.slice(0, 0, 3), rows, 3, 3);
    message(
        () -> Kronecker.of(z, whole),
        "factor 1",
        "I32",
        "factors have F32, F64, BF16, F16, C64 or C128");
  }

  @Test
  void aClosedFactorIsRefusedEverywhere() {
    Tensor w = Tensor.ones(DType.F32, 2, 2);
    Kronecker k = Kronecker.of(w, Kronecker.identity(2));
    Tensor x = own(Tensor.ones(DType.F32, 4));
    w.close();
    List<Runnable> calls =
        List.of(
            () -> k.times(x),
            () -> k.timesLeft(x),
            () -> k.timesInto(x, 1, 0, x),
            () -> k.timesGradient(x, x),
            () -> k.row(0),
            k::toDense,
            k::diagonal,
            k::trace,
            k::traceReal,
            k::traceImag,
            k::adjoint,
            k::transpose,
            k::eigenvalues,
            k::logDeterminant,
            () -> k.solve(x),
            () -> k.product(k),
            () -> k.kron(k));
    for (Runnable call : calls) {
      assertThrows(IllegalStateException.class, call::run);
    }
    assertTrue(k.toString().contains("identity 2"));
  }
}
