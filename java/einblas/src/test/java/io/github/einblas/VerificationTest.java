// EinsumPlan.verify: right results pass, wrong ones fail, whatever the equation.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.reference.RandomEquation;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class VerificationTest {
  private static Tensor random(Random random, DType dtype, long... shape) {
    int size = (int) Arrays.stream(shape).reduce(1, (x, y) -> x * y);
    double[] data = random.doubles(size, -1, 1).toArray();
    try (Tensor wide =
        shape.length == 0 ? Tensor.scalar(DType.F64, data[0]) : Tensor.of(data, shape)) {
      return wide.to(dtype);
    }
  }

  private static Tensor[] operands(EinsumPlan plan, Random random) {
    return Arrays.stream(plan.shapes())
        .map(shape -> random(random, plan.dtype(), shape))
        .toArray(Tensor[]::new);
  }

  private static EinsumPlan plan(String equation, DType dtype, int length) {
    String[] terms = equation.split("->")[0].split(",");
    long[][] shapes = new long[terms.length][];
    for (int i = 0; i < terms.length; i++) {
      shapes[i] = new long[terms[i].length()];
      Arrays.fill(shapes[i], length);
    }
    return Einsum.plan(equation, dtype, shapes);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "ij,jk->ik; 90",
        "ij,jk->ki; 64",
        "bij,bjk->bik; 30",
        "ij,jk,kl->il; 60",
        "i,j->ij; 70",
        "ij,ij->ij; 50",
        "ij,j->i; 80",
        "ii->i; 40",
        "ij->ji; 50",
        "ij->; 50",
        "ij,ij->; 50",
        "ea,fb,abcd,gc,hd->efgh; 8",
        "iij,jk->ik; 30",
        "ijk,kl->ijl; 20",
        "i,i,i->i; 99",
        "ij->i; 77"
      })
  void rightResultsPassAndWrongOnesFail(String equation, int length) {
    for (DType dtype : new DType[] {DType.F32, DType.F64}) {
      Random random = new Random(equation.hashCode());
      EinsumPlan plan = plan(equation, dtype, length);
      Tensor[] in = operands(plan, random);
      try (Tensor right = plan.run(in)) {
        String what = equation + " " + dtype;
        Verification ok = plan.verify(in, right, 1);
        assertTrue(ok.passed(), () -> what + ": " + ok);
        assertEquals(0, ok.unchecked(), what);
        try (Tensor line = right.reshape(-1)) {
          long place = random.nextInt((int) line.size());
          double was = line.get(place);
          // The only wrong element of its sum: never missed beyond twice the bound.
          line.set(was + 4 * ok.bound() + 1e-3 * Math.abs(was), place);
          double off = Math.abs(line.get(place) - was);
          if (off > 2 * ok.bound()) {
            for (long seed = 0; seed < 5; seed++) {
              Verification wrong = plan.verify(in, right, seed);
              assertFalse(wrong.passed(), () -> what + ": " + wrong);
            }
          }
          for (double v : new double[] {Double.NaN, Double.POSITIVE_INFINITY}) {
            line.set(v, place);
            Verification wrong = plan.verify(in, right, 2);
            assertFalse(wrong.passed(), () -> what + ": " + wrong);
            assertTrue(wrong.error() == Double.POSITIVE_INFINITY, wrong::text);
          }
        }
      }
    }
  }

  /** Squares of a large F32 operand are summed in F64, piece by piece along its first axis. */
  @ParameterizedTest
  @ValueSource(strings = {"ij,j->i", "ij,i->j"})
  void largeOperandsGoInPieces(String equation) {
    long[] shape = {2100, 1031};
    long[] line = {equation.startsWith("ij,j") ? shape[1] : shape[0]};
    EinsumPlan plan = Einsum.plan(equation, DType.F32, shape, line);
    Tensor[] in = operands(plan, new Random(3));
    try (Tensor right = plan.run(in)) {
      Verification ok = plan.verify(in, right, 1);
      assertTrue(ok.passed(), ok::text);
      right.set(right.get(700) + 8 * ok.bound(), 700);
      Verification wrong = plan.verify(in, right, 1);
      assertFalse(wrong.passed(), wrong::text);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"F32", "F64"})
  void rowsSwappedAndOtherSlips(DType dtype) {
    EinsumPlan plan = Einsum.plan("ij,jk->ik", dtype, new long[] {300, 400}, new long[] {400, 350});
    Tensor[] in = operands(plan, new Random(7));
    try (Tensor right = plan.run(in);
        Tensor wrong = right.copy()) {
      wrong.select(0, 17).copyFrom(right.select(0, 203));
      wrong.select(0, 203).copyFrom(right.select(0, 17));
      assertFails(plan, in, wrong, "rows swapped");
      wrong.copyFrom(right);
      wrong.select(1, 5).copyFrom(right.select(1, 6));
      assertFails(plan, in, wrong, "a column twice");
      wrong.copyFrom(right);
      wrong.slice(0, 100, 108).slice(1, 16, 32).fill(0);
      assertFails(plan, in, wrong, "a tile not written");
      plan.runInto(wrong, 1.001, 0, in);
      assertFails(plan, in, wrong, "all of it off by a thousandth");
      wrong.fill(0);
      assertFails(plan, in, wrong, "nothing written");
      Verification ok = plan.verify(in, right);
      assertTrue(ok.passed(), ok::text);
      assertTrue(ok.missProbability() <= 0x1p-16 && ok.rounds() == 16, ok::text);
    }
  }

  private static void assertFails(EinsumPlan plan, Tensor[] in, Tensor wrong, String what) {
    for (long seed = 0; seed < 4; seed++) {
      Verification v = plan.verify(in, wrong, seed);
      assertFalse(v.passed(), () -> what + ": " + v);
      assertTrue(v.share() > 1 && v.text().startsWith("WRONG"), v::text);
    }
  }

  @Test
  void wholeNumbersOfRandomEquations() {
    Random random = new Random(20261128);
    for (int e = 0; e < 300; e++) {
      RandomEquation equation = new RandomEquation(random, 1 + random.nextInt(6));
      EinsumPlan plan = Einsum.plan(equation.text, DType.F64, equation.shapes);
      Tensor[] in = new Tensor[equation.shapes.length];
      Arrays.setAll(
          in,
          i ->
              equation.shapes[i].length == 0
                  ? Tensor.scalar(DType.F64, equation.data[i][0])
                  : Tensor.of(equation.data[i], equation.shapes[i]));
      try (Tensor right = plan.run(in)) {
        Verification ok = plan.verify(in, right, e);
        assertTrue(ok.passed(), () -> equation + ": " + ok);
        if (right.size() > 0) {
          try (Tensor line = right.reshape(-1)) {
            long place = random.nextInt((int) line.size());
            line.set(line.get(place) + 1, place);
            Verification wrong = plan.verify(in, right, e);
            assertFalse(wrong.passed(), () -> equation + ": " + wrong);
          }
        }
      }
    }
  }

  @Test
  void sumsOfEqualNumbersWhoseErrorsAllGoOneWay() {
    for (DType dtype : new DType[] {DType.F32, DType.F64}) {
      EinsumPlan plan =
          Einsum.plan("ij,jk->ik", dtype, new long[] {50, 3000}, new long[] {3000, 60});
      Tensor[] in = {Tensor.full(dtype, 0.1, 50, 3000), Tensor.full(dtype, 0.7, 3000, 60)};
      try (Tensor right = plan.run(in)) {
        Verification ok = plan.verify(in, right, 3);
        assertTrue(ok.passed(), ok::text);
      }
    }
  }

  @Test
  void whatCannotBeCheckedDoesNotPass() {
    EinsumPlan plan = plan("ij,jk->ik", DType.F32, 20);
    Tensor[] in = operands(plan, new Random(1));
    in[0].set(Double.NaN, 3, 4);
    try (Tensor result = plan.run(in)) {
      Verification v = plan.verify(in, result, 1);
      assertFalse(v.passed());
      assertTrue(v.unchecked() > 0 && v.share() <= 1, v::text);
      assertTrue(v.text().startsWith("not verified"), v::text);
    }
  }

  @Test
  void tinyAndLargeNumbers() {
    for (DType dtype : new DType[] {DType.F32, DType.F64}) {
      for (double scale : new double[] {1e-18, 1e18}) {
        EinsumPlan plan = plan("ij,jk->ik", dtype, 40);
        Tensor[] in = operands(plan, new Random(2));
        Einsum.plan("ij->ij", in[0]).runInto(in[0], scale, 0, in[0].copy());
        try (Tensor right = plan.run(in)) {
          Verification ok = plan.verify(in, right, 1);
          assertTrue(ok.passed(), ok::text);
          right.set(0, 3, 4);
          assertFalse(plan.verify(in, right, 1).passed());
        }
      }
    }
  }

  @Test
  void refusals() {
    EinsumPlan plan = plan("ij,jk->ik", DType.F64, 4);
    Tensor[] in = operands(plan, new Random(2));
    Tensor out = plan.run(in);
    assertThrows(NullPointerException.class, () -> plan.verify(null, out));
    assertThrows(NullPointerException.class, () -> plan.verify(in, null));
    assertThrows(IllegalArgumentException.class, () -> plan.verify(new Tensor[] {out}, out));
    assertThrows(IllegalArgumentException.class, () -> plan.verify(in, Tensor.zeros(DType.F64, 4)));
    assertThrows(
        UnsupportedOperationException.class, () -> plan.gradient(0).verify(in, plan.run(in)));
  }
}
