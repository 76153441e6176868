// Test: the block-sparse subcommands over real files, and the example that trains.
package io.github.einblas.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class BlockCommandsTest {
  @TempDir Path folder;
  private Program program;

  /**
   * Two input blocks of size 1 and two output blocks of size 2; one example uses (1, 0), (1, 1).
   */
  @BeforeEach
  void oneExample() throws IOException {
    program = new Program(folder);
    program.put("w.npy", Tensor.of(new double[] {1, 2, 3, 4, 5, 6, 7, 8}, 2, 2, 1, 2));
    program.put("h.npy", Tensor.of(new double[] {10}, 1, 1, 1));
    program.put("o.npy", Tensor.of(new double[] {1, 1, 1, 1}, 1, 2, 2));
    program.put("bias.npy", Tensor.of(new double[] {100, 200, 300, 400}, 2, 2));
    program.put("in.npy", Tensor.of(new long[] {1}, 1, 1));
    program.put("out.npy", Tensor.of(new int[] {0, 1}, 1, 2));
  }

  @Test
  void gemv() throws IOException {
    program.done("block-gemv", "@o.npy", "@w.npy", "@h.npy", "@in.npy", "@out.npy", "-o", "@r.npy");
    assertArrayEquals(new double[] {51, 61, 71, 81}, program.get("r.npy"));
    program.done(
        "block-gemv",
        "@o.npy",
        "@w.npy",
        "@h.npy",
        "@in.npy",
        "@out.npy",
        "--alpha",
        "2",
        "--beta",
        "0",
        "-o",
        "@r.npy");
    assertArrayEquals(new double[] {100, 120, 140, 160}, program.get("r.npy"));
  }

  @Test
  void dot() throws IOException {
    program.done(
        "block-dot", "@w.npy", "@h.npy", "@in.npy", "@bias.npy", "@out.npy", "-o", "@r.npy");
    assertArrayEquals(new double[] {150, 260, 370, 480}, program.get("r.npy"));
  }

  @Test
  void outer() throws IOException {
    program.done(
        "block-outer",
        "@w.npy",
        "@h.npy",
        "@o.npy",
        "@in.npy",
        "@out.npy",
        "--alpha",
        "-1",
        "-o",
        "@r.npy");
    assertArrayEquals(new double[] {1, 2, 3, 4, -5, -4, -3, -2}, program.get("r.npy"));
  }

  @Test
  void gradients() throws IOException {
    String[] dot = {"@w.npy", "@h.npy", "@in.npy", "@out.npy", "@o.npy", "-o", "@g.npz"};
    program.done(joined(new String[] {"block-grad", "dot"}, dot));
    Map<String, Tensor> got = Tensor.readNpz(program.path("g.npz"));
    assertArrayEquals(new double[] {26}, got.get("d_h").toDoubleArray());
    assertArrayEquals(new double[] {0, 0, 0, 0, 10, 10, 10, 10}, got.get("d_W").toDoubleArray());
    assertArrayEquals(new double[] {1, 1, 1, 1}, got.get("d_bias").toDoubleArray());
    got.values().forEach(Tensor::close);
    String text = program.done(joined(new String[] {"block-grad", "gemv"}, first(dot, 5))).out();
    assertTrue(text.contains("d_o =") && text.contains("d_W =") && text.contains("d_h ="), text);
    text =
        program
            .done(
                "block-grad",
                "outer",
                "@h.npy",
                "@o.npy",
                "@in.npy",
                "@out.npy",
                "@w.npy",
                "--alpha",
                "2")
            .out();
    assertTrue(text.contains("d_alpha =") && text.contains("260"), text);
  }

  private static String[] joined(String[] a, String[] b) {
    String[] all = java.util.Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, all, a.length, b.length);
    return all;
  }

  private static String[] first(String[] a, int n) {
    return java.util.Arrays.copyOf(a, n);
  }

  @Test
  void nonsenseIsRefusedInOneLine() throws IOException {
    program.put("far.npy", Tensor.of(new long[] {2}, 1, 1));
    program.refused(
        "inputIndex[0][0] is 2",
        "block-gemv",
        "@o.npy",
        "@w.npy",
        "@h.npy",
        "@far.npy",
        "@out.npy");
    program.refused("needs 5 inputs (O W H", "block-gemv", "@o.npy", "@w.npy");
    program.refused(
        "inputIndex must be a tensor of integers",
        "block-dot",
        "@w.npy",
        "@h.npy",
        "@h.npy",
        "@bias.npy",
        "@out.npy");
    program.refused("rank 4", "block-gemv", "@o.npy", "@h.npy", "@h.npy", "@in.npy", "@out.npy");
    program.refused(
        ".npz",
        "block-grad",
        "dot",
        "@w.npy",
        "@h.npy",
        "@in.npy",
        "@out.npy",
        "@o.npy",
        "-o",
        "@g.npy");
    program.refused("block-grad", "block-grad", "everything", "@w.npy");
    program.refused("inner lengths 2 and 1", "matmul", "@out.npy", "@out.npy");
    program.refused("--below", "random", "3", "--dtype", "i32");
    program.refused("--below", "random", "3", "--below", "0");
    program.refused("--rate", "block-train", "--rate", "-1");
  }

  @Test
  void randomIndices() throws IOException {
    program.done("random", "50x3", "--below", "7", "-o", "@i.npy");
    try (Tensor t = Tensor.readNpy(program.path("i.npy"))) {
      long[] values = t.toLongArray();
      assertEquals(0, java.util.Arrays.stream(values).min().orElseThrow());
      assertEquals(6, java.util.Arrays.stream(values).max().orElseThrow());
    }
  }

  @Test
  void theExampleLearns() {
    String out = program.done("block-train", "--steps", "150").out();
    double factor =
        Double.parseDouble(out.replaceAll("(?s).*the loss fell ([0-9.]+) times.*", "$1"));
    assertTrue(factor > 20, out);
  }
}
