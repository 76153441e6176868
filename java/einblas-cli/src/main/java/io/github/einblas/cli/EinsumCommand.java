// Command line: einsum over .npy files.
package io.github.einblas.cli;

import io.github.einblas.Einsum;
import io.github.einblas.EinsumPlan;
import io.github.einblas.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code einblas einsum EQUATION IN.npy... -o OUT.npy}, or {@code --plan} and operands. */
@Command(
    name = "einsum",
    description = "Contract tensors as an einsum equation says, such as 'nhd,khd->nkd'.")
final class EinsumCommand extends TensorCommand {
  @Parameters(
      index = "0",
      arity = "0..1",
      paramLabel = "EQUATION",
      description = "labels as in NumPy's einsum; none with --plan")
  String equation;

  @Parameters(
      index = "1..*",
      arity = "0..*",
      paramLabel = "IN.npy",
      description = "one per operand: a .npy file, archive.npz:name, or - for standard input")
  List<String> inputs = new ArrayList<>();

  @Option(
      names = "--plan",
      paramLabel = "PLAN.json",
      description =
          "run a plan that einblas plan -o wrote, for operands of the same shapes and types; - is"
              + " standard input")
  String saved;

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

  EinsumCommand(Streams io) {
    super(io);
  }

  @Override
  List<String> inputs() {
    if (saved == null) {
      if (equation == null) {
        throw new InputException("EQUATION and an IN.npy for each operand are missing, or --plan");
      }
      if (inputs.isEmpty()) {
        throw new InputException("an IN.npy for each operand of " + equation + " is missing");
      }
      return inputs;
    }
    if (planning.given() != null) {
      throw new InputException(
          "--plan runs a plan as it is; " + planning.given() + " is for einblas plan");
    }
    List<String> all = new ArrayList<>(inputs);
    if (equation != null) {
      all.add(0, equation);
    }
    if (all.contains("-") && saved.equals("-")) {
      throw new InputException("- (standard input) can be given once only");
    }
    return all;
  }

  @Override
  Tensor compute(Tensor[] operands) {
    EinsumPlan plan =
        saved != null
            ? SavedPlan.read(saved, io).planFor(operands)
            : Einsum.plan(equation, planning.options(equation, ranks(operands), io), operands);
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

  private static int[] ranks(Tensor[] operands) {
    return Arrays.stream(operands).mapToInt(t -> t.shape().length).toArray();
  }

  private Tensor run(EinsumPlan plan, Tensor[] operands) {
    if (plan.sliceCount() == 1) {
      return plan.run(operands);
    }
    try (Progress progress = new Progress(io, "slices", plan.sliceCount())) {
      return plan.run(
          done -> {
            if (progress.isTime()) {
              progress.now(done + " of " + plan.sliceCount());
            }
            progress.step();
          },
          operands);
    }
  }

  @Override
  String details() {
    return details;
  }
}
