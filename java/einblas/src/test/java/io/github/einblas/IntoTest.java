// Results in given tensors: alpha and beta left out, options of a call, and what a forgotten output
// is told.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.internal.plan.PlanCache;
import io.github.einblas.reference.PublicApi;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class IntoTest {
  private static Tensor counted(long... shape) {
    Tensor t = Tensor.empty(DType.F64, shape);
    for (long i = 0; i < t.size(); i++) {
      t.reshape(t.size()).set((double) (i % 5 - 2), i);
    }
    return t;
  }

  /** Every method that scales what it writes has a short form beside it, and in this order. */
  @Test
  void alphaAndBetaStandBehindTheOutputAndMayBeLeftOut() throws Exception {
    Set<String> wrong = new TreeSet<>();
    int found = 0;
    for (Class<?> type : PublicApi.types()) {
      for (Method m : type.getDeclaredMethods()) {
        if (type == TensorMath.class) {
          continue; // its numbers are coefficients of operands
        }
        Class<?>[] given = m.getParameterTypes();
        if (!m.getName().endsWith("Into") || !Arrays.asList(given).contains(double.class)) {
          continue;
        }
        found++;
        boolean placed = given.length > 2 && given[1] == double.class && given[2] == double.class;
        Class<?>[] rest =
            Stream.concat(Stream.of(given[0]), Arrays.stream(given).skip(3))
                .toArray(Class<?>[]::new);
        if (!placed || Arrays.stream(rest).anyMatch(c -> c == double.class)) {
          wrong.add(m + ": alpha and beta come behind the output");
        } else if (!hasShortForm(type, m, rest)) {
          wrong.add(m + " has no form without alpha and beta");
        }
      }
    }
    assertEquals(Set.of(), wrong);
    assertTrue(found >= 18, () -> "few methods looked at");
  }

  private static boolean hasShortForm(Class<?> type, Method m, Class<?>[] rest) {
    // Implementations of MatrixOperator inherit theirs; two operands are those of the array's form.
    List<Class<?>> tail = List.of(rest).subList(1, rest.length);
    boolean ofArray = tail.size() > 1 && tail.stream().allMatch(c -> c == Tensor.class);
    boolean numbers = tail.contains(PlanOptions.class) && tail.contains(int[].class);
    for (Method other : type.getMethods()) {
      Class<?>[] own = other.getParameterTypes();
      boolean spread = ofArray && List.of(own).equals(List.of(Tensor.class, Tensor[].class));
      boolean bare = numbers && own.length == 3 && own[1] == int[].class;
      if (other.getName().equals(m.getName()) && (Arrays.equals(own, rest) || spread || bare)) {
        return true;
      }
    }
    return false;
  }

  @Test
  void einsumIntoIsEinsum() {
    try (Tensor a = counted(3, 4);
        Tensor b = counted(4, 2);
        Tensor c = Einsum.einsum("ij,jk->ik", a, b);
        Tensor out = Tensor.full(DType.F64, 7, 3, 2)) {
      Einsum.einsumInto(out, "ij,jk->ik", a, b);
      assertArrayEquals(c.toDoubleArray(), out.toDoubleArray());
      Einsum.einsumInto(out, 2, -1, "ij,jk->ik", a, b);
      assertArrayEquals(c.toDoubleArray(), out.toDoubleArray());
      Einsum.einsumInto(out, "ij,jk->ik", PlanOptions.DEFAULT.withThreads(1), a, b);
      Einsum.einsumInto(out.transpose(), 1, 1, "ij,jk->ki", PlanOptions.DEFAULT, a, b);
      int[] ik = {0, 2};
      Einsum.einsumInto(
          out, 1, -1, ik, PlanOptions.DEFAULT, Sublist.of(a, 0, 1), Sublist.of(b, 1, 2));
      for (int i = 0; i < 6; i++) {
        assertEquals(-c.toDoubleArray()[i], out.toDoubleArray()[i]);
      }
      Einsum.einsumInto(out, ik, Sublist.of(a, 0, 1), Sublist.of(b, 1, 2));
      assertArrayEquals(c.toDoubleArray(), out.toDoubleArray());
    }
  }

  @Test
  void einsumIntoTakesMatrixOperators() {
    try (Tensor dense = Tensor.of(new double[] {1, 0, 0, 2, 0, 3}, 2, 3);
        CsrMatrix csr = CsrMatrix.ofDense(dense, 0);
        BsrMatrix bsr = BsrMatrix.ofDense(dense, 1, 1);
        Tensor x = counted(3, 4);
        Tensor expected = Einsum.einsum("ij,jk->ki", dense, x)) {
      for (Operand a : List.of(csr, bsr, Kronecker.of(dense))) {
        try (Tensor out = Tensor.full(DType.F64, 1, 4, 2)) {
          Einsum.einsumInto(out, 2, 3, "ij,jk->ki", a, x);
          for (int i = 0; i < 8; i++) {
            assertEquals(2 * expected.toDoubleArray()[i] + 3, out.toDoubleArray()[i]);
          }
          Einsum.einsumInto(out, "ij,jk->ki", a, x);
          assertArrayEquals(expected.toDoubleArray(), out.toDoubleArray());
          ((MatrixOperator) a).timesInto(out.transpose(), x);
          assertArrayEquals(expected.toDoubleArray(), out.toDoubleArray());
          refused("shape=[4, 2]", () -> Einsum.einsumInto(out.transpose(), "ij,jk->ki", a, x));
          PlanOptions options = PlanOptions.DEFAULT.withThreads(2);
          refused("PlanOptions.DEFAULT", () -> Einsum.einsum("ij,jk->ik", options, a, x));
          refused("PlanOptions.DEFAULT", () -> Einsum.einsumInto(out, "ij,jk->ki", options, a, x));
          assertArrayEquals(expected.toDoubleArray(), out.toDoubleArray());
        }
      }
    }
  }

  @Test
  void einsumWithOptionsKeepsItsPlan() {
    PlanOptions options = PlanOptions.DEFAULT.withOutputType(DType.F64);
    try (Tensor a = Tensor.ones(DType.F32, 3, 5)) {
      Einsum.einsum("xy->x", options, a).close();
      int before = PlanCache.size();
      for (int i = 0; i < 3; i++) {
        PlanOptions equal = PlanOptions.DEFAULT.withOutputType(DType.F64);
        try (Tensor sums = Einsum.einsum("xy->x", equal, a)) {
          assertEquals(DType.F64, sums.dtype());
        }
      }
      assertEquals(before, PlanCache.size());
      try (Tensor sums = Einsum.einsum("xy->x", a);
          Tensor numbered = Einsum.einsum(new int[] {0}, options, Sublist.of(a, 0, 1))) {
        assertEquals(DType.F32, sums.dtype(), "the options of another call");
        assertEquals(DType.F64, numbered.dtype());
      }
    }
  }

  @Test
  void aSearchTellsTheListenerOfItsOwnCall() {
    Tensor[] chain = new Tensor[12];
    Arrays.setAll(chain, i -> Tensor.ones(DType.F32, 2, 2));
    String equation = "ab,bc,cd,de,ef,fg,gh,hi,ij,jk,kl,lm->am";
    for (int round = 0; round < 2; round++) {
      AtomicInteger told = new AtomicInteger();
      PlanOptions options =
          PlanOptions.DEFAULT
              .withSearchRounds(2)
              .withSearchListener(progress -> told.incrementAndGet() > 0);
      Einsum.einsum(equation, options, chain).close();
      assertTrue(told.get() > 0, "round " + round);
    }
    Arrays.stream(chain).forEach(Tensor::close);
  }

  @Test
  void aForgottenOutputIsNamed() {
    try (Tensor a = counted(3, 3);
        Tensor b = counted(3, 3);
        BoundPlan bound = Einsum.plan("ij,jk,kl->il", a, a, a).bind(null, a, null)) {
      EinsumPlan two = Einsum.plan("ij,jk->ik", a, b);
      EinsumPlan three = Einsum.plan("ij,jk,kl->il", a, b, b);
      double[] before = a.toDoubleArray();
      String text = "the first tensor of runInto is the output";
      refused(text, () -> two.runInto(a, b));
      refused("shape=[3, 3], dtype=F64", () -> two.runInto(a, b));
      refused(text, () -> two.runInto(a, 1, 1, b));
      refused(text, () -> three.runInto(a, b, b));
      refused(text, () -> bound.runInto(a, b));
      refused("the plan has 2 operands, got 3", () -> two.runInto(a, b, b, b));
      refused("the plan has 2 operands, got 1", () -> two.run(b));
      assertArrayEquals(before, a.toDoubleArray());
    }
  }

  @Test
  void nullsAreNamed() {
    try (Tensor a = counted(3, 3);
        CsrMatrix csr = CsrMatrix.ofDense(a, 0)) {
      EinsumPlan plan = Einsum.plan("ij,jk->ik", a, a);
      named("operand 1", () -> plan.run(a, null));
      named("operand 0", () -> plan.runInto(a, null, a));
      named("out", () -> plan.runInto(null, a, a));
      named("operands", () -> plan.run((Tensor[]) null));
      named("out", () -> Einsum.einsumInto(null, "ij,jk->ik", a, a));
      named("operand 1", () -> Einsum.einsumInto(a, "ij,jk->ik", a, null));
      named("operand 1", () -> Einsum.einsumInto(a, "ij,jk->ik", csr, null));
      named("equation", () -> Einsum.einsumInto(a, (String) null, a, a));
      named("options", () -> Einsum.einsum("ij,jk->ik", (PlanOptions) null, a, a));
      named("operands", () -> Einsum.einsum("ij", (Operand[]) null));
      named("set 0", () -> plan.runBatchInto(a, Arrays.asList(new Tensor[1][])));
    }
  }

  private static void refused(String text, Runnable call) {
    String said = assertThrows(IllegalArgumentException.class, call::run).getMessage();
    assertTrue(said.contains(text), said);
  }

  private static void named(String name, Runnable call) {
    String said = assertThrows(NullPointerException.class, call::run).getMessage();
    assertTrue(said.contains(name), said);
  }
}
