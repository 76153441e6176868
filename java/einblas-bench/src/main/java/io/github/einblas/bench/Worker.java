// Benchmarks: a process that measures one implementation, case by case, as it is told on its
// standard input.
package io.github.einblas.bench;

import io.github.einblas.DType;
import io.github.einblas.Einblas;
import io.github.einblas.Einsum;
import io.github.einblas.EinsumPlan;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Argument: the implementation. A line {@code CASE DTYPE THREADS REFERENCE MILLISECONDS STYLES}
 * (tabs between) is answered by rows of {@link Result} after the word {@code row} and then {@code
 * done}; einblas writes the reference, the others are compared with it. The line {@code limits
 * THREADS} is answered by the machine's limits. Each rival has a process of its own: their OpenMP
 * and OpenBLAS threads would get in each other's way.
 */
public final class Worker {
  /**
   * einblas's own result is checked by random sums up to here; it takes seconds for larger ones,
   * which the other implementations compute too.
   */
  private static final double VERIFIED_BYTES = 4 << 20;

  private final Rival rival;
  private final PrintStream replies;
  private final Limits limits = new Limits();
  private final Set<String> warmed = new HashSet<>();

  private Worker(Rival rival, PrintStream replies) {
    this.rival = rival;
    this.replies = replies;
  }

  /** Serves until the input ends. */
  public static void main(String[] arguments) throws IOException {
    PrintStream replies = System.out;
    System.setOut(System.err); // libraries print there
    Worker worker = new Worker(Rival.named(arguments[0]), replies);
    try (BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        String[] fields = line.split("\t");
        if (fields[0].equals("limits")) {
          worker.limits(Integer.parseInt(fields[1]));
        } else {
          worker.measure(
              fields[0],
              DType.valueOf(fields[1]),
              Integer.parseInt(fields[2]),
              Path.of(fields[3]),
              Long.parseLong(fields[4]),
              fields[5]);
        }
        replies.println("done");
        replies.flush();
      }
    }
  }

  private void measure(
      String name, DType dtype, int threads, Path reference, long millis, String styles) {
    Structured structured = Structured.load().get(name);
    Work c = structured != null ? structured : Catalogue.find(name);
    for (String word : styles.split(",")) {
      Rival.Style style = Rival.Style.valueOf(word);
      List<Rival.Job> jobs = new ArrayList<>();
      try {
        rival.setThreads(threads);
        if (!rival.has(dtype)) {
          return; // as of a case that it cannot do
        }
        if (c instanceof Catalogue.Case product) {
          jobs.addAll(rival.jobs(product, dtype, style));
        } else if (style == Rival.Style.BEST && dtype.isFloating()) {
          jobs.addAll(rival.structured(structured, dtype));
        }
        if (!jobs.isEmpty()) {
          row(c, dtype, threads, style, verified(jobs, c, dtype, reference), millis);
        }
      } catch (IOException | RuntimeException | OutOfMemoryError | LinkageError e) {
        replies.println(
            "row\t"
                + Result.failed(rival.name(), rival.version(), style, c, dtype, threads, e).line());
      } finally {
        jobs.forEach(Rival.Job::close);
      }
    }
  }

  /** The fastest of the jobs, all of whose results are einblas's. */
  private Rival.Job verified(List<Rival.Job> jobs, Work c, DType dtype, Path reference)
      throws IOException {
    for (Rival.Job job : jobs) {
      double[] print = Trial.fingerprint(job, c);
      if (Files.exists(reference)) {
        double tolerance = Fingerprint.tolerance(c, Trial.epsilon(dtype));
        try {
          Fingerprint.check(print, Fingerprint.read(reference), tolerance);
        } catch (IllegalStateException e) {
          throw new IllegalStateException(job.form() + ": " + e.getMessage(), e);
        }
      } else {
        if (c.bytes(dtype) <= VERIFIED_BYTES) {
          job.verify();
        }
        Fingerprint.write(reference, print);
      }
    }
    return Trial.fastest(jobs);
  }

  private void row(
      Work c, DType dtype, int threads, Rival.Style style, Rival.Job job, long millis) {
    double flops = 0;
    Limits.Bound bound = new Limits.Bound(0, "");
    if (rival instanceof EinblasRival && c instanceof Structured structured) {
      flops = structured.flops();
      bound = limits.bound(c, dtype, threads, flops);
    } else if (rival instanceof EinblasRival && c instanceof Catalogue.Case product) {
      EinsumPlan plan = Einsum.plan(product.equation(), dtype, product.shapes());
      flops = plan.flops();
      bound =
          plan.path().length > 1
              ? limits.bound(plan.report(), dtype, threads)
              : limits.bound(c, dtype, threads, flops);
    }
    String code = job.form() + (c instanceof Catalogue.Case p ? p.equation() : c.group());
    if (warmed.add(code)) {
      Trial.warmUp(job);
    }
    double[] nanos = Trial.nanos(job, millis * 1_000_000L, 3);
    replies.println(
        "row\t"
            + new Result(
                    rival.name(),
                    rival.version(),
                    style,
                    job.form(),
                    c.name(),
                    dtype,
                    threads,
                    quantile(nanos, 0.5) / 1e3,
                    quantile(nanos, 0.25) / 1e3,
                    quantile(nanos, 0.75) / 1e3,
                    nanos[0] / 1e3,
                    nanos.length,
                    flops,
                    c.bytes(dtype),
                    bound.microseconds(),
                    bound.limit(),
                    0,
                    "")
                .line());
  }

  /** Between the two samples nearest to it. */
  private static double quantile(double[] sorted, double share) {
    double at = share * (sorted.length - 1);
    int below = (int) at;
    int above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
  }

  private void limits(int threads) {
    limits.reset();
    for (DType dtype : DType.floating()) {
      limit("P " + dtype, threads, limits.peak(dtype, threads));
    }
    for (Einblas.Traffic what : Einblas.Traffic.values()) {
      String name = "B " + what.name().toLowerCase(Locale.ROOT);
      limit(name + " DRAM", threads, limits.bandwidth(what, 400L << 20, threads));
      limit(name + " L3", threads, limits.bandwidth(what, 12L << 20, threads));
      limit(name + " L2", threads, limits.bandwidth(what, (400L << 10) * threads, threads));
      limit(name + " L1", threads, limits.bandwidth(what, (24L << 10) * threads, threads));
    }
  }

  private void limit(String name, int threads, double rate) {
    replies.printf(Locale.ROOT, "limit\t%s\t%d\t%.4g%n", name, threads, rate / 1e9);
  }
}
