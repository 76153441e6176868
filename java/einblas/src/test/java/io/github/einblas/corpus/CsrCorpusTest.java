// Every CSR case of the corpus through the public API: from arrays and from triples, new results
// and
// given outputs, einsum.
package io.github.einblas.corpus;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.einblas.CsrMatrix;
import io.github.einblas.DType;
import io.github.einblas.Einsum;
import io.github.einblas.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class CsrCorpusTest {
  private static final Corpus CORPUS = Corpus.open();

  @BeforeAll
  static void begin() {
    Strict.begin(CsrCorpusTest.class);
  }

  @AfterAll
  static void end() {
    Strict.end();
  }

  private static List<CorpusCase> all() {
    return CORPUS.cases().stream()
        .map(json -> new CorpusCase(CORPUS, json))
        .filter(c -> "csr_mm".equals(c.kind()))
        .toList();
  }

  @TestFactory
  Stream<DynamicTest> cases() {
    return all().stream()
        .map(c -> DynamicTest.dynamicTest(c.id(), () -> c.check(CsrCorpusTest::run)));
  }

  @Test
  void noCaseIsMissing() {
    Assumptions.assumeTrue(Corpus.isOwn());
    assertEquals(48, all().size());
    assertEquals(47, all().stream().filter(c -> !c.isOptional()).count());
    assertEquals(6, all().stream().filter(CorpusCase::isError).count());
  }

  /** An index operand in its own type; the payload is read as doubles. */
  private static Tensor index(CorpusCase c, int i) {
    boolean wide =
        "i64"
            .equals(
                c.json
                    .getAsJsonArray("inputs")
                    .get(i)
                    .getAsJsonObject()
                    .get("dtype")
                    .getAsString());
    return c.inputs.get(i).to(wide ? DType.I64 : DType.I32);
  }

  private static void run(CorpusCase c) {
    long[] shape = CorpusCase.longs(c.params().getAsJsonArray("shape"));
    boolean transposed = c.params().get("transpose").getAsBoolean();
    boolean right = "right".equals(c.params().get("side").getAsString());
    Tensor x = c.inputs.get(3);
    try (Tensor indices = index(c, 1);
        Tensor indptr = index(c, 2);
        CsrMatrix m = CsrMatrix.of(c.inputs.get(0), indices, indptr, shape[0], shape[1]);
        CsrMatrix turned = m.transpose();
        Tensor result = product(m, x, transposed, right)) {
      c.check("new", 0, result, 1, 0, 0);
      try (Tensor same = product(turned, x, !transposed, right)) {
        c.check("of the transposed matrix", 0, same, 1, 0, 0);
      }
      Random random = c.random();
      for (double beta : new double[] {0, 0.5}) {
        try (Canvas out = new Canvas(random, result.dtype(), result.shape(), beta != 0)) {
          into(m, out.view, -2, beta, x, transposed, right);
          c.check("beta " + beta, out.view, c.expected(0), c.outputShape(), -2, beta, out.before());
          out.verifyOutside(c.id());
        }
      }
      try (CsrMatrix triples = triples(m);
          Tensor same = product(triples, x, transposed, right);
          Tensor sum = einsum(m, x, transposed, right)) {
        c.check("from triples", 0, same, 1, 0, 0);
        c.check("einsum", 0, sum, 1, 0, 0);
      }
    }
  }

  private static Tensor product(CsrMatrix m, Tensor x, boolean transposed, boolean right) {
    if (right) {
      return transposed ? m.transpose().timesLeft(x) : m.timesLeft(x);
    }
    return transposed ? m.transpose().times(x) : m.times(x);
  }

  private static void into(
      CsrMatrix m,
      Tensor out,
      double alpha,
      double beta,
      Tensor x,
      boolean transposed,
      boolean right) {
    if (right && transposed) {
      m.transpose().timesLeftInto(out, alpha, beta, x);
    } else if (right) {
      m.timesLeftInto(out, alpha, beta, x);
    } else if (transposed) {
      m.transpose().timesInto(out, alpha, beta, x);
    } else {
      m.timesInto(out, alpha, beta, x);
    }
  }

  private static Tensor einsum(CsrMatrix m, Tensor x, boolean transposed, boolean right) {
    boolean vector = x.rank() == 1;
    String matrix = transposed ? "QP" : "PQ";
    if (right) {
      return Einsum.einsum((vector ? "P," : "nP,") + matrix + (vector ? "->Q" : "->nQ"), x, m);
    }
    return Einsum.einsum(matrix + (vector ? ",Q->P" : ",Qn->Pn"), m, x);
  }

  /** The same matrix from its triples, last entry first. */
  private static CsrMatrix triples(CsrMatrix m) {
    try (Tensor indptr = m.indptr();
        Tensor column = m.indices();
        Tensor values = m.values()) {
      long[] starts = indptr.toLongArray();
      long[] row = new long[(int) m.entries()];
      for (int r = 0; r < m.rows(); r++) {
        Arrays.fill(row, (int) starts[r], (int) starts[r + 1], r);
      }
      try (Tensor rows = Tensor.of(row)) {
        return CsrMatrix.ofTriples(
            values.flip(0), rows.flip(0), column.flip(0), m.rows(), m.columns());
      }
    }
  }
}
