// Command line: a Kronecker product of matrices times X, without building it.
package io.github.einblas.cli;

import io.github.einblas.CsrMatrix;
import io.github.einblas.Kronecker;
import io.github.einblas.Operand;
import io.github.einblas.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.regex.Pattern;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code einblas kron-matmul X.npy FACTOR... -o OUT.npy}. */
@Command(
    description = {
      "Multiply X by the Kronecker product of factors, which is never built.",
      "X is (columns, n) and the result K X; with --left X is (n, rows) and the result X K."
    })
final class KronMatmulCommand extends TensorCommand {
  private static final Pattern IDENTITY = Pattern.compile("I([0-9]{1,18})");

  @Parameters(
      index = "0",
      paramLabel = "X.npy",
      description = "a .npy file, archive.npz:name, or - for standard input")
  String x;

  @Parameters(
      index = "1..*",
      arity = "1..*",
      paramLabel = "FACTOR",
      description =
          "a matrix as a file (archive.npz without a name: a sparse one, as scipy.sparse.save_npz"
              + " writes it), or I30 for the identity of order 30; the first is outermost")
  List<String> factors;

  @Option(names = "--left", description = "X stands to the left of the operator")
  boolean left;

  @Option(names = "--transpose", description = "transpose the operator")
  boolean transpose;

  KronMatmulCommand(Streams io) {
    super(io);
  }

  @Override
  List<String> inputs() {
    List<String> files = new ArrayList<>(List.of(x));
    factors.stream()
        .filter(f -> !IDENTITY.matcher(f).matches() && !CsrCommand.isArchive(f))
        .forEach(files::add);
    return files;
  }

  @Override
  List<String> files() {
    return with(factors, x);
  }

  @Override
  Tensor compute(Tensor[] operands) {
    return with(operands, k -> left ? k.timesLeft(operands[0]) : k.times(operands[0]));
  }

  @Override
  String explanation(Tensor[] operands) {
    return with(operands, k -> left ? k.explainLeft(operands[0]) : k.explain(operands[0]));
  }

  /** What is asked of the operator, whose sparse factors are closed afterwards. */
  private <T> T with(Tensor[] operands, Function<Kronecker, T> question) {
    Operand[] all = new Operand[factors.size()];
    List<CsrMatrix> sparse = new ArrayList<>();
    int next = 1;
    try {
      for (int i = 0; i < all.length; i++) {
        var identity = IDENTITY.matcher(factors.get(i));
        if (CsrCommand.isArchive(factors.get(i))) {
          sparse.add(CsrCommand.read(factors.get(i)));
          all[i] = sparse.get(sparse.size() - 1);
        } else {
          all[i] =
              identity.matches()
                  ? Kronecker.identity(Long.parseLong(identity.group(1)))
                  : operands[next++];
        }
      }
      Kronecker k = Kronecker.of(all);
      return question.apply(transpose ? k.transpose() : k);
    } finally {
      sparse.forEach(CsrMatrix::close);
    }
  }
}
