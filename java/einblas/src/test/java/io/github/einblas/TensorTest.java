// Tensors: making, viewing, copying, closing, and what bad arguments get.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class TensorTest {
  private final List<Tensor> open = new ArrayList<>();
  private Tensor counting;

  private Tensor own(Tensor t) {
    open.add(t);
    return t;
  }

  /** 0, 1, 2, ... of shape (2, 3, 4). */
  @BeforeEach
  void make() {
    double[] values = new double[24];
    for (int i = 0; i < values.length; i++) {
      values[i] = i;
    }
    counting = own(Tensor.of(values, 2, 3, 4));
  }

  @AfterEach
  void close() {
    open.forEach(Tensor::close);
  }

  @Test
  void madeFromEverySource() {
    float[] f = {1, 2, 3, 4};
    double[] d = {1, 2, 3, 4};
    assertArrayEquals(f, own(Tensor.of(f)).toFloatArray());
    assertArrayEquals(d, own(Tensor.of(d, 2, 2)).toDoubleArray());
    assertArrayEquals(f, own(Tensor.of(FloatBuffer.wrap(f), 4)).toFloatArray());
    FloatBuffer part = FloatBuffer.wrap(new float[] {9, 1, 2, 3, 4, 9}).position(1).limit(5);
    assertArrayEquals(f, own(Tensor.of(part)).toFloatArray());
    assertEquals(1, part.position(), "the caller's buffer is not moved");
    assertArrayEquals(d, own(Tensor.of(DoubleBuffer.wrap(d))).toDoubleArray());
    try (FloatPointer p = new FloatPointer(9f, 1f, 2f, 3f, 4f);
        DoublePointer q = new DoublePointer(1d, 2d, 3d, 4d)) {
      p.position(1);
      assertArrayEquals(f, own(Tensor.of(p, 2, 2)).toFloatArray());
      assertArrayEquals(f, own(Tensor.wrap(p)).toFloatArray());
      assertArrayEquals(d, own(Tensor.of(q)).toDoubleArray());
      own(Tensor.wrap(q, 4)).set(7, 0);
      assertEquals(7, q.get(0), "wrap shares the memory");
    }
    ByteBuffer bytes = ByteBuffer.allocateDirect(48).order(ByteOrder.nativeOrder());
    FloatBuffer direct = bytes.asFloatBuffer().position(2).slice().put(f).flip();
    Tensor wrapped = own(Tensor.wrap(direct, 4));
    assertArrayEquals(f, wrapped.toFloatArray());
    wrapped.set(8, 3);
    assertEquals(8, bytes.getFloat(5 * 4));
    DoubleBuffer shifted =
        bytes.clear().order(ByteOrder.nativeOrder()).asDoubleBuffer().position(1);
    shifted.put(1, 5.5);
    assertEquals(5.5, own(Tensor.wrap(shifted)).get(0), "a buffer's position counts");
    assertEquals(2.5, own(Tensor.scalar(DType.F32, 2.5)).item());
    assertArrayEquals(new double[] {1, 1}, own(Tensor.ones(DType.F64, 2)).toDoubleArray());
    assertEquals(0, counting.address() % 64);
  }

  @Test
  void viewsFollowNumPy() {
    assertEquals(23, counting.permute(2, 0, 1).get(3, 1, 2));
    assertArrayEquals(new long[] {4, 3, 2}, counting.transpose().shape());
    assertEquals(6, counting.transpose().get(2, 1, 0));
    Tensor s = counting.slice(2, -1, Long.MIN_VALUE, -2);
    assertArrayEquals(new long[] {2, 3, 2}, s.shape());
    assertEquals(3, s.get(0, 0, 0));
    assertEquals(1, s.get(0, 0, 1));
    assertEquals(0, counting.slice(1, 2, 1).size());
    assertArrayEquals(new long[] {2, 1, 4}, counting.slice(1, 2, 99).shape());
    assertArrayEquals(new long[] {2, 1, 4}, counting.slice(1, -100, 100, Long.MAX_VALUE).shape());
    assertEquals(17, counting.select(0, -1).select(0, 1).get(1));
    assertEquals(23, counting.flip(0).flip(1).flip(-1).get(0, 0, 0));
    assertArrayEquals(new long[] {6, 4}, counting.reshape(-1, 4).shape());
    assertEquals(13, counting.reshape(2, 12).get(1, 1));
    assertEquals(13, counting.slice(1, 0, 1).reshape(2, 4).get(1, 1));
    assertArrayEquals(new long[] {2, 1, 3, 4, 1}, counting.unsqueeze(1).unsqueeze(-1).shape());
    assertArrayEquals(new long[] {2, 3, 4}, counting.unsqueeze(1).unsqueeze(4).squeeze().shape());
    Tensor row = counting.select(0, 0).select(0, 0);
    Tensor wide = row.broadcastTo(5, 4);
    assertArrayEquals(new long[] {0, 1}, wide.strides());
    assertEquals(2, wide.get(4, 2));
    assertArrayEquals(new long[] {4, 2}, counting.diagonal(0, 1).shape());
    assertEquals(17, counting.diagonal(0, 1).get(1, 1));
    assertEquals(9, counting.asStrided(1, new long[] {2, 2}, new long[] {8, -1}).get(1, 0));
    assertTrue(counting.isContiguous());
    assertFalse(counting.transpose().isContiguous());
    assertArrayEquals(
        new double[] {0, 12, 4, 16, 8, 20},
        counting.select(2, 0).transpose().contiguous().toDoubleArray());
  }

  @Test
  void copiesConvertAndFill() {
    assertArrayEquals(counting.toDoubleArray(), own(counting.copy()).toDoubleArray());
    Tensor narrow = own(counting.to(DType.F32));
    assertEquals(DType.F32, narrow.dtype());
    assertEquals(23f, narrow.toFloatArray()[23]);
    assertArrayEquals(counting.toDoubleArray(), own(narrow.to(DType.F64)).toDoubleArray());
    Tensor target = own(Tensor.zeros(DType.F64, 4, 3, 2));
    target.copyFrom(counting.transpose());
    assertEquals(23, target.get(3, 2, 1));
    counting.select(1, 1).fill(-1);
    assertEquals(-1, counting.get(1, 1, 3));
    assertEquals(8, counting.get(0, 2, 0));
    double[] all = new double[24];
    counting.flip(0).copyTo(all);
    assertEquals(12, all[0]);
    DoubleBuffer buffer = DoubleBuffer.allocate(30);
    counting.copyTo(buffer);
    assertEquals(24, buffer.position());
  }

  @Test
  void textIsNumPys() {
    assertEquals(
        "[[  1.,  2.5],\n [ nan, -inf]] shape=[2, 2] dtype=F32",
        own(Tensor.of(new float[] {1, 2.5f, Float.NaN, Float.NEGATIVE_INFINITY}, 2, 2)).toString());
    String large = own(Tensor.zeros(DType.F64, 100, 100)).toString();
    assertTrue(large.contains("..."), large);
    assertTrue(large.length() < 500, large);
  }

  private static void refused(Class<? extends RuntimeException> type, String part, Runnable call) {
    RuntimeException e = assertThrows(type, call::run);
    assertTrue(e.getMessage() != null && e.getMessage().contains(part), () -> "" + e);
  }

  @Test
  void badArgumentsAreNamed() {
    Class<IllegalArgumentException> bad = IllegalArgumentException.class;
    refused(bad, "negative", () -> Tensor.empty(DType.F32, 2, -1));
    refused(bad, "2^63", () -> Tensor.empty(DType.F64, Long.MAX_VALUE, 3));
    refused(NativeMemoryException.class, "bytes", () -> Tensor.empty(DType.F64, 1L << 44));
    refused(bad, "needs 6 elements", () -> Tensor.of(new float[5], 2, 3));
    refused(NullPointerException.class, "data", () -> Tensor.of((float[]) null));
    refused(bad, "direct", () -> Tensor.wrap(FloatBuffer.allocate(4), 4));
    refused(IndexOutOfBoundsException.class, "axis 3", () -> counting.slice(3, 0, 1));
    refused(bad, "step", () -> counting.slice(0, 0, 1, 0));
    refused(bad, "twice", () -> counting.permute(0, 0, 1));
    refused(bad, "each of 3", () -> counting.permute(0, 1));
    refused(bad, "elements", () -> counting.reshape(5, 5));
    refused(bad, "contiguous()", () -> counting.transpose().reshape(24));
    refused(bad, "not 1", () -> counting.squeeze(0));
    refused(bad, "broadcast", () -> counting.broadcastTo(2, 3, 5));
    refused(bad, "too few axes", () -> counting.broadcastTo(3, 4));
    refused(bad, "outside the 24", () -> counting.asStrided(0, new long[] {25}, new long[] {1}));
    refused(bad, "outside the 24", () -> counting.asStrided(0, new long[] {2}, new long[] {-1}));
    refused(bad, "2^63", () -> counting.asStrided(0, new long[] {3}, new long[] {Long.MAX_VALUE}));
    refused(IndexOutOfBoundsException.class, "outside", () -> counting.get(0, 0, 4));
    refused(bad, "rank 3", () -> counting.get(0, 0));
    refused(bad, "type F32", counting::toFloatArray);
    refused(bad, "share", () -> counting.copyFrom(counting.flip(0)));
    refused(bad, "twice", () -> counting.select(0, 0).select(0, 0).broadcastTo(2, 4).fill(1));
    refused(bad, "one element", counting::item);
    refused(bad, "25 elements", () -> counting.copyTo(new double[25]));
  }

  @Test
  void closingTheOwnerEndsItsViews() {
    Tensor t = Tensor.zeros(DType.F64, 4);
    Tensor view = t.slice(0, 0, 2);
    view.close();
    refused(IllegalStateException.class, "closed", () -> view.get(0));
    assertEquals(0, t.get(0), "closing a view leaves the owner open");
    Tensor other = t.slice(0, 0, 2);
    t.close();
    t.close();
    assertTrue(other.isClosed());
    refused(IllegalStateException.class, "closed", () -> other.get(0));
    refused(IllegalStateException.class, "closed", () -> t.fill(1));
    refused(IllegalStateException.class, "closed", t::copy);
    assertTrue(t.toString().contains("closed"));
  }

  @Test
  void everyByteIsCountedAndGivenBack() {
    boolean counted = false;
    // The Cleaner may free what earlier tests left at the same moment: one undisturbed round is
    // enough.
    for (int round = 0; round < 20 && !counted; round++) {
      long before = Einblas.nativeBytesInUse();
      long during;
      try (Tensor t = Tensor.zeros(DType.F32, 1000)) {
        during = Einblas.nativeBytesInUse() - before;
        assertEquals(4000, t.nbytes());
      }
      counted = during == 4000 && Einblas.nativeBytesInUse() == before;
    }
    assertTrue(counted, "bytes in use must grow by 4000 and shrink again");
  }

  @Test
  void unreachableTensorsAreFreed() throws InterruptedException {
    long before = Einblas.nativeBytesInUse();
    for (int i = 0; i < 10; i++) {
      Tensor.empty(DType.F32, 100_000);
    }
    for (int i = 0; i < 100 && Einblas.nativeBytesInUse() > before; i++) {
      System.gc();
      Thread.sleep(10);
    }
    assertTrue(Einblas.nativeBytesInUse() <= before, "Cleaner has not freed " + before);
  }

  @Test
  void closeWhileOthersReadIsAnExceptionOrTheRightData() throws Exception {
    int threads = 4;
    ExecutorService pool = Executors.newFixedThreadPool(threads);
    long before = Einblas.nativeBytesInUse();
    AtomicInteger refused = new AtomicInteger();
    try {
      for (int round = 0; round < 200; round++) {
        Tensor shared = Tensor.full(DType.F32, 3, 20_000);
        List<Future<?>> readers = new ArrayList<>();
        for (int i = 0; i < threads; i++) {
          readers.add(
              pool.submit(
                  () -> {
                    try (Tensor copy = shared.copy()) {
                      for (float v : copy.toFloatArray()) {
                        assertEquals(3f, v);
                      }
                    } catch (IllegalStateException e) {
                      refused.incrementAndGet();
                    }
                  }));
        }
        shared.close();
        for (Future<?> reader : readers) {
          reader.get();
        }
      }
    } finally {
      pool.shutdown();
    }
    assertTrue(refused.get() > 0, "no reader came too late: the test did not test");
    assertTrue(Einblas.nativeBytesInUse() <= before, "native memory leaked");
  }

  @Test
  void closeWhilePlansRunIsAnExceptionOrTheRightData() throws Exception {
    ExecutorService pool = Executors.newFixedThreadPool(4);
    EinsumPlan plan = Einsum.plan("i,i->i", DType.F32, new long[] {20_000}, new long[] {20_000});
    AtomicInteger refused = new AtomicInteger();
    try (Tensor two = Tensor.full(DType.F32, 2, 20_000)) {
      for (int round = 0; round < 200; round++) {
        Tensor shared = Tensor.full(DType.F32, 3, 20_000);
        List<Future<?>> runs = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
          runs.add(
              pool.submit(
                  () -> {
                    try (Tensor out = Tensor.zeros(DType.F32, 20_000)) {
                      plan.runInto(out, 1, 0, shared, two);
                      assertEquals(6, out.get(19_999));
                    } catch (IllegalStateException e) {
                      refused.incrementAndGet();
                    }
                  }));
        }
        shared.close();
        for (Future<?> run : runs) {
          run.get();
        }
      }
    } finally {
      pool.shutdown();
    }
    assertTrue(refused.get() > 0, "no run came too late: the test did not test");
  }

  @Test
  void libraryFactsAndLimits() {
    assertTrue(Einblas.isaSupported().contains(Einblas.isa()));
    assertTrue(Einblas.kernels().contains("loops"));
    int threads = Einblas.threads();
    Einblas.setThreads(3);
    assertEquals(3, Einblas.threads());
    Einblas.setThreads(threads);
    refused(IllegalArgumentException.class, "1 to 1024", () -> Einblas.setThreads(0));
    long limit = Einblas.poolLimit();
    Einblas.setPoolLimit(0);
    assertEquals(0, Einblas.poolBytes());
    Einblas.setPoolLimit(limit);
    refused(IllegalArgumentException.class, "negative", () -> Einblas.setPoolLimit(-1));
    boolean trimmed = false;
    for (int round = 0; round < 20 && !trimmed; round++) { // garbage may come into the pool
      Einblas.trim();
      trimmed = Einblas.poolBytes() == 0;
    }
    assertTrue(trimmed, "trim leaves bytes in the pool");
  }
}
