// Command line: the contractions that tuning is judged by.
package io.github.einblas.cli;

import io.github.einblas.DType;
import io.github.einblas.Einsum;
import io.github.einblas.EinsumPlan;
import io.github.einblas.Tensor;
import io.github.einblas.Tuning;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** A few contractions of each kernel class, in both types, with their tensors. */
final class TuneCases implements AutoCloseable {
  private static final long SEED = 20261121;
  private static final int ROUNDS = 7;

  /** A timing is at least so long, so that the clock and a wake-up do not matter. */
  private static final double SHORTEST_SECONDS = 1e-3;

  private final List<Case> cases = new ArrayList<>();

  TuneCases() {
    for (DType dtype : new DType[] {DType.F32, DType.F64}) {
      add("ab,bc->ac", dtype, "a=96 b=96 c=96");
      add("ab,bc->ac", dtype, "a=640 b=640 c=640");
      add("rd,od->ro", dtype, "r=12000 d=784 o=30");
      add("nlmi,kmjn->lkji", dtype, "i=24 j=24 k=24 l=24 m=24 n=24");
      add("ap,srqp->srqa", dtype, "a=48 p=48 q=48 r=48 s=24");
      add("bik,bkj->bij", dtype, "b=20000 i=8 j=8 k=8");
      add("bik,bkj->bij", dtype, "b=600 i=32 j=32 k=32");
      add("nhd,khd->nkd", dtype, "n=32 k=32 h=64 d=128");
      add("ij,j->i", dtype, "i=2000 j=2000");
      add("ijkl->ljki", dtype, "i=40 j=40 k=40 l=40");
      add("bij,k->bijk", dtype, "b=16 i=64 j=64 k=64");
      add("bij,k->bijk", dtype, "b=4 i=16 j=64 k=64");
      add("ij,j->ij", dtype, "i=100 j=300");
    }
  }

  private void add(String equation, DType dtype, String lengths) {
    cases.add(new Case(equation, dtype, lengths));
  }

  /**
   * The cases that a number may change: those whose kernel its name begins with, or all when it is
   * named after none. Numbers of a kernel's family (GEMM for gemm_small) count for all of it.
   */
  List<Case> affectedBy(Tuning.Value number) {
    String family = family(number.name());
    List<Case> own = cases.stream().filter(c -> family(c.kernel).equals(family)).toList();
    return own.isEmpty() ? cases : own;
  }

  private static String family(String name) {
    return name.toUpperCase(Locale.ROOT).split("_", 2)[0];
  }

  @Override
  public void close() {
    cases.forEach(Case::close);
  }

  /** One contraction. */
  static final class Case implements AutoCloseable {
    private final String equation;
    private final Tensor[] operands;
    private final Tensor out;
    final String kernel;

    Case(String equation, DType dtype, String lengths) {
      this.equation = equation;
      String[] terms = equation.split(",|->", -1);
      operands = new Tensor[terms.length - 1];
      long[][] shapes =
          Arrays.stream(terms)
              .map(t -> t.chars().mapToLong(c -> length(lengths, (char) c)).toArray())
              .toArray(long[][]::new);
      for (int i = 0; i < operands.length; i++) {
        operands[i] = new RandomData(dtype, SEED + i).tensor(shapes[i]);
      }
      out = Tensor.empty(dtype, shapes[operands.length]);
      kernel = Einsum.plan(equation, operands).kernels(operands).get(0);
    }

    private static long length(String lengths, char label) {
      int at = lengths.indexOf(label + "=");
      return Long.parseLong(lengths.substring(at + 2).split(" ", 2)[0]);
    }

    /** Time with the current value divided by the time with the candidate, run in turns. */
    double speedup(String name, long current, long candidate) {
      Tuning.set(name, candidate);
      EinsumPlan changed = warm();
      Tuning.set(name, current);
      EinsumPlan plain = warm();
      int runs = (int) Math.max(1, Math.ceil(SHORTEST_SECONDS / time(plain, 1)));
      double[] old = new double[ROUNDS];
      double[] now = new double[ROUNDS];
      for (int i = 0; i < ROUNDS; i++) {
        old[i] = time(plain, runs);
        now[i] = time(changed, runs);
      }
      return median(old) / median(now);
    }

    /** A plan with its steps made, by the values in force now. */
    private EinsumPlan warm() {
      EinsumPlan plan = Einsum.plan(equation, operands);
      time(plan, 2);
      return plan;
    }

    private double time(EinsumPlan plan, int runs) {
      long start = System.nanoTime();
      for (int i = 0; i < runs; i++) {
        plan.runInto(out, operands);
      }
      return (System.nanoTime() - start) * 1e-9 / runs;
    }

    private static double median(double[] times) {
      double[] sorted = times.clone();
      Arrays.sort(sorted);
      return sorted[sorted.length / 2];
    }

    @Override
    public void close() {
      Arrays.stream(operands).forEach(Tensor::close);
      out.close();
    }
  }
}
