// Every block-sparse case of the corpus through the public API: new results, in place, prepared.
package io.github.einblas.corpus;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.einblas.BlockPattern;
import io.github.einblas.BlockSparse;
import io.github.einblas.DType;
import io.github.einblas.Tensor;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class BlockCorpusTest {
  private static final Set<String> KINDS =
      Set.of("block_gemv", "block_dot", "block_outer", "block_grad");
  private static final Corpus CORPUS = Corpus.open();

  @BeforeAll
  static void begin() {
    Strict.begin(BlockCorpusTest.class);
  }

  @AfterAll
  static void end() {
    Strict.end();
  }

  private static List<CorpusCase> all() {
    return CORPUS.cases().stream()
        .map(json -> new CorpusCase(CORPUS, json))
        .filter(c -> KINDS.contains(c.kind()))
        .toList();
  }

  @Test
  void noCaseIsMissing() {
    Assumptions.assumeTrue(Corpus.isOwn());
    assertEquals(71, all().size());
    assertEquals(KINDS, all().stream().map(CorpusCase::kind).collect(Collectors.toSet()));
  }

  @TestFactory
  Stream<DynamicTest> cases() {
    return all().stream()
        .map(
            c ->
                DynamicTest.dynamicTest(
                    c.id() + " " + c.kind(), () -> c.check(BlockCorpusTest::run)));
  }

  /** An index operand as a tensor of integers; every other one of 32 bits. */
  private static Tensor index(CorpusCase c, int i) {
    try (Tensor whole = c.inputs.get(i).to(DType.I64)) {
      return i % 2 == 0 ? whole.copy() : whole.to(DType.I32);
    }
  }

  /** Blocks that an operand of weights has on an axis; rank errors are the operation's to find. */
  private static long blocks(Tensor w, int axis) {
    return w.rank() == 4 ? w.length(axis) : Integer.MAX_VALUE;
  }

  private static BlockPattern pattern(CorpusCase c, Tensor w, int x, int y) {
    try (Tensor in = index(c, x);
        Tensor out = index(c, y)) {
      return BlockPattern.of(in, out, blocks(w, 0), blocks(w, 1));
    }
  }

  private static void run(CorpusCase c) {
    List<Tensor> in = c.inputs;
    switch (c.kind()) {
      case "block_gemv" -> {
        try (Tensor x = index(c, 3);
            Tensor y = index(c, 4);
            Tensor direct =
                BlockSparse.gemv(
                    in.get(0),
                    in.get(1),
                    in.get(2),
                    BlockPattern.of(x, y, in.get(1).length(0), in.get(1).length(1)))) {
          c.check("direct", 0, direct, 1, 0, 0);
        }
        BlockPattern p = pattern(c, in.get(1), 3, 4);
        try (Tensor result = BlockSparse.gemv(in.get(0), in.get(1), in.get(2), p);
            Tensor place = in.get(0).copy()) {
          c.check("new", 0, result, 1, 0, 0);
          BlockSparse.gemvInPlace(place, in.get(1), in.get(2), p);
          c.check("in place", 0, place, 1, 0, 0);
        }
      }
      case "block_dot" -> {
        try (Tensor x = index(c, 2);
            Tensor y = index(c, 4);
            Tensor direct =
                BlockSparse.dot(
                    in.get(0),
                    in.get(1),
                    in.get(3),
                    BlockPattern.of(x, y, in.get(0).length(0), in.get(0).length(1)))) {
          c.check("direct", 0, direct, 1, 0, 0);
        }
        BlockPattern p = pattern(c, in.get(0), 2, 4);
        try (Tensor result = BlockSparse.dot(in.get(0), in.get(1), in.get(3), p)) {
          c.check("new", 0, result, 1, 0, 0);
          try (Canvas out = new Canvas(c.random(), result.dtype(), result.shape(), false)) {
            BlockSparse.dotInto(out.view, in.get(0), in.get(1), in.get(3), p);
            c.check("into", 0, out.view, 1, 0, 0);
            out.verifyOutside(c.id());
          }
        }
      }
      case "block_outer" -> {
        double alpha = c.params().has("alpha") ? c.params().get("alpha").getAsDouble() : 1;
        try (Tensor x = index(c, 3);
            Tensor y = index(c, 4);
            Tensor direct =
                BlockSparse.outer(
                    in.get(0),
                    alpha,
                    in.get(1),
                    in.get(2),
                    BlockPattern.of(x, y, in.get(0).length(0), in.get(0).length(1)))) {
          c.check("direct", 0, direct, 1, 0, 0);
        }
        BlockPattern p = pattern(c, in.get(0), 3, 4);
        try (Tensor result = BlockSparse.outer(in.get(0), alpha, in.get(1), in.get(2), p);
            Tensor place = in.get(0).copy()) {
          c.check("new", 0, result, 1, 0, 0);
          BlockSparse.outerInPlace(place, alpha, in.get(1), in.get(2), p);
          c.check("in place", 0, place, 1, 0, 0);
        }
      }
      default -> gradient(c);
    }
  }

  private static void gradient(CorpusCase c) {
    List<Tensor> in = c.inputs;
    BlockPattern p = pattern(c, in.get(0), 2, 3);
    boolean bias = c.params().has("with_bias") && c.params().get("with_bias").getAsBoolean();
    try (BlockSparse.GemvGradient gemv =
            BlockSparse.gemvGradient(in.get(0), in.get(1), in.get(4), p);
        BlockSparse.DotGradient dot = BlockSparse.dotGradient(in.get(0), in.get(1), in.get(4), p)) {
      for (int i = 0; i < c.json.getAsJsonArray("outputs").size(); i++) {
        String name = c.output(i).get("name").getAsString();
        Tensor got =
            switch (name) {
              case "d_W" -> bias ? dot.w() : gemv.w();
              case "d_h" -> bias ? dot.h() : gemv.h();
              case "d_o" -> gemv.o();
              case "d_b" -> dot.bias();
              default -> throw new AssertionError("unknown output " + name);
            };
        c.check(name, i, got, 1, 0, 0);
      }
    }
  }
}
