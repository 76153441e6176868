// Every einsum case of the corpus with every native kernel forced, where it can run all steps.
package io.github.einblas.corpus;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.Einblas;
import io.github.einblas.Einsum;
import io.github.einblas.EinsumPlan;
import io.github.einblas.PlanOptions;
import io.github.einblas.Tensor;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

class CorpusKernelsTest {
  private static final Corpus CORPUS = Corpus.open();

  @TestFactory
  Stream<DynamicTest> everyKernelForced() {
    return Einblas.kernels().stream()
        .map(kernel -> DynamicTest.dynamicTest(kernel, () -> casesWith(kernel)));
  }

  private static void casesWith(String kernel) {
    List<CorpusCase> cases =
        CORPUS.cases().stream()
            .map(json -> new CorpusCase(CORPUS, json))
            .filter(c -> c.kind().equals("einsum") && !c.isOptional() && !c.isError())
            .toList();
    int run = 0;
    for (CorpusCase c : cases) {
      run += passes(c, kernel) ? 1 : 0;
    }
    System.out.println("kernel " + kernel + " forced on " + run + " of " + cases.size() + " cases");
    assertTrue(run > 0, kernel + " ran no case");
  }

  /** False when the kernel cannot run a step of the case. */
  private static boolean passes(CorpusCase c, String kernel) {
    try (c) {
      c.build();
      String equation = c.json.get("expression").getAsString();
      EinsumPlan plan =
          Einsum.plan(
              equation,
              PlanOptions.DEFAULT.withKernel(kernel),
              c.inputs.get(0).dtype(),
              c.inputs.stream().map(Tensor::shape).toArray(long[][]::new));
      try (Tensor result = plan.run(c.operands())) {
        c.check("kernel " + kernel, 0, result, 1, 0, 0);
        Set<String> others = new TreeSet<>(plan.kernels(c.operands()));
        others.removeAll(Set.of(kernel, "none")); // none: an empty result, nothing to run
        assertTrue(others.isEmpty(), () -> c.id() + " was run by " + others);
        return true;
      } catch (IllegalArgumentException e) {
        assertTrue(e.getMessage().contains("cannot run this step"), e::getMessage);
        return false;
      }
    }
  }
}
