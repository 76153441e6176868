// Test: convert keeps elements, or says what it rounds, or refuses.
package io.github.einblas.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.DType;
import io.github.einblas.Safetensors;
import io.github.einblas.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ConvertTest {
  @TempDir Path folder;
  private Program program;

  @BeforeEach
  void files() throws IOException {
    program = new Program(folder);
    program.put("a.npy", Tensor.of(new double[] {1, 2, 3, 4, 5, 6}, 2, 3));
    program.put("b.npy", Tensor.of(new int[] {7, 8}, 2));
  }

  @Test
  void roundTripOfEveryTypeAndFormat() throws IOException {
    for (DType type : DType.values()) {
      program.put("t.npy", Tensor.ones(type, 2, 3));
      program.done("convert", "@t.npy", "-o", "@t.npz");
      byte[] there = Files.readAllBytes(program.path("t.npy"));
      program.done("convert", "@t.npz:t", "-o", "@back.npy");
      assertArrayEquals(there, Files.readAllBytes(program.path("back.npy")), type.name());
      if (type == DType.C128) {
        program.refused("C128", "convert", "@t.npy", "-o", "@x.safetensors");
        continue;
      }
      program.done("convert", "@t.npz", "-o", "@t.safetensors");
      program.done("convert", "@t.safetensors", "-o", "@back.npy");
      assertArrayEquals(there, Files.readAllBytes(program.path("back.npy")), type.name());
    }
  }

  @Test
  void severalTensorsAndNames() throws IOException {
    program.done("convert", "@a.npy", "@b.npy", "-o", "@all.safetensors");
    Map<String, Tensor> all = Safetensors.read(program.path("all.safetensors"));
    assertEquals(List.of("a", "b"), List.copyOf(all.keySet()));
    assertArrayEquals(new int[] {7, 8}, all.get("b").toIntArray());
    all.values().forEach(Tensor::close);
    program.done("convert", "@all.safetensors:b", "@a.npy", "-o", "@z.npz", "--names", "x,y");
    try (Tensor x = Tensor.readNpz(program.path("z.npz"), "x")) {
      assertArrayEquals(new int[] {7, 8}, x.toIntArray());
    }
    program.refused("'a'", "convert", "@a.npy", "@a.npy", "-o", "@q.npz");
    program.refused("2 tensors, and got 1", "convert", "@z.npz", "-o", "@q.npz", "--names", "x");
    program.refused("holds one tensor", "convert", "@z.npz", "-o", "@q.npy");
  }

  @Test
  void whatIsRoundedIsSaid() throws IOException {
    program.done("convert", "@a.npy", "--dtype", "bf16", "-o", "@c.npy");
    program.put("third.npy", Tensor.of(new double[] {1 / 3.0, 0.5, Double.NaN}, 3));
    Program.Outcome said = program.run("convert", "@third.npy", "--dtype", "f32", "-o", "@c.npy");
    assertEquals(0, said.status());
    assertTrue(said.err().contains("F64 to F32 rounded 1 of 3 numbers"), said.err());
    assertArrayEquals(new double[] {1 / 3f, 0.5, Double.NaN}, program.get("c.npy"));
  }

  /** Each of these is another number in the other type. */
  @Test
  void whatATypeCannotHoldIsRefused() throws IOException {
    program.put("x.npy", Tensor.of(new double[] {0, 2.5}, 2));
    program.refused(
        "the first 2.5 at place 1", "convert", "@x.npy", "--dtype", "i32", "-o", "@c.npy");
    program.refused("no BOOL", "convert", "@x.npy", "--dtype", "bool", "-o", "@c.npy");
    program.put("big.npy", Tensor.of(new double[] {1e300}, 1));
    program.refused("no F32", "convert", "@big.npy", "--dtype", "f32", "-o", "@c.npy");
    program.refused("no I64", "convert", "@big.npy", "--dtype", "i64", "-o", "@c.npy");
    program.put("end.npy", Tensor.of(new double[] {0x1p63}, 1));
    program.refused("no I64", "convert", "@end.npy", "--dtype", "i64", "-o", "@c.npy");
    program.put("nan.npy", Tensor.of(new double[] {Double.NaN}, 1));
    program.refused("NaN", "convert", "@nan.npy", "--dtype", "i8", "-o", "@c.npy");
    program.put("i.npy", Tensor.of(new int[] {300}, 1));
    program.refused("300", "convert", "@i.npy", "--dtype", "i8", "-o", "@c.npy");
    program.put("z.npy", Tensor.ofComplex(new double[] {1, 2}, 1));
    program.refused("real", "convert", "@z.npy", "--dtype", "f64", "-o", "@c.npy");
    Program.Outcome forced =
        program.run("convert", "@x.npy", "--dtype", "i32", "-o", "@c.npy", "--lossy");
    assertEquals(0, forced.status(), forced.err());
    assertTrue(forced.err().contains("2.5"), forced.err());
    assertArrayEquals(new double[] {0, 2}, program.get("c.npy"));
  }

  @Test
  void integersThatFloatsRound() throws IOException {
    long[] x = {Long.MAX_VALUE, (1L << 53) + 1, 1L << 60};
    program.put("l.npy", Tensor.of(x, 3));
    for (String type : List.of("f64", "c128")) {
      Program.Outcome said = program.run("convert", "@l.npy", "--dtype", type, "-o", "@c.npy");
      assertTrue(said.err().contains("rounded 2 of 3"), said.err());
    }
    program.put("i.npy", Tensor.of(new int[] {Integer.MAX_VALUE, 1 << 24, 70_000}, 3));
    program.done("convert", "@i.npy", "--dtype", "f64", "-o", "@c.npy");
    Program.Outcome said = program.run("convert", "@i.npy", "--dtype", "f32", "-o", "@c.npy");
    assertTrue(said.err().contains("rounded 1 of 3"), said.err());
    program.refused("no F16", "convert", "@i.npy", "--dtype", "f16", "-o", "@d.npy");
  }

  @Test
  void streamsAndForce() throws IOException {
    byte[] a = Files.readAllBytes(program.path("a.npy"));
    Program.Outcome piped = program.withInput(a).done("convert", "-", "-o", "-", "--dtype", "f32");
    try (Tensor t = piped.tensor()) {
      assertEquals(DType.F32, t.dtype());
      assertArrayEquals(new long[] {2, 3}, t.shape());
    }
    program.withInput(a).done("convert", "-", "-o", "@in.safetensors");
    try (Tensor t = Safetensors.read(program.path("in.safetensors"), "tensor")) {
      assertEquals(6, t.size());
    }
    program.refused("--force", "convert", "@a.npy", "--dtype", "f32", "-o", "@a.npy");
    assertArrayEquals(a, Files.readAllBytes(program.path("a.npy")));
    program.done("convert", "@a.npy", "--dtype", "f32", "-o", "@a.npy", "--force");
    assertArrayEquals(new double[] {1, 2, 3, 4, 5, 6}, program.get("a.npy"));
  }

  @Test
  void nonsense() throws IOException {
    program.refused(".npy, .npz or .safetensors", "convert", "@a.npy", "-o", "@a.txt");
    program.refused("--output", "convert", "@a.npy");
    program.refused("no such file", "convert", "@missing.npy", "-o", "@c.npy");
    program.refused("no directory", "convert", "@a.npy", "-o", "@no/c.npz");
    program.refused("--dtype", "convert", "@a.npy", "--dtype", "f8", "-o", "@c.npy");
    program.refused("given once", "convert", "-", "-", "-o", "@c.npz");
    program.refused(
        "__metadata__", "convert", "@a.npy", "-o", "@c.safetensors", "--names", "__metadata__");
    Files.writeString(program.path("bad.safetensors"), "x");
    program.refused("bad.safetensors", "convert", "@bad.safetensors", "-o", "@c.npy");
  }

  @Test
  void aFullDiskNamesTheOutput() {
    Program.Outcome outcome = program.run("convert", "@a.npy", "-o", "/dev/full");
    assertEquals(2, outcome.status()); // its name has no ending
    assertTrue(outcome.err().contains("/dev/full"), outcome.err());
  }
}
