// Every case of the corpus through the public API: as given, into permuted and reversed outputs,
// with alpha and beta.
package io.github.einblas.corpus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.DType;
import io.github.einblas.Einblas;
import io.github.einblas.Einsum;
import io.github.einblas.Tensor;
import io.github.einblas.TensorOps;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class CorpusTest {
  /** How a kind of case is run: into a new tensor, and into a given one. */
  private record Runner(New asNew, Into into) {}

  @FunctionalInterface
  private interface New {
    Tensor run(CorpusCase c);
  }

  @FunctionalInterface
  private interface Into {
    void run(CorpusCase c, Tensor out, double alpha, double beta);
  }

  private static String equation(CorpusCase c) {
    return c.json.get("expression").getAsString();
  }

  private static final Runner EINSUM =
      new Runner(
          c -> Einsum.einsum(equation(c), c.operands()),
          (c, out, alpha, beta) ->
              Einsum.plan(equation(c), c.operands()).runInto(out, alpha, beta, c.operands()));

  private static int[] axes(CorpusCase c, int i) {
    return CorpusCase.ints(c.params().getAsJsonArray("axes").get(i).getAsJsonArray());
  }

  private static final Map<String, Runner> RUNNERS =
      Map.of(
          "einsum",
          EINSUM,
          "einsum_error",
          EINSUM,
          "tensordot",
          new Runner(
              c -> TensorOps.tensordot(c.inputs.get(0), c.inputs.get(1), axes(c, 0), axes(c, 1)),
              (c, out, alpha, beta) ->
                  TensorOps.tensordotInto(
                      out, alpha, beta, c.inputs.get(0), c.inputs.get(1), axes(c, 0), axes(c, 1))),
          "matmul",
          new Runner(
              c -> TensorOps.matmul(c.inputs.get(0), c.inputs.get(1)),
              (c, out, alpha, beta) ->
                  TensorOps.matmulInto(out, alpha, beta, c.inputs.get(0), c.inputs.get(1))),
          "batched_dot",
          new Runner(
              c -> TensorOps.batchedDot(c.inputs.get(0), c.inputs.get(1)),
              (c, out, alpha, beta) ->
                  TensorOps.batchedDotInto(out, alpha, beta, c.inputs.get(0), c.inputs.get(1))),
          "kron",
          new Runner(
              c -> TensorOps.kron(c.operands()),
              (c, out, alpha, beta) -> TensorOps.kronInto(out, alpha, beta, c.operands())),
          "kron_matmul",
          new Runner(KroneckerRunner::run, KroneckerRunner::runInto));

  /**
   * The build runs this class once for each instruction set by EINBLAS_ISA; those that the machine
   * lacks are skipped.
   */
  @BeforeAll
  static void skipWhatTheMachineLacks() {
    String forced = System.getenv("EINBLAS_ISA");
    try {
      System.out.println("CorpusTest on isa " + Einblas.isa());
      assertTrue(forced == null || forced.equals(Einblas.isa()));
    } catch (IllegalArgumentException e) {
      boolean lacking =
          e.getMessage().contains("machine lacks") || e.getMessage().contains("no instruction set");
      Assumptions.assumeFalse(forced != null && lacking, e.getMessage());
      throw e;
    }
  }

  private static final Corpus CORPUS = Corpus.open();

  private static Stream<CorpusCase> cases() {
    return CORPUS.cases().stream()
        .map(json -> new CorpusCase(CORPUS, json))
        .filter(c -> RUNNERS.containsKey(c.kind()));
  }

  @TestFactory
  Stream<DynamicTest> requiredCases() {
    return cases()
        .filter(c -> !c.isOptional())
        .map(c -> DynamicTest.dynamicTest(c.id() + " " + c.kind(), () -> check(c)));
  }

  @Test
  void optionalCasesPassOrAreListed() throws IOException {
    Set<String> listed = new TreeSet<>();
    try (BufferedReader in =
        new BufferedReader(
            new InputStreamReader(
                CorpusTest.class.getResourceAsStream("/corpus/optional-not-passed.txt"),
                StandardCharsets.UTF_8))) {
      in.lines()
          .filter(l -> !l.isBlank() && !l.startsWith("#"))
          .forEach(l -> listed.add(l.split("\\s+")[0]));
    }
    List<String> wrong = new ArrayList<>();
    for (CorpusCase c : cases().filter(CorpusCase::isOptional).collect(Collectors.toList())) {
      String failure = null;
      try {
        if (!c.hasOnlyFloats()) {
          throw new AssertionError("a type other than F32 and F64");
        }
        check(c);
      } catch (RuntimeException | AssertionError e) {
        failure = String.valueOf(e.getMessage());
      }
      if ((failure != null) != listed.contains(c.id())) {
        wrong.add(c.id() + (failure == null ? " passes, but is listed" : " " + failure));
      }
    }
    assertEquals(List.of(), wrong, "optional cases against optional-not-passed.txt");
  }

  private static void check(CorpusCase c) {
    Runner runner = RUNNERS.get(c.kind());
    try (c) {
      c.build();
      if (c.isError()) {
        Tensor out =
            c.json.has("out") ? c.own(Tensor.zeros(c.inputs.get(0).dtype(), c.outShape())) : null;
        Throwable thrown =
            assertThrows(
                RuntimeException.class,
                () -> {
                  if (out != null) {
                    runner.into.run(c, out, 1, 0);
                  } else {
                    runner.asNew.run(c);
                  }
                },
                () -> c.id() + " must be refused: " + c.json.get("error"));
        assertTrue(
            thrown instanceof IllegalArgumentException
                || thrown instanceof IndexOutOfBoundsException,
            () -> c.id() + " threw " + thrown);
        return;
      }
      try (Tensor result = runner.asNew.run(c)) {
        c.check("new", 0, result, 1, 0, 0);
      }
      checkInto(c, runner, false, 1, 0);
      checkInto(c, runner, true, 1, 0);
      if (!c.json.has("nonfinite") || !c.json.get("nonfinite").getAsBoolean()) {
        checkInto(c, runner, true, -1.5, 0.5);
      }
    }
  }

  /**
   * Into a view, reversed or permuted, inside a larger buffer none of whose other elements may
   * change.
   */
  private static void checkInto(
      CorpusCase c, Runner runner, boolean reversed, double alpha, double beta) {
    long[] shape = c.outputShape();
    int rank = shape.length;
    long[] padded = new long[rank];
    int[] order = new int[rank];
    for (int d = 0; d < rank; d++) {
      padded[d] = shape[rank - 1 - d] + 2;
      order[d] = rank - 1 - d;
    }
    double guard = 7.25;
    double before = beta == 0 ? Double.NaN : 3;
    DType dtype = c.inputs.get(0).dtype();
    Tensor buffer = c.own(Tensor.full(dtype, guard, padded));
    Tensor out = buffer.permute(order);
    for (int d = 0; d < rank; d++) {
      out = reversed ? out.slice(d, -2, -2 - shape[d], -1) : out.slice(d, 1, 1 + shape[d]);
    }
    out.fill(before);
    runner.into.run(c, out, alpha, beta);
    c.check((reversed ? "reversed" : "permuted") + " output", 0, out, alpha, beta, before);
    out.fill(guard);
    for (double v : CorpusCase.values(buffer)) {
      assertEquals(guard, v, () -> c.id() + ": an element outside the output was written");
    }
  }
}
