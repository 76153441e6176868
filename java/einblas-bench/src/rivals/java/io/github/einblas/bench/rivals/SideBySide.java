// Benchmarks: einblas and PyTorch on the same cases, alternating in one process, so that the machine's moods hit both.
package io.github.einblas.bench.rivals;

import static org.bytedeco.openblas.global.openblas_nolapack.blas_set_num_threads;
import static org.bytedeco.pytorch.global.torch.einsum;
import static org.bytedeco.pytorch.global.torch.matmul_out;
import static org.bytedeco.pytorch.global.torch.mul_out;
import static org.bytedeco.pytorch.global.torch.ones;
import static org.bytedeco.pytorch.global.torch.set_num_interop_threads;
import static org.bytedeco.pytorch.global.torch.set_num_threads;

import io.github.einblas.DType;
import io.github.einblas.Einblas;
import io.github.einblas.Einsum;
import io.github.einblas.EinsumPlan;
import io.github.einblas.Tensor;
import io.github.einblas.bench.Catalogue;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/**
 * Prints, for each case, type and thread count, the medians of both and their ratio. PyTorch runs in each form that fits
 * (einsum into a new result; matmul_out or mul_out into a given one) and its best counts. Arguments: names or groups.
 */
public final class SideBySide {
  private SideBySide() {}

  /** A way to run a case. */
  private record Form(String name, Runnable run) {}

  /** Runs the named cases. */
  public static void main(String[] arguments) {
    set_num_interop_threads(1);
    System.out.printf("einblas %s, isa %s, PyTorch by bytedeco 2.10.0-1.5.13%n", Einblas.version(), Einblas.isa());
    for (int threads : new int[] {1, 2}) {
      Einblas.setThreads(threads);
      set_num_threads(threads);
      for (Map.Entry<String, Catalogue.Case> entry : Catalogue.load().entrySet()) {
        Catalogue.Case c = entry.getValue();
        boolean wanted = Arrays.stream(arguments).anyMatch(a -> a.equals(c.group()) || c.name().matches(a));
        for (DType dtype : wanted ? DType.values() : new DType[0]) {
          run(c, dtype, threads);
        }
      }
    }
  }

  private static void run(Catalogue.Case c, DType dtype, int threads) {
    try (PointerScope scope = new PointerScope()) {
      Tensor[] operands = Arrays.stream(c.shapes()).map(s -> Tensor.full(dtype, 0.5, s)).toArray(Tensor[]::new);
      Tensor out = Tensor.zeros(dtype, c.outputShape());
      EinsumPlan plan = Einsum.plan(c.equation(), operands);
      torch.ScalarType type = dtype == DType.F32 ? torch.ScalarType.Float : torch.ScalarType.Double;
      org.bytedeco.pytorch.Tensor[] theirs =
          Arrays.stream(c.shapes()).map(s -> ones(s).to(type)).toArray(org.bytedeco.pytorch.Tensor[]::new);
      List<Form> forms = forms(c, theirs, ones(c.outputShape()).to(type));
      Form ours = new Form("einblas", () -> plan.runInto(out, 1, 0, operands));
      double mine = Double.MAX_VALUE;
      Form best = null;
      double bestTime = Double.MAX_VALUE;
      for (Form form : forms) {
        double[] pair = alternate(ours, form, threads);
        mine = Math.min(mine, pair[0]);
        if (pair[1] < bestTime) {
          bestTime = pair[1];
          best = form;
        }
      }
      System.out.printf(
          "%-22s %s %d  einblas %12.2f us  PyTorch %12.2f us (%s)  ratio %.2f%n",
          c.name(), dtype, threads, mine / 1e3, bestTime / 1e3, best == null ? "none" : best.name(), bestTime / mine);
      for (Tensor t : operands) {
        t.close();
      }
      out.close();
      scope.deallocate();
    }
    Einblas.trim();
  }

  private static List<Form> forms(
      Catalogue.Case c, org.bytedeco.pytorch.Tensor[] x, org.bytedeco.pytorch.Tensor out) {
    List<Form> forms = new ArrayList<>();
    forms.add(
        new Form(
            "einsum",
            () -> {
              try (TensorVector operands = new TensorVector(x);
                  org.bytedeco.pytorch.Tensor result = einsum(c.equation(), operands)) {
                result.data_ptr();
              }
            }));
    switch (c.equation()) {
      case "ab,bc->ac", "bik,bkj->bij" -> forms.add(new Form("matmul_out", () -> close(matmul_out(out, x[0], x[1]))));
      case "rd,od->ro" -> {
        org.bytedeco.pytorch.Tensor transposed = x[1].t();
        forms.add(new Form("matmul_out", () -> close(matmul_out(out, x[0], transposed))));
      }
      case "nhd,khd->nkhd" -> product(forms, out, x[0].unsqueeze(1), x[1].unsqueeze(0));
      case "bij,k->bijk" -> product(forms, out, x[0].unsqueeze(3), x[1]);
      case "ijk,il->ijkl" -> product(forms, out, x[0].unsqueeze(3), x[1].unsqueeze(1).unsqueeze(1));
      case "ixy,jxy->ijxy" -> product(forms, out, x[0].unsqueeze(1), x[1].unsqueeze(0));
      case "a,a->a", "ij,ij->ij" -> product(forms, out, x[0], x[1]);
      default -> {}
    }
    return forms;
  }

  private static void product(
      List<Form> forms,
      org.bytedeco.pytorch.Tensor out,
      org.bytedeco.pytorch.Tensor a,
      org.bytedeco.pytorch.Tensor b) {
    forms.add(new Form("mul_out", () -> close(mul_out(out, a, b))));
  }

  private static void close(org.bytedeco.pytorch.Tensor t) {
    t.close();
  }

  /** Median nanoseconds of both, in turns of some milliseconds. */
  private static double[] alternate(Form a, Form b, int threads) {
    int repeatA = repeat(a);
    int repeatB = repeat(b);
    int samples = 9;
    double[] timesA = new double[samples];
    double[] timesB = new double[samples];
    long start = System.nanoTime();
    for (int i = 0; i < samples; i++) {
      // The process has one OpenBLAS: single-threaded inside einblas's regions, as many threads as PyTorch has otherwise.
      blas_set_num_threads(1);
      timesA[i] = sample(a, repeatA);
      blas_set_num_threads(threads);
      timesB[i] = sample(b, repeatB);
      if (System.nanoTime() - start > 4_000_000_000L && i >= 2) {
        timesA = Arrays.copyOf(timesA, i + 1);
        timesB = Arrays.copyOf(timesB, i + 1);
        break;
      }
    }
    Arrays.sort(timesA);
    Arrays.sort(timesB);
    return new double[] {timesA[timesA.length / 2], timesB[timesB.length / 2]};
  }

  private static int repeat(Form form) {
    long start = System.nanoTime();
    int n = 0;
    do {
      form.run().run();
      n++;
    } while (System.nanoTime() - start < 100_000_000L);
    return Math.max(1, n / 20);
  }

  private static double sample(Form form, int repeat) {
    long start = System.nanoTime();
    for (int i = 0; i < repeat; i++) {
      form.run().run();
    }
    return (System.nanoTime() - start) / (double) repeat;
  }
}
