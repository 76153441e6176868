// The corpus' equations of many operands: runs, gradients and batches take no more native memory
// than was promised, whole and under limits, and give the same results.
package io.github.einblas.corpus;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.DType;
import io.github.einblas.Einsum;
import io.github.einblas.EinsumPlan;
import io.github.einblas.PlanOptions;
import io.github.einblas.Tensor;
import io.github.einblas.reference.NativePeak;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

class PlanPromiseTest {
  private static final Pattern LEAST = Pattern.compile("(?:that does is|bytes;) (\\d+)");
  private static final int SETS = 5;

  /** Equations of more multiplications in one loop nest are not cut to single elements: seconds. */
  private static final double FINEST = 10_000;

  private static final long MOST_SLICES = 3_000;
  private static final Corpus CORPUS = Corpus.open();
  private static final AtomicInteger CUT = new AtomicInteger();
  private static final AtomicInteger CASES = new AtomicInteger();

  @TestFactory
  Stream<DynamicTest> casesOfManyOperands() {
    return CORPUS.cases().stream()
        .map(json -> new CorpusCase(CORPUS, json))
        .filter(c -> c.kind().equals("einsum") && !c.isError() && c.hasOnlyFloats())
        .filter(c -> c.json.getAsJsonArray("inputs").size() > 2)
        .map(
            c ->
                DynamicTest.dynamicTest(
                    c.id(),
                    () -> {
                      try (c) {
                        check(c.build());
                      }
                    }));
  }

  @AfterAll
  static void someWereCut() {
    assertTrue(CASES.get() > 100, "only " + CASES + " cases");
    assertTrue(CUT.get() > CASES.get() / 10, "only " + CUT + " of " + CASES + " cases were cut");
  }

  private static void check(CorpusCase c) {
    CASES.incrementAndGet();
    Tensor[] in = c.operands();
    String equation = c.json.get("expression").getAsString();
    for (int threads = 1; threads <= 2; threads++) {
      PlanOptions options = PlanOptions.DEFAULT.withThreads(threads);
      EinsumPlan whole = Einsum.plan(equation, options, in);
      long promised = whole.report(in).peakBytes();
      checkRun(c, whole, in, promised, "whole");
      long result = bytes(whole.outputShape(), whole.dtype());
      checkBatch(whole, in, SETS * result + threads * (promised - result), c.id());
      boolean small = whole.report().naiveFlops() <= FINEST;
      long least = least(() -> Einsum.plan(equation, options.withMemoryLimit(0), in), promised);
      for (long limit : new long[] {small ? least : promised, (least + promised) / 2}) {
        EinsumPlan plan = Einsum.plan(equation, options.withMemoryLimit(limit), in);
        if (plan.sliceCount() <= MOST_SLICES) {
          CUT.addAndGet(threads == 1 && plan.sliceCount() > 1 ? 1 : 0);
          checkRun(c, plan, in, limit, "limit " + limit);
          checkBatch(plan, in, (SETS - 1) * result + limit, c.id() + ", limit " + limit);
        }
      }
      if (small) {
        checkGradients(c, equation, options, whole, in);
      }
    }
  }

  private static void checkRun(
      CorpusCase c, EinsumPlan plan, Tensor[] in, long limit, String what) {
    // Strided operands may be cut in another way; making that is no part of the run.
    long promised;
    try {
      promised = plan.report(in).peakBytes();
    } catch (IllegalArgumentException e) {
      // The least for contiguous operands may be too little for these.
      assertTrue(e.getMessage().contains("the smallest that does is"), e::getMessage);
      return;
    }
    assertTrue(promised <= limit, c.id() + " " + what + ": promises " + promised);
    long measured = NativePeak.of(() -> plan.run(in).close());
    assertTrue(
        measured <= promised,
        c.id() + " " + what + ": took " + measured + "\n" + plan.report(in).text());
    try (Tensor got = plan.run(in)) {
      c.check(what, 0, got, 1, 0, 0);
    }
  }

  private static void checkBatch(EinsumPlan plan, Tensor[] in, long most, String what) {
    List<Tensor[]> sets = Collections.nCopies(SETS, in);
    long measured;
    try {
      measured = NativePeak.of(() -> plan.runBatch(sets).close());
    } catch (IllegalArgumentException e) {
      assertTrue(e.getMessage().contains("the smallest that does is"), e::getMessage);
      return;
    }
    assertTrue(measured <= most, what + ": a batch took " + measured + " of " + most);
  }

  private static void checkGradients(
      CorpusCase c, String equation, PlanOptions options, EinsumPlan whole, Tensor[] in) {
    try (Tensor upstream = Tensor.ones(whole.dtype(), whole.outputShape())) {
      Tensor[] expected = whole.gradients(upstream, in).list().toArray(Tensor[]::new);
      long[] roomy = {0};
      roomy[0] = NativePeak.of(() -> whole.gradients(upstream, in).close());
      EinsumPlan tight = fitting(equation, options, upstream, in);
      for (EinsumPlan plan :
          new EinsumPlan[] {
            tight,
            Einsum.plan(
                equation,
                options.withMemoryLimit(Math.max(tight.options().memoryLimit(), roomy[0] / 2)),
                in)
          }) {
        long limit = plan.options().memoryLimit();
        Tensor[][] got = {null};
        long measured =
            NativePeak.of(
                () -> got[0] = plan.gradients(upstream, in).list().toArray(Tensor[]::new));
        String what = c.id() + ": gradients in " + limit + " bytes";
        assertTrue(measured <= limit, what + " took " + measured);
        double eps = whole.dtype() == DType.F32 ? 1e-4 : 1e-12;
        for (int i = 0; i < in.length; i++) {
          double[] wanted = CorpusCase.values(expected[i]);
          double most = Arrays.stream(wanted).map(Math::abs).max().orElse(0);
          assertArrayEquals(
              wanted, CorpusCase.values(got[0][i]), Math.max(1e-300, eps * most), what);
          got[0][i].close();
        }
      }
      Arrays.stream(expected).forEach(Tensor::close);
    }
  }

  /** The plan of the least limit under which the gradients fit, as the refusals say it. */
  private static EinsumPlan fitting(
      String equation, PlanOptions options, Tensor upstream, Tensor[] in) {
    long limit = least(() -> Einsum.plan(equation, options.withMemoryLimit(0), in), 1);
    for (int attempt = 0; ; attempt++) {
      EinsumPlan plan = Einsum.plan(equation, options.withMemoryLimit(limit), in);
      try {
        plan.gradients(upstream, in).close();
        return plan;
      } catch (IllegalArgumentException e) {
        assertTrue(attempt < 2 + in.length, e::getMessage);
        limit = Math.max(limit + 1, named(e));
      }
    }
  }

  private static long named(IllegalArgumentException e) {
    Matcher m = LEAST.matcher(e.getMessage());
    assertTrue(m.find(), e::getMessage);
    return Long.parseLong(m.group(1));
  }

  private static long least(Runnable plan, long otherwise) {
    try {
      plan.run();
      return otherwise;
    } catch (IllegalArgumentException e) {
      return named(e);
    }
  }

  private static long bytes(long[] shape, DType dtype) {
    return Arrays.stream(shape).reduce(1, (x, y) -> x * y) * dtype.bytes();
  }
}
