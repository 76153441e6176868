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
import java.util.List;
import java.util.Locale;

/**
 * Argument: the implementation. A line {@code CASE DTYPE THREADS REFERENCE MILLISECONDS STYLES}
 * (tabs between) is answered by rows of {@link Result} after the word {@code row} and then {@code
 * done}; einblas writes the reference, the others are compared with it. The line {@code limits
 * THREADS} is answered by the machine's limits. Each rival has a process of its own: their OpenMP
 * and OpenBLAS threads would get in each other's way.
 */
public final class Worker {
  private final Rival rival;
  private final PrintStream replies;
  private final Limits limits = new Limits();

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
              Catalogue.find(fields[0]),
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
      Catalogue.Case c, DType dtype, int threads, Path reference, long millis, String styles) {
    for (String name : styles.split(",")) {
      Rival.Style style = Rival.Style.valueOf(name);
      List<Rival.Job> jobs = new ArrayList<>();
      try {
        rival.setThreads(threads);
        jobs.addAll(rival.jobs(c, dtype, style));
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
  private Rival.Job verified(List<Rival.Job> jobs, Catalogue.Case c, DType dtype, Path reference)
      throws IOException {
    for (Rival.Job job : jobs) {
      double[] print = Trial.fingerprint(job, c);
      job.verify();
      if (Files.exists(reference)) {
        double tolerance = Fingerprint.tolerance(c, Trial.epsilon(dtype));
        try {
          Fingerprint.check(print, Fingerprint.read(reference), tolerance);
        } catch (IllegalStateException e) {
          throw new IllegalStateException(job.form() + ": " + e.getMessage(), e);
        }
      } else {
        Fingerprint.write(reference, print);
      }
    }
    return Trial.fastest(jobs);
  }

  private void row(
      Catalogue.Case c, DType dtype, int threads, Rival.Style style, Rival.Job job, long millis) {
    double flops = 0;
    Limits.Bound bound = new Limits.Bound(0, "");
    if (rival instanceof EinblasRival) {
      EinsumPlan plan = Einsum.plan(c.equation(), dtype, c.shapes());
      flops = plan.flops();
      bound =
          plan.path().length > 1
              ? limits.bound(plan.report(), dtype, threads)
              : limits.bound(c, dtype, threads, flops);
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
                    nanos[nanos.length / 2] / 1e3,
                    nanos[0] / 1e3,
                    nanos.length,
                    flops,
                    Limits.bytes(c, dtype),
                    bound.microseconds(),
                    bound.limit(),
                    "")
                .line());
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
