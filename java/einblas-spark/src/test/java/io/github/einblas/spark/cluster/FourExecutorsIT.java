// Four executors that find an empty cache of natives, and Kryo without registered classes.
package io.github.einblas.spark.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class FourExecutorsIT {
  private static Application application;
  private static TaskCounts counts;

  /** The first job, as long as the cache is empty, on all executors at once. */
  @BeforeAll
  static void start() {
    application =
        Application.start(
            4,
            "spark.executor.memory",
            "512m",
            "spark.serializer",
            "org.apache.spark.serializer.KryoSerializer");
    counts = application.counts();
    Jobs.checkNetwork(application.sc());
    application.settle();
  }

  @AfterAll
  static void stop() {
    if (application != null) {
      application.close();
    }
  }

  @Test
  void nativesAreExtractedByAllAtOnce() {
    assertEquals(List.of(), counts.failures(), counts::toString);
    assertEquals(4, counts.resultExecutors().size(), counts::toString);
  }

  @Test
  void resultsAreThoseOfOneMachine() {
    Jobs.checkResults(application.sc());
  }

  @Test
  void bitsAreThoseOfFewerExecutors() {
    Jobs.checkBits("four executors", application.sc());
  }
}
