// Command line: a Kronecker product of matrices times X, without building it.
package io.github.einblas.cli;

import io.github.einblas.CsrMatrix;
import io.github.einblas.Kronecker;
import io.github.einblas.Operand;
import io.github.einblas.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code einblas kron-matmul X.npy FACTOR... -o OUT.npy}. */
@Command(
    name = "kron-matmul",
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

  @Option(names = "--explain", description = "say on standard error how it is computed")
  boolean explain;

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
  Tensor compute(Tensor[] operands) {
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
      return product(Kronecker.of(all), operands[0]);
    } finally {
      sparse.forEach(CsrMatrix::close);
    }
  }

  private Tensor product(Kronecker of, Tensor operand) {
    Kronecker k = of;
    if (transpose) {
      k = k.transpose();
    }
    if (explain) {
      io.err().println((left ? k.explainLeft(operand) : k.explain(operand)).stripTrailing());
    }
    return left ? k.timesLeft(operand) : k.times(operand);
  }
}
