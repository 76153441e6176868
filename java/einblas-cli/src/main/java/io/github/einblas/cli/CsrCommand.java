// Command line: products of a sparse matrix, from a file of SciPy, with a dense array.
package io.github.einblas.cli;

import io.github.einblas.CsrMatrix;
import io.github.einblas.NpyFormatException;
import io.github.einblas.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code einblas csr-mm A.npz X.npy -o OUT.npy}. */
@Command(
    description =
        "Multiply a sparse matrix, as scipy.sparse.save_npz writes it, and a dense matrix or"
            + " vector, in the order given.")
final class CsrCommand extends TensorCommand {
  @Parameters(
      arity = "2",
      paramLabel = "IN",
      description = "A.npz and X.npy for A x, or X.npy and A.npz for x A")
  List<String> operands;

  @Option(
      names = {"-T", "--transpose"},
      description = "multiply with the transposed sparse matrix")
  boolean transpose;

  @Option(
      names = "--reshape",
      paramLabel = "RxC",
      description = "see the sparse matrix as one of this shape first, in row-major order")
  String reshape;

  private double readSeconds;

  CsrCommand(Streams io) {
    super(io);
  }

  private boolean sparseFirst() {
    boolean first = isArchive(operands.get(0));
    if (first == isArchive(operands.get(1))) {
      throw new InputException(
          "csr-mm needs one sparse matrix (.npz) and one dense array (.npy), got "
              + String.join(" and ", operands));
    }
    return first;
  }

  static boolean isArchive(String name) {
    return name.toLowerCase(Locale.ROOT).endsWith(".npz");
  }

  @Override
  List<String> inputs() {
    return List.of(operands.get(sparseFirst() ? 1 : 0));
  }

  @Override
  List<String> files() {
    return operands;
  }

  @Override
  String explanation(Tensor[] dense) {
    boolean first = sparseFirst();
    try (CsrMatrix stored = read(operands.get(first ? 0 : 1));
        CsrMatrix a = reshaped(stored);
        // x A is the transpose of A^T times the transpose of x.
        CsrMatrix operand = transpose == first ? a.transpose() : a.reshape(a.rows(), a.columns());
        Tensor x = first ? dense[0].reshape(dense[0].shape()) : dense[0].transpose()) {
      return operand.explain(x);
    }
  }

  @Override
  Tensor compute(Tensor[] dense) {
    boolean first = sparseFirst();
    long start = System.nanoTime();
    try (CsrMatrix stored = read(operands.get(first ? 0 : 1));
        CsrMatrix a = reshaped(stored)) {
      readSeconds = (System.nanoTime() - start) * 1e-9;
      CsrMatrix operand = transpose ? a.transpose() : a;
      return first ? operand.times(dense[0]) : operand.timesLeft(dense[0]);
    }
  }

  @Override
  String details() {
    return String.format(Locale.ROOT, " (%.6f s of it read the sparse matrix)", readSeconds);
  }

  private CsrMatrix reshaped(CsrMatrix stored) {
    if (reshape == null) {
      return stored.reshape(stored.rows(), stored.columns());
    }
    if (!reshape.matches("[0-9]{1,10}x[0-9]{1,10}")) {
      throw new InputException(
          "--reshape needs two lengths such as 49980x784, not '" + reshape + "'");
    }
    int times = reshape.indexOf('x');
    return stored.reshape(
        Long.parseLong(reshape.substring(0, times)), Long.parseLong(reshape.substring(times + 1)));
  }

  /** The matrix of a file of SciPy. */
  static CsrMatrix read(String name) {
    try {
      return CsrMatrix.readNpz(Path.of(name));
    } catch (NpyFormatException e) {
      throw new InputException(e.getMessage(), e);
    } catch (IOException e) {
      throw new InputException(name + ": " + Failures.reason(e), e);
    }
  }
}
