// Test support: what must be refused, by every form of the call, with the output untouched.
package io.github.einblas.corpus;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.DType;
import io.github.einblas.Einsum;
import io.github.einblas.PlanOptions;
import io.github.einblas.Tensor;
import java.util.Random;

/** A case with {@code expect: error}. */
final class Refusals {
  private Refusals() {}

  /** A call with a new result. */
  @FunctionalInterface
  interface New {
    Tensor run(CorpusCase c);
  }

  /** A call with a given output. */
  @FunctionalInterface
  interface Into {
    void run(CorpusCase c, Tensor out, double alpha, double beta);
  }

  static void check(CorpusCase c, New fresh, Into into) {
    Random random = c.random();
    DType dtype = c.inputs.isEmpty() ? DType.F64 : c.inputs.get(0).dtype();
    if (c.json.has("out")) {
      // The output is what is wrong.
      into(c, into, new Canvas(random, dtype, c.outShape(), true));
      c.verifyOperands();
      return;
    }
    refused(c, "new", () -> fresh.run(c).close());
    into(c, into, new Canvas(random, dtype, new long[0], true));
    into(c, into, new Canvas(random, dtype, new long[] {2, 3}, true));
    if (!c.inputs.isEmpty()) {
      into(c, into, new Canvas(random, dtype, c.inputs.get(0).shape(), true));
    }
    if (c.kind().startsWith("einsum")) {
      String text = c.json.get("expression").getAsString();
      Tensor[] in = c.operands();
      long[][] shapes = c.inputs.stream().map(Tensor::shape).toArray(long[][]::new);
      PlanOptions other = PlanOptions.DEFAULT.withThreads(2).withMemoryLimit(1 << 20);
      refused(c, "plan", () -> Einsum.plan(text, in));
      refused(c, "plan with options", () -> Einsum.plan(text, other, in));
      refused(c, "plan of shapes", () -> Einsum.plan(text, dtype, shapes));
    }
    c.verifyOperands();
  }

  private static void into(CorpusCase c, Into into, Canvas canvas) {
    try (canvas) {
      refused(c, "into", () -> into.run(c, canvas.view, 1, 1));
      canvas.verifyUntouched(c.id());
    }
  }

  private static void refused(CorpusCase c, String how, Runnable call) {
    Throwable thrown =
        assertThrows(
            RuntimeException.class,
            call::run,
            () -> c.id() + " must be refused (" + how + "): " + c.json.get("error"));
    assertTrue(
        thrown.getClass() == IllegalArgumentException.class
            || thrown.getClass() == IndexOutOfBoundsException.class,
        () -> c.id() + " " + how + " threw " + thrown);
  }
}
