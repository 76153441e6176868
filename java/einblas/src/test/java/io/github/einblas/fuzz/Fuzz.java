// Test support: runs a fuzzer's rounds, one seed each, and says how to repeat the one that fails.
package io.github.einblas.fuzz;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What all fuzzers have in common. A fuzzer is a test class {@code ...FuzzTest} whose test calls
 * {@link #run}; a round makes everything it does from its seed alone.
 *
 * <table>
 * <caption>System properties</caption>
 * <tr><td>none</td><td>the short run: a fixed number of fixed seeds, some seconds</td></tr>
 * <tr><td>{@code fuzz=H}</td><td>H hours (0.1 or 3, say) for each fuzzer, random seeds</td></tr>
 * <tr><td>{@code einblas.fuzz.minutes=M}</td><td>the same in minutes</td></tr>
 * <tr><td>{@code einblas.fuzz.seed=N}</td><td>the round of seed N alone</td></tr>
 * </table>
 *
 * <p>The seed of the round that runs is in {@code target/fuzz/NAME.seed} too, so that it is known
 * after a crash of the JVM. A round that takes longer than two minutes ends the JVM.
 */
public final class Fuzz {
  private static final long HANG_SECONDS = 120;

  private Fuzz() {}

  /** One round. */
  @FunctionalInterface
  public interface Round {
    /** Does all that follows from the seed; anything thrown is a failure. */
    void run(long seed) throws Throwable;
  }

  /**
   * Runs rounds and throws at the first that fails, after printing the line that repeats it.
   *
   * @param name short, for the output and the seed file
   * @param shortRounds rounds when no property says how long
   */
  public static void run(String name, int shortRounds, Round round) {
    Class<?> test =
        StackWalker.getInstance(StackWalker.Option.RETAIN_CLASS_REFERENCE).getCallerClass();
    String repeat =
        "mvn -o -pl java/einblas -am test -DskipNativeTests -Dsurefire.failIfNoSpecifiedTests=false"
            + " -Dtest="
            + test.getSimpleName()
            + " -Deinblas.fuzz.seed=";
    Long only = Long.getLong("einblas.fuzz.seed");
    double minutes = minutes();
    long first = only != null ? only : minutes > 0 ? first() : 1;
    // Seeds of a long run are drawn, not counted: two runs have none in common.
    SplittableRandom seeds = new SplittableRandom(first);
    long end = System.nanoTime() + (long) (minutes * 60e9);
    long rounds = 0;
    System.out.println(
        "fuzz " + name + ": " + (minutes > 0 ? minutes + " minutes" : "short") + " from " + first);
    try (Watch watch = new Watch(name, repeat)) {
      while (only != null
          ? rounds < 1
          : minutes > 0 ? System.nanoTime() - end < 0 : rounds < shortRounds) {
        long seed = only != null ? only : minutes > 0 ? seeds.nextLong() : first + rounds;
        watch.begin(seed);
        rounds++;
        try {
          round.run(seed);
        } catch (Throwable t) {
          String line = "FUZZ FAILED " + name + ": " + t + " | repeat: " + repeat + seed;
          System.out.println(line);
          throw new AssertionError(line, t);
        }
      }
    }
    System.out.println("fuzz " + name + ": " + rounds + " rounds, none failed");
  }

  /** Minutes asked for, 0 for the short run. */
  static double minutes() {
    String minutes = System.getProperty("einblas.fuzz.minutes");
    String hours = System.getProperty("fuzz");
    return minutes != null && !minutes.isEmpty()
        ? Double.parseDouble(minutes)
        : hours != null && !hours.isEmpty() ? 60 * Double.parseDouble(hours) : 0;
  }

  /** What the seeds of a run of minutes are drawn from: asked for, or the time. */
  static long first() {
    return Long.getLong("einblas.fuzz.first", System.nanoTime());
  }

  /** Where seeds and reports of fuzzers lie: {@code target/fuzz} of the module. */
  static Path folder() {
    try {
      return Files.createDirectories(Path.of("target", "fuzz"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Keeps the seed at hand in a file and ends a JVM whose round hangs. */
  static final class Watch implements AutoCloseable {
    private final MappedByteBuffer seedFile;
    private final AtomicLong begun = new AtomicLong(System.nanoTime());
    private final Thread thread;
    private volatile long seed;

    Watch(String name, String repeat) {
      try (FileChannel c =
          FileChannel.open(
              folder().resolve(name + ".seed"),
              StandardOpenOption.CREATE,
              StandardOpenOption.READ,
              StandardOpenOption.WRITE)) {
        seedFile = c.map(FileChannel.MapMode.READ_WRITE, 0, 21);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      thread = new Thread(() -> watch(name, repeat), "fuzz watch " + name);
      thread.setDaemon(true);
      thread.start();
    }

    void begin(long newSeed) {
      seed = newSeed;
      begun.set(System.nanoTime());
      seedFile.put(0, String.format("%-20d%n", newSeed).getBytes(StandardCharsets.US_ASCII), 0, 21);
    }

    @SuppressWarnings("SystemExitOutsideMain")
    private void watch(String name, String repeat) {
      try {
        do {
          Thread.sleep(500);
        } while (System.nanoTime() - begun.get() < TimeUnit.SECONDS.toNanos(HANG_SECONDS));
      } catch (InterruptedException e) {
        return;
      }
      System.err.println("FUZZ HANGS " + name + ": repeat: " + repeat + seed);
      for (Map.Entry<Thread, StackTraceElement[]> e : Thread.getAllStackTraces().entrySet()) {
        System.err.println(e.getKey());
        for (StackTraceElement frame : e.getValue()) {
          System.err.println("    at " + frame);
        }
      }
      System.err.flush();
      Runtime.getRuntime().halt(3);
    }

    @Override
    public void close() {
      thread.interrupt();
    }
  }
}
