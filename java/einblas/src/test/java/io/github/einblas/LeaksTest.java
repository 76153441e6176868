// Reports of unclosed tensors, in processes that ask for them by EINBLAS_LEAKS.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.reference.ChildJvm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LeaksTest {
  @TempDir Path folder;

  /** Leaves tensors of several kinds to the collector, and closes others. */
  static final class Probe {
    private static void unclosed() {
      Tensor.ones(DType.F32, 10);
    }

    private static void chain(Tensor a) {
      Einsum.einsum("ij->ji", a).reshape(-1).close();
    }

    private static void matrix(Tensor a) {
      CsrMatrix.ofDense(a, 0);
    }

    @SuppressWarnings("try") // the scope is closed for what it holds
    private static void closed(Tensor a) {
      Einsum.einsum("ij->ji", a).reshape(-1).owning().close();
      CsrMatrix.ofDense(a, 0).close();
      a.copy().close();
      try (TensorScope scope = TensorScope.open()) {
        a.to(DType.F64);
      }
    }

    public static void main(String[] repeats) throws InterruptedException {
      try (Tensor a = Tensor.ones(DType.F32, 2, 2)) {
        for (int i = 0; i < Integer.parseInt(repeats[0]); i++) {
          unclosed();
          chain(a);
          matrix(a);
          closed(a);
        }
      }
      for (int i = 0; i < 20; i++) {
        System.gc();
        Thread.sleep(20);
      }
      System.out.println("report:");
      Einblas.leakReport().forEach(System.out::println);
    }
  }

  private String run(String level, int repeats) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(ChildJvm.plain());
    command.addAll(ChildJvm.classes());
    command.addAll(List.of(Probe.class.getName(), Integer.toString(repeats)));
    Path output = folder.resolve("output.txt");
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.redirectOutput(output.toFile()).environment().put("EINBLAS_LEAKS", level);
    Process child = builder.start();
    assertTrue(child.waitFor(2, TimeUnit.MINUTES), "still running: " + command);
    String text = Files.readString(output);
    assertEquals(0, child.exitValue(), text);
    return text;
  }

  private static int count(String text, String part) {
    return text.split(java.util.regex.Pattern.quote(part), -1).length - 1;
  }

  @Test
  void everyPlaceIsNamedAndCounted() throws Exception {
    String text = run("paranoid", 7);
    String report = text.substring(text.indexOf("report:"));
    String log = text.substring(0, text.indexOf("report:"));
    for (String place : List.of("unclosed", "chain", "matrix")) {
      assertEquals(1, count(log, "LeaksTest$Probe." + place + "("), text);
      assertEquals(1, count(report, "LeaksTest$Probe." + place + "("), text);
    }
    assertFalse(text.contains("Probe.closed("), text);
    assertTrue(report.contains("7 unclosed, 280 bytes, made\n    at io.github.einblas"), report);
    assertEquals(3, count(report, "7 unclosed, "), report);
    assertEquals(1, count(report, "owning() frees both"), report);
    assertFalse(text.contains("is watched"), text);
  }

  @Test
  void samplesAreFew() throws Exception {
    String text = run("1", 20_000);
    assertTrue(text.contains("one of 128 tensors is watched"), text);
    String report = text.substring(text.indexOf("report:"));
    java.util.regex.Matcher m = java.util.regex.Pattern.compile("(\\d+) unclosed").matcher(report);
    int places = 0;
    while (m.find()) {
      int n = Integer.parseInt(m.group(1));
      assertTrue(n > 20 && n < 1000, "20,000 / 128 = 156, got " + n);
      places++;
    }
    assertEquals(3, places, report);
  }

  @Test
  void nothingIsRecordedUnlessAskedFor() throws Exception {
    for (String level : List.of("", "0", "off")) {
      String text = run(level, 7);
      assertTrue(text.endsWith("report:\n") || text.endsWith("report:\r\n"), text);
      assertFalse(text.contains("Probe"), text);
    }
    String wrong = run("much", 7);
    assertTrue(wrong.contains("EINBLAS_LEAKS is \"much\", but must be off, 1 (or simple)"), wrong);
  }
}
