// One executor, and Kryo where every class has to be registered.
package io.github.einblas.spark.cluster;

import io.github.einblas.spark.EinblasKryoRegistrator;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class OneExecutorIT {
  private static Application application;

  @BeforeAll
  static void start() {
    application =
        Application.start(
            1,
            "spark.serializer",
            "org.apache.spark.serializer.KryoSerializer",
            "spark.kryo.registrationRequired",
            "true",
            "spark.kryo.registrator",
            EinblasKryoRegistrator.class.getName());
  }

  @AfterAll
  static void stop() {
    if (application != null) {
      application.close();
    }
  }

  @Test
  void resultsAreThoseOfOneMachine() {
    Jobs.checkResults(application.sc());
  }

  @Test
  void bitsAreThoseOfMoreExecutors() {
    Jobs.checkBits("one executor", application.sc());
  }
}
