// Benchmarks: running a job outside JMH: its fingerprint, and which of several forms is fastest.
package io.github.einblas.bench;

import io.github.einblas.DType;
import java.util.Arrays;
import java.util.List;

/** Short runs of jobs. */
public final class Trial {
  private Trial() {}

  /** Unit roundoff's double of a type. */
  public static double epsilon(DType dtype) {
    return switch (dtype) {
      case F32 -> Math.ulp(1f);
      case F64 -> Math.ulp(1d);
      case I32, I64 -> throw new AssertionError(dtype);
    };
  }

  /** Runs a job once and takes its result's fingerprint. */
  public static double[] fingerprint(Rival.Job job, Catalogue.Case c) {
    job.run();
    return Fingerprint.of(job::result, Arrays.stream(c.outputShape()).reduce(1, (a, b) -> a * b));
  }

  /** The job with the least time per call, in 30 ms of calls each, or two calls of a slow one. */
  public static Rival.Job fastest(List<Rival.Job> jobs) {
    Rival.Job best = jobs.get(0);
    double least = Double.MAX_VALUE;
    for (Rival.Job job : jobs.size() > 1 ? jobs : List.<Rival.Job>of()) {
      double time = Trial.nanos(job, 30_000_000L, 1)[0];
      if (time < least) {
        least = time;
        best = job;
      }
    }
    return best;
  }

  /**
   * Nanoseconds per call, sorted: samples of at least a fortieth of the time each, until the time
   * is over, but not fewer than so many.
   */
  public static double[] nanos(Rival.Job job, long budget, int samples) {
    int repeat = 1;
    long took = sample(job, 1);
    while (took < budget / 40 && repeat < 1 << 22) {
      repeat =
          (int)
              Math.min(
                  8L * repeat, Math.max(repeat + 1, (budget / 40) * repeat / Math.max(took, 1)));
      took = sample(job, repeat);
    }
    double[] times = new double[64];
    int n = 0;
    long start = System.nanoTime();
    while (n < times.length && (n < samples || System.nanoTime() - start < budget)) {
      times[n++] = (double) sample(job, repeat) / repeat;
    }
    times = Arrays.copyOf(times, n);
    Arrays.sort(times);
    return times;
  }

  private static long sample(Rival.Job job, int repeat) {
    long start = System.nanoTime();
    for (int r = 0; r < repeat; r++) {
      job.run();
    }
    return System.nanoTime() - start;
  }
}
