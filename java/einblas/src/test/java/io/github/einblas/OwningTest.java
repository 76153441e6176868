// Who frees memory: the tensor that made it, a view that was made its owner, the end of a scope.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

class OwningTest {
  private static final int N = 512;

  /** Of one N x N tensor: what others leave is smaller, and is only freed meanwhile. */
  private static final long BYTES = 8L * N * N;

  private static Tensor square() {
    return Tensor.ones(DType.F64, N, N);
  }

  /** What frees so many bytes at once. */
  private static void frees(long bytes, Runnable action) {
    long before = Einblas.nativeBytesInUse();
    action.run();
    long after = Einblas.nativeBytesInUse();
    assertTrue(before - after >= bytes, () -> before + " - " + after + " < " + bytes);
  }

  @Test
  void theCommonProgramKeepsItsBase() {
    Tensor a = square();
    try (Tensor v = a.reshape(-1)) {
      v.set(7, 3);
      assertFalse(v.isOwner());
    }
    assertTrue(a.isOwner());
    assertEquals(7, a.get(0, 3));
    Tensor view = a.transpose();
    frees(BYTES, a::close);
    assertThrows(IllegalStateException.class, () -> view.get(0, 0));
  }

  @Test
  void aChainThatOwnsFreesAtOnce() {
    try (Tensor a = square();
        Tensor b = square()) {
      Tensor t = Einsum.einsum("ij,jk->ik", a, b).reshape(N / 2, -1).transpose().owning();
      assertTrue(t.isOwner());
      assertEquals(N, t.get(0, 0));
      frees(BYTES, t::close);
      assertThrows(IllegalStateException.class, () -> t.get(0, 0));
      assertThrows(IllegalStateException.class, t::owning);
    }
  }

  @Test
  void theOwnerBeforeIsAView() {
    Tensor view;
    Tensor a = square();
    try (a) {
      view = a.slice(0, 1, 3).owning();
      assertFalse(a.isOwner());
    }
    assertThrows(IllegalStateException.class, () -> a.get(0, 0));
    assertEquals(1, view.get(0, 0));
    assertFalse(view.isClosed());
    frees(BYTES, view::close);
    a.close();
    view.close();
  }

  @Test
  void theOwnerOfATensorInPlaceIsTheResult() {
    try (Tensor a = Tensor.ones(DType.F64, 16, 16);
        Tensor b = Tensor.ones(DType.F64, 32, 32)) {
      Tensor product = TensorOps.kron(a, b);
      assertTrue(product.isOwner());
      frees(BYTES, product::close);
    }
  }

  @Test
  void closesAndOwnersMeetOnManyThreads() throws InterruptedException {
    for (int round = 0; round < 300; round++) {
      Tensor a = Tensor.ones(DType.F64, 64);
      Tensor v = a.reshape(8, 8);
      CountDownLatch start = new CountDownLatch(1);
      AtomicReference<Throwable> wrong = new AtomicReference<>();
      List<Thread> threads = new ArrayList<>();
      for (Runnable body : List.<Runnable>of(a::close, v::owning, v::close, () -> v.get(0, 0))) {
        Thread thread =
            new Thread(
                () -> {
                  try {
                    start.await();
                    body.run();
                  } catch (IllegalStateException e) {
                    // closed meanwhile
                  } catch (Throwable e) {
                    wrong.set(e);
                  }
                });
        threads.add(thread);
        thread.start();
      }
      start.countDown();
      for (Thread thread : threads) {
        thread.join();
      }
      assertEquals(null, wrong.get());
      assertTrue(v.isClosed());
      assertTrue(a.isClosed());
    }
  }

  // ---- scopes

  @Test
  void aScopeClosesWhatWasMadeInside() {
    Tensor before = square();
    List<Tensor> inside = new ArrayList<>();
    Supplier<Tensor> body =
        () -> {
          try (TensorScope scope = TensorScope.open()) {
            inside.add(square());
            inside.add(before.transpose());
            inside.add(Einsum.einsum("ij,jk->ik", before, before).reshape(-1)); // no name
            inside.add(Einsum.plan("ij->ji", before).run(before));
            inside.addAll(
                Einsum.plan("ij,jk->ik", before, before).gradients(before, before, before).list());
            return scope.keep(before.copy().select(0, 2));
          }
        };
    long open = Einblas.nativeBytesInUse();
    Tensor result = body.get();
    assertTrue(Einblas.nativeBytesInUse() <= open + BYTES);
    assertEquals(1, result.get(5));
    assertEquals(1, before.get(0, 0));
    for (Tensor t : inside) {
      assertEquals(t != inside.get(1), t.isClosed(), "a view of an outer tensor stays");
    }
    assertTrue(result.isOwner());
    frees(BYTES, result::close);
    before.close();
  }

  @Test
  void whatAnInnerScopeKeepsBelongsToTheOuterOne() {
    Tensor kept;
    Tensor through;
    try (TensorScope outer = TensorScope.open()) {
      try (TensorScope inner = TensorScope.open()) {
        kept = inner.keep(square());
        through = outer.keep(square());
      }
      assertEquals(1, kept.get(0, 0));
    }
    assertTrue(kept.isClosed());
    assertEquals(1, through.get(0, 0));
    through.close();
    TensorScope outer = TensorScope.open();
    TensorScope inner = TensorScope.open();
    Tensor t = square();
    outer.close();
    assertTrue(t.isClosed(), "inner scopes end too");
    inner.close();
    outer.close();
    try (Tensor later = square()) {
      assertFalse(later.isClosed());
    }
  }

  @Test
  void matricesAndBoundPlansAreClosedOrKept() {
    CsrMatrix csr;
    BsrMatrix bsr;
    BsrMatrix keptBsr;
    CsrMatrix keptCsr;
    BoundPlan bound;
    try (Tensor dense = square()) {
      EinsumPlan plan = Einsum.plan("ij,jk->ik", dense, dense);
      try (TensorScope scope = TensorScope.open()) {
        csr = CsrMatrix.ofDense(dense, 0);
        bsr = BsrMatrix.ofDense(dense, 2, 2);
        keptBsr = scope.keep(BsrMatrix.ofDense(dense, 2, 2).transpose());
        keptCsr = scope.keep(CsrMatrix.ofDense(dense, 0));
        bound = plan.bind(dense, null);
        plan.bind(dense, null).close();
      }
      assertTrue(csr.isClosed());
      assertThrows(IllegalStateException.class, () -> bsr.times(dense));
      assertThrows(IllegalStateException.class, () -> bound.run(dense));
      for (MatrixOperator kept : List.of(keptBsr, keptCsr)) {
        try (Tensor product = kept.times(dense)) {
          assertEquals(N, product.get(0, 0));
        }
      }
      frees(BYTES, keptBsr::close);
      frees(BYTES, keptCsr::close);
    }
  }

  @Test
  void groupsAreKept() {
    try (Tensor a = square();
        Kronecker.Gradient gradient = gradient(a)) {
      assertEquals(N * N, gradient.x().size());
      Tensor[] array;
      Map<String, List<Tensor>> named;
      try (TensorScope scope = TensorScope.open()) {
        array = scope.keep(new Tensor[] {a.copy(), null, a});
        named = scope.keep(Map.of("x", List.of(a.copy(), a.copy())));
        for (Object wrong : new Object[] {"text", 7, Kronecker.of(a), List.of("text")}) {
          String text =
              assertThrows(IllegalArgumentException.class, () -> scope.keep(wrong)).getMessage();
          assertTrue(text.contains("java.lang") || text.contains("Kronecker"), text);
        }
        assertThrows(NullPointerException.class, () -> scope.keep(null));
        Tensor closed = a.copy();
        closed.close();
        Tensor other = a.copy();
        assertThrows(IllegalStateException.class, () -> scope.keep(new Tensor[] {other, closed}));
      }
      assertEquals(1, array[0].get(1, 1));
      assertEquals(1, a.get(1, 1));
      array[0].close();
      for (Tensor t : named.get("x")) {
        frees(BYTES, t::close);
      }
    }
  }

  private static Kronecker.Gradient gradient(Tensor a) {
    try (TensorScope scope = TensorScope.open()) {
      return scope.keep(Kronecker.of(a).timesGradient(a, a));
    }
  }

  @Test
  void aScopeBelongsToItsThread() throws InterruptedException {
    List<Tensor> others = new ArrayList<>();
    AtomicReference<Throwable> thrown = new AtomicReference<>();
    TensorScope scope = TensorScope.open();
    Tensor own = square();
    Thread other =
        new Thread(
            () -> {
              others.add(square());
              thrown.set(assertThrows(IllegalStateException.class, scope::close));
              assertThrows(IllegalStateException.class, () -> scope.keep(own));
            },
            "other");
    other.start();
    other.join();
    String name = Thread.currentThread().getName();
    assertTrue(thrown.get().getMessage().contains("\"" + name + "\""), thrown.get().getMessage());
    assertFalse(own.isClosed());
    scope.close();
    assertTrue(own.isClosed());
    assertThrows(IllegalStateException.class, () -> scope.keep(own));
    assertFalse(others.get(0).isClosed());
    others.get(0).close();
  }

  @Test
  void aLongScopeHoldsNoRecordOfWhatWasClosed() {
    try (TensorScope scope = TensorScope.open()) {
      Tensor first = scope.keep(Tensor.ones(DType.F32, 4));
      for (int i = 0; i < 5000; i++) {
        try (Tensor t = Tensor.ones(DType.F32, 4);
            CsrMatrix m = CsrMatrix.ofDense(first.reshape(2, 2), 0)) {
          assertEquals(1, t.get(0));
          assertEquals(4, m.entries());
        }
      }
      assertTrue(scope.size() < 1000, () -> scope.size() + " records");
      assertSame(first, scope.keep(first));
      first.close();
    }
  }
}
