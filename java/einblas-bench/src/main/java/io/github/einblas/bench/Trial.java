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
      case F32, C64 -> Math.ulp(1f);
      case F64, C128 -> Math.ulp(1d);
      case F16 -> 0x1p-10;
      case BF16 -> 0x1p-7;
      case I32, I64, I8, U8, I16, BOOL -> 0;
    };
  }

  /** Runs a job once and takes its result's fingerprint. */
  public static double[] fingerprint(Rival.Job job, Work c) {
    job.run();
    return Fingerprint.of(job::result, c.results());
  }

  /**
   * The job with the least time per call, in 30 ms of calls each. One whose single call takes three
   * times as long as the best so far is not tried further.
   */
  public static Rival.Job fastest(List<Rival.Job> jobs) {
    Rival.Job best = jobs.get(0);
    double least = Double.MAX_VALUE;
    for (Rival.Job job : jobs.size() > 1 ? jobs : List.<Rival.Job>of()) {
      long once = sample(job, 1);
      if (once > 10_000_000L && once > 3 * least) {
        continue;
      }
      double time = once > 30_000_000L ? once : Trial.nanos(job, 30_000_000L, 1)[0];
      if (time < least) {
        least = time;
        best = job;
      }
    }
    return best;
  }

  /** Calls a job until its Java code is compiled: a second of calls below a millisecond. */
  public static void warmUp(Rival.Job job) {
    if (sample(job, 1) < 5_000_000L && sample(job, 1) < 1_000_000L) {
      nanos(job, 1_000_000_000L, 1);
    }
  }

  /**
   * Nanoseconds per call, sorted: samples of at least a fortieth of the time each, until the time
   * is over, but not fewer than so many; of a call that takes five times the whole time, two are
   * enough.
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
    if (repeat == 1 && took > budget / 4) {
      times[n++] = took; // the first call is no slower than the next ones: the result was checked
    }
    int least = took > 5 * budget ? Math.min(samples, 2) : samples;
    long start = System.nanoTime();
    while (n < times.length && (n < least || System.nanoTime() - start < budget)) {
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
