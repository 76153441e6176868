// Tensors over read-only buffers: every operation that would write refuses them and writes nothing.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

class ReadOnlyTest {
  private static final int SIDE = 4;

  private static ByteBuffer direct(int bytes) {
    return ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
  }

  /** What is refused, on memory of which the test also has the writable buffer. */
  private static final class Target {
    final FloatBuffer floats;
    final Tensor tensor;
    final List<String> wrong = new ArrayList<>();
    int refused;

    Target(long... shape) {
      int n = (int) Arrays.stream(shape).reduce(1, (x, y) -> x * y);
      floats = direct(4 * n).asFloatBuffer();
      for (int i = 0; i < n; i++) {
        floats.put(i, i + 1);
      }
      tensor = Tensor.wrap(floats.asReadOnlyBuffer(), shape);
    }

    void refuses(String what, Executable call) {
      float[] before = tensor.toFloatArray();
      try {
        call.execute();
        wrong.add(what + " was accepted");
      } catch (IllegalArgumentException e) {
        if (!e.getMessage().contains("read-only")) {
          wrong.add(what + ": " + e.getMessage());
        }
      } catch (Throwable e) {
        wrong.add(what + " threw " + e);
      }
      assertArrayEquals(before, tensor.toFloatArray(), what + " wrote");
      refused++;
    }

    void done(int calls) {
      assertEquals(List.of(), wrong);
      assertEquals(calls, refused);
    }
  }

  @Test
  void elementsAndCopies() {
    Target t = new Target(SIDE, SIDE);
    assertTrue(t.tensor.isReadOnly());
    Tensor source = Tensor.ones(DType.F32, SIDE, SIDE);
    List<Tensor> views =
        List.of(
            t.tensor,
            t.tensor.transpose(),
            t.tensor.slice(0, 0, SIDE),
            t.tensor.asStrided(0, new long[] {SIDE, SIDE}, new long[] {SIDE, 1}),
            t.tensor.flip(0),
            t.tensor.contiguous());
    for (Tensor view : views) {
      assertTrue(view.isReadOnly());
      t.refuses("fill", () -> view.fill(7));
      t.refuses("set", () -> view.set(7, 1, 1));
      t.refuses("copyFrom", () -> view.copyFrom(source));
    }
    t.refuses("fill of a diagonal", () -> t.tensor.diagonal(0, 1).fill(0));
    t.refuses("fill of a row", () -> t.tensor.select(0, 1).fill(0));
    t.done(20);
    LongBuffer longs = direct(32).asLongBuffer();
    try (Tensor integers = Tensor.wrap(longs.asReadOnlyBuffer());
        Tensor writable = Tensor.wrap(longs)) {
      assertThrows(IllegalArgumentException.class, () -> integers.setLong(3, 0));
      assertThrows(IllegalArgumentException.class, () -> integers.set(3, 0));
      assertThrows(IllegalArgumentException.class, () -> integers.fill(3));
      assertFalse(writable.isReadOnly());
      writable.setLong(3, 0);
      assertEquals(3, integers.getLong(0));
    }
    assertThrows(
        IllegalArgumentException.class,
        () -> source.copyTo(FloatBuffer.allocate(SIDE * SIDE).asReadOnlyBuffer()));
  }

  @Test
  void plans() {
    Target t = new Target(SIDE, SIDE);
    Tensor out = t.tensor;
    Tensor m = Tensor.ones(DType.F32, SIDE, SIDE);
    long[] s = {SIDE, SIDE};
    EinsumPlan one = Einsum.plan("ij->ji", DType.F32, s);
    EinsumPlan two = Einsum.plan("ij,jk->ik", DType.F32, s, s);
    EinsumPlan three = Einsum.plan("ij,jk,kl->il", DType.F32, s, s, s);
    Tensor writable = Tensor.zeros(DType.F32, SIDE, SIDE);
    two.runInto(writable, m, m); // its layout is known from then on
    for (double beta : new double[] {0, 1}) {
      for (double alpha : new double[] {0, 1}) {
        t.refuses("one", () -> one.runInto(out, alpha, beta, new Tensor[] {m}));
        t.refuses("two", () -> two.runInto(out, alpha, beta, m, m));
        t.refuses("two of an array", () -> two.runInto(out, alpha, beta, new Tensor[] {m, m}));
        t.refuses("three", () -> three.runInto(out, alpha, beta, m, m, m));
      }
    }
    t.refuses("runInto", () -> two.runInto(out, m, m));
    t.refuses("runSlices", () -> two.runSlices(0, 1, out, m, m));
    try (BoundPlan bound = two.bind(m, null)) {
      t.refuses("a bound plan", () -> bound.runInto(out, 1, 0, m));
    }
    two.slices().forEach(part -> t.refuses("a slice", () -> part.addTo(out, m, m)));
    Target batch = new Target(1, SIDE, SIDE);
    List<Tensor[]> sets = List.<Tensor[]>of(new Tensor[] {m, m});
    batch.refuses("a batch", () -> two.runBatchInto(batch.tensor, 1, 1, sets));
    batch.done(1);
    t.done(19 + two.slices().size());
    // Reading is what it is for.
    assertArrayEquals(out.toFloatArray(), Einsum.einsum("ij->ij", out).toFloatArray());
    two.gradients(out, m, m).close();
    t.done(19 + two.slices().size());
  }

  @Test
  void products() {
    Target t = new Target(SIDE, SIDE);
    Tensor out = t.tensor;
    Tensor m = Tensor.ones(DType.F32, SIDE, SIDE);
    CsrMatrix csr = CsrMatrix.ofDense(m, 0);
    BsrMatrix bsr = BsrMatrix.ofDense(m, 2, 2);
    Kronecker dense = Kronecker.of(m);
    Kronecker chain = Kronecker.of(Tensor.ones(DType.F32, 2, 2), Tensor.ones(DType.F32, 2, 2));
    Kronecker sparse =
        Kronecker.of(CsrMatrix.ofDense(Tensor.ones(DType.F32, 2, 2), 0), Kronecker.identity(2));
    Kronecker diagonal = Kronecker.diagonal(Tensor.ones(DType.F32, SIDE));
    int before = 0;
    for (double alpha : new double[] {0, 1}) {
      for (double beta : new double[] {0, 1}) {
        t.refuses("csr", () -> csr.timesInto(out, alpha, beta, m));
        t.refuses("csr", () -> csr.transpose().timesInto(out, alpha, beta, m));
        t.refuses("csr", () -> csr.timesLeftInto(out, alpha, beta, m));
        t.refuses("csr", () -> csr.transpose().timesLeftInto(out, alpha, beta, m));
        t.refuses("bsr", () -> bsr.timesInto(out, alpha, beta, m));
        t.refuses("bsr", () -> bsr.timesLeftInto(out, alpha, beta, m));
        t.refuses("matmul", () -> TensorOps.matmulInto(out, alpha, beta, m, m));
        t.refuses("tensordot", () -> TensorOps.tensordotInto(out, alpha, beta, m, m, 1));
        for (Kronecker k : List.of(dense, chain, sparse, diagonal)) {
          t.refuses("kronecker", () -> k.timesInto(out, alpha, beta, m));
          t.refuses("kronecker", () -> k.timesLeftInto(out, alpha, beta, m));
        }
        before += 16;
      }
    }
    t.done(before);
  }

  @Test
  void blocks() {
    int[][] index = {{0, 1}};
    BlockPattern p = BlockPattern.of(index, index, 2, 2);
    Tensor w = Tensor.ones(DType.F32, 2, 2, SIDE, SIDE);
    Tensor h = Tensor.ones(DType.F32, 1, 2, SIDE);
    Target rows = new Target(1, 2, SIDE);
    rows.refuses("gemv", () -> BlockSparse.gemvInPlace(rows.tensor, w, h, p));
    rows.refuses("gemv", () -> BlockSparse.gemvInto(rows.tensor, 1, 0, w, h, p));
    Tensor bias = Tensor.ones(DType.F32, 2, SIDE);
    rows.refuses("dot", () -> BlockSparse.dotInto(rows.tensor, w, h, bias, p));
    rows.refuses(
        "dot",
        () ->
            BlockSparse.dotInto(
                rows.tensor, w, h, bias, BlockPattern.of(index, index, w.length(0), w.length(1))));
    rows.done(4);
    Target blocks = new Target(2, 2, SIDE, SIDE);
    blocks.refuses("outer", () -> BlockSparse.outerInPlace(blocks.tensor, 1, h, h, p));
    blocks.refuses("gradient", () -> BlockSparse.addDotGradient(blocks.tensor, bias, 1, h, h, p));
    blocks.done(2);
    assertArrayEquals(Tensor.ones(DType.F32, 2, SIDE).toFloatArray(), bias.toFloatArray());
    Target biases = new Target(2, SIDE);
    biases.refuses("gradient", () -> BlockSparse.addDotGradient(w, biases.tensor, 1, h, h, p));
    biases.done(1);
    assertEquals(2 * 2 * SIDE * SIDE, Arrays.stream(toDoubles(w)).sum());
  }

  private static double[] toDoubles(Tensor t) {
    try (Tensor wide = t.to(DType.F64)) {
      return wide.toDoubleArray();
    }
  }

  @Test
  void aMappedFile(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("data");
    Files.write(file, new byte[4096]);
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      ByteBuffer mapped = channel.map(MapMode.READ_ONLY, 0, 4096).order(ByteOrder.nativeOrder());
      try (Tensor t = Tensor.wrap(mapped.asFloatBuffer(), 32, 32);
          Tensor ones = Tensor.ones(DType.F32, 32, 32)) {
        assertThrows(IllegalArgumentException.class, () -> t.fill(1));
        assertThrows(IllegalArgumentException.class, () -> t.set(1, 0, 0));
        assertThrows(IllegalArgumentException.class, () -> t.copyFrom(ones));
        EinsumPlan plan = Einsum.plan("ij,jk->ik", ones, ones);
        assertThrows(IllegalArgumentException.class, () -> plan.runInto(t, ones, ones));
        try (Tensor product = Einsum.einsum("ij,jk->ik", t, ones)) {
          assertEquals(0, product.get(3, 3));
        }
      }
    }
  }
}
