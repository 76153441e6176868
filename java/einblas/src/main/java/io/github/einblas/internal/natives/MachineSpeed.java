// Explanations: how fast this machine computes and copies, measured when it is asked for.
package io.github.einblas.internal.natives;

import io.github.einblas.DType;
import io.github.einblas.NativeMemoryException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * Rates that predictions are made with: of a matrix product, and of copies that fit some cache or
 * none. Each is measured when it is first asked for, in some 10 ms, and kept unless the machine was
 * busy. Thread-safe.
 */
public final class MachineSpeed {
  /** Of this machine. */
  public static final MachineSpeed THIS = new MachineSpeed(new NativeProbe());

  /** Copies of fewer bytes take L1 as well as calls; of more, memory as these do. */
  private static final int LEAST_BITS = 16;

  private static final int MOST_BITS = 27;

  /**
   * Repeats that take so much longer together than as many of the fastest: others had the machine.
   */
  private static final double BUSY = 1.5;

  /** A copy that memory has no room for is made so many times smaller at a time. */
  private static final int SHRINK_BITS = 2;

  /** Seconds of each of a few repeats. */
  interface Probe {
    /** Of a product of n by n matrices. */
    double[] product(DType type, int threads, int n);

    /** Of a copy; both sides together have so many bytes. */
    double[] copy(int threads, long bytes);
  }

  private record Key(DType type, int threads, int bits) {}

  /**
   * A measured rate.
   *
   * @param perSecond operations or bytes
   * @param steady whether repeats took about the same time
   */
  public record Rate(double perSecond, boolean steady) {}

  private final Probe probe;
  private final Map<Key, Rate> known = new HashMap<>();

  MachineSpeed(Probe probe) {
    this.probe = probe;
  }

  /** A machine of these rates, for tests. */
  public static MachineSpeed fixed(double flops, double bandwidth, boolean steady) {
    double late = steady ? 1 : 10;
    return new MachineSpeed(
        new Probe() {
          @Override
          public double[] product(DType type, int threads, int n) {
            double took = 2.0 * n * n * n / flops / threads;
            return new double[] {took, took * late};
          }

          @Override
          public double[] copy(int threads, long bytes) {
            double took = bytes / bandwidth / threads;
            return new double[] {took, took * late};
          }
        });
  }

  /** Operations per second of a product of matrices. */
  public synchronized Rate flops(DType type, int threads) {
    Key key = new Key(type, threads, 0);
    Rate rate = known.get(key);
    if (rate == null) {
      int n = threads == 1 ? 256 : threads <= 8 ? 384 : 768;
      for (; rate == null; n /= 2) {
        try {
          rate = rate(2.0 * n * n * n, probe.product(type, threads, n));
        } catch (NativeMemoryException e) {
          if (n < 32) {
            throw e;
          }
        }
      }
      keep(key, rate);
    }
    return rate;
  }

  /** Bytes per second, read and written, of a copy of about so many bytes in all. */
  public synchronized Rate bandwidth(int threads, double bytes) {
    int bits = (int) Math.round(Math.log(Math.max(bytes, 1)) / Math.log(2));
    bits = Math.min(Math.max(bits, LEAST_BITS), MOST_BITS);
    Key key = new Key(DType.F64, threads, bits);
    Rate rate = known.get(key);
    if (rate == null) {
      for (int b = bits; rate == null; b -= SHRINK_BITS) {
        try {
          rate = rate(Math.scalb(1.0, b), probe.copy(threads, 1L << b));
        } catch (NativeMemoryException e) {
          if (b - SHRINK_BITS < LEAST_BITS) {
            throw e;
          }
        }
      }
      keep(key, rate);
    }
    return rate;
  }

  private void keep(Key key, Rate rate) {
    if (rate.steady()) {
      known.put(key, rate);
    }
  }

  private static Rate rate(double work, double[] seconds) {
    double best = Math.max(Arrays.stream(seconds).min().orElseThrow(), 1e-9);
    double mean = Arrays.stream(seconds).average().orElseThrow();
    return new Rate(work / best, mean <= BUSY * best);
  }

  /** Runs native steps: for 10 ms, longer than a busy machine lets one thread run alone. */
  private static final class NativeProbe implements Probe {
    private static final double SECONDS = 0.01;
    private static final int LEAST_RUNS = 4;
    private static final int MOST_RUNS = 1000;

    @Override
    public double[] product(DType type, int threads, int n) {
      long[] lengths = {n, n, n};
      long[] strides = {n, 0, 1, 0, 1, n, n, 1, 0};
      return seconds(type, threads, 2, lengths, strides, (long) n * n);
    }

    @Override
    public double[] copy(int threads, long bytes) {
      long elements = bytes / 2 / DType.F64.bytes();
      return seconds(DType.F64, threads, 1, new long[] {elements}, new long[] {1, 1}, elements);
    }

    private static double[] seconds(
        DType type, int threads, int operands, long[] lengths, long[] strides, long elements) {
      long bytes = elements * type.bytes();
      long all = (operands + 1) * bytes;
      long step =
          Native.createStep(type, operands, Math.min(2, lengths.length), lengths, strides, null);
      long memory = 0;
      try {
        memory = Native.alloc(all);
        zero(type, (operands + 1) * elements, memory, threads);
        double[] seconds = new double[MOST_RUNS];
        int runs = 0;
        double sum = 0;
        // The first one, not counted, finds cold caches and sleeping workers.
        for (int run = 0; run < MOST_RUNS && (run <= LEAST_RUNS || sum < SECONDS); run++) {
          long start = System.nanoTime();
          Native.runStep(step, memory, memory + bytes, 0, memory + operands * bytes, 1, 0, threads);
          double took = Math.max(System.nanoTime() - start, 1) * 1e-9;
          if (run > 0) {
            seconds[runs++] = took;
            sum += took;
          }
        }
        return Arrays.copyOf(seconds, runs);
      } finally {
        Native.free(memory, all);
        Native.destroyStep(step);
      }
    }

    /** What was there before may be slow to compute with. */
    private static void zero(DType type, long elements, long memory, int threads) {
      long zero = Native.createStep(type, 1, 1, new long[] {elements}, new long[] {0, 1}, null);
      try {
        Native.poke(memory, type, 0);
        Native.runStep(zero, memory, 0, 0, memory, 0, 0, threads);
      } finally {
        Native.destroyStep(zero);
      }
    }
  }
}
