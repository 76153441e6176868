// Port: runs a line through the library and compares it with plain loops.
package io.github.einblas.cli.port;

import io.github.einblas.DType;
import io.github.einblas.Tensor;
import java.util.Arrays;
import java.util.Map;

/**
 * What the comparison showed.
 *
 * @param equal whether shape, type and every element are right
 * @param error largest absolute difference of an element
 * @param tolerance bound of the element with that difference, as each element has its own; of the
 *     wrong one where one is wrong
 * @param complaint what is wrong; null if nothing is
 */
public record PortProof(boolean equal, double error, double tolerance, String complaint) {
  /** Runs a line; a seam for tests that run another one. */
  public interface Runner {
    Tensor run(PortedLine line, Map<String, Tensor> operands);
  }

  public static PortProof of(PortedLine line, PortOperands operands, Runner runner) {
    Map<String, Tensor> tensors = operands.tensors();
    try (Tensor result = runner.run(line, tensors).copy()) {
      return compared(result, line.value().plain(), operands.type());
    } finally {
      tensors.values().forEach(Tensor::close);
    }
  }

  private static PortProof compared(Tensor result, PlainTensor plain, DType type) {
    DType expected =
        switch (plain.kind()) {
          case REAL -> type;
          case INDEX -> DType.I64;
          case TRUTH -> DType.BOOL;
        };
    if (!Arrays.equals(result.shape(), PortOperands.longs(plain.shape()))) {
      return wrong(
          "it has the shape "
              + Arrays.toString(result.shape())
              + ", by plain loops "
              + Arrays.toString(plain.shape()));
    }
    if (result.dtype() != expected) {
      return wrong("it is of type " + result.dtype() + ", not " + expected);
    }
    try (Tensor wide = result.to(DType.F64)) {
      return compared(wide.toDoubleArray(), plain);
    }
  }

  private static PortProof wrong(String complaint) {
    return new PortProof(false, Double.POSITIVE_INFINITY, 0, complaint);
  }

  private static PortProof compared(double[] found, PlainTensor plain) {
    double error = 0;
    double tolerance = 0;
    for (int i = 0; i < found.length; i++) {
      double difference = Math.abs(found[i] - plain.values()[i]);
      double bound = plain.errors()[i];
      if (!(difference <= bound)) { // NaN too
        return new PortProof(
            false,
            difference,
            bound,
            "element "
                + Arrays.toString(PlainTensor.index(i, plain.shape()))
                + " is "
                + found[i]
                + ", by plain loops "
                + plain.values()[i]);
      }
      if (difference > error || (difference == error && bound > tolerance)) {
        error = difference;
        tolerance = bound;
      }
    }
    return new PortProof(true, error, tolerance, null);
  }
}
