// Short native memory: the collector is asked first, and the exception says what was needed, what
// was free and what was short, whatever the operation.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.internal.natives.Reclaim;
import io.github.einblas.reference.Garbage;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ShortageTest {
  private static final int N = 48;

  @TempDir Path folder;

  @BeforeAll
  static void nothingLeft() throws InterruptedException {
    Garbage.collect();
  }

  @AfterEach
  void noLimit() {
    Reclaim.enable(true);
    Einblas.setNativeMemoryLimit(Long.MAX_VALUE);
  }

  private interface Operation {
    Object run() throws Exception;
  }

  private final Map<String, Operation> operations = new LinkedHashMap<>();

  private static Tensor random(DType type, long... shape) {
    int n = (int) Arrays.stream(shape).reduce(1, (x, y) -> x * y);
    try (Tensor t = Tensor.of(new Random(7).doubles(n).toArray(), shape)) {
      return t.to(type);
    }
  }

  private void tensors(Tensor m) throws Exception {
    operations.put("empty", () -> Tensor.empty(DType.F32, N));
    operations.put("of", () -> Tensor.of(new float[N]));
    operations.put("copy", m::copy);
    operations.put("to", () -> m.to(DType.I32));
    operations.put("toDoubleArray", () -> m.transpose().toDoubleArray());
    m.writeNpy(folder.resolve("m.npy"));
    Tensor.writeNpz(folder.resolve("m.npz"), Map.of("m", m));
    operations.put("readNpy", () -> Tensor.readNpy(folder.resolve("m.npy")));
    operations.put("readNpz", () -> Tensor.readNpz(folder.resolve("m.npz"), "m"));
    operations.put("einsum", () -> Einsum.einsum("ij,jk->ik", m, m));
    EinsumPlan chain = Einsum.plan("ij,jk,kl->il", m, m, m);
    operations.put("plan", () -> chain.run(m, m, m));
    operations.put("bind", () -> chain.bind(m, m, null));
    operations.put("gradients", () -> chain.gradients(m, m, m, m));
    List<Tensor[]> sets = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      sets.add(new Tensor[] {m, m, m});
    }
    operations.put("batch", () -> chain.runBatch(sets));
    operations.put("kron", () -> TensorOps.kron(m, m));
  }

  private void sparse(Tensor m, Tensor x) throws Exception {
    CsrMatrix csr = CsrMatrix.ofDense(m, 0.5);
    Tensor row = Tensor.of(new int[] {3, 2, 1, 1, 0});
    Tensor column = Tensor.of(new int[] {3, 1, 2, 1, 0});
    Tensor values = Tensor.of(new double[] {1, 2, 3, 4, 5});
    operations.put("csr of", () -> CsrMatrix.of(values, row, Tensor.of(new int[] {0, 5}), 1, 9));
    operations.put("csr of triples", () -> CsrMatrix.ofTriples(values, row, column, 4, 4));
    operations.put("csr of dense", () -> CsrMatrix.ofDense(m, 0.5));
    operations.put("csr transpose", () -> CsrMatrix.ofDense(m, 0.5).transpose());
    operations.put("csr reshape", () -> csr.reshape(N / 2, N * 2));
    operations.put("csr khatri-rao", () -> csr.khatriRao(csr));
    operations.put("csr to", () -> csr.to(DType.F32));
    operations.put("csr to dense", csr::toDense);
    operations.put("csr times", () -> csr.times(x));
    operations.put("csr times strided", () -> csr.times(m.transpose()));
    operations.put("csr times left", () -> csr.timesLeft(m));
    operations.put("csr times left strided", () -> csr.timesLeft(m.transpose()));
    operations.put("csr indptr", () -> csr.indptr().copy());
    csr.writeNpz(folder.resolve("csr.npz"));
    operations.put("csr readNpz", () -> CsrMatrix.readNpz(folder.resolve("csr.npz")));
    BsrMatrix bsr = BsrMatrix.ofDense(m, 4, 4);
    Tensor given = random(DType.F64, 3, 4, 4);
    int[] places = {2, 0, 1};
    int[] starts = {0, 2, 3};
    operations.put("bsr of", () -> BsrMatrix.of(given, places, starts, 8, 12));
    operations.put("bsr of dense", () -> BsrMatrix.ofDense(m, 4, 4));
    bsr.writeNpz(folder.resolve("bsr.npz"));
    operations.put("bsr readNpz", () -> BsrMatrix.readNpz(folder.resolve("bsr.npz")));
    operations.put("bsr indices", bsr::indices);
    operations.put("bsr indptr", bsr::indptr);
    operations.put("bsr transpose", () -> bsr.transpose().times(m.transpose()));
    operations.put("bsr transpose to dense", () -> bsr.transpose().toDense());
    operations.put("bsr gradient", () -> bsr.timesGradient(x, x));
    operations.put("bsr gradient left", () -> bsr.timesLeftGradient(m, m));
    operations.put("bsr sampled new", () -> BsrMatrix.sampledMatmul(bsr, m.transpose(), m));
    operations.put("bsr to dense", bsr::toDense);
    operations.put("bsr product", () -> bsr.times(m.transpose()));
    operations.put("bsr product left", () -> bsr.timesLeft(m.transpose()));
    Tensor out = Tensor.zeros(DType.F64, N, N).transpose();
    operations.put("bsr product into", () -> into(() -> bsr.timesInto(out, 1, 0, m.transpose())));
    operations.put(
        "bsr sampled",
        () -> into(() -> BsrMatrix.sampledMatmulInto(bsr, 1, 0, m.transpose(), m.transpose())));
  }

  private static Object into(Runnable call) {
    call.run();
    return null;
  }

  private void blocks() {
    int[][] index = {{0, 1, 1, 2}, {2, 0, 1, 1}};
    Tensor w = random(DType.F32, 3, 3, 24, 40);
    Tensor h = random(DType.F32, 2, 4, 24);
    Tensor g = random(DType.F32, 2, 4, 40);
    BlockPattern p = BlockPattern.of(index, index, 3, 3);
    Tensor bias = Tensor.zeros(DType.F32, 3, 40);
    operations.put("block dot", () -> BlockSparse.dot(w, h, bias, p));
    operations.put("block gemv", () -> BlockSparse.gemv(g, w, h, p));
    operations.put("block outer", () -> BlockSparse.outer(w, 1, h, g, p));
    operations.put("block gradient", () -> BlockSparse.dotGradient(w, h, g, p));
    operations.put(
        "block gradient added", () -> into(() -> BlockSparse.addDotGradient(w, bias, 1, h, g, p)));
  }

  private void kronecker(Tensor m) {
    Tensor x = random(DType.F64, N * N, 3);
    Kronecker dense = Kronecker.of(m, m);
    Kronecker sparse = Kronecker.of(CsrMatrix.ofDense(m, 0.9), m);
    operations.put("kronecker times", () -> dense.times(x));
    operations.put("kronecker times left", () -> dense.timesLeft(x.transpose()));
    operations.put("kronecker sparse", () -> sparse.times(x));
    operations.put("kronecker sparse left", () -> sparse.timesLeft(x.transpose()));
    operations.put("kronecker product", () -> dense.product(dense));
    operations.put("kronecker row", () -> dense.row(5));
    operations.put("kronecker diagonal", dense::diagonal);
    operations.put("kronecker solve", () -> dense.solve(x));
    operations.put("kronecker determinant", dense::logDeterminant);
    operations.put("kronecker eigenvalues", dense::eigenvalues);
    operations.put("kronecker sparse eigenvalues", sparse::eigenvalues);
    operations.put("kronecker gradient", () -> dense.timesGradient(x, x));
  }

  /** Gives an operation more and more room; how often it failed. */
  private static int starve(String name, Operation operation, List<String> wrong) throws Exception {
    int failed = 0;
    for (long room = 0; ; room = room < 4096 ? room + 512 : room + room / 8) {
      Einblas.setNativeMemoryLimit(Einblas.nativeBytesInUse() + room);
      try {
        Object made = operation.run();
        Einblas.setNativeMemoryLimit(Long.MAX_VALUE);
        if (made instanceof AutoCloseable c) {
          c.close();
        } else if (made instanceof Tensor[] all) {
          Arrays.stream(all).forEach(Tensor::close);
        }
        return failed;
      } catch (NativeMemoryException e) {
        failed++;
        String text = e.getMessage();
        boolean right =
            e.bound() == NativeMemoryException.Bound.LIMIT
                && e.bytesNeeded() > e.bytesAvailable()
                && e.bytesAvailable() >= 0
                && e.bytesAvailable() <= room
                && text.contains("needs " + e.bytesNeeded() + " bytes")
                && text.contains(e.bytesAvailable() + " bytes are free")
                && text.contains("" + Einblas.nativeMemoryLimit())
                && text.contains("setNativeMemoryLimit");
        if (!right) {
          wrong.add(name + " with room for " + room + ": " + text);
        }
      } finally {
        Einblas.setNativeMemoryLimit(Long.MAX_VALUE);
      }
    }
  }

  @Test
  void everyOperationSaysWhatWasNeededFreeAndShort() throws Exception {
    Tensor m = random(DType.F64, N, N);
    tensors(m);
    sparse(m, random(DType.F64, N, 5));
    blocks();
    kronecker(m);
    List<String> wrong = new ArrayList<>();
    List<String> neverShort = new ArrayList<>();
    Reclaim.enable(false); // nothing is garbage, and hundreds of calls fail
    for (Map.Entry<String, Operation> each : operations.entrySet()) {
      int failed = starve(each.getKey(), each.getValue(), wrong);
      if (failed == 0) { // where the collector just freed what earlier tests left, there was room
        Garbage.collect();
        failed = starve(each.getKey(), each.getValue(), wrong);
      }
      if (failed == 0) {
        neverShort.add(each.getKey());
      }
    }
    assertEquals(List.of(), wrong);
    // What takes no memory of its own beside that of a plan or the caller's output.
    neverShort.removeAll(List.of("bsr product into", "block gradient added", "csr transpose"));
    assertEquals(List.of(), neverShort);
  }

  @Test
  void theMachineIsNamedWhereItIsShort() {
    NativeMemoryException e =
        assertThrows(NativeMemoryException.class, () -> Tensor.empty(DType.F64, 1L << 47));
    assertTrue(
        e.bound() == NativeMemoryException.Bound.MACHINE
            || e.bound() == NativeMemoryException.Bound.CONTAINER,
        e.getMessage());
    assertEquals(1L << 50, e.bytesNeeded());
    assertTrue(e.bytesAvailable() > 0 && e.bytesAvailable() < e.bytesNeeded(), e.getMessage());
  }

  // ---- garbage

  @Test
  void tensorsThatNobodyHasMakeRoom() {
    Einblas.setNativeMemoryLimit(Einblas.nativeBytesInUse() + (40 << 20));
    for (int i = 0; i < 300; i++) {
      assertEquals(1 << 20, Tensor.empty(DType.F32, 1 << 20).size());
    }
  }

  @Test
  void ofManyThreadsToo() throws InterruptedException {
    Einblas.setNativeMemoryLimit(Einblas.nativeBytesInUse() + (60 << 20));
    List<Throwable> wrong = java.util.Collections.synchronizedList(new ArrayList<>());
    List<Thread> threads = new ArrayList<>();
    for (int t = 0; t < 6; t++) {
      Thread thread =
          new Thread(
              () -> {
                try {
                  for (int i = 0; i < 60; i++) {
                    Tensor.empty(DType.F32, 1 << 20);
                  }
                } catch (Throwable e) {
                  wrong.add(e);
                }
              });
      thread.start();
      threads.add(thread);
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertEquals(List.of(), wrong);
  }

  @Test
  void workspacesAndSparseMatricesFindRoomToo() {
    try (Tensor m = random(DType.F64, 300, 300)) {
      EinsumPlan chain = Einsum.plan("ij,jk,kl->il", m, m, m);
      List<Tensor[]> sets = List.of(new Tensor[] {m, m, m}, new Tensor[] {m, m, m});
      List<Operation> all =
          List.of(
              () -> chain.run(m, m, m),
              () -> chain.bind(m, m, null),
              () -> chain.runBatch(sets),
              () -> CsrMatrix.ofDense(m, 0.5),
              () -> CsrMatrix.ofDense(m, 0.5).transpose(),
              () -> BsrMatrix.ofDense(m, 4, 4),
              () -> Kronecker.of(m).solve(m),
              () -> Kronecker.of(m).times(m));
      Einblas.setNativeMemoryLimit(Einblas.nativeBytesInUse() + (12 << 20));
      for (Operation each : all) {
        for (int i = 0; i < 25; i++) {
          each.run();
        }
      }
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void memoryIsNotFilledWithGarbageFirst() {
    // With all of the machine's memory free, the next look at it is far ahead.
    Tensor.empty(DType.F32, 1 << 25).close();
    long before = Einblas.nativeBytesInUse();
    long room = 900 << 20;
    Einblas.setNativeMemoryLimit(before + room);
    long most = 0;
    for (int i = 0; i < 500; i++) {
      Tensor.empty(DType.F32, 1 << 20);
      most = Math.max(most, Einblas.nativeBytesInUse() - before);
    }
    assertTrue(most < room / 2, most + " bytes of garbage");
  }

  @Test
  void whatIsReachableStays() {
    Einblas.setNativeMemoryLimit(Einblas.nativeBytesInUse() + (20 << 20));
    List<Tensor> kept = new ArrayList<>();
    NativeMemoryException e =
        assertThrows(
            NativeMemoryException.class,
            () -> {
              while (true) {
                kept.add(Tensor.full(DType.F32, kept.size(), 1 << 20));
              }
            });
    assertTrue(kept.size() >= 5, e.getMessage()); // more, if other tests left garbage
    for (int i = 0; i < kept.size(); i++) {
      assertEquals(i, kept.get(i).get(77));
    }
    kept.remove(0);
    kept.add(Tensor.empty(DType.F32, 1 << 20)); // at once, though the last request failed
    kept.forEach(Tensor::close);
  }
}
