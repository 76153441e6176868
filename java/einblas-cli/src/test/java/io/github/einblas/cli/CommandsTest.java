// Test: every subcommand over real files and streams.
package io.github.einblas.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.CsrMatrix;
import io.github.einblas.DType;
import io.github.einblas.Einblas;
import io.github.einblas.Tensor;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class CommandsTest {
  @TempDir Path folder;
  private Program program;

  @BeforeEach
  void twoMatrices() throws IOException {
    program = new Program(folder);
    program.put("a.npy", Tensor.of(new double[] {1, 2, 3, 4, 5, 6}, 2, 3));
    program.put("b.npy", Tensor.of(new double[] {1, 0, 2, -1, 0, 3}, 3, 2));
  }

  @Test
  void einsumWritesAFile() throws IOException {
    program.done("einsum", "ij,jk->ik", "@a.npy", "@b.npy", "-o", "@c.npy");
    assertArrayEquals(new long[] {2, 2}, program.shapeOf("c.npy"));
    assertArrayEquals(new double[] {5, 7, 14, 13}, program.get("c.npy"));
    assertEquals(List.of("", "a.npy", "b.npy", "c.npy"), names());
  }

  private List<String> names() throws IOException {
    return program.files().stream().map(f -> folder.relativize(f).toString()).toList();
  }

  @Test
  void pathsInEveryOrder() throws IOException {
    program.put("c.npy", Tensor.of(new double[] {1, -1, 2, 0}, 2, 2));
    String[] pairs = {
      "(0,1)(3,2)", "(1,0) (2,3)", "(0,2)(1,3)", "(2,0);(3,1)", "1,2;3,0", "2,1 0,3"
    };
    for (String path : pairs) {
      program.done(
          "einsum", "ij,jk,kl->il", "@a.npy", "@b.npy", "@c.npy", "-o", "@d.npy", "--path", path);
      assertArrayEquals(new double[] {19, -5, 40, -14}, program.get("d.npy"), path);
    }
    program.done("einsum", "ij,jk->ik", "@a.npy", "@b.npy", "-o", "@d.npy", "--path", "(1,0)");
    assertArrayEquals(new double[] {5, 7, 14, 13}, program.get("d.npy"));
  }

  @Test
  void einsumPrintsWithoutOutput() {
    String out = program.done("einsum", "ij,jk->ik", "@a.npy", "@b.npy").out();
    assertTrue(
        out.matches("(?s)\\[\\[ *5\\.?0*, *7\\.?0*\\],\\s+\\[ *14\\.?0*, *13\\.?0*\\]\\].*\n"),
        out);
  }

  @Test
  void equationThatBeginsWithAnArrow() throws IOException {
    program.put("s.npy", Tensor.scalar(DType.F32, 2.5));
    program.done("einsum", "->", "@s.npy", "-o", "@t.npy");
    assertArrayEquals(new double[] {2.5}, program.get("t.npy"));
    assertArrayEquals(new long[0], program.shapeOf("t.npy"));
  }

  @Test
  void standardStreams() throws IOException {
    byte[] a = Files.readAllBytes(program.path("a.npy"));
    Program.Outcome outcome =
        program.withInput(a).done("einsum", "ij,jk->ki", "-", "@b.npy", "-o", "-");
    try (Tensor result = outcome.tensor()) {
      assertArrayEquals(new double[] {5, 14, 7, 13}, result.toDoubleArray());
    }
  }

  @Test
  void resultOfOneRunIsInputOfTheNext() throws IOException {
    byte[] product = program.done("matmul", "@a.npy", "@b.npy", "-o", "-").bytes();
    program.withInput(product).done("einsum", "ii", "-", "-o", "@trace.npy");
    assertArrayEquals(new double[] {18}, program.get("trace.npy"));
  }

  @Test
  void sparseTimesDenseAndDenseTimesSparse() throws IOException {
    try (Tensor dense = Tensor.of(new double[] {0, 2, 0, 1, 0, 3}, 2, 3);
        CsrMatrix sparse = CsrMatrix.ofDense(dense, 0)) {
      sparse.writeNpz(program.path("s.npz"));
    }
    program.done("csr-mm", "@s.npz", "@b.npy", "-o", "@c.npy");
    assertArrayEquals(new double[] {4, -2, 1, 9}, program.get("c.npy"));
    program.done("csr-mm", "@b.npy", "@s.npz", "-o", "@c.npy");
    assertArrayEquals(new double[] {0, 2, 0, -1, 4, -3, 3, 0, 9}, program.get("c.npy"));
    program.done("csr-mm", "-T", "@s.npz", "@a.npy", "-o", "@c.npy");
    assertArrayEquals(new double[] {4, 5, 6, 2, 4, 6, 12, 15, 18}, program.get("c.npy"));
    program.done("csr-mm", "--transpose", "@a.npy", "@s.npz", "-o", "@c.npy");
    assertArrayEquals(new double[] {4, 10, 10, 22}, program.get("c.npy"));
    program.done("csr-mm", "--reshape", "3x2", "@s.npz", "@a.npy", "-o", "@c.npy");
    assertArrayEquals(new double[] {8, 10, 12, 4, 5, 6, 12, 15, 18}, program.get("c.npy"));
  }

  @Test
  void membersOfArchives() throws IOException {
    try (Tensor x = Tensor.of(new double[] {1, 2}, 2);
        Tensor y = Tensor.of(new double[] {3, 4}, 2)) {
      Tensor.writeNpz(program.path("xy.npz"), Map.of("x", x, "y", y));
    }
    program.done("einsum", "i,i", "@xy.npz:x", "@xy.npz:y", "-o", "@dot.npy");
    assertArrayEquals(new double[] {11}, program.get("dot.npy"));
  }

  @Test
  void explainAndTimeSpeakOnStandardError() throws IOException {
    Program.Outcome outcome =
        program.run(
            "einsum",
            "ij,jk->ik",
            "@a.npy",
            "@b.npy",
            "-o",
            "-",
            "--explain",
            "--time",
            "--threads",
            "1");
    assertEquals(0, outcome.status());
    assertEquals(1, Einblas.threads());
    assertTrue(outcome.err().contains("kernel"), outcome.err());
    assertTrue(outcome.err().contains("GFLOP/s"), outcome.err());
    try (Tensor result = outcome.tensor()) {
      assertArrayEquals(new double[] {5, 7, 14, 13}, result.toDoubleArray());
    }
  }

  @Test
  void explainNeedsNoData() {
    String out =
        program.done("explain", "nhd,khd->nkd", "32x64x128", "16x64x128", "--dtype", "F64").out();
    assertTrue(out.contains("[32, 16, 128]"), out);
    assertTrue(out.contains("F64"), out);
    assertTrue(program.done("explain", ",i->i", "scalar", "3").out().contains("[3]"));
    assertTrue(program.done("explain", ",i->i", "", "3").out().contains("[3]"));
  }

  @Test
  void explainDrawsAndCounts() throws IOException {
    String[] chain = {"explain", "ij,jk,kl->il", "30x40", "40x50", "50x20", "--dtype", "F64"};
    String json = program.done(with(chain, "--json")).out();
    assertTrue(json.startsWith("{") && json.contains("\"peakBytes\""), json);
    assertTrue(program.done(with(chain, "--dot")).out().startsWith("digraph"));
    assertTrue(program.done(with(chain, "--mermaid")).out().startsWith("flowchart"));
    String given = program.done(with(chain, "--path", "(1,2) (0,3)")).out();
    assertTrue(given.contains("(1,2) (0,3) - as given"), given);
    assertTrue(program.done(with(chain, "--path", "random-greedy")).out().contains("random"));
    String cut = program.done(with(chain, "--memory-limit", "7K")).out();
    assertTrue(cut.contains("slices"), cut);
    program.refused("smallest", with(chain, "--memory-limit", "1K"));
    program.refused("--memory-limit", with(chain, "--memory-limit", "much"));
    program.refused("beyond any memory", with(chain, "--memory-limit", "99999999T"));
    program.refused("--path", with(chain, "--path", "(0;1)"));
    program.refused("--path", with(chain, "--path", "best"));
    program.refused("names slot 9", with(chain, "--path", "(0,1)(9,2)"));
  }

  private static String[] with(String[] arguments, String... more) {
    return Stream.concat(Arrays.stream(arguments), Arrays.stream(more)).toArray(String[]::new);
  }

  @Test
  void einsumUnderALimitAndProfiled() throws IOException {
    program.put("big.npy", Tensor.full(DType.F64, 2, 40, 40));
    Program.Outcome outcome =
        program.run(
            "einsum",
            "ij,jk,kl->il",
            "@big.npy",
            "@big.npy",
            "@big.npy",
            "-o",
            "@cut.npy",
            "--memory-limit",
            "16K",
            "--path",
            "left-to-right",
            "--profile");
    assertEquals(0, outcome.status(), outcome.err());
    assertTrue(outcome.err().contains("slices"), outcome.err());
    assertTrue(outcome.err().contains("predicted"), outcome.err());
    double[] expected = new double[40 * 40];
    Arrays.fill(expected, 8 * 40 * 40);
    assertArrayEquals(expected, program.get("cut.npy"));
  }

  @Test
  void matmul() throws IOException {
    program.put("v.npy", Tensor.of(new double[] {1, 1, 1}, 3));
    program.done("matmul", "@a.npy", "@v.npy", "-o", "@c.npy");
    assertArrayEquals(new double[] {6, 15}, program.get("c.npy"));
    assertArrayEquals(new long[] {2}, program.shapeOf("c.npy"));
  }

  @Test
  void batchedDot() throws IOException {
    program.put("x.npy", Tensor.of(new double[] {1, 2, 3, 4}, 2, 1, 2));
    program.put("y.npy", Tensor.of(new double[] {5, 6, 7, 8}, 2, 2, 1));
    program.done("batched-dot", "@x.npy", "@y.npy", "-o", "@c.npy");
    assertArrayEquals(new double[] {17, 53}, program.get("c.npy"));
    assertArrayEquals(new long[] {2, 1, 1}, program.shapeOf("c.npy"));
  }

  @Test
  void tensordot() throws IOException {
    program.done("tensordot", "@a.npy", "@b.npy", "--axes", "1", "-o", "@c.npy");
    assertArrayEquals(new double[] {5, 7, 14, 13}, program.get("c.npy"));
    // sum over ij of a[i,j] b[j,i]
    program.done("tensordot", "@a.npy", "@b.npy", "--axes", "0,1:1,0", "-o", "@d.npy");
    assertArrayEquals(new double[] {18}, program.get("d.npy"));
    program.done("tensordot", "@a.npy", "@b.npy", "--axes", "-1:0", "-o", "@e.npy");
    assertArrayEquals(new double[] {5, 7, 14, 13}, program.get("e.npy"));
    program.done("tensordot", "@a.npy", "@a.npy", "-o", "@f.npy");
    assertArrayEquals(new double[] {91}, program.get("f.npy"));
  }

  @Test
  void outer() throws IOException {
    program.put("v.npy", Tensor.of(new double[] {1, 10}, 2));
    program.done("outer", "@v.npy", "@a.npy", "-o", "@c.npy");
    assertArrayEquals(new long[] {2, 2, 3}, program.shapeOf("c.npy"));
    assertArrayEquals(
        new double[] {1, 2, 3, 4, 5, 6, 10, 20, 30, 40, 50, 60}, program.get("c.npy"));
  }

  @Test
  void hadamardOuter() throws IOException {
    program.put("w.npy", Tensor.of(new double[] {1, 2, 3}, 1, 3));
    program.done("hadamard-outer", "@a.npy", "@w.npy", "-o", "@c.npy");
    assertArrayEquals(new long[] {2, 1, 3}, program.shapeOf("c.npy"));
    assertArrayEquals(new double[] {1, 4, 9, 4, 10, 18}, program.get("c.npy"));
  }

  @Test
  void kron() throws IOException {
    program.put("v.npy", Tensor.of(new double[] {1, 10}, 2));
    program.done("kron", "@v.npy", "@v.npy", "@v.npy", "-o", "@c.npy");
    assertArrayEquals(new double[] {1, 10, 10, 100, 10, 100, 100, 1000}, program.get("c.npy"));
  }

  @Test
  void khatriRaoAndFaceSplitting() throws IOException {
    program.put("a.npy", Tensor.of(new double[] {1, 2, 3, 4}, 2, 2));
    program.put("b.npy", Tensor.of(new double[] {5, 6, 7, 8}, 2, 2));
    program.done("khatri-rao", "@a.npy", "@b.npy", "-o", "@c.npy");
    assertArrayEquals(new long[] {4, 2}, program.shapeOf("c.npy"));
    assertArrayEquals(new double[] {5, 12, 7, 16, 15, 24, 21, 32}, program.get("c.npy"));
    program.done("face-splitting", "@a.npy", "@b.npy", "-o", "@c.npy");
    assertArrayEquals(new long[] {2, 4}, program.shapeOf("c.npy"));
    assertArrayEquals(new double[] {5, 6, 10, 12, 21, 24, 28, 32}, program.get("c.npy"));
  }

  @Test
  void kronMatmul() throws IOException {
    program.put("w.npy", Tensor.of(new double[] {1, 2, 3, 4, 5, 6}, 2, 3));
    program.put("x.npy", Tensor.of(new double[] {1, 0, 0, 0, 1, 1}, 1, 6));
    String said =
        program
            .run(
                "kron-matmul",
                "@x.npy",
                "I2",
                "@w.npy",
                "--left",
                "--transpose",
                "--explain",
                "-o",
                "@y.npy")
            .err();
    assertArrayEquals(new long[] {1, 4}, program.shapeOf("y.npy"));
    assertArrayEquals(new double[] {1, 4, 5, 11}, program.get("y.npy"));
    assertTrue(said.contains("kernel"), said);
    program.put("v.npy", Tensor.of(new double[] {1, 1, 1, 1, 1, 1, 1, 1, 1}, 9));
    program.done("kron-matmul", "@v.npy", "@w.npy", "@w.npy", "-o", "@y.npy");
    assertArrayEquals(new double[] {36, 90, 90, 225}, program.get("y.npy"));
    try (CsrMatrix sparse =
        CsrMatrix.of(new double[] {10, 1}, new int[] {2, 0}, new int[] {0, 2}, 1, 3)) {
      sparse.writeNpz(program.path("s.npz"));
    }
    program.done("kron-matmul", "@v.npy", "@s.npz", "@w.npy", "-o", "@y.npy");
    assertArrayEquals(new double[] {66, 165}, program.get("y.npy"));
    program.put("z.npy", Tensor.ofComplex(new double[] {0, 1, 2, 0}, 1, 2)); // [i, 2]
    program.put("u.npy", Tensor.ofComplex(new double[] {1, 0, 0, 1}, 2)); // (1, i)
    program.done("kron-matmul", "@u.npy", "@z.npy", "-o", "@y.npy");
    try (Tensor y = Tensor.readNpy(program.path("y.npy"))) {
      assertArrayEquals(new double[] {0, 3}, y.toDoubleArray());
    }
    // The same factor as a sparse one, and [[i, 0], [0, 1]] with it: [i, 2] (x) that, times ones.
    try (Tensor z = Tensor.readNpy(program.path("z.npy"));
        CsrMatrix sparse = CsrMatrix.ofDense(z, 0)) {
      sparse.writeNpz(program.path("z.npz"));
    }
    program.put("d.npy", Tensor.ofComplex(new double[] {0, 1, 0, 0, 0, 0, 1, 0}, 2, 2));
    program.put("ones.npy", Tensor.ofComplex(new double[] {1, 0, 1, 0, 1, 0, 1, 0}, 4));
    program.done("kron-matmul", "@ones.npy", "@z.npz", "@d.npy", "-o", "@y.npy");
    try (Tensor y = Tensor.readNpy(program.path("y.npy"))) {
      assertArrayEquals(new double[] {-1, 2, 2, 1}, y.toDoubleArray()); // (i + 2) (i, 1)
    }
  }

  @Test
  void randomIsReproducible() throws IOException {
    program.done("random", "70x1000", "--seed", "7", "-o", "@r.npy");
    program.done("random", "70000", "--seed", "7", "-o", "@s.npy");
    program.done("random", "70x1000", "--seed", "8", "--dtype", "f64", "-o", "@t.npy");
    double[] r = program.get("r.npy");
    assertArrayEquals(r, program.get("s.npy"));
    assertArrayEquals(new long[] {70, 1000}, program.shapeOf("r.npy"));
    double sum = 0;
    double squares = 0;
    for (double v : r) {
      assertTrue(v >= -1 && v < 1);
      sum += v;
      squares += v * v;
    }
    // Mean 0 and variance 1/3, within 5 standard deviations of the mean of 70,000.
    assertEquals(0, sum / r.length, 5 * Math.sqrt(1.0 / 3 / r.length));
    assertEquals(1.0 / 3, squares / r.length, 5 * Math.sqrt(4.0 / 45 / r.length));
    double[] other = program.get("t.npy");
    for (int shift = -1; shift <= 1; shift++) {
      assertTrue(Math.abs(r[1] - other[1 + shift]) > 1e-6);
    }
  }

  private DType typeOf(String... einsum) throws IOException {
    program.done(with(einsum, "-o", "@result.npy"));
    try (Tensor result = Tensor.readNpy(program.path("result.npy"))) {
      return result.dtype();
    }
  }

  @Test
  void filesOfAnyTypeAreMultiplied() throws IOException {
    program.done("random", "3x4", "--dtype", "bf16", "-o", "@h.npy");
    program.done("random", "4x2", "--dtype", "u8", "--below", "9", "-o", "@u.npy");
    program.done("random", "4x2", "--dtype", "c64", "-o", "@z.npy");
    program.done("random", "4x2", "--dtype", "bool", "--below", "2", "-o", "@t.npy");
    String product = "ij,jk->ik";
    assertEquals(DType.BF16, typeOf("einsum", product, "@h.npy", "@u.npy"));
    assertEquals(DType.C64, typeOf("matmul", "@h.npy", "@z.npy"));
    assertEquals(DType.BOOL, typeOf("einsum", "ij,ij->i", "@t.npy", "@t.npy"));
    assertEquals(
        DType.I32, typeOf("einsum", "ij,ij->i", "@t.npy", "@t.npy", "--output-type", "i32"));
    assertEquals(DType.F32, typeOf("einsum", product, "@h.npy", "@u.npy", "--output-type", "f32"));
    program.refused("complex (C64)", "einsum", "ij->j", "@z.npy", "--output-type", "f64");
    program.refused("128", "random", "3", "--dtype", "i8", "--below", "129");
    program.refused("--below", "random", "3", "--dtype", "f16", "--below", "2");
    String explained =
        program
            .done("explain", product, "3x4", "4x2", "--dtype", "bf16,c64", "--output-type", "c128")
            .out();
    assertTrue(explained.contains("[3, 4] BF16") && explained.contains("[3, 2] C128"), explained);
  }

  @Test
  void checkedIntegersAreRefusedWhereTheyWrap() throws IOException {
    try (Tensor t = Tensor.of(new int[] {100, 2}, 2);
        Tensor bytes = t.to(DType.I8)) {
      bytes.writeNpy(program.path("b.npy"));
    }
    String[] product = {"einsum", "i,i->i", "@b.npy", "@b.npy", "-o", "@p.npy"};
    program.done(product);
    assertArrayEquals(new double[] {16, 4}, program.get("p.npy"));
    program.refused("element i=0 is 10000, beyond I8", with(product, "--checked-integers"));
    program.done(with(product, "--checked-integers", "--output-type", "i32"));
    assertArrayEquals(new double[] {10000, 4}, program.get("p.npy"));
    String[] explain = {"explain", "i,i->i", "2", "2", "--dtype", "i8"};
    assertFalse(program.done(explain).out().contains("checked"));
    assertTrue(program.done(with(explain, "--checked-integers")).out().contains("checked"));
  }

  @Test
  void helpOfACommand() throws IOException {
    assertEquals(program.done("einsum", "--help").out(), program.done("help", "einsum").out());
    assertEquals(program.done("--help").out(), program.done("help").out());
    program.refused("did you mean matmul?", "help", "matmull");
    String own = program.done("einsum", "--help").out();
    assertEquals(own, program.done("--verbose", "einsum", "--help").out());
    Path arguments = Files.writeString(program.path("arguments"), "einsum --help");
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    Streams streams = new Streams(InputStream.nullInputStream(), out, System.err, false);
    assertEquals(0, Main.run(streams, "@" + arguments));
    assertEquals(own, out.toString(StandardCharsets.UTF_8));
  }

  @Test
  void helpAndVersion() {
    String help = program.done("--help").out();
    for (String command :
        List.of(
            "einsum",
            "explain",
            "matmul",
            "batched-dot",
            "tensordot",
            "outer",
            "hadamard-outer",
            "kron",
            "khatri-rao",
            "face-splitting",
            "kron-matmul",
            "random",
            "info",
            "demo")) {
      assertTrue(help.contains("  " + command + " "), command + " in " + help);
      String own = program.done(command, "--help").out();
      assertTrue(own.startsWith("Usage: einblas " + command + " "), own);
    }
    assertEquals("einblas " + Einblas.version(), program.done("--version").out().strip());
  }

  @Test
  void outputThroughALinkReplacesItsTarget() throws IOException {
    program.put("old.npy", Tensor.of(new double[] {1}, 1));
    Files.createSymbolicLink(program.path("link.npy"), program.path("old.npy"));
    program.done("einsum", "ij->", "@a.npy", "-o", "@link.npy");
    assertTrue(Files.isSymbolicLink(program.path("link.npy")));
    assertArrayEquals(new double[] {21}, program.get("old.npy"));
  }

  @Test
  void outputToADeviceLeavesTheDevice() {
    Path device = Path.of("/dev/null");
    Assumptions.assumeTrue(Files.exists(device));
    program.done("einsum", "ij->", "@a.npy", "-o", device.toString());
    assertFalse(Files.isRegularFile(device));
  }

  @Test
  void outputReplacesAnInputWhenForced() throws IOException {
    String[] turn = {"einsum", "ij->ji", "@a.npy", "-o", "@a.npy"};
    program.refused("a.npy: is an input too", turn);
    program.done(with(turn, "--force"));
    assertArrayEquals(new double[] {1, 4, 2, 5, 3, 6}, program.get("a.npy"));
  }

  @Test
  void nothingStaysAllocated() {
    program.done("einsum", "ij,jk->ik", "@a.npy", "@b.npy", "-o", "@c.npy");
    long before = Einblas.nativeBytesInUse();
    program.done("einsum", "ij,jk->ik", "@a.npy", "@b.npy", "-o", "@c.npy");
    program.run("einsum", "ij,ij->", "@a.npy", "@b.npy", "-o", "@c.npy");
    program.run("einsum", "ij,jk->ik", "@a.npy", "@missing.npy", "-o", "@c.npy");
    assertTrue(Einblas.nativeBytesInUse() <= before, "native memory leaked");
  }

  @Test
  void tuneListsTriesAndSaves() throws IOException {
    assertTrue(program.done("tune", "--list").out().contains("GEMM_ROWS"));
    program.done("tune", "--only", "^THREAD", "--threads", "1", "-o", "@tuned/file");
    List<String> lines = Files.readAllLines(program.path("tuned/file"));
    assertTrue(lines.contains("isa " + Einblas.isa()), lines.toString());
    String dry = program.done("tune", "--dry-run", "--only", "^THREAD", "--threads", "1").out();
    assertTrue(dry.contains("not saved"), dry);
    program.refused("no number's name matches 'NOTHING'", "tune", "--only", "NOTHING");
    program.refused("--only", "tune", "--only", "[");
    program.refused("is a directory", "tune", "--only", "^THREAD", "-o", "@");
  }
}
