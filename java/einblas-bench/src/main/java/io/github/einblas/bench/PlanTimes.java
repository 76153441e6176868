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
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * For each case, type and number of threads: the best time of a plan without a limit, and of plans
 * whose limit leaves some bytes beside the result; each beside the time that the plan's report
 * predicts. One line for each, and a summary.
 *
 * <pre>
 * PlanTimes [-t 1,2] [-d f32,f64] [-b KB,KB...] [-s SECONDS] limits|catalogue|sweeps [NAME-REGEX]
 * </pre>
 */
public final class PlanTimes {
  private static final String USAGE =
      "PlanTimes [-t 1,2] [-d f32,f64] [-b KB,KB...] [-s SECONDS] limits|catalogue|sweeps"
          + " [NAME-REGEX]";

  /** Runs are timed in groups that take this long, as the clock's ticks are some 10 ns. */
  private static final double GROUP_NANOS = 20_000;

  private static final String ALL = "all";

  private static final int LARGEST_GROUP = 400;

  private final List<Double> overUnlimited = new ArrayList<>();

  /** Predicted over actual times by kernels and by type and threads. */
  private final Map<String, List<Double>> predictions = new TreeMap<>();

  private int[] threads = {1, 2};
  private DType[] types = {DType.F32, DType.F64};
  private long[] kilobytes = {};
  private double seconds = 0.1;

  private PlanTimes() {}

  /** Prints a line for each plan. */
  public static void main(String[] args) {
    PlanTimes own;
    Map<String, Catalogue.Case> cases;
    Pattern wanted;
    try {
      own = new PlanTimes();
      List<String> rest = own.options(args);
      cases = cases(rest.isEmpty() ? "limits" : rest.get(0));
      wanted = Pattern.compile(rest.size() > 1 ? rest.get(1) : "");
      if (rest.size() > 2) {
        throw new IllegalArgumentException("too many arguments: " + rest);
      }
    } catch (IllegalArgumentException e) {
      System.err.println(e.getMessage());
      System.err.println(USAGE);
      System.exit(2);
      return;
    }
    for (Catalogue.Case c : cases.values()) {
      if (wanted.matcher(c.name()).find()) {
        own.run(c);
      }
    }
    own.summary();
  }

  private static Map<String, Catalogue.Case> cases(String file) {
    return switch (file) {
      case "limits" -> Catalogue.limits();
      case "catalogue" -> Catalogue.load();
      case "sweeps" -> Catalogue.sweeps();
      default -> throw new IllegalArgumentException("no such cases: " + file);
    };
  }

  /** Takes options; returns what follows them. */
  private List<String> options(String[] args) {
    int next = 0;
    for (; next < args.length && args[next].startsWith("-"); next += 2) {
      if (next + 1 == args.length) {
        throw new IllegalArgumentException(args[next] + " needs a value");
      }
      try {
        option(args[next], args[next + 1]);
      } catch (NumberFormatException e) {
        throw new IllegalArgumentException(args[next] + " " + args[next + 1] + ": no number", e);
      }
    }
    return List.of(args).subList(next, args.length);
  }

  private void option(String name, String value) {
    switch (name) {
      case "-t" -> threads = Arrays.stream(value.split(",")).mapToInt(Integer::parseInt).toArray();
      case "-d" ->
          types =
              Arrays.stream(value.toUpperCase(Locale.ROOT).split(","))
                  .map(DType::valueOf)
                  .toArray(DType[]::new);
      case "-b" -> kilobytes = Arrays.stream(value.split(",")).mapToLong(Long::parseLong).toArray();
      case "-s" -> seconds = Double.parseDouble(value);
      default -> throw new IllegalArgumentException("no such option: " + name);
    }
  }

  private void run(Catalogue.Case c) {
    for (DType type : types) {
      Tensor[] operands = new Tensor[c.shapes().length];
      for (int t = 0; t < operands.length; t++) {
        operands[t] = Tensor.empty(type, c.shapes()[t]);
        NativeArray.at(operands[t].address(), type, operands[t].size())
            .setOperand(t, operands[t].size(), c.scale(t));
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
    List<String> kernels = report.steps().stream().map(PlanReport.Step::kernel).distinct().toList();
    for (String group : List.of(name.substring(25, 30), String.join("+", kernels))) {
      predictions.computeIfAbsent(group, g -> new ArrayList<>()).add(predicted);
    }
    predictions.computeIfAbsent(ALL, g -> new ArrayList<>()).add(predicted);
    if (report.slices() > 1) {
      predictions.computeIfAbsent("in slices", g -> new ArrayList<>()).add(predicted);
    }
    if (kb >= 0) {
      overUnlimited.add(took / whole);
    }
    System.out.printf(
        Locale.ROOT,
        "%s %10.3f us %6.2fx predicted %5.2f slices %d planned in %.1f ms, %s%s%n",
        name,
        took * 1e6,
        kb < 0 ? 1 : took / whole,
        predicted,
        report.slices(),
        planning,
        kernels,
        report.reliable() ? "" : ", unreliable");
    System.out.flush();
    return took;
  }

  private double best(EinsumPlan plan, Tensor out, Tensor[] operands) {
    plan.runInto(out, operands);
    long first = System.nanoTime();
    plan.runInto(out, operands);
    double once = Math.max(1, System.nanoTime() - first);
    int group = (int) Math.max(1, Math.min(LARGEST_GROUP, GROUP_NANOS / once));
    double best = Double.POSITIVE_INFINITY;
    long end = System.nanoTime() + (long) (seconds * 1e9);
    for (int run = 0; run < 3 || System.nanoTime() < end; run++) {
      long start = System.nanoTime();
      for (int i = 0; i < group; i++) {
        plan.runInto(out, operands);
      }
      best = Math.min(best, (System.nanoTime() - start) * 1e-9 / group);
    }
    return best;
  }

  private void summary() {
    predictions.forEach(
        (group, ratios) -> {
          double[] off = ratios.stream().mapToDouble(r -> Math.max(r, 1 / r)).sorted().toArray();
          System.out.printf(
              Locale.ROOT,
              "%-24s %4d plans: predicted within 1.5x %d, within 3x %d, worst %.2fx%n",
              group,
              off.length,
              Arrays.stream(off).filter(r -> r <= 1.5).count(),
              Arrays.stream(off).filter(r -> r <= 3).count(),
              off[off.length - 1]);
        });
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
