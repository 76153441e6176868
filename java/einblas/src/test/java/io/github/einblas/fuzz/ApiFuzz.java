// Test support: the API fuzzer as a program: a parent that runs rounds in a JVM, starts another one
// after a crash or a hang, and keeps the seeds of what failed.
package io.github.einblas.fuzz;

import io.github.einblas.Einblas;
import io.github.einblas.reference.ChildJvm;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * {@code ApiFuzz minutes M [FIRST]}, {@code ApiFuzz rounds N} or {@code ApiFuzz seed S}. Prints one
 * line for each failure and ends with 1 if there was one.
 */
final class ApiFuzz {
  private static final String NAME = "api";
  private static final String REPEAT =
      "mvn -o -pl java/einblas -am test -DskipNativeTests -Dsurefire.failIfNoSpecifiedTests=false"
          + " -Dtest=ApiFuzzTest -Deinblas.fuzz.seed=";
  private static final int MOST_FAILURES = 200;
  private static final int MOST_TEXT = 600;

  /** Rounds after which native bytes must be where they were. */
  private static final int TOGETHER = 64;

  /** How a child ends in which rounds failed; 1 is a crash. */
  private static final int FAILURES = 7;

  /** Failures after which one JVM is left for another. */
  private static final int MOST_IN_CHILD = 20;

  private ApiFuzz() {}

  /** Ends with 1 when something failed. */
  public static void main(String[] args) throws IOException, InterruptedException {
    if (args[0].equals("child")) {
      child(Double.parseDouble(args[1]), Long.parseLong(args[2]), Long.parseLong(args[3]));
      return;
    }
    List<String> failures = parent(args);
    failures.forEach(System.out::println);
    System.exit(failures.isEmpty() ? 0 : 1);
  }

  /** Runs children until the time or the rounds are over; the failures. */
  static List<String> parent(String... args) throws IOException, InterruptedException {
    boolean timed = args[0].equals("minutes");
    double minutes = timed ? Double.parseDouble(args[1]) : 0;
    long rounds =
        args[0].equals("rounds") ? Long.parseLong(args[1]) : args[0].equals("seed") ? 1 : 0;
    long first =
        args[0].equals("seed")
            ? Long.parseLong(args[1])
            : timed ? (args.length > 2 ? Long.parseLong(args[2]) : System.nanoTime()) : 1;
    long end = System.nanoTime() + (long) (minutes * 60e9);
    List<String> failures = new ArrayList<>();
    System.out.println("fuzz api: " + String.join(" ", args) + " from " + first);
    for (long from = first; ; from++) {
      double left = (end - System.nanoTime()) / 60e9;
      int code = start(failures, Double.toString(left), Long.toString(from), Long.toString(rounds));
      if (code == 0 || !timed || failures.size() >= MOST_FAILURES) {
        break;
      }
    }
    Files.write(Fuzz.folder().resolve("api.failures"), failures);
    return failures;
  }

  private static int start(List<String> failures, String... args)
      throws IOException, InterruptedException {
    List<String> command = ChildJvm.plain(); // a crash would leave half a report
    for (String p : new String[] {"org.bytedeco.javacpp.cachedir", "einblas.fuzz.trace"}) {
      if (System.getProperty(p) != null) {
        command.add("-D" + p + "=" + System.getProperty(p));
      }
    }
    command.add("--enable-native-access=ALL-UNNAMED");
    command.add("-Xmx512m");
    command.add("-XX:ErrorFile=" + Fuzz.folder().resolve("hs_err_%p.log"));
    command.add("-XX:-CreateCoredumpOnCrash");
    command.add("-cp");
    command.add(classPath());
    command.add(ApiFuzz.class.getName());
    command.add("child");
    command.addAll(List.of(args));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      for (String line; (line = lines.readLine()) != null; ) {
        if (line.startsWith("FUZZ FAILED")) {
          failures.add(line);
        }
        System.out.println(line);
      }
    } finally {
      process.destroyForcibly();
    }
    int code = process.waitFor();
    if (code != 0 && code != FAILURES) {
      String seed = Files.readString(Fuzz.folder().resolve(NAME + ".seed")).strip();
      String line =
          "FUZZ FAILED api: "
              + (code == 3 ? "HANGS" : "CRASHED with " + code)
              + " | repeat: "
              + REPEAT
              + seed;
      System.out.println(line);
      failures.add(line);
    }
    return code;
  }

  private static String classPath() {
    String surefire = System.getProperty("surefire.test.class.path");
    return surefire != null ? surefire : System.getProperty("java.class.path");
  }

  private static void child(double minutes, long first, long rounds) {
    SplittableRandom seeds = new SplittableRandom(first);
    long start = System.nanoTime();
    long end = start + (long) (minutes * 60e9);
    long done = 0;
    int failed = 0;
    try (Fuzz.Watch watch = new Fuzz.Watch(NAME, REPEAT)) {
      while ((rounds > 0 ? done < rounds : System.nanoTime() < end) && failed < MOST_IN_CHILD) {
        // Unreachable plans are freed by the collector, which is too slow for every round.
        long[] some = new long[(int) (rounds > 0 ? Math.min(TOGETHER, rounds - done) : TOGETHER)];
        for (int i = 0; i < some.length; i++) {
          some[i] = rounds > 0 ? first + done + i : seeds.nextLong();
        }
        done += some.length;
        failed += together(watch, some);
      }
    }
    System.out.printf(
        "fuzz api: %d rounds, %d calls of which %d were refused, %d failures, %.0f s%n",
        done, World.CALLS.get(), World.REFUSED.get(), failed, (System.nanoTime() - start) / 1e9);
    System.exit(failed == 0 ? 0 : FAILURES);
  }

  /** Runs rounds; when they leave native bytes behind, each once more to see which. */
  private static int together(Fuzz.Watch watch, long[] seeds) {
    int failed = 0;
    long before = Einblas.nativeBytesInUse();
    for (long seed : seeds) {
      failed += passes(watch, seed, false) ? 0 : 1;
    }
    try {
      ApiRound.settled(before);
    } catch (AssertionError | InterruptedException e) {
      int found = failed;
      for (long seed : seeds) {
        failed += passes(watch, seed, true) ? 0 : 1;
      }
      if (failed == found) {
        failed++;
        System.out.println("FUZZ FAILED api: " + e + " by the rounds " + Arrays.toString(seeds));
      }
    }
    return failed;
  }

  private static boolean passes(Fuzz.Watch watch, long seed, boolean settle) {
    watch.begin(seed);
    try {
      long before = Einblas.nativeBytesInUse();
      ApiRound.run(seed);
      if (settle) {
        ApiRound.settled(before);
      }
      return true;
    } catch (Throwable t) {
      String text = String.valueOf(t.getMessage()).replace('\n', ' ');
      text = text.length() > MOST_TEXT ? text.substring(0, MOST_TEXT) + " ..." : text;
      String kind = t.getClass().getSimpleName();
      System.out.println("FUZZ FAILED api: " + kind + " " + text + " | repeat: " + REPEAT + seed);
      if (Boolean.getBoolean("einblas.fuzz.trace")) {
        t.printStackTrace(System.out);
      }
      return false;
    }
  }
}
