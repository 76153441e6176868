// Command line: einsum over .npy files.
package io.github.einblas.cli;

import io.github.einblas.Einsum;
import io.github.einblas.EinsumPlan;
import io.github.einblas.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code einblas einsum EQUATION IN.npy... -o OUT.npy}, or {@code --plan} and operands. */
@Command(description = "Contract tensors as an einsum equation says, such as 'nhd,khd->nkd'.")
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

  @Mixin PageArgument page = new PageArgument();

  @Mixin PlanArguments planning = new PlanArguments();

  private PlannedRun run;

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
    if (planning.given(memory) != null) {
      throw new InputException(
          "--plan runs a plan as it is; " + planning.given(memory) + " is for einblas plan");
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
  void check() {
    page.check(output, files(), force, io);
  }

  @Override
  List<String> files() {
    return with(inputs(), saved, planning.path);
  }

  @Override
  Tensor result(Tensor[] operands) {
    return compute(operands);
  }

  @Override
  Tensor compute(Tensor[] operands) {
    return run(operands).run(profile, page, null, operands);
  }

  @Override
  String explanation(Tensor[] operands) {
    return run(operands).explanation(operands);
  }

  /** One for both: a plan on standard input can be read once. */
  private PlannedRun run(Tensor[] operands) {
    if (run == null) {
      EinsumPlan plan =
          saved != null
              ? SavedPlan.read(saved, io).planFor(operands)
              : Einsum.plan(
                  equation, planning.options(equation, ranks(operands), memory, io), operands);
      run = new PlannedRun(plan, io);
    }
    return run;
  }

  private static int[] ranks(Tensor[] operands) {
    return Arrays.stream(operands).mapToInt(t -> t.shape().length).toArray();
  }

  @Override
  String details() {
    return run.details();
  }
}
