// A process of its own for OpenBlasTest: products, LAPACK and the kernel openblas, and what became
// of each.
package io.github.einblas;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;

/** Prints a line {@code NAME = RESULT} for each. */
final class OpenBlasProbe {
  private static final int N = 200;

  private OpenBlasProbe() {}

  private static void say(String name, Callable<String> what) {
    String said;
    try {
      said = what.call();
    } catch (IllegalArgumentException e) {
      said = e.getClass().getSimpleName();
    } catch (Exception e) {
      said = e.getClass().getSimpleName() + ": " + e.getMessage();
    }
    System.out.println(name + " = " + said.replace("\n", " "));
  }

  private static String right(boolean is) {
    return is ? "right" : "wrong";
  }

  private static boolean near(double got, double want) {
    return Math.abs(got - want) < 1e-9;
  }

  /** Of whole numbers, so that every order of additions gives the same. */
  private static Tensor matrix() {
    double[] values = IntStream.range(0, N * N).mapToDouble(i -> i % 7 - 3).toArray();
    return Tensor.of(values, N, N);
  }

  private static EinsumPlan plan(Tensor a, String kernel) {
    PlanOptions options = PlanOptions.DEFAULT;
    return Einsum.plan("ij,jk->ik", kernel == null ? options : options.withKernel(kernel), a, a);
  }

  private static String kernel(Tensor a, String forced) {
    EinsumPlan plan = plan(a, forced);
    try (Tensor c = plan.run(a, a)) {
      return c.shape().length == 2 ? plan.kernels(a, a).get(0) : "wrong";
    }
  }

  /** With an argument: a file of that name is in the way at first. */
  public static void main(String[] args) throws IOException {
    if (args.length > 0) {
      Path inTheWay = Path.of(args[0]);
      Files.createDirectories(inTheWay);
      lapack("");
      say("config before", Einblas::blasConfig);
      say("report before", () -> String.valueOf(Einblas.loadReport()));
      Files.delete(inTheWay);
      lapack(" again");
      say("config after", Einblas::blasConfig);
      return;
    }
    products();
    say("config before", Einblas::blasConfig);
    Path maps = Path.of("/proc/self/maps");
    boolean mapped =
        Files.exists(maps)
            && Files.readString(maps, StandardCharsets.ISO_8859_1).contains("libopenblas");
    say("mapped before", () -> String.valueOf(mapped));
    say("report before", () -> String.valueOf(Einblas.loadReport()));
    try (Tensor a = matrix()) {
      say("kernel before", () -> kernel(a, null));
    }
    long before = Einblas.nativeBytesInUse();
    lapack("");
    lapack(" again");
    byName();
    say(
        "loadOpenBlas",
        () -> {
          Einblas.loadOpenBlas();
          return "right";
        });
    say("bytes left", () -> String.valueOf(Einblas.nativeBytesInUse() - before));
    say("by tuning", OpenBlasProbe::byTuning);
    say("config after", Einblas::blasConfig);
    say("report", () -> String.valueOf(Einblas.loadReport()));
  }

  private static void products() {
    say(
        "einsum",
        () -> {
          try (Tensor a = matrix();
              Tensor c = Einsum.einsum("ij,jk->ik", a, a)) {
            double sum = 0;
            for (int j = 0; j < N; j++) {
              sum += a.get(3, j) * a.get(j, 5);
            }
            return right(c.get(3, 5) == sum);
          }
        });
    say(
        "einsum of I32",
        () -> {
          try (Tensor a = Tensor.of(new int[] {1, 2, 3, 4}, 2, 2);
              Tensor c = Einsum.einsum("ij,jk->ik", a, a)) {
            return right(c.get(1, 1) == 22);
          }
        });
    say(
        "block-sparse",
        () -> {
          try (Tensor w = Tensor.full(DType.F32, 2, 1, 1, 4, 4);
              Tensor h = Tensor.full(DType.F32, 3, 1, 1, 4);
              Tensor o = Tensor.full(DType.F32, 1, 1, 1, 4);
              Tensor out =
                  BlockSparse.gemv(
                      o, w, h, BlockPattern.of(new int[][] {{0}}, new int[][] {{0}}, 1, 1))) {
            return right(out.get(0, 0, 3) == 25);
          }
        });
    try (Tensor a = Tensor.of(new double[] {2, 1, 1, 3}, 2, 2);
        Tensor x = Tensor.of(new double[] {1, 0, 0, 1}, 4, 1)) {
      say(
          "Kronecker",
          () -> {
            try (Tensor y = Kronecker.of(a, a).times(x)) {
              return right(y.get(0, 0) == 5);
            }
          });
      say(
          "CSR",
          () -> {
            try (CsrMatrix m = CsrMatrix.ofDense(a, 0);
                Tensor y = m.times(a)) {
              return right(y.get(0, 0) == 5);
            }
          });
    }
  }

  private static void lapack(String again) {
    try (Tensor a = Tensor.of(new double[] {2, 1, 1, 3}, 2, 2);
        Tensor b = Tensor.of(new double[] {3, 4}, 2)) {
      Kronecker k = Kronecker.of(a);
      say(
          "solve" + again,
          () -> {
            try (Tensor x = k.solve(b)) {
              return right(near(x.get(0), 1) && near(x.get(1), 1));
            }
          });
      say(
          "logDeterminant" + again,
          () -> right(near(k.logDeterminant().logAbsolute(), Math.log(5))));
      say(
          "eigenvalues" + again,
          () -> {
            try (Kronecker.Eigenvalues e = k.eigenvalues()) {
              return right(near(e.real().get(0) + e.real().get(1), 5));
            }
          });
    }
  }

  private static void byName() {
    try (Tensor a = matrix();
        Tensor i = Tensor.of(new int[] {1, 2, 3, 4}, 2, 2)) {
      say("by name", () -> kernel(a, "openblas"));
      say("of I32 by name", () -> kernel(i, "openblas"));
    }
  }

  private static String byTuning() {
    double[] values = IntStream.range(0, N * N).mapToDouble(i -> Math.sin(i)).toArray();
    try (Tensor a = Tensor.of(values, N, N);
        Tensor expected = plan(a, "gemm").run(a, a)) {
      Tuning.set("OPENBLAS_FROM", 64);
      String kernel = kernel(a, null);
      try (Tensor got = plan(a, null).run(a, a)) {
        boolean same = Arrays.equals(expected.toDoubleArray(), got.toDoubleArray());
        return kernel.equals("gemm") && same ? "gemm, same bits" : kernel;
      }
    }
  }
}
