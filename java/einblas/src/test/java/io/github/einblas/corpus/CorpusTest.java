// Every case of the corpus through the public API as an outsider would: new results, outputs of
// random
// strides and contents, alpha and beta, one to three threads bit by bit, operands unchanged,
// refusals
// by every form.
package io.github.einblas.corpus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.Einblas;
import io.github.einblas.Einsum;
import io.github.einblas.Tensor;
import io.github.einblas.TensorOps;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
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

  @BeforeAll
  static void begin() {
    Strict.begin(CorpusTest.class);
  }

  @AfterAll
  static void end() {
    Strict.end();
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
        check(c);
      } catch (RuntimeException | AssertionError e) {
        failure = String.valueOf(e.getMessage());
      }
      // Another corpus has other cases; what is optional may fail there.
      if (!Corpus.isOwn()) {
        System.out.println(c.id() + (failure == null ? " passes" : " does not pass: " + failure));
      } else if ((failure != null) != listed.contains(c.id())) {
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
        Einblas.setThreads(2);
        Refusals.check(c, runner.asNew::run, runner.into::run);
        return;
      }
      boolean finite = !c.json.has("nonfinite") || !c.json.get("nonfinite").getAsBoolean();
      for (int threads = 1; threads <= Strict.MOST_THREADS; threads++) {
        c.onThreads(threads);
        try (Tensor result = runner.asNew.run(c)) {
          assertTrue(result.isContiguous(), () -> c.id() + ": a new result is contiguous");
          c.check("new", 0, result, 1, 0, 0);
        }
        // The same layouts for any number of threads: bits depend on strides. Two are left to new
        // results, for the time that it takes.
        Random random = c.random();
        if (threads != 2) {
          into(c, runner, random, 1, 0);
          if (finite) {
            boolean whole = c.resultType().isInteger();
            into(c, runner, random, whole ? -2 : -1.5, whole ? 3 : 0.5);
          }
        }
        c.verifyOperands();
      }
    }
  }

  /** Into an output of random strides and contents, none of whose neighbours may change. */
  private static void into(CorpusCase c, Runner runner, Random random, double alpha, double beta) {
    try (Canvas out = new Canvas(random, c.resultType(), c.outputShape(), beta != 0)) {
      runner.into.run(c, out.view, alpha, beta);
      String how = "into strides " + Arrays.toString(out.view.strides());
      c.check(how, out.view, c.expected(0), c.outputShape(), alpha, beta, out.before());
      out.verifyOutside(c.id());
    }
  }
}
