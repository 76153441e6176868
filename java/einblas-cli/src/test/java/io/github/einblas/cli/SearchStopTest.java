// Test: Ctrl-C during a search, in processes of their own: what was found is kept.
package io.github.einblas.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.einblas.DType;
import io.github.einblas.Einsum;
import io.github.einblas.EinsumPlan;
import io.github.einblas.PlanOptions;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@DisabledOnOs(OS.WINDOWS)
@Timeout(120)
final class SearchStopTest {
  @TempDir Path folder;

  /** Waits until it is asked to stop, then writes what it has: a search without a search. */
  static final class Waits {
    private Waits() {}

    public static void main(String[] args) throws Exception {
      Streams io = Streams.ofProcess();
      try (SearchStop stop = new SearchStop(io)) {
        System.err.print("search");
        System.err.flush();
        while (!stop.isAsked()) {
          Thread.sleep(5);
        }
        Thread.sleep(200); // writing takes its time
        Files.writeString(Path.of(args[0]), "kept");
      }
      io.written();
      System.exit(0);
    }
  }

  /** The program, with a progress line whatever standard error is. */
  static final class OnTerminal {
    private OnTerminal() {}

    public static void main(String[] args) {
      FileOutputStream out = new FileOutputStream(FileDescriptor.out);
      System.exit(Main.run(new Streams(System.in, out, System.err, true), args));
    }
  }

  private static Process start(Class<?> main, String... args) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-XX:TieredStopAtLevel=1"));
    command.add(
        "-Dorg.bytedeco.javacpp.cachedir=" + System.getProperty("org.bytedeco.javacpp.cachedir"));
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
    command.addAll(List.of(args));
    return new ProcessBuilder(command).redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
  }

  /** Sends a signal when the process says that it searches; its exit status. */
  private static int stopped(Process process, String signal) throws Exception {
    try (InputStream err = process.getErrorStream()) {
      StringBuilder said = new StringBuilder();
      while (said.indexOf("search") < 0) {
        int c = err.read();
        assertTrue(c >= 0, () -> "it ended: " + said);
        said.append((char) c);
      }
      assumeTrue(signal.equals("TERM") || !ignoresInterrupts(process), "SIGINT is ignored here");
      String pid = Long.toString(process.pid());
      assertEquals(0, new ProcessBuilder("kill", "-" + signal, pid).start().waitFor());
      err.readAllBytes();
      assertTrue(process.waitFor(60, TimeUnit.SECONDS));
      return process.exitValue();
    } finally {
      process.destroyForcibly();
    }
  }

  /** As below a shell that was started in the background. */
  private static boolean ignoresInterrupts(Process process) throws IOException {
    Path status = Path.of("/proc/" + process.pid() + "/status");
    if (!Files.exists(status)) {
      return false;
    }
    return Files.readAllLines(status).stream()
        .filter(l -> l.startsWith("SigIgn:"))
        .anyMatch(l -> (Long.parseUnsignedLong(l.substring(7).strip(), 16) & 2) != 0);
  }

  @Test
  void outputIsWrittenBeforeTheProcessEnds() throws Exception {
    for (String signal : List.of("TERM", "INT")) {
      Path kept = folder.resolve(signal);
      int status = stopped(start(Waits.class, kept.toString()), signal);
      assertEquals(signal.equals("INT") ? 130 : 143, status);
      assertEquals("kept", Files.readString(kept));
    }
  }

  @Test
  void aSearchKeepsTheBestOrder() throws Exception {
    int n = 40;
    String equation = // each operand has labels in common with four others
        IntStream.range(0, n)
            .mapToObj(i -> letter(i) + letter((i + 1) % n) + letter((7 * i + 3) % n))
            .collect(Collectors.joining(",", "", "->"));
    long[][] shapes =
        IntStream.range(0, n).mapToObj(i -> new long[] {2, 2, 2}).toArray(long[][]::new);
    AtomicInteger calls = new AtomicInteger();
    PlanOptions probe =
        PlanOptions.DEFAULT
            .withSearchTime(Duration.ofMillis(300))
            .withSearchListener(found -> calls.incrementAndGet() > 0);
    Einsum.plan(equation, probe, DType.F64, shapes);
    assertTrue(calls.get() > 0, "the search tells how it goes");
    Path instance = folder.resolve("instance.json");
    Files.writeString(instance, "{\"equation\": \"" + equation + "\", \"sizes\": 2}");
    Path kept = folder.resolve("plan.json");
    long start = System.nanoTime();
    int status =
        stopped(
            start(
                OnTerminal.class,
                "plan",
                instance.toString(),
                "--time",
                "100s",
                "-o",
                kept.toString()),
            "INT");
    assertEquals(130, status);
    assertEquals(n - 1, EinsumPlan.fromJson(Files.readString(kept)).path().length);
    assertTrue(System.nanoTime() - start < 90e9);
    assertFalse(Files.exists(folder.resolve("plan.json.part")));
  }

  private static String letter(int i) {
    return Character.toString(i < 26 ? 'a' + i : 'A' + i - 26);
  }
}
