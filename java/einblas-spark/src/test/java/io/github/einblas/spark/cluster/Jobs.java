// Contractions that each kind of cluster runs.
package io.github.einblas.spark.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.einblas.DType;
import io.github.einblas.Einsum;
import io.github.einblas.Tensor;
import io.github.einblas.spark.DistributedTensor;
import io.github.einblas.spark.SparkEinsum;
import io.github.einblas.spark.SparkOptions;
import io.github.einblas.spark.SparkOptions.Method;
import io.github.einblas.spark.SparkPlan;
import io.github.einblas.spark.TensorBlock;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.storage.StorageLevel;

/** Results against those of one machine, and bits against those of other clusters. */
final class Jobs {
  private static final SparkOptions GRID = SparkOptions.DEFAULT.withMethod(Method.GRID);
  private static final String NETWORK = "ea,fb,abcd,gc,hd->efgh";

  /** Digests of {@link #product} in this process, each with who had it. */
  private static final List<String[]> SEEN = new ArrayList<>();

  private Jobs() {}

  /** Small integers, whose sums are exact in any order. */
  static Tensor integers(long seed, long... shape) {
    Random random = new Random(seed);
    int size = 1;
    for (long length : shape) {
      size = Math.multiplyExact(size, (int) length);
    }
    double[] data = new double[size];
    for (int i = 0; i < size; i++) {
      data[i] = random.nextInt(9) - 4;
    }
    return Tensor.of(data, shape);
  }

  /** Every way in which blocks travel: shuffled, broadcast, placed, added up, kept, recut. */
  static void checkResults(JavaSparkContext sc) {
    check(sc, "ij,jk->ik", GRID, shape(96, 80), shape(80, 112));
    check(sc, "ij,jk->ik", GRID.withPieces(1, 2, 1, 3), shape(96, 80), shape(80, 112));
    check(
        sc,
        "ij,jk->ik",
        SparkOptions.DEFAULT.withMethod(Method.BROADCAST),
        shape(96, 80),
        shape(80, 112));
    check(sc, "bij,bjk->bik", SparkOptions.DEFAULT, shape(70, 33, 40), shape(70, 40, 35));
    check(sc, "bij,bjk->bik", GRID, shape(70, 33, 40), shape(70, 40, 35));
    checkMoves(sc);
    checkNetwork(sc);
  }

  private static long[] shape(long... lengths) {
    return lengths;
  }

  private static void check(
      JavaSparkContext sc, String equation, SparkOptions options, long[] first, long[] second) {
    try (Tensor a = integers(1, first);
        Tensor b = integers(2, second);
        Tensor expected = Einsum.einsum(equation, a, b)) {
      DistributedTensor da = DistributedTensor.of(sc, a, chunks(first));
      DistributedTensor db = DistributedTensor.of(sc, b, chunks(second));
      SparkPlan plan = SparkEinsum.plan(sc, equation, options, da, db);
      try (Tensor actual = plan.run(da, db).collect(1 << 20)) {
        assertEquals(TensorBlock.of(expected), TensorBlock.of(actual), plan::explain);
      }
    }
  }

  private static long[] chunks(long[] shape) {
    long[] chunk = new long[shape.length];
    java.util.Arrays.fill(chunk, 32);
    return chunk;
  }

  private static void checkMoves(JavaSparkContext sc) {
    try (Tensor a = integers(3, 100, 90)) {
      DistributedTensor kept =
          DistributedTensor.of(sc, a, 32, 32).persist(StorageLevel.MEMORY_AND_DISK_SER());
      for (int round = 0; round < 2; round++) {
        try (Tensor again = kept.rechunk(40, 25).collect(1 << 20)) {
          assertEquals(TensorBlock.of(a), TensorBlock.of(again));
        }
      }
      kept.unpersist();
    }
  }

  static void checkNetwork(JavaSparkContext sc) {
    try (Tensor c = integers(4, 12, 12);
        Tensor t = integers(5, 12, 12, 12, 12);
        Tensor expected = Einsum.einsum(NETWORK, c, c, t, c, c);
        Tensor actual = SparkEinsum.contract(sc, NETWORK, SparkOptions.DEFAULT, c, c, t, c, c)) {
      assertEquals(TensorBlock.of(expected), TensorBlock.of(actual));
    }
  }

  /** The bits of a product of numbers that round, the same on all clusters of a process. */
  static synchronized void checkBits(String who, JavaSparkContext sc) {
    String digest;
    try (Tensor result = product(sc).collect(1 << 26)) {
      digest = digest(result);
    }
    for (String[] other : SEEN) {
      assertEquals(other[1], digest, () -> "bits of " + who + " and of " + other[0]);
    }
    SEEN.add(new String[] {who, digest});
  }

  /** 16 tasks, each of a quarter of the columns of a quarter of the rows; nothing runs yet. */
  private static DistributedTensor product(JavaSparkContext sc) {
    DistributedTensor a = DistributedTensor.random(sc, DType.F64, 1, shape(2048, 2048), 256, 256);
    DistributedTensor b = DistributedTensor.random(sc, DType.F64, 2, shape(2048, 2048), 256, 256);
    return SparkEinsum.plan(sc, "ij,jk->ik", GRID.withPieces(1, 4, 4, 1), a, b).run(a, b);
  }

  private static String digest(Tensor result) {
    try {
      MessageDigest sha = MessageDigest.getInstance("SHA-256");
      return HexFormat.of().formatHex(sha.digest(TensorBlock.of(result).bytes()));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
