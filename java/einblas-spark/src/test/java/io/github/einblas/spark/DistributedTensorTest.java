// Tensors in blocks: where they come from, where they go, and what is refused.
package io.github.einblas.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.DType;
import io.github.einblas.Einblas;
import io.github.einblas.Einsum;
import io.github.einblas.PlanOptions;
import io.github.einblas.Tensor;
import io.github.einblas.spark.SparkOptions.Method;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import scala.Tuple2;

class DistributedTensorTest {
  private static JavaSparkContext sc;

  @TempDir Path folder;

  @BeforeAll
  static void start() {
    sc = LocalSpark.start();
  }

  @AfterAll
  static void stop() {
    sc.close();
  }

  private static Tensor numbers(long... shape) {
    int size = 1;
    for (long n : shape) {
      size *= (int) n;
    }
    double[] data = new Random(1).doubles(size).toArray();
    return shape.length == 0 ? Tensor.scalar(DType.F64, data[0]) : Tensor.of(data, shape);
  }

  private static void assertSame(Tensor expected, DistributedTensor actual) {
    try (Tensor whole = actual.collect(1 << 24)) {
      assertEquals(TensorBlock.of(expected), TensorBlock.of(whole));
    }
  }

  @Test
  void everyFormComesBackAsItWent() throws IOException {
    for (long[] shape : new long[][] {{7, 11, 3}, {13}, {}, {4, 0, 2}}) {
      long[] chunk = new long[shape.length];
      java.util.Arrays.fill(chunk, 4);
      try (Tensor t = numbers(shape)) {
        DistributedTensor d = DistributedTensor.of(sc, t, chunk);
        String name = folder.resolve("t" + java.util.Arrays.toString(shape)).toString();
        assertSame(t, d);
        d.writeNpy(name + ".npy", false);
        try (Tensor read = Tensor.readNpy(Path.of(name + ".npy"))) {
          assertEquals(TensorBlock.of(t), TensorBlock.of(read));
        }
        assertSame(t, DistributedTensor.readNpy(sc, name + ".npy", chunk));
        assertSame(t, DistributedTensor.read(sc, name + ".npy"));
        d.writeNpyChunks(name + ".chunks", false);
        assertSame(t, DistributedTensor.read(sc, name + ".chunks"));
        for (int version : new int[] {2, 3}) {
          for (String codec : List.of("raw", "gzip", "zstd")) {
            d.writeZarr(name + version + codec, version, codec, false);
            assertSame(t, DistributedTensor.read(sc, name + version + codec));
          }
        }
        assertThrows(IOException.class, () -> d.writeZarr(name + "3raw", false));
        d.writeZarr(name + "3raw", true);
        assertThrows(IOException.class, () -> d.writeNpy(name + ".npy", false));
        d.writeNpy(name + ".npy", true);
      }
    }
  }

  @Test
  void rechunkKeepsTheElements() {
    Random random = new Random(3);
    for (int round = 0; round < 12; round++) {
      long[] shape = {1 + random.nextInt(9), 1 + random.nextInt(9), 1 + random.nextInt(5)};
      try (Tensor t = numbers(shape)) {
        DistributedTensor d = DistributedTensor.of(sc, t, 1 + random.nextInt(9), 3, 2);
        if (round % 2 == 0) {
          d = RandomChunks.readable(sc, d);
        }
        DistributedTensor other = d.rechunk(1 + random.nextInt(9), 1 + random.nextInt(9), 1);
        assertSame(t, other);
        assertSame(t, other.persist());
      }
    }
  }

  @Test
  void randomNumbersDoNotDependOnChunks() {
    for (DType type : List.of(DType.F32, DType.F64)) {
      long[] shape = {31, 17};
      try (Tensor a = DistributedTensor.random(sc, type, 5, shape, 31, 17).collect(1 << 20)) {
        assertSame(a, DistributedTensor.random(sc, type, 5, shape, 4, 7));
        assertFalse(
            TensorBlock.of(a)
                .equals(
                    TensorBlock.of(
                        DistributedTensor.random(sc, type, 6, shape, 31, 17).collect(1 << 20))));
      }
    }
    assertThrows(
        IllegalArgumentException.class,
        () -> DistributedTensor.random(sc, DType.I32, 1, new long[] {4}, 2));
  }

  @Test
  void alignedBatchesShuffleNothing() {
    DistributedTensor a = DistributedTensor.random(sc, DType.F64, 1, new long[] {8, 6, 5}, 1, 6, 5);
    DistributedTensor b = DistributedTensor.random(sc, DType.F64, 2, new long[] {8, 5, 4}, 1, 5, 4);
    SparkOptions local = SparkOptions.DEFAULT.withMethod(Method.LOCAL);
    SparkPlan read = SparkEinsum.plan(sc, "bij,bjk->bik", local.withPieces(2, 1, 1, 1), a, b);
    assertEquals(0.0, read.shuffledBytes());
    DistributedTensor c = read.run(a, b);
    SparkPlan placed = SparkEinsum.plan(sc, "bik,bij->bkj", local, c, a.persist());
    assertEquals(0.0, placed.shuffledBytes());
    DistributedTensor elsewhere =
        DistributedTensor.of(sc, DType.F64, c.chunks(), c.blocks().repartition(3));
    refused("plan for it", () -> placed.run(elsewhere, a));
    assertFalse(
        placed.run(c, a).blocks().toDebugString().contains("ShuffledRDD"), placed.explain());
    try (Tensor x = a.collect(1 << 20);
        Tensor y = b.collect(1 << 20);
        Tensor xy = Einsum.einsum("bij,bjk->bik", x, y);
        Tensor expected = Einsum.einsum("bik,bij->bkj", xy, x);
        Tensor actual = placed.run(c, a).collect(1 << 20)) {
      for (long i = 0; i < 8; i++) {
        assertEquals(expected.get(i, 1, 2), actual.get(i, 1, 2), 1e-13);
      }
    }
  }

  @Test
  void bitsDoNotDependOnHowTasksAreCut() {
    DistributedTensor a = DistributedTensor.random(sc, DType.F32, 1, new long[] {40, 50}, 7, 9);
    DistributedTensor b = DistributedTensor.random(sc, DType.F32, 2, new long[] {50, 30}, 9, 8);
    TensorBlock first = null;
    for (int[] pieces : new int[][] {{1, 1}, {2, 1}, {3, 4}, {6, 4}}) {
      SparkOptions options =
          SparkOptions.DEFAULT.withMethod(Method.GRID).withPieces(1, pieces[0], pieces[1], 1);
      try (Tensor c = SparkEinsum.plan(sc, "ij,jk->ik", options, a, b).run(a, b).collect(1 << 20)) {
        TensorBlock own = TensorBlock.of(c);
        first = first == null ? own : first;
        assertEquals(first, own);
      }
    }
    SparkOptions three = SparkOptions.DEFAULT.withMethod(Method.GRID).withPieces(1, 2, 2, 3);
    SparkPlan cut = SparkEinsum.plan(sc, "ij,jk->ik", three, a, b);
    try (Tensor once = cut.run(a, b).collect(1 << 20);
        Tensor again = cut.run(a, b).collect(1 << 20)) {
      assertEquals(TensorBlock.of(once), TensorBlock.of(again));
    }
  }

  @Test
  void nativeMemoryIsBackWhenTasksHaveEnded() {
    DistributedTensor a = DistributedTensor.random(sc, DType.F64, 1, new long[] {64, 64}, 16, 16);
    long before = Einblas.nativeBytesInUse();
    SparkPlan plan =
        SparkEinsum.plan(sc, "ij,jk->ik", SparkOptions.DEFAULT.withMethod(Method.GRID), a, a);
    plan.run(a, a).blocks().take(1); // the rest of the tile is dropped
    assertThrows(
        Exception.class,
        () ->
            plan.run(a, a)
                .blocks()
                .foreach(
                    block -> {
                      throw new IllegalStateException("in the middle");
                    }));
    assertTrue(Einblas.nativeBytesInUse() <= before); // less: what another test left was collected
  }

  private static void refused(String text, Runnable call) {
    IllegalArgumentException e = assertThrows(IllegalArgumentException.class, call::run);
    assertTrue(e.getMessage().contains(text), e.getMessage());
  }

  @Test
  void badInputIsRefusedOnTheDriverBeforeAnyJob() {
    DistributedTensor a = DistributedTensor.random(sc, DType.F64, 1, new long[] {64, 64}, 16, 16);
    DistributedTensor b = DistributedTensor.random(sc, DType.F64, 1, new long[] {64, 64}, 32, 16);
    DistributedTensor c = DistributedTensor.random(sc, DType.F64, 1, new long[] {65, 64}, 16, 16);
    SparkOptions any = SparkOptions.DEFAULT;
    SparkOptions grid = any.withMethod(Method.GRID);
    refused(
        "label j of length 64 is cut into chunks of 16 elsewhere and of 32",
        () -> SparkEinsum.plan(sc, "ij,jk->ik", any, a, b));
    refused("label 'j' has length", () -> SparkEinsum.plan(sc, "ij,jk->ik", any, a, c));
    refused("has 32768 bytes, more than the 1000", () -> a.collect(1000));
    refused(
        "the smallest tile needs",
        () -> SparkEinsum.plan(sc, "ij,jk->ik", grid.withTaskMemory(4096), a, a));
    refused(
        "more than there are blocks",
        () -> SparkEinsum.plan(sc, "ij,jk->ik", grid.withPieces(1, 9, 1, 1), a, a));
    refused(
        "the limit of a broadcast is 100",
        () ->
            SparkEinsum.plan(
                sc, "ij,jk->ik", any.withMethod(Method.BROADCAST).withBroadcastLimit(100), a, a));
    refused(
        "use smaller chunks",
        () ->
            DistributedTensor.random(
                sc, DType.F64, 1, new long[] {1 << 15, 1 << 15}, 1 << 15, 1 << 14));
    refused("one length for each axis", () -> a.rechunk(4));
    refused("at least one index", () -> a.rechunk(4, 0));
    refused("takes 2 operands", () -> SparkEinsum.plan(sc, "ij,jk->ik", any, a, a).run(a));
    refused("the plan is for", () -> SparkEinsum.plan(sc, "ij,jk->ik", any, a, a).run(a, b));
    refused(
        "checked integers",
        () ->
            SparkEinsum.plan(
                sc,
                "ij,jk->ik",
                any.withPlanOptions(PlanOptions.DEFAULT.withCheckedIntegers(true)),
                a,
                a));
    assertThrows(IOException.class, () -> DistributedTensor.read(sc, folder + "/none.npy"));
    assertThrows(IOException.class, () -> DistributedTensor.readZarr(sc, folder.toString()));
  }

  @Test
  void forcedPiecesAreTakenOrRefusedNeverLeftOut() {
    DistributedTensor a = DistributedTensor.random(sc, DType.F64, 1, new long[] {4, 8, 8}, 1, 4, 4);
    SparkOptions cut = SparkOptions.DEFAULT.withPieces(2, 2, 2, 1);
    refused(
        "LOCAL takes pieces of batch labels only",
        () -> SparkEinsum.plan(sc, "bij,bjk->bik", cut.withMethod(Method.LOCAL), a, a));
    refused(
        "a broadcast operand is not cut",
        () -> SparkEinsum.plan(sc, "bij,bjk->bik", cut.withMethod(Method.BROADCAST), a, a));
    SparkPlan auto = SparkEinsum.plan(sc, "bij,bjk->bik", cut, a, a);
    assertEquals(List.of(Method.GRID), auto.methods());
    assertEquals(8, auto.tasks());
    try (Tensor t = numbers(4, 8, 8)) {
      DistributedTensor lies = DistributedTensor.of(sc, t, 1, 8, 8);
      refused(
          "where its blocks lie",
          () ->
              SparkEinsum.plan(
                  sc,
                  "bij,bjk->bik",
                  SparkOptions.DEFAULT.withPieces(2, 1, 1, 1).withMethod(Method.BROADCAST),
                  lies,
                  lies));
    }
  }

  @Test
  void slicesThatDoNotFitLeaveTheNetworkToTheOtherMethods() {
    DistributedTensor a = DistributedTensor.random(sc, DType.F64, 1, new long[] {64, 64}, 8, 8);
    SparkOptions little = SparkOptions.DEFAULT.withTaskMemory(16 << 10);
    refused(
        "one slice need",
        () -> SparkEinsum.plan(sc, "ij,jk,kl->il", little.withMethod(Method.SLICES), a, a, a));
    assertFalse(
        SparkEinsum.plan(sc, "ij,jk,kl->il", little, a, a, a).methods().contains(Method.SLICES));
  }

  @Test
  void blocksOfAnRddAreHeldAgainstTheirChunks() {
    Chunks chunks = Chunks.of(new long[] {4}, 2);
    try (Tensor two = numbers(2);
        Tensor three = numbers(3)) {
      Tuple2<BlockIndex, TensorBlock> first = new Tuple2<>(BlockIndex.of(0), TensorBlock.of(two));
      Tuple2<BlockIndex, TensorBlock> wrong = new Tuple2<>(BlockIndex.of(1), TensorBlock.of(three));
      for (List<Tuple2<BlockIndex, TensorBlock>> bad :
          List.of(List.of(first), List.of(first, first), List.of(first, wrong))) {
        JavaPairRDD<BlockIndex, TensorBlock> rdd = sc.parallelizePairs(bad, 2);
        DistributedTensor t = DistributedTensor.of(sc, DType.F64, chunks, rdd);
        assertThrows(Exception.class, () -> t.collect(1000));
        SparkPlan sum =
            SparkEinsum.plan(sc, "i,i->", SparkOptions.DEFAULT.withMethod(Method.GRID), t, t);
        assertThrows(Exception.class, () -> sum.run(t, t).collect(1000));
      }
    }
  }

  @Test
  void filesOfOthersAreLeftAlone() throws IOException {
    Path own = folder.resolve("own");
    Files.createDirectory(own);
    Files.writeString(own.resolve("letter.txt"), "dear");
    DistributedTensor a = DistributedTensor.random(sc, DType.F64, 1, new long[] {4}, 2);
    assertThrows(IOException.class, () -> a.writeZarr(own.toString(), true));
    assertThrows(IOException.class, () -> a.writeNpyChunks(own.toString(), true));
    assertEquals("dear", Files.readString(own.resolve("letter.txt")));
  }
}
