// Command line: the named operations over einsum.
package io.github.einblas.cli;

import io.github.einblas.DType;
import io.github.einblas.PlanOptions;
import io.github.einblas.Tensor;
import io.github.einblas.TensorOps;
import java.util.Arrays;
import java.util.List;
import java.util.function.BinaryOperator;
import java.util.function.Function;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code einblas matmul A.npy B.npy -o OUT.npy} and its relatives. */
@Command
abstract class ProductCommand extends TensorCommand {
  private final Function<Tensor[], Tensor> operation;
  private final Function<long[][], ProductForm> form;

  @Parameters(
      arity = "1..*",
      paramLabel = "IN.npy",
      description = "one per operand: a .npy file, archive.npz:name, or - for standard input")
  List<String> inputs;

  @Mixin PageArgument page = new PageArgument();

  ProductCommand(
      Streams io, Function<Tensor[], Tensor> operation, Function<long[][], ProductForm> form) {
    super(io);
    this.operation = operation;
    this.form = form;
  }

  @Override
  List<String> inputs() {
    if (inputs.size() < 2) {
      throw new InputException(spec.name() + " needs two or more inputs, and got one");
    }
    return inputs;
  }

  /** The operation over these shapes as labels. */
  ProductForm form(long[][] shapes) {
    return form.apply(shapes);
  }

  @Override
  final void check() {
    page.check(output, inputs(), force, io);
  }

  @Override
  final Tensor result(Tensor[] operands) {
    if (!profile && !memory.isGiven() && !page.isGiven()) {
      return compute(operands);
    }
    return planned(operands).run(profile, page, form(shapes(operands)).shape(), operands);
  }

  @Override
  final String explanation(Tensor[] operands) {
    return planned(operands).explanation(operands);
  }

  @Override
  Tensor compute(Tensor[] operands) {
    return operation.apply(operands);
  }

  private PlannedRun planned(Tensor... operands) {
    PlanOptions options =
        memory.isGiven()
            ? PlanOptions.DEFAULT.withMemoryLimit(memory.bytes())
            : PlanOptions.DEFAULT;
    List<DType> types = Arrays.stream(operands).map(Tensor::dtype).toList();
    long[][] shapes = shapes(operands);
    return new PlannedRun(form(shapes).plan(options, types, shapes), io);
  }

  private static long[][] shapes(Tensor... operands) {
    return Arrays.stream(operands).map(Tensor::shape).toArray(long[][]::new);
  }

  /** kron. */
  @Command(description = "Kronecker product of tensors of any rank, as NumPy's kron.")
  static final class Kron extends ProductCommand {
    Kron(Streams io) {
      super(io, TensorOps::kron, ProductForm::kron);
    }
  }

  /** khatri-rao. */
  @Command(description = "Kronecker product column by column, of matrices with as many columns.")
  static final class KhatriRao extends ProductCommand {
    KhatriRao(Streams io) {
      super(io, TensorOps::khatriRao, shapes -> ProductForm.paired(shapes, 1));
    }
  }

  /** face-splitting. */
  @Command(description = "Kronecker product row by row, of matrices with as many rows.")
  static final class FaceSplitting extends ProductCommand {
    FaceSplitting(Streams io) {
      super(io, TensorOps::faceSplitting, shapes -> ProductForm.paired(shapes, 0));
    }
  }

  /** An operation on exactly two tensors. */
  @Command
  abstract static class Pair extends ProductCommand {
    Pair(Streams io, BinaryOperator<Tensor> operation, Function<long[][], ProductForm> form) {
      super(io, t -> operation.apply(t[0], t[1]), form);
    }

    @Override
    List<String> inputs() {
      if (inputs.size() != 2) {
        throw new InputException(spec.name() + " needs two inputs, and got " + inputs.size());
      }
      return inputs;
    }
  }

  /** matmul. */
  @Command(
      description =
          "Multiply matrices by NumPy's matmul rules: leading axes are batches and broadcast.")
  static final class Matmul extends Pair {
    Matmul(Streams io) {
      super(io, TensorOps::matmul, ProductForm::matmul);
    }
  }

  /** batched-dot. */
  @Command(description = "Multiply item by item along the first axis, as Theano's batched_dot.")
  static final class BatchedDot extends Pair {
    BatchedDot(Streams io) {
      super(io, TensorOps::batchedDot, ProductForm::batchedDot);
    }
  }

  /** outer. */
  @Command(description = "Outer product of tensors of any rank: the shapes are joined.")
  static final class Outer extends Pair {
    Outer(Streams io) {
      super(io, TensorOps::outer, ProductForm::outer);
    }
  }

  /** hadamard-outer. */
  @Command(
      description =
          "From a (i, rest) and b (j, rest) make (i, j, rest): outer in the first axis,"
              + " elementwise in the rest.")
  static final class HadamardOuter extends Pair {
    HadamardOuter(Streams io) {
      super(io, TensorOps::hadamardOuter, ProductForm::hadamardOuter);
    }
  }

  /** tensordot, which has axes. */
  @Command(description = "Sum over pairs of axes, as NumPy's tensordot.")
  static final class Tensordot extends Pair {
    @Option(
        names = "--axes",
        paramLabel = "AXES",
        defaultValue = "2",
        description =
            "how many axes to sum over: the last of the first input with the first of the second;"
                + " or the axes by name, as 1,2:0,1 (default: ${DEFAULT-VALUE})")
    String axes;

    Tensordot(Streams io) {
      super(io, null, null);
    }

    @Override
    ProductForm form(long[][] shapes) {
      return isNumber()
          ? ProductForm.tensordot(shapes, Integer.parseInt(axes))
          : ProductForm.tensordot(shapes, pairs(0), pairs(1));
    }

    @Override
    Tensor compute(Tensor[] operands) {
      return isNumber()
          ? TensorOps.tensordot(operands[0], operands[1], Integer.parseInt(axes))
          : TensorOps.tensordot(operands[0], operands[1], pairs(0), pairs(1));
    }

    private boolean isNumber() {
      return axes.matches("[0-9]{1,4}");
    }

    /** The axes of one of the inputs. */
    private int[] pairs(int input) {
      if (!axes.matches("(-?[0-9]{1,4}(,-?[0-9]{1,4})*)?:(-?[0-9]{1,4}(,-?[0-9]{1,4})*)?")) {
        throw new InputException(
            "--axes needs a number, or axes of both inputs such as 1,2:0,1; it is '" + axes + "'");
      }
      return numbers(axes.split(":", -1)[input]);
    }

    private static int[] numbers(String list) {
      return list.isEmpty()
          ? new int[0]
          : Arrays.stream(list.split(",", -1)).mapToInt(Integer::parseInt).toArray();
    }
  }
}
