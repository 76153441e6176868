// Arrays and lists of the caller's: what was checked is what is used, whatever they hold later.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.AbstractList;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class CheckedIsUsedTest {
  private static final double[] PRODUCT = {7, 10, 15, 22};

  private static Tensor square() {
    return Tensor.of(new double[] {1, 2, 3, 4}, 2, 2);
  }

  /** Gives good sets until it was asked for each of them once, then others. */
  private static final class Fickle extends AbstractList<Tensor[]> {
    private final Tensor[] good;
    private final Tensor[] bad;
    private final int size;
    private int asked;

    Fickle(Tensor[] good, Tensor[] bad, int size) {
      this.good = good;
      this.bad = bad;
      this.size = size;
    }

    @Override
    public Tensor[] get(int i) {
      return asked++ < size ? good : bad;
    }

    @Override
    public int size() {
      return asked > size ? 0 : size;
    }
  }

  @Test
  void aListThatAnswersDifferentlyEachTime() {
    try (Tensor a = square();
        Tensor tiny = Tensor.ones(DType.F64, 1);
        Tensor out = Tensor.zeros(DType.F64, 3, 2, 2)) {
      EinsumPlan plan = Einsum.plan("ij,jk->ik", a, a);
      Tensor[] good = {a, a};
      Tensor[] bad = {tiny, tiny};
      plan.runBatchInto(out, 1, 0, new Fickle(good, bad, 3));
      try (Tensor fresh = plan.runBatch(new Fickle(good, bad, 3))) {
        for (int s = 0; s < 3; s++) {
          assertArrayEquals(PRODUCT, out.select(0, s).copy().toDoubleArray());
          assertArrayEquals(PRODUCT, fresh.select(0, s).copy().toDoubleArray());
        }
      }
      // One that answers wrongly at once is refused.
      List<Tensor[]> wrong = new Fickle(good, bad, 0);
      assertThrows(
          IllegalArgumentException.class,
          () -> plan.runBatchInto(out, 1, 0, List.of(good, bad, good)));
      assertThrows(IllegalArgumentException.class, () -> plan.runBatchInto(out, 1, 0, wrong));
    }
  }

  @Test
  void nothingIsWrittenWhenALaterSetIsClosedOrOverlaps() {
    try (Tensor a = square();
        Tensor out = Tensor.full(DType.F64, 5, 3, 2, 2)) {
      EinsumPlan plan = Einsum.plan("ij,jk->ik", a, a);
      Tensor closed = square();
      closed.close();
      Tensor[] good = {a, a};
      for (Tensor last : new Tensor[] {closed, out.select(0, 1)}) {
        assertThrows(
            RuntimeException.class,
            () -> plan.runBatchInto(out, 1, 0, List.of(good, good, new Tensor[] {a, last})));
        assertTrue(Arrays.stream(out.toDoubleArray()).allMatch(v -> v == 5));
      }
      plan.runBatchInto(out, 1, 0, List.of(good, good, good));
    }
  }

  @Test
  void setsOfDifferentStridesInAnyOrder() {
    try (Tensor a = square();
        Tensor b = Tensor.of(new double[] {1, 3, 2, 4}, 2, 2)) {
      // Six layouts of the same matrix, more than a plan keeps.
      List<Tensor> same = new ArrayList<>(List.of(a, b.transpose()));
      for (int step = 1; step <= 4; step++) {
        Tensor view = Tensor.zeros(DType.F64, 2, 8).slice(1, 0, step + 1, step);
        view.copyFrom(a);
        same.add(view);
      }
      EinsumPlan plan = Einsum.plan("ij,jk->ik", a, a);
      List<Tensor[]> sets = new ArrayList<>();
      for (int s = 0; s < 600; s++) {
        sets.add(new Tensor[] {same.get(s % same.size()), same.get(s * 7 % same.size())});
      }
      try (Tensor out = plan.runBatch(sets)) {
        double[] got = out.toDoubleArray();
        for (int s = 0; s < 600; s++) {
          assertArrayEquals(PRODUCT, Arrays.copyOfRange(got, 4 * s, 4 * s + 4), "set " + s);
        }
      }
    }
  }

  /** Calls that take an array of tensors. */
  private static Map<String, Consumer<Tensor[]>> calls(EinsumPlan plan) {
    Map<String, Consumer<Tensor[]>> calls = new TreeMap<>();
    Tensor up = Tensor.ones(DType.F64, 2, 2);
    Tensor out = Tensor.zeros(DType.F64, 2, 2);
    calls.put("run", in -> plan.run(in).close());
    calls.put("runInto", in -> plan.runInto(out, 1, 0, in));
    calls.put("run with progress", in -> plan.run(n -> {}, in).close());
    calls.put("explain", plan::explain);
    calls.put("report", plan::report);
    calls.put("kernels", plan::kernels);
    calls.put("bind", in -> plan.bind(in).close());
    calls.put("gradients", in -> plan.gradients(up, in).close());
    calls.put("slices", in -> plan.slices().get(0).operands(in));
    calls.put("einsum", in -> Einsum.einsum("ij,jk->ik", in).close());
    calls.put("plan", in -> Einsum.plan("ij,jk->ik", in));
    calls.put("outer", in -> TensorOps.outer(in).close());
    calls.put("kron", in -> TensorOps.kron(in).close());
    calls.put("khatriRao", in -> TensorOps.khatriRao(in).close());
    calls.put("faceSplitting", in -> TensorOps.faceSplitting(in).close());
    calls.put("Kronecker", in -> Kronecker.of(in).times(up).close());
    calls.put("batch", in -> plan.runBatch(List.of(in, in)).close());
    return calls;
  }

  @Test
  void anArrayThatAnotherThreadChanges() throws InterruptedException {
    try (Tensor a = square();
        Tensor tiny = Tensor.ones(DType.F64, 1)) {
      EinsumPlan plan = Einsum.plan("ij,jk->ik", a, a);
      for (var call : calls(plan).entrySet()) {
        Tensor[] shared = {a, a};
        AtomicBoolean done = new AtomicBoolean();
        Thread other =
            new Thread(
                () -> {
                  Tensor[] turns = {tiny, a, null, a};
                  for (int i = 0; !done.get(); i++) {
                    shared[i & 1] = turns[i >> 1 & 3];
                  }
                });
        other.start();
        try {
          for (int i = 0; i < 500; i++) {
            try {
              call.getValue().accept(shared);
            } catch (IllegalArgumentException | NullPointerException e) {
              // Refused by its checks, with a text of ours: no array or index was trusted twice.
              String text = String.valueOf(e.getMessage());
              assertTrue(
                  e.getStackTrace()[0].getClassName().startsWith("io.github.einblas")
                      && !text.contains("because"),
                  () -> call.getKey() + ": " + text);
            }
          }
        } finally {
          done.set(true);
          other.join();
        }
      }
    }
  }
}
