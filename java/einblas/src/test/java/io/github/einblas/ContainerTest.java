// A process in a cgroup with a memory limit: the limit is seen, and tensors beyond it are refused
// instead of ending the process.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.reference.Cgroup;
import io.github.einblas.reference.ChildJvm;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ContainerTest {
  private static final long LIMIT = 600L << 20;

  /** Runs in the container. */
  static final class Probe {
    private Probe() {}

    public static void main(String[] arguments) {
      long free = Einblas.nativeBytesAvailable();
      long pool = Einblas.poolLimit();
      List<Tensor> kept = new ArrayList<>();
      try {
        for (int i = 0; i < 100; i++) {
          // Large and small ones, some of them not touched before the last is made.
          kept.add(Tensor.empty(DType.F32, i % 2 == 0 ? 25_000_000 : 250_000));
        }
      } catch (NativeMemoryException e) {
        for (Tensor t : kept) {
          t.fill(1);
        }
        System.out.println("free " + free + " pool " + pool + " kept " + kept.size());
        System.out.println(e.bound() + ": " + e.getMessage());
      }
      kept.forEach(Tensor::close);
      kept.clear();
      Einblas.trim();
      try {
        while (true) {
          kept.add(Tensor.ones(DType.F32, 100_000)); // each far below what is asked for
        }
      } catch (NativeMemoryException e) {
        System.out.println("small " + e.bound());
      }
      for (int i = 0; i < 200; i++) {
        kept.clear();
        Tensor.ones(DType.F32, 10_000_000); // garbage in a container
      }
      System.out.println("alive");
    }
  }

  @Test
  void theLimitOfTheGroupHolds(@TempDir Path folder) throws Exception {
    String limit = Long.toString(LIMIT);
    try (Cgroup group =
        Cgroup.make(
            "memory",
            new String[] {"memory.limit_in_bytes", limit},
            new String[] {"memory.max", limit})) {
      Assumptions.assumeTrue(group != null, "no cgroup can be made here");
      List<String> command = new ArrayList<>(group.prefix());
      command.addAll(ChildJvm.counted());
      command.addAll(ChildJvm.classes());
      command.addAll(List.of("-Xmx64m", Probe.class.getName()));
      Path output = folder.resolve("output");
      Process process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(output.toFile())
              .start();
      assertTrue(process.waitFor(2, TimeUnit.MINUTES), "still running");
      String text = Files.readString(output);
      assertEquals(0, process.exitValue(), text);
      assertTrue(text.contains("alive") && text.contains("small CONTAINER"), text);
      assertTrue(text.contains("CONTAINER: needs ") && text.contains("(cgroup)"), text);
      long free = Long.parseLong(text.split(" ")[1]);
      assertTrue(free > LIMIT / 4 && free < LIMIT, text);
      assertTrue(text.contains("pool " + LIMIT / 8), text);
    }
  }
}
