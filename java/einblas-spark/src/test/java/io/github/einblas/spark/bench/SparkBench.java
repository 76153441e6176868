// Measures contractions on a cluster beside one process: run by hand, see docs/spark.md.
package io.github.einblas.spark.bench;

import io.github.einblas.DType;
import io.github.einblas.Einsum;
import io.github.einblas.EinsumPlan;
import io.github.einblas.PlanOptions;
import io.github.einblas.Tensor;
import io.github.einblas.spark.DistributedTensor;
import io.github.einblas.spark.SparkEinsum;
import io.github.einblas.spark.SparkOptions;
import io.github.einblas.spark.SparkPlan;
import io.github.einblas.spark.TensorBlock;
import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerTaskEnd;

/** {@code SparkBench MASTER CASE...}: grid N BLOCK, bmm, four, sliced N SLICES, block. */
public final class SparkBench {
  private final AtomicLong written = new AtomicLong();
  private final AtomicLong running = new AtomicLong();
  private final AtomicLong spilled = new AtomicLong();
  private final JavaSparkContext sc;

  private SparkBench(JavaSparkContext sc) {
    this.sc = sc;
    sc.sc()
        .addSparkListener(
            new SparkListener() {
              @Override
              public void onTaskEnd(SparkListenerTaskEnd end) {
                if (end.taskMetrics() != null) {
                  written.addAndGet(end.taskMetrics().shuffleWriteMetrics().bytesWritten());
                  running.addAndGet(end.taskMetrics().executorRunTime());
                  spilled.addAndGet(end.taskMetrics().diskBytesSpilled());
                }
              }
            });
  }

  /** Runs what the arguments name. */
  public static void main(String[] args) throws Exception {
    SparkConf conf =
        new SparkConf()
            .setMaster(args[0])
            .setAppName("bench")
            .set("spark.ui.enabled", "false")
            .set("spark.driver.host", "127.0.0.1");
    String path = System.getProperty("bench.classpath");
    if (path != null) {
      conf.set("spark.executor.extraClassPath", path);
    }
    try (JavaSparkContext sc = new JavaSparkContext(conf)) {
      SparkBench bench = new SparkBench(sc);
      sc.parallelize(Arrays.asList(1, 2, 3, 4), 4).map(i -> i * 2).collect();
      switch (args[1]) {
        case "grid" ->
            bench.grid(
                Integer.parseInt(args[2]), Integer.parseInt(args[3]), Integer.parseInt(args[4]));
        case "bmm" -> bench.bmm();
        case "four" -> bench.four();
        case "sliced" -> bench.sliced(Integer.parseInt(args[2]), Integer.parseInt(args[3]));
        default -> block();
      }
    }
  }

  private void grid(int n, int block, int runs) {
    long[] shape = {n, n};
    DistributedTensor a = DistributedTensor.random(sc, DType.F64, 1, shape, block, block);
    DistributedTensor b = DistributedTensor.random(sc, DType.F64, 2, shape, block, block);
    SparkOptions options = SparkOptions.DEFAULT.withMethod(SparkOptions.Method.GRID);
    measure("ij,jk->ik", options, runs, 2 * Math.pow((double) n, 3), a, b);
  }

  private void bmm() {
    DistributedTensor a =
        DistributedTensor.random(sc, DType.F64, 1, new long[] {16, 2048, 2048}, 1, 1024, 2048);
    DistributedTensor b =
        DistributedTensor.random(sc, DType.F64, 2, new long[] {16, 2048, 2048}, 1, 2048, 1024);
    double flops = 16 * 2.0 * 2048 * 2048 * 2048;
    for (SparkOptions.Method method :
        new SparkOptions.Method[] {SparkOptions.Method.GRID, SparkOptions.Method.LOCAL}) {
      measure("bij,bjk->bik", SparkOptions.DEFAULT.withMethod(method), 2, flops, a, b);
    }
  }

  private void four() {
    long n = 96;
    DistributedTensor c = DistributedTensor.random(sc, DType.F64, 1, new long[] {n, n}, n, n);
    DistributedTensor t =
        DistributedTensor.random(sc, DType.F64, 2, new long[] {n, n, n, n}, 24, 24, 48, 48);
    measure("pqrs,pa,qb,rc,sd->abcd", SparkOptions.DEFAULT, 2, 8 * Math.pow(96, 5), t, c, c, c, c);
  }

  private void measure(
      String equation, SparkOptions options, int runs, double flops, DistributedTensor... x) {
    SparkPlan plan = SparkEinsum.plan(sc, equation, options, x);
    System.out.println(plan.explain());
    for (int run = 0; run < runs; run++) {
      written.set(0);
      running.set(0);
      spilled.set(0);
      long start = System.nanoTime();
      plan.run(x).blocks().foreachPartition(all -> all.forEachRemaining(block -> {}));
      double seconds = (System.nanoTime() - start) * 1e-9;
      sleep();
      System.out.printf(
          Locale.ROOT,
          "%s by %s: %.2f s, %.1f GFLOP/s, shuffled %.1f MB of %.1f MB said (%.4f), tasks ran"
              + " %.1f s, spilled %.1f MB%n",
          equation,
          plan.methods(),
          seconds,
          flops / seconds * 1e-9,
          written.get() * 1e-6,
          plan.shuffledBytes() * 1e-6,
          written.get() / plan.shuffledBytes(),
          running.get() * 1e-3,
          spilled.get() * 1e-6);
    }
  }

  private void sliced(int n, int slices) {
    Random random = new Random(1);
    double[] data = random.doubles((long) n * n, -1, 1).toArray();
    try (Tensor m = Tensor.of(data, n, n)) {
      Tensor[] x = {m, m, m, m, m, m};
      PlanOptions own = PlanOptions.DEFAULT.withSlices(slices);
      EinsumPlan plan = Einsum.plan("ab,bc,cd,da,ac,bd->a", own, x);
      for (int run = 0; run < 3; run++) {
        long start = System.nanoTime();
        plan.run(x).close();
        long middle = System.nanoTime();
        SparkEinsum.contract(
                sc, "ab,bc,cd,da,ac,bd->a", SparkOptions.DEFAULT.withPlanOptions(own), x)
            .close();
        System.out.printf(
            Locale.ROOT,
            "n = %d in %d slices: one process %.2f s, Spark %.2f s%n",
            n,
            plan.sliceCount(),
            (middle - start) * 1e-9,
            (System.nanoTime() - middle) * 1e-9);
      }
    }
  }

  private static void block() throws IOException, ClassNotFoundException {
    byte[] sink = new byte[9 << 20];
    try (Tensor t = Tensor.ones(DType.F64, 1024, 1024)) {
      for (int round = 0; round < 5; round++) {
        int times = 100;
        long a = System.nanoTime();
        for (int i = 0; i < times; i++) {
          t.writeTo(new DataOutputStream(into(sink)));
        }
        long b = System.nanoTime();
        for (int i = 0; i < times; i++) {
          Tensor.readFrom(new DataInputStream(new ByteArrayInputStream(sink))).close();
        }
        long c = System.nanoTime();
        for (int i = 0; i < times; i++) {
          try (ObjectOutputStream out = new ObjectOutputStream(into(sink))) {
            out.writeObject(TensorBlock.of(t));
          }
        }
        long d = System.nanoTime();
        for (int i = 0; i < times; i++) {
          try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(sink))) {
            ((TensorBlock) in.readObject()).tensor().close();
          }
        }
        long e = System.nanoTime();
        double gb = times * 8.0 * 1024 * 1024;
        System.out.printf(
            Locale.ROOT,
            "writeTo %.2f, readFrom %.2f, tensor to block to stream %.2f, back %.2f GB/s%n",
            gb / (b - a),
            gb / (c - b),
            gb / (d - c),
            gb / (e - d));
      }
    }
  }

  private static OutputStream into(byte[] sink) {
    return new OutputStream() {
      private int at;

      @Override
      public void write(int value) {
        sink[at++] = (byte) value;
      }

      @Override
      public void write(byte[] bytes, int from, int length) {
        System.arraycopy(bytes, from, sink, at, length);
        at += length;
      }
    };
  }

  private static void sleep() {
    try {
      Thread.sleep(500); // the listener's events
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
