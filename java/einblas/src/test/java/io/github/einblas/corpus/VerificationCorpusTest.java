// Every einsum of the corpus: its result passes EinsumPlan.verify, and fails with one element off.
package io.github.einblas.corpus;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.Einsum;
import io.github.einblas.EinsumPlan;
import io.github.einblas.Tensor;
import io.github.einblas.Verification;
import org.junit.jupiter.api.Test;

class VerificationCorpusTest {
  @Test
  void einsumCases() {
    Corpus corpus = Corpus.open();
    int checked = 0;
    int changed = 0;
    for (var json : corpus.cases()) {
      try (CorpusCase c = new CorpusCase(corpus, json)) {
        boolean finite = !json.has("nonfinite") || !json.get("nonfinite").getAsBoolean();
        if (!c.kind().equals("einsum") || c.isOptional() || !finite) {
          continue;
        }
        c.build();
        if (c.isError() || !c.inputs.get(0).dtype().isFloating()) {
          continue;
        }
        EinsumPlan plan = Einsum.plan(json.get("expression").getAsString(), c.operands());
        try (Tensor result = plan.run(c.operands())) {
          Verification v = plan.verify(c.operands(), result, checked);
          assertTrue(v.passed(), () -> c.id() + ": " + v);
          checked++;
          if (result.size() > 0) {
            try (Tensor line = result.reshape(-1)) {
              long place = checked % line.size();
              double largest = 1;
              for (double x : CorpusCase.values(line)) {
                largest = Math.max(largest, Math.abs(x));
              }
              double off = Math.max(4 * v.bound(), 0.01 * largest);
              line.set(line.get(place) + off, place);
              Verification wrong = plan.verify(c.operands(), result, checked);
              assertFalse(wrong.passed(), () -> c.id() + ": " + wrong);
              changed++;
            }
          }
        }
      }
    }
    System.out.println("verified " + checked + " einsum cases, refused " + changed);
    assertTrue(checked > 50 && changed > 50);
  }
}
