// Test: --explain, --profile, --memory-limit and --threads mean the same in every product command.
package io.github.einblas.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.CsrMatrix;
import io.github.einblas.DType;
import io.github.einblas.Einblas;
import io.github.einblas.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ProductOptionsTest {
  @TempDir Path folder;
  private Program program;

  @BeforeEach
  void files() throws IOException {
    program = new Program(folder);
    random("v.npy", "5");
    random("m.npy", "4x5");
    random("n.npy", "5x6");
    random("b.npy", "3x1x4x5");
    random("c.npy", "2x5x6");
    random("d.npy", "3x4x5");
    random("e.npy", "3x5x2");
    random("t.npy", "2x3x4");
    random("u.npy", "4x3x2");
    random("p.npy", "2x5");
    random("w.npy", "3x4");
  }

  private void random(String name, String shape) {
    program.done(
        "random", shape, "--dtype", "f64", "--seed", "" + name.hashCode(), "-o", "@" + name);
  }

  /** Every product, also where ranks differ. */
  private static List<List<String>> products() {
    return List.of(
        List.of("matmul", "@m.npy", "@n.npy"),
        List.of("matmul", "@v.npy", "@n.npy"),
        List.of("matmul", "@m.npy", "@v.npy"),
        List.of("matmul", "@v.npy", "@v.npy"),
        List.of("matmul", "@b.npy", "@c.npy"),
        List.of("batched-dot", "@d.npy", "@e.npy"),
        List.of("batched-dot", "@w.npy", "@w.npy"),
        List.of("batched-dot", "@d.npy", "@d.npy"),
        List.of("tensordot", "@t.npy", "@u.npy", "--axes", "1"),
        List.of("tensordot", "@t.npy", "@u.npy", "--axes", "0"),
        List.of("tensordot", "@t.npy", "@u.npy", "--axes", "2,0:0,-1"),
        List.of("outer", "@v.npy", "@t.npy"),
        List.of("hadamard-outer", "@m.npy", "@p.npy"),
        List.of("kron", "@m.npy", "@v.npy", "@t.npy"),
        List.of("khatri-rao", "@m.npy", "@p.npy"),
        List.of("face-splitting", "@w.npy", "@e2.npy"));
  }

  private Program.Outcome run(List<String> command, String... more) {
    return program.run(Stream.concat(command.stream(), Stream.of(more)).toArray(String[]::new));
  }

  @Test
  void plannedProductsAreTheOnesThatAreNot() throws IOException {
    random("e2.npy", "3x2");
    for (List<String> product : products()) {
      String name = product.toString();
      Program.Outcome plain = run(product, "-o", "@plain.npy");
      // batched-dot of these needs equal inner lengths
      if (name.contains("@d.npy, @d.npy")) {
        assertEquals(2, plain.status());
        assertEquals(2, run(product, "--profile").status(), name);
        continue;
      }
      assertEquals("", plain.err(), name);
      Program.Outcome planned =
          run(product, "-o", "@planned.npy", "--explain", "--profile", "--memory-limit", "1G");
      assertEquals(0, planned.status(), planned.err());
      assertTrue(planned.err().contains("kernel"), planned.err());
      assertTrue(planned.err().contains("predicted"), planned.err());
      assertArrayEquals(program.shapeOf("plain.npy"), program.shapeOf("planned.npy"), name);
      assertArrayEquals(program.get("plain.npy"), program.get("planned.npy"), 1e-14, name);
    }
  }

  @Test
  void limitsRefuseAndCut() throws IOException {
    random("big.npy", "60x60");
    Program.Outcome refused =
        run(List.of("matmul", "@big.npy", "@big.npy", "--memory-limit", "1K"));
    assertEquals(2, refused.status());
    assertTrue(refused.err().contains("limit"), refused.err());
    long limit = Einblas.nativeMemoryLimit();
    for (List<String> product : others()) {
      Program.Outcome small = run(product, "--memory-limit", "8");
      assertEquals(2, small.status(), product + ": " + small.err());
      assertTrue(small.err().contains("memory"), small.err());
      assertEquals(0, run(product, "--memory-limit", "1M").status());
    }
    assertEquals(limit, Einblas.nativeMemoryLimit());
    for (String nonsense : new String[] {"", "much", "-5", "1X", "99999999T"}) {
      Program.Outcome outcome =
          run(List.of("matmul", "@no.npy", "@no.npy"), "--memory-limit", nonsense);
      assertTrue(outcome.err().contains("--memory-limit"), outcome.err());
      assertEquals(2, outcome.status());
    }
  }

  /** Products that are no einsum. */
  private List<List<String>> others() throws IOException {
    try (Tensor dense = Tensor.ones(DType.F64, 4, 5);
        CsrMatrix sparse = CsrMatrix.ofDense(dense, 0)) {
      sparse.writeNpz(program.path("s.npz"));
    }
    random("o.npy", "2x1x3");
    random("W.npy", "2x2x5x3");
    random("h.npy", "2x2x5");
    program.put("i.npy", Tensor.of(new long[] {0, 1, 1, 0}, 2, 2));
    program.put("j.npy", Tensor.of(new long[] {0, 1}, 2, 1));
    random("bias.npy", "2x3");
    random("y.npy", "2x1x3");
    return List.of(
        List.of("csr-mm", "@s.npz", "@n.npy"),
        List.of("csr-mm", "-T", "@s.npz", "@m.npy"),
        List.of("csr-mm", "@w.npy", "@s.npz"),
        List.of("csr-mm", "-T", "@p.npy", "@s.npz"),
        List.of("csr-mm", "@s.npz", "@v.npy"),
        List.of("kron-matmul", "@v.npy", "@m.npy"),
        List.of("block-gemv", "@o.npy", "@W.npy", "@h.npy", "@i.npy", "@j.npy"),
        List.of("block-dot", "@W.npy", "@h.npy", "@i.npy", "@bias.npy", "@j.npy"),
        List.of("block-outer", "@W.npy", "@h.npy", "@y.npy", "@i.npy", "@j.npy"));
  }

  @Test
  void otherProductsExplainAndProfileToo() throws IOException {
    for (List<String> product : others()) {
      String name = product.toString();
      assertEquals("", run(product, "-o", "@plain.npy").err(), name);
      Program.Outcome told =
          run(product, "-o", "@told.npy", "--explain", "--profile", "--threads", "1");
      assertEquals(0, told.status(), name + told.err());
      assertTrue(told.err().contains("the median of"), told.err());
      assertTrue(told.err().contains("FLOP"), name + ": " + told.err());
      assertArrayEquals(program.get("plain.npy"), program.get("told.npy"), 1e-14, name);
    }
  }
}
