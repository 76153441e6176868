// Files on an interrupted thread: reading and writing work, streams stay open, the flag stays.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InterruptedFilesTest {
  @TempDir Path folder;

  @AfterEach
  void clear() {
    Thread.interrupted();
  }

  private interface Work {
    void run() throws IOException;
  }

  /** With the flag up from the start, and with interrupts that come while it runs. */
  private static void interrupted(Work work) throws Exception {
    Thread.currentThread().interrupt();
    work.run();
    assertTrue(Thread.interrupted(), "the thread must stay interrupted");
    Thread worker = Thread.currentThread();
    AtomicBoolean stop = new AtomicBoolean();
    Thread other =
        new Thread(
            () -> {
              while (!stop.get()) {
                worker.interrupt();
                Thread.onSpinWait();
              }
            });
    other.start();
    try {
      for (int i = 0; i < 5; i++) {
        work.run();
      }
    } finally {
      stop.set(true);
      while (other.isAlive()) {
        Thread.interrupted();
        Thread.onSpinWait();
      }
    }
    Thread.interrupted();
  }

  @Test
  void allReadersAndWritersWorkOn() throws Exception {
    Path npy = folder.resolve("a.npy");
    Path npz = folder.resolve("a.npz");
    try (Tensor t = Tensor.ones(DType.F64, 150, 150);
        CsrMatrix csr = CsrMatrix.ofDense(t, 0);
        BsrMatrix bsr = BsrMatrix.ofDense(t, 3, 3)) {
      interrupted(() -> t.writeNpy(npy));
      interrupted(() -> t.writeNpy(npy, WriteOption.SYNC));
      interrupted(() -> Tensor.readNpy(npy).close());
      interrupted(() -> Tensor.writeNpz(npz, Map.of("t", t)));
      interrupted(() -> Tensor.readNpz(npz, "t").close());
      interrupted(() -> Tensor.readNpz(npz).get("t").close());
      interrupted(() -> csr.writeNpz(npz));
      interrupted(() -> CsrMatrix.readNpz(npz).close());
      interrupted(() -> bsr.writeNpz(npz));
      interrupted(() -> BsrMatrix.readNpz(npz).close());
      interrupted(() -> Tuning.save(folder.resolve("tuning")));
      try (Tensor back = Tensor.readNpy(npy)) {
        assertArrayEquals(t.toDoubleArray(), back.toDoubleArray());
      }
    }
    try (Stream<Path> files = Files.list(folder)) {
      assertEquals(3, files.count(), "nothing else stays");
    }
  }

  @Test
  void streamsStayOpen() throws Exception {
    boolean[] closed = new boolean[2];
    ByteArrayOutputStream out =
        new ByteArrayOutputStream() {
          @Override
          public void close() {
            closed[0] = true;
          }
        };
    try (Tensor t = Tensor.of(new double[] {1, 2, 3})) {
      Thread.currentThread().interrupt();
      t.writeNpy(out);
      t.writeNpy(out);
      ByteArrayInputStream in =
          new ByteArrayInputStream(out.toByteArray()) {
            @Override
            public void close() {
              closed[1] = true;
            }
          };
      for (int i = 0; i < 2; i++) {
        try (Tensor back = Tensor.readNpy(in)) {
          assertArrayEquals(t.toDoubleArray(), back.toDoubleArray());
        }
      }
      assertTrue(Thread.interrupted());
    }
    assertArrayEquals(new boolean[2], closed);
  }
}
