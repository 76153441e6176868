// Test support: the corpus kind kron_matmul, alpha * (f0 x f1 x ..) x + beta * z from either side.
package io.github.einblas.corpus;

import io.github.einblas.Einsum;
import io.github.einblas.Kronecker;
import io.github.einblas.Operand;
import io.github.einblas.Tensor;

/** Inputs are x, the factors, and z where beta is not 0. */
final class KroneckerRunner {
  private KroneckerRunner() {}

  private static Kronecker operator(CorpusCase c) {
    int n = c.params().get("factors").getAsInt();
    return Kronecker.of(c.inputs.subList(1, 1 + n).toArray(Operand[]::new));
  }

  private static boolean left(CorpusCase c) {
    // The corpus names the operator's side, the library X's.
    return "right".equals(c.params().get("side").getAsString());
  }

  static Tensor run(CorpusCase c) {
    Tensor x = c.inputs.get(0);
    Kronecker k = operator(c);
    if (c.params().get("alpha").getAsDouble() == 1 && c.params().get("beta").getAsDouble() == 0) {
      return left(c) ? k.timesLeft(x) : k.times(x);
    }
    Tensor out = Tensor.empty(x.dtype(), c.outputShape());
    runInto(c, out, 1, 0);
    return out;
  }

  static void runInto(CorpusCase c, Tensor out, double alpha, double beta) {
    double own = c.params().get("alpha").getAsDouble() * alpha;
    if (left(c)) {
      operator(c).timesLeftInto(out, own, beta, c.inputs.get(0));
    } else {
      operator(c).timesInto(out, own, beta, c.inputs.get(0));
    }
    double addend = c.params().get("beta").getAsDouble() * alpha;
    if (addend != 0) {
      Tensor z = c.inputs.get(c.inputs.size() - 1);
      Einsum.plan("...->...", z).runInto(out, addend, 1, z);
    }
  }
}
