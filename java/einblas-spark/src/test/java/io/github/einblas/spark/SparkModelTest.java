// The model of docs/spark.md: plans for a cluster that is not here.
package io.github.einblas.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.DType;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class SparkModelTest {
  private static final double NODE = 1e12;
  private static final double DISK = 2e9;
  private static final double TEN_GBE = 1.25e9;
  private static final double TWENTY_FIVE_GBE = 3.125e9;
  private static final int NODES = 1000;

  private static JavaSparkContext sc;

  @BeforeAll
  static void start() {
    sc = LocalSpark.start();
  }

  @AfterAll
  static void stop() {
    sc.close();
  }

  private static SparkPlan plan(long n, double network) {
    SparkOptions options =
        SparkOptions.DEFAULT
            .withMethod(SparkOptions.Method.GRID)
            .withParallelism(NODES)
            .withTaskMemory(160L << 30)
            .withFlopsPerSecond(NODE)
            .withShuffleBytesPerSecond(1 / (1 / network + 1 / DISK));
    DistributedTensor a =
        DistributedTensor.random(sc, DType.F64, 1, new long[] {n, n}, n / 100, n / 100);
    return SparkEinsum.plan(sc, "ij,jk->ik", options, a, a);
  }

  private static void check(long n, double network, boolean good) {
    SparkPlan plan = plan(n, network);
    double ideal = 2.0 * n * n * n / (NODES * NODE);
    String text = plan.explain();
    assertEquals(good, plan.predictedSeconds() <= 1.3 * ideal, text);
    assertEquals(!good, text.contains("moving and starting take"), text);
    assertTrue(plan.shuffledBytes() <= 1.3 * plan.lowerBoundBytes(), text);
  }

  @Test
  void aThousandNodesAreNearTheirProductsFromTheLengthsThatThePageSays() {
    check(700_000, TEN_GBE, true);
    check(430_000, TWENTY_FIVE_GBE, true);
    check(430_000, TEN_GBE, false);
    check(300_000, TWENTY_FIVE_GBE, false);
  }

  @Test
  void sumsAreCutOnlyOnLargeClustersOrWhereTheResultIsSmall() {
    DistributedTensor a = DistributedTensor.random(sc, DType.F64, 1, new long[] {64, 64}, 8, 8);
    for (int places = 1; places < 64; places++) {
      SparkOptions options =
          SparkOptions.DEFAULT.withMethod(SparkOptions.Method.GRID).withParallelism(places);
      String text = SparkEinsum.plan(sc, "ij,jk->ik", options, a, a).explain();
      assertTrue(text.contains("sum 1 of 8"), text);
    }
    DistributedTensor long1 =
        DistributedTensor.random(sc, DType.F64, 1, new long[] {1 << 24}, 1 << 20);
    SparkOptions two =
        SparkOptions.DEFAULT
            .withMethod(SparkOptions.Method.GRID)
            .withParallelism(2)
            .withFlopsPerSecond(1e6);
    String inner = SparkEinsum.plan(sc, "i,i->", two, long1, long1).explain();
    assertFalse(inner.contains("sum 1 of"), inner);
  }
}
