// Command line: einsum over .npy files.
package io.github.einblas.cli;

import io.github.einblas.Einsum;
import io.github.einblas.EinsumPlan;
import io.github.einblas.Tensor;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code einblas einsum EQUATION IN.npy... -o OUT.npy}. */
@Command(
    name = "einsum",
    description = "Contract tensors as an einsum equation says, such as 'nhd,khd->nkd'.")
final class EinsumCommand extends TensorCommand {
  @Parameters(index = "0", paramLabel = "EQUATION", description = "labels as in NumPy's einsum")
  String equation;

  @Parameters(
      index = "1..*",
      arity = "1..*",
      paramLabel = "IN.npy",
      description = "one per operand: a .npy file, archive.npz:name, or - for standard input")
  List<String> inputs;

  @Option(
      names = "--explain",
      description = "say on standard error which steps and kernels are used")
  boolean explain;

  @Option(
      names = "--profile",
      description =
          "run a few times first and say on standard error how long each step takes,"
              + " beside its bound")
  boolean profile;

  @Mixin PlanArguments planning = new PlanArguments();

  private String details = "";
  private long drawn = System.nanoTime();

  EinsumCommand(Streams io) {
    super(io);
  }

  @Override
  List<String> inputs() {
    return inputs;
  }

  @Override
  Tensor compute(Tensor[] operands) {
    EinsumPlan plan = Einsum.plan(equation, planning.options(), operands);
    if (explain) {
      io.err().println(plan.explain(operands).stripTrailing());
    }
    if (profile) {
      io.err().println(plan.profile(operands).text().stripTrailing());
    }
    long start = System.nanoTime();
    Tensor result = run(plan, operands);
    double seconds = (System.nanoTime() - start) * 1e-9;
    details =
        String.format(
            Locale.ROOT, " (run %.6f s, %.2f GFLOP/s)", seconds, plan.flops() / seconds * 1e-9);
    return result;
  }

  private Tensor run(EinsumPlan plan, Tensor[] operands) {
    if (plan.sliceCount() == 1) {
      return plan.run(operands);
    }
    try (Progress progress = new Progress(io, "slices", plan.sliceCount())) {
      return plan.run(
          done -> {
            if (isTime()) {
              progress.now(done + " of " + plan.sliceCount());
            }
            progress.step();
          },
          operands);
    }
  }

  /** Drawing takes longer than a small slice: ten times a second is enough. */
  private boolean isTime() {
    long now = System.nanoTime();
    boolean due = now - drawn > 100_000_000;
    drawn = due ? now : drawn;
    return due;
  }

  @Override
  String details() {
    return details;
  }
}
