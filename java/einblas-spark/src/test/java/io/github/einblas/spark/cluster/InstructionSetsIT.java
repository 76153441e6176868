// Executors that are forced to another instruction set than the driver's.
package io.github.einblas.spark.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.einblas.Einblas;
import io.github.einblas.Einsum;
import io.github.einblas.Tensor;
import io.github.einblas.spark.DistributedTensor;
import io.github.einblas.spark.SparkEinsum;
import io.github.einblas.spark.SparkOptions;
import io.github.einblas.spark.TensorBlock;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class InstructionSetsIT {
  private static String other;
  private static Application application;

  @BeforeAll
  static void start() {
    Optional<String> found =
        Einblas.isaSupported().stream().filter(isa -> !isa.equals(Einblas.isa())).findFirst();
    assumeTrue(found.isPresent(), "this machine has one instruction set");
    other = found.get();
    application = Application.start(2, "spark.executorEnv.EINBLAS_ISA", other);
  }

  @AfterAll
  static void stop() {
    if (application != null) {
      application.close();
    }
  }

  @Test
  void shuffledProductIsRefused() {
    refused(() -> multiply(SparkOptions.DEFAULT.withMethod(SparkOptions.Method.GRID)));
  }

  @Test
  void slicesAreRefused() {
    refused(() -> Jobs.checkNetwork(application.sc()));
  }

  /** At once: Spark tries a task up to four times otherwise. */
  private static void refused(Runnable job) {
    TaskCounts counts = application.counts();
    Exception e = assertThrows(Exception.class, job::run);
    application.settle();
    System.out.println("refused: " + counts + "\n" + e.getMessage());
    TwoExecutorsIT.assertSays(e, other, Einblas.isa(), "withMixedIsa(true)", "EINBLAS_ISA");
    assertTrue(counts.attempts() <= 2, counts::toString);
  }

  @Test
  void otherInstructionSetsMayBeAllowed() {
    multiply(SparkOptions.DEFAULT.withMethod(SparkOptions.Method.GRID).withMixedIsa(true));
    application.executors().values().forEach(one -> assertEquals(other, one.isa()));
  }

  private static void multiply(SparkOptions options) {
    try (Tensor a = Jobs.integers(1, 90, 80);
        Tensor expected = Einsum.einsum("ij,kj->ik", a, a)) {
      DistributedTensor d = DistributedTensor.of(application.sc(), a, 30, 30);
      try (Tensor actual =
          SparkEinsum.plan(application.sc(), "ij,kj->ik", options, d, d)
              .run(d, d)
              .collect(1 << 20)) {
        assertEquals(TensorBlock.of(expected), TensorBlock.of(actual));
      }
    }
  }
}
