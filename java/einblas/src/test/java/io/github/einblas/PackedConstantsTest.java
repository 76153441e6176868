// Constants of bound plans that are packed once: the same bits, room for them, and their end.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.reference.Seeds;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PackedConstantsTest {
  private static Tensor random(DType dtype, long seed, long... shape) {
    Random random = new Random(seed);
    int n =
        (int)
            IntStream.range(0, shape.length)
                .mapToLong(i -> shape[i])
                .reduce(1, Math::multiplyExact);
    double[] d = random.doubles(n, -1, 1).toArray();
    try (Tensor wide = Tensor.of(d, shape)) {
      return wide.to(dtype);
    }
  }

  private static double[] values(Tensor t) {
    try (Tensor wide = t.to(DType.F64)) {
      return wide.toDoubleArray();
    }
  }

  /** Shapes as 7x500, one for each operand. */
  @ParameterizedTest
  @CsvSource({
    "'ij,jk->ik', 8x500, 500x700, gemm",
    "'ij,kj->ik', 64x500, 700x500, gemm",
    "'ij,jk->ik', 200x300, 300x250, gemm",
    "'bij,jk->bik', 9x20x300, 300x250, gemm",
    "'bij,kj->bik', 9x16x30, 64x30, gemm_small",
    "'nhd,khd->nkd', 30x20x70, 20x20x70, lanes",
  })
  void sameBitsAsWithout(String equation, String first, String second, String kernel) {
    for (DType dtype : DType.floating()) {
      try (Tensor a = random(dtype, 1, shape(first));
          Tensor b = random(dtype, 2, shape(second))) {
        EinsumPlan plan = Einsum.plan(equation, PlanOptions.DEFAULT.withKernel(kernel), a, b);
        try (Tensor want = plan.run(a, b);
            BoundPlan secondBound = plan.bind(null, b);
            BoundPlan firstBound = plan.bind(a, null)) {
          assertTrue(secondBound.heldBytes() >= b.size() * dtype.bytes(), kernel);
          for (int run = 0; run < 2; run++) {
            try (Tensor got = secondBound.run(a);
                Tensor other = firstBound.run(b)) {
              assertArrayEquals(values(want), values(got));
              assertArrayEquals(values(want), values(other));
            }
          }
        }
      }
    }
  }

  private static long[] shape(String text) {
    return java.util.Arrays.stream(text.split("x")).mapToLong(Long::parseLong).toArray();
  }

  @Test
  void whatConstantsDecideIsPackedToo() {
    try (Tensor x = random(DType.F64, 1, 40, 200);
        Tensor v = random(DType.F64, 2, 200, 210);
        Tensor w = random(DType.F64, 3, 210, 220)) {
      EinsumPlan plan =
          Einsum.plan(
              "ij,jk,kl->il",
              PlanOptions.DEFAULT.withPath(new int[][] {{1, 2}, {0, 3}}).withKernel("gemm"),
              x,
              v,
              w);
      try (Tensor want = plan.run(x, v, w);
          BoundPlan bound = plan.bind(null, v, w);
          Tensor got = bound.run(x)) {
        assertTrue(
            bound.heldBytes() >= 2 * 200 * 220 * 8, "product and its copy: " + bound.heldBytes());
        assertArrayEquals(values(want), values(got));
      }
    }
  }

  @Test
  void anyLayoutIsRight() {
    try (Tensor w = random(DType.F64, 2, 300, 500);
        Tensor x = random(DType.F64, 1, 32, 300);
        Tensor xt = random(DType.F64, 1, 300, 32);
        Tensor wide = random(DType.F64, 1, 64, 300);
        BoundPlan bound = Einsum.plan("ij,jk->ik", x, w).bind(null, w);
        Tensor out = Tensor.zeros(DType.F64, 500, 32)) {
      for (Tensor view : List.of(x, xt.transpose(), wide.slice(0, 0, 64, 2), x.flip(0))) {
        try (Tensor got = bound.run(view);
            Tensor want = Einsum.einsum("ij,jk->ik", view, w)) {
          assertArrayEquals(values(want), values(got), 1e-12);
          bound.runInto(out.transpose(), 2, 0, view);
          try (Tensor doubled = Einsum.einsum("ij->ij", out.transpose())) {
            double[] twice = values(want);
            java.util.Arrays.setAll(twice, i -> 2 * twice[i]);
            assertArrayEquals(twice, values(doubled), 1e-12);
          }
        }
      }
    }
  }

  @Test
  void copiesAreFreedWithThePlan() {
    try (Tensor w = random(DType.F64, 2, 300, 500);
        Tensor x = random(DType.F64, 1, 32, 300)) {
      EinsumPlan plan = Einsum.plan("ij,jk->ik", x, w);
      BoundPlan bound = plan.bind(null, w);
      bound.run(x).close();
      long with = Einblas.nativeBytesInUse();
      bound.close();
      // Other tests' forgotten tensors may be freed meanwhile.
      assertTrue(Einblas.nativeBytesInUse() <= with - 300 * 500 * 8);
    }
  }

  @Test
  void memoryLimitLeavesCopiesOut() {
    try (Tensor w = random(DType.F64, 2, 300, 500);
        Tensor x = random(DType.F64, 1, 32, 300)) {
      EinsumPlan free = Einsum.plan("ij,jk->ik", PlanOptions.DEFAULT.withThreads(1), x, w);
      long peak = free.peakBytes();
      for (long more : new long[] {0, 100_000, 10_000_000}) {
        PlanOptions options = PlanOptions.DEFAULT.withThreads(1).withMemoryLimit(peak + more);
        EinsumPlan plan = Einsum.plan("ij,jk->ik", options, x, w);
        try (BoundPlan bound = plan.bind(null, w);
            Tensor want = plan.run(x, w);
            Tensor got = bound.run(x)) {
          assertEquals(more > 1_000_000, bound.heldBytes() > 0, "limit: peak + " + more);
          assertArrayEquals(values(want), values(got));
        }
      }
    }
  }

  @Test
  void manyThreadsRunOneBoundPlan() throws Exception {
    ExecutorService pool = Executors.newFixedThreadPool(6);
    try (Tensor w = random(DType.F32, 2, 300, 500);
        Tensor x = random(DType.F32, 1, 24, 300);
        Tensor xt = random(DType.F32, 1, 300, 24);
        BoundPlan bound = Einsum.plan("ij,jk->ik", x, w).bind(null, w);
        Tensor want = bound.run(x);
        Tensor wantT = bound.run(xt.transpose())) {
      double[][] wanted = {values(want), values(wantT)};
      List<Future<?>> all = new ArrayList<>();
      for (int t = 0; t < 6; t++) {
        int own = t % 2;
        all.add(
            pool.submit(
                () -> {
                  for (int i = 0; i < 20; i++) {
                    try (Tensor got = bound.run(own == 0 ? x : xt.transpose())) {
                      assertArrayEquals(wanted[own], values(got));
                    }
                  }
                }));
      }
      for (Future<?> f : all) {
        f.get();
      }
    } finally {
      pool.shutdownNow();
    }
  }

  @Test
  void randomProductsAreRight() {
    String[] equations = {
      "ij,jk->ik",
      "ij,kj->ik",
      "ji,kj->ki",
      "bij,jk->bik",
      "bij,bjk->bik",
      "nhd,khd->nkd",
      "abij,bjk->abik"
    };
    for (long seed : Seeds.upTo(60)) {
      Random random = new Random(seed);
      String equation = equations[random.nextInt(equations.length)];
      long[] length = random.longs(128, 1, 60).toArray();
      length['b'] = random.nextInt(1, 6);
      length['j'] = random.nextInt(1, 401);
      String[] terms = equation.substring(0, equation.indexOf("->")).split(",");
      DType dtype = DType.floating().get(random.nextInt(2));
      long[][] shapes = new long[2][];
      for (int i = 0; i < 2; i++) {
        shapes[i] = terms[i].chars().mapToLong(c -> length[c]).toArray();
      }
      int constant = random.nextInt(2);
      try (Tensor a = random(dtype, seed, shapes[0]);
          Tensor b = random(dtype, seed + 1, shapes[1])) {
        EinsumPlan plan = Einsum.plan(equation, a, b);
        try (BoundPlan bound = constant == 0 ? plan.bind(a, null) : plan.bind(null, b);
            Tensor want = plan.run(a, b);
            Tensor got = bound.run(constant == 0 ? b : a)) {
          assertArrayEquals(values(want), values(got), "seed " + seed + ": " + equation);
        }
      }
    }
  }
}
