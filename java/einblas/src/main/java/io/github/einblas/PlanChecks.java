// Plans: what a plan asks of the tensors of a run, and the words for what is wrong with them.
package io.github.einblas;

import io.github.einblas.internal.equation.Equation;
import io.github.einblas.internal.tensor.Views;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;

/** Checks of a plan's operands and output. Immutable. */
final class PlanChecks {
  private final Equation equation;
  private final DType dtype;
  private final long[][] shapes;
  private final long[] outputShape;

  PlanChecks(Equation equation, DType dtype, long[][] shapes, long[] outputShape) {
    this.equation = equation;
    this.dtype = dtype;
    this.shapes = shapes;
    this.outputShape = outputShape;
  }

  /** Refuses types that are stored but not computed with. */
  static void requireFloating(Equation equation, DType dtype) {
    if (!dtype.isFloating()) {
      throw new IllegalArgumentException(
          "\""
              + equation
              + "\": products are computed in F32 and F64, got "
              + dtype
              + "; Tensor.to converts");
    }
  }

  /** The beginning of every text. */
  String where() {
    return "plan of \"" + equation + "\": ";
  }

  String describe(long[] shape) {
    return "shape=" + Arrays.toString(shape) + ", dtype=" + dtype;
  }

  IllegalArgumentException wrongCount(int given) {
    return new IllegalArgumentException(
        where() + "the plan has " + shapes.length + " operands, got " + given);
  }

  void output(Tensor out) {
    Objects.requireNonNull(out, "out");
    if (out.dtype() != dtype || !Views.same(out.shapeRef(), outputShape)) {
      throw new IllegalArgumentException(
          where() + "the output must have " + describe(outputShape) + ", got " + out.describe());
    }
  }

  /** As {@link #output}, of a tensor that will be written. */
  void target(Tensor out) {
    output(out);
    if (out.isReadOnly()) {
      out.requireNotReadOnly("einsum \"" + equation + "\"");
    }
  }

  /**
   * The operands, in an array of the plan's own: what another thread puts into the caller's array
   * later is not used, so what was checked is what runs.
   */
  Tensor[] operands(Tensor[] operands) {
    Tensor[] own = Objects.requireNonNull(operands, "operands").clone();
    if (own.length != shapes.length) {
      throw wrongCount(own.length);
    }
    for (int i = 0; i < own.length; i++) {
      operand(i, own[i]);
    }
    return own;
  }

  void operand(int i, Tensor t) {
    if (t == null) {
      throw new NullPointerException(where() + "operand " + i + " is null");
    }
    if (t.dtype() != dtype || !Views.same(t.shapeRef(), shapes[i])) {
      throw new IllegalArgumentException(
          where() + "operand " + i + " must have " + describe(shapes[i]) + ", got " + t.describe());
    }
  }

  /** Operands of the right shapes that are still open. */
  Tensor[] openOperands(Tensor[] operands) {
    Tensor[] own = operands(operands);
    Einsum.checkOperands(equation.toString(), own);
    return own;
  }

  /**
   * The operands of all sets, one set after the other: asked of the list once, and copied before
   * they are checked.
   */
  Tensor[] sets(List<Tensor[]> sets) {
    Tensor[][] given = Objects.requireNonNull(sets, "sets").toArray(new Tensor[0][]).clone();
    int n = shapes.length;
    if (given.length > Integer.MAX_VALUE / n - 8) {
      throw new IllegalArgumentException(
          where() + given.length + " sets have more than 2^31 operands; run them in parts");
    }
    Tensor[] own = new Tensor[given.length * n];
    for (int s = 0; s < given.length; s++) {
      Tensor[] set = given[s];
      if (set == null) {
        throw new NullPointerException(where() + "set " + s + " is null");
      }
      if (set.length != n) {
        throw wrongCount(set.length);
      }
      for (int i = 0; i < n; i++) {
        own[s * n + i] = set[i];
        operand(i, own[s * n + i]);
      }
    }
    return own;
  }

  /** The output for so many sets of operands: their results lie along a new first axis. */
  void batchOutput(Tensor out, int sets) {
    Objects.requireNonNull(out, "out");
    long[] shape = out.shapeRef();
    if (out.dtype() != dtype
        || shape.length != outputShape.length + 1
        || shape[0] != sets
        || !Arrays.equals(shape, 1, shape.length, outputShape, 0, outputShape.length)) {
      throw new IllegalArgumentException(
          where()
              + "the output for "
              + sets
              + " sets must have that length and then "
              + describe(outputShape)
              + ", got "
              + out.describe());
    }
    writable(out);
  }

  void writable(Tensor out) {
    out.requireWritable("einsum \"" + equation + "\"");
  }

  void shared(Tensor out, Tensor operand, int i) {
    if (out.sharesElements(operand)) {
      throw new IllegalArgumentException(where() + "the output shares elements with operand " + i);
    }
  }

  /** Counts a running call in; operand -1 is the output. */
  void acquire(Tensor t, int operand) {
    try {
      t.acquire();
    } catch (IllegalStateException e) {
      String which = operand < 0 ? "the output" : "operand " + operand;
      throw new IllegalStateException(where() + which + " is closed", e);
    }
  }

  /** Keeps operands alive while something is done with their addresses; null ones have 0. */
  void withAddresses(Tensor[] operands, Consumer<long[]> action) {
    long[] addresses = new long[operands.length];
    int acquired = 0;
    try {
      for (; acquired < operands.length; acquired++) {
        if (operands[acquired] != null) {
          acquire(operands[acquired], acquired);
          addresses[acquired] = operands[acquired].address();
        }
      }
      action.accept(addresses);
    } finally {
      for (int i = 0; i < acquired; i++) {
        if (operands[i] != null) {
          operands[i].release();
        }
      }
    }
  }
}
