// Benchmarks: what memory limits cost, and how good predictions are.
package io.github.einblas.bench;

import io.github.einblas.DType;
import io.github.einblas.Einblas;
import io.github.einblas.Einsum;
import io.github.einblas.EinsumPlan;
import io.github.einblas.MemoryLimitException;
import io.github.einblas.PlanOptions;
import io.github.einblas.PlanReport;
import io.github.einblas.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * For each case, type and number of threads: the best time of a plan without a limit, and of plans
 * whose limit leaves some bytes beside the result; each beside the time that the plan's report
 * predicts. One line for each, and a summary.
 *
 * <pre>PlanTimes [-t 1,2] [-d f32,f64] [-b KB,KB...] [-s SECONDS] limits|catalogue [NAME-REGEX]
 * </pre>
 */
public final class PlanTimes {
  private final List<Double> overUnlimited = new ArrayList<>();
  private final List<Double> predictions = new ArrayList<>();
  private int[] threads = {1, 2};
  private DType[] types = {DType.F32, DType.F64};
  private long[] kilobytes = {};
  private double seconds = 0.1;

  private PlanTimes() {}

  /** Prints a line for each plan. */
  public static void main(String[] args) {
    PlanTimes own = new PlanTimes();
    int next = 0;
    for (; next < args.length && args[next].startsWith("-"); next += 2) {
      String value = args[next + 1];
      switch (args[next]) {
        case "-t" ->
            own.threads = Arrays.stream(value.split(",")).mapToInt(Integer::parseInt).toArray();
        case "-d" ->
            own.types =
                Arrays.stream(value.toUpperCase(Locale.ROOT).split(","))
                    .map(DType::valueOf)
                    .toArray(DType[]::new);
        case "-b" ->
            own.kilobytes = Arrays.stream(value.split(",")).mapToLong(Long::parseLong).toArray();
        case "-s" -> own.seconds = Double.parseDouble(value);
        default -> throw new IllegalArgumentException("no such option: " + args[next]);
      }
    }
    boolean limits = next >= args.length || args[next].equals("limits");
    Map<String, Catalogue.Case> cases = limits ? Catalogue.limits() : Catalogue.load();
    Pattern wanted = Pattern.compile(next + 1 < args.length ? args[next + 1] : "");
    for (Catalogue.Case c : cases.values()) {
      if (wanted.matcher(c.name()).find()) {
        own.run(c);
      }
    }
    own.summary();
  }

  private void run(Catalogue.Case c) {
    for (DType type : types) {
      Tensor[] operands = new Tensor[c.shapes().length];
      for (int t = 0; t < operands.length; t++) {
        operands[t] = Tensor.empty(type, c.shapes()[t]);
        NativeArray.at(operands[t].address(), type, operands[t].size())
            .setOperand(t, operands[t].size());
      }
      try (Tensor out = Tensor.empty(type, c.outputShape())) {
        for (int n : threads) {
          Einblas.setThreads(n);
          double whole = line(c, n, -1, 0, out, operands);
          for (long kb : kilobytes) {
            line(c, n, kb, whole, out, operands);
          }
        }
      } finally {
        Arrays.stream(operands).forEach(Tensor::close);
      }
    }
  }

  /** A plan without a limit where kb is negative; returns the best time of a run. */
  private double line(
      Catalogue.Case c, int n, long kb, double whole, Tensor out, Tensor[] operands) {
    DType type = out.dtype();
    String name =
        String.format(
            Locale.ROOT,
            "%-24s %s %d %9s",
            c.name(),
            type.name().toLowerCase(Locale.ROOT),
            n,
            kb < 0 ? "no limit" : "+" + kb + " KB");
    long limit = kb < 0 ? Long.MAX_VALUE : out.size() * type.bytes() + (kb << 10);
    long start = System.nanoTime();
    EinsumPlan plan;
    try {
      PlanOptions options = PlanOptions.DEFAULT.withMemoryLimit(limit);
      plan = Einsum.plan(c.equation(), options, operands);
    } catch (MemoryLimitException e) {
      System.out.printf(
          Locale.ROOT,
          "%s least %d KB%n",
          name,
          (e.neededBytes() - out.size() * type.bytes()) >> 10);
      return Double.NaN;
    }
    double planning = (System.nanoTime() - start) * 1e-6;
    double took = best(plan, out, operands);
    PlanReport report = plan.report();
    double predicted = report.predictedSeconds() / took;
    predictions.add(predicted);
    if (kb >= 0) {
      overUnlimited.add(took / whole);
    }
    System.out.printf(
        Locale.ROOT,
        "%s %10.3f us %6.2fx predicted %5.2f slices %d planned in %.1f ms, %s%n",
        name,
        took * 1e6,
        kb < 0 ? 1 : took / whole,
        predicted,
        report.slices(),
        planning,
        report.steps().stream().map(PlanReport.Step::kernel).distinct().toList());
    System.out.flush();
    return took;
  }

  private double best(EinsumPlan plan, Tensor out, Tensor[] operands) {
    plan.runInto(out, operands);
    double best = Double.POSITIVE_INFINITY;
    long end = System.nanoTime() + (long) (seconds * 1e9);
    for (int run = 0; run < 3 || System.nanoTime() < end; run++) {
      long start = System.nanoTime();
      plan.runInto(out, operands);
      best = Math.min(best, (System.nanoTime() - start) * 1e-9);
    }
    return best;
  }

  private void summary() {
    long close = predictions.stream().filter(r -> r <= 1.5 && r >= 1 / 1.5).count();
    long near = predictions.stream().filter(r -> r <= 3 && r >= 1 / 3.0).count();
    System.out.printf(
        "%d plans: predicted within 1.5x %d, within 3x %d%n", predictions.size(), close, near);
    if (!overUnlimited.isEmpty()) {
      long within = overUnlimited.stream().filter(r -> r <= 3).count();
      System.out.printf(
          Locale.ROOT,
          "%d limits: within 3x %d, at most %.2fx%n",
          overUnlimited.size(),
          within,
          overUnlimited.stream().mapToDouble(r -> r).max().getAsDouble());
    }
  }
}
