// Test: what show says of files, against numbers counted by hand.
package io.github.einblas.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.github.einblas.DType;
import io.github.einblas.Safetensors;
import io.github.einblas.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ShowTest {
  @TempDir Path folder;
  private Program program;

  @BeforeEach
  void program() {
    program = new Program(folder);
  }

  private JsonObject of(String input) {
    return JsonParser.parseString(program.done("show", "--json", input).out())
        .getAsJsonArray()
        .get(0)
        .getAsJsonObject();
  }

  private double number(String input, String name) {
    return of(input).get(name).getAsDouble();
  }

  @Test
  void numbersOfAMatrix() throws IOException {
    double[] x = {1, -2, 0, Double.NaN, Double.POSITIVE_INFINITY, 5, 0, Double.NEGATIVE_INFINITY};
    program.put("x.npy", Tensor.of(x, 2, 4));
    String out = program.done("show", "@x.npy").out();
    assertTrue(out.contains("x.npy: [2, 4] F64, 64 bytes"), out);
    assertTrue(out.contains("-2.00000, 5.00000"), out);
    assertTrue(out.contains("mean      0.800000, standard deviation 2.31517"), out);
    assertTrue(out.contains("NaN       1, infinite 2, zero 2 of 8"), out);
    assertTrue(out.contains("|" + "? !") || out.contains("?"), out);
    assertEquals(0.8, number("@x.npy", "mean"), 1e-15);
    assertEquals(Math.sqrt(5.36), number("@x.npy", "deviation"), 1e-15);
  }

  @Test
  void everyTypeIsShown() throws IOException {
    for (DType type : DType.values()) {
      program.put("t.npy", Tensor.ones(type, 3, 2));
      JsonObject o = of("@t.npy");
      assertEquals(type.name(), o.get("dtype").getAsString());
      assertEquals(type.isComplex() ? 0.5 : 1, o.get("mean").getAsDouble(), type.name());
      assertEquals(type.isComplex() ? 6 : 0, o.get("zero").getAsInt(), type.name());
    }
  }

  @Test
  void largeIntegersAreExact() throws IOException {
    program.put("i.npy", Tensor.of(new long[] {Long.MAX_VALUE, Long.MIN_VALUE, 7}, 3));
    JsonObject o = of("@i.npy");
    assertEquals(Long.MAX_VALUE, o.get("max").getAsLong());
    assertEquals(Long.MIN_VALUE, o.get("min").getAsLong());
    assertTrue(program.done("show", "@i.npy").out().contains("9223372036854775807"));
  }

  @Test
  void numbersNearTheEndsOfTheRange() throws IOException {
    double max = Double.MAX_VALUE;
    program.put("x.npy", Tensor.of(new double[] {max, max, -max, -max}, 4));
    assertEquals(0, number("@x.npy", "mean"));
    assertEquals(max, number("@x.npy", "deviation"), max * 1e-15);
    program.put("y.npy", Tensor.of(new double[] {1e-310, 3e-310}, 2));
    assertEquals(2e-310, number("@y.npy", "mean"), 1e-323);
    assertEquals(1e-310, number("@y.npy", "deviation"), 1e-323);
  }

  @Test
  void manyPieces() throws IOException {
    double[] x = new double[200_001];
    Arrays.setAll(x, i -> i);
    program.put("x.npy", Tensor.of(x, x.length));
    assertEquals(100_000, number("@x.npy", "mean"), 1e-9);
    assertEquals(
        Math.sqrt(((double) x.length * x.length - 1) / 12), number("@x.npy", "deviation"), 1e-8);
  }

  @Test
  void emptyScalarNanAndColumnsFirst() throws IOException {
    program.put("e.npy", Tensor.zeros(DType.F32, 0, 3));
    assertTrue(program.done("show", "@e.npy").out().contains("no elements"));
    assertFalse(of("@e.npy").has("mean"));
    program.put("s.npy", Tensor.scalar(DType.F32, 2.5));
    assertEquals(2.5, number("@s.npy", "mean"));
    program.put("n.npy", Tensor.full(DType.F32, Double.NaN, 2));
    assertTrue(program.done("show", "@n.npy").out().contains("mean      NaN"));
    assertFalse(of("@n.npy").has("min"));
    try (Tensor t = Tensor.of(new double[] {1, 2, 3, 4, 5, 6}, 2, 3);
        Tensor turned = t.transpose()) {
      turned.writeNpy(program.path("f.npy"));
    }
    String out = program.done("show", "@f.npy").out();
    assertTrue(out.contains("[3, 2] F64, 48 bytes, columns first"), out);
    assertTrue(out.contains("mean      3.50000"), out);
  }

  @Test
  void pictureOfALargeMatrix() throws IOException {
    double[] x = new double[200 * 300];
    Arrays.setAll(x, i -> i % 300 < 150 ? 0 : 1);
    program.put("x.npy", Tensor.of(x, 200, 300));
    List<String> lines = program.done("show", "@x.npy").out().lines().toList();
    List<String> picture = lines.stream().filter(l -> l.startsWith("  |")).toList();
    assertEquals(16, picture.size());
    assertEquals("  |" + " ".repeat(32) + "@".repeat(32) + "|", picture.get(3));
    assertFalse(program.done("show", "@x.npy", "--no-picture").out().contains("|"));
    program.put("y.npy", Tensor.of(x, 2, 100, 300));
    assertTrue(program.done("show", "@y.npy").out().contains("of the last two axes"));
  }

  @Test
  void archivesAndStreams() throws IOException {
    try (Tensor a = Tensor.ones(DType.F32, 2);
        Tensor b = Tensor.zeros(DType.I32, 3)) {
      Tensor.writeNpz(program.path("x.npz"), Map.of("a", a, "b", b));
      Safetensors.write(program.path("x.safetensors"), Map.of("a:b", a, "b", b));
    }
    String all = program.done("show", "@x.npz").out();
    assertTrue(all.contains("x.npz:a: [2] F32") && all.contains("x.npz:b: [3] I32"), all);
    assertTrue(program.done("show", "@x.npz:b").out().contains("[3] I32"));
    all = program.done("show", "@x.safetensors").out();
    assertTrue(all.contains("x.safetensors:a:b: [2] F32") && all.contains(":b: [3] I32"), all);
    assertTrue(program.done("show", "@x.safetensors:b").out().contains("[3] I32"));
    assertTrue(program.done("show", "@x.safetensors:a:b").out().contains("[2] F32"));
    program.put("s.npy", Tensor.ones(DType.F32, 7));
    byte[] bytes = Files.readAllBytes(program.path("s.npy"));
    String piped = program.withInput(bytes).done("show", "-").out();
    assertTrue(piped.contains("standard input: [7] F32"), piped);
  }

  @Test
  void nonsense() throws IOException {
    program.refused("no such file", "show", "@missing.npy");
    program.refused("no such file", "show", "@missing.safetensors");
    program.refused("no such file", "show", "@missing.safetensors:x");
    program.refused("given once", "show", "-", "-");
    program.refused("IN", "show");
    Files.writeString(program.path("bad.npy"), "no array");
    program.refused("bad.npy", "show", "@bad.npy");
    Files.writeString(program.path("bad.safetensors"), "no tensors");
    program.refused("bad.safetensors", "show", "@bad.safetensors");
    Files.writeString(program.path("x.txt"), "text");
    program.refused("x.txt", "show", "@x.txt");
    program.refused("directory", "show", folder.toString());
    program.refused("empty", "show", "");
  }
}
