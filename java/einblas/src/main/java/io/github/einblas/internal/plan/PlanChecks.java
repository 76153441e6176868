// Plans: what a plan asks of the tensors of a run, and the words for what is wrong with them.
package io.github.einblas.internal.plan;

import io.github.einblas.DType;
import io.github.einblas.Epilogue;
import io.github.einblas.internal.equation.Equation;
import io.github.einblas.internal.equation.EquationText;
import io.github.einblas.internal.tensor.Lease;
import io.github.einblas.internal.tensor.Strided;
import io.github.einblas.internal.tensor.Views;
import java.util.Arrays;
import java.util.Objects;

/** Checks of a plan's operands and output. Immutable. */
public final class PlanChecks implements Lease.Words {
  private final Equation equation;
  private final PlanTypes types;
  private final DType result;
  private final boolean anyScalar;
  private final long[][] shapes;
  private final long[] outputShape;
  private final Epilogue epilogue;

  PlanChecks(
      Equation equation, PlanTypes types, long[][] shapes, long[] outputShape, Epilogue epilogue) {
    this.epilogue = epilogue;
    this.equation = equation;
    this.types = types;
    this.result = types.result();
    this.anyScalar = types.isRounded();
    this.shapes = shapes;
    this.outputShape = outputShape;
  }

  @Override
  public String where() {
    return "plan of \"" + Equation.abbreviated(equation.toString()) + "\": ";
  }

  @Override
  public String where(int operand) {
    return operand == shapes.length ? where() : "plan of \"" + equation.around(operand) + "\": ";
  }

  /** Number of tensors that a run is given: the operands, and the bias of an epilogue. */
  public int tensors() {
    return shapes.length + (epilogue.hasBias() ? 1 : 0);
  }

  private String count() {
    return shapes.length + (epilogue.hasBias() ? " operands and a bias" : " operands");
  }

  /** Refuses what a plan with an epilogue cannot do. */
  public void requireNoEpilogue(String otherwise) {
    if (epilogue != Epilogue.NONE) {
      throw new UnsupportedOperationException(
          where() + "it has the epilogue " + epilogue + "; " + otherwise);
    }
  }

  /** Refuses an epilogue of such results. */
  void requireEpilogue() {
    if (epilogue != Epilogue.NONE
        && (result.isComplex() || result.isInteger() || result == DType.BOOL)) {
      throw new IllegalArgumentException(
          where()
              + "the epilogue "
              + epilogue
              + " is of results of F32, F64, BF16 or F16, got "
              + result);
    }
  }

  private static String describe(long[] shape, DType dtype) {
    return "shape=" + Arrays.toString(shape) + ", dtype=" + dtype;
  }

  IllegalArgumentException wrongCount(int given) {
    return new IllegalArgumentException(
        where()
            + "the plan has "
            + count()
            + ", got "
            + given
            + (epilogue.hasBias() ? " tensors" : ""));
  }

  /**
   * Refuses what a run into a given tensor was not given: most often an output was forgotten, and
   * the first operand stands in its place.
   */
  void intoCount(int given) {
    if (given == tensors() - 1) {
      throw new IllegalArgumentException(
          where()
              + "the plan has "
              + count()
              + ", got "
              + given
              + " behind the output: the first tensor of runInto is the output (shape="
              + Arrays.toString(outputShape)
              + ", dtype="
              + result
              + "), then come the operands; run(operands) makes a new output");
    }
    count(given);
  }

  public void output(Strided out) {
    Objects.requireNonNull(out, "out");
    if (out.dtype() != result || !Views.same(out.shape(), outputShape)) {
      throw new IllegalArgumentException(
          where(Lease.OUTPUT)
              + "the output must have "
              + describe(outputShape, result)
              + ", got "
              + out.describe());
    }
  }

  /** As {@link #output}, of a tensor that will be written. */
  void target(Strided out) {
    output(out);
    requireNotConjugate(out);
    if (out.isReadOnly()) {
      out.requireNotReadOnly("einsum \"" + equation.around(Lease.OUTPUT) + "\"");
    }
  }

  private void requireNotConjugate(Strided out) {
    if (out.isConjugate()) {
      throw new IllegalArgumentException(
          where(Lease.OUTPUT)
              + "the output is a conjugate view; results are written to plain ones");
    }
  }

  /** Refuses scalars that the result's type does not take. */
  void scalars(double alpha, double beta) {
    if (anyScalar) {
      return;
    }
    String wrong = types.refusal("alpha", alpha);
    wrong = wrong == null ? types.refusal("beta", beta) : wrong;
    if (wrong != null) {
      throw new IllegalArgumentException(where() + wrong);
    }
  }

  /** Checks operands in an array that nobody else has. */
  Strided[] operands(Strided[] own) {
    count(own.length);
    for (int i = 0; i < own.length; i++) {
      operand(i, own[i]);
    }
    return own;
  }

  /** The operands among the tensors of a run. */
  public Strided[] withoutBias(Strided[] tensors) {
    return tensors.length == shapes.length ? tensors : Arrays.copyOf(tensors, shapes.length);
  }

  /** The bias among the tensors of a run, along the output's axes, or null. */
  EpilogueStep.Bias bias(Strided[] tensors) {
    if (!epilogue.hasBias()) {
      return null;
    }
    Strided bias = tensors[shapes.length];
    long[] strides = new long[outputShape.length];
    int missing = strides.length - bias.shape().length;
    for (int d = missing; d < strides.length; d++) {
      strides[d] = bias.shape()[d - missing] == 1 ? 0 : bias.strides()[d - missing];
    }
    return new EpilogueStep.Bias(bias.dtype(), strides);
  }

  private void requireBias(Strided t) {
    if (t == null) {
      throw new NullPointerException(where() + "the bias, behind the operands, is null");
    }
    long[] shape = t.shape();
    int missing = outputShape.length - shape.length;
    boolean fits = missing >= 0;
    for (int d = 0; fits && d < shape.length; d++) {
      fits = shape[d] == 1 || shape[d] == outputShape[missing + d];
    }
    if (!fits || t.isConjugate() || DType.promote(t.dtype(), types.compute()) != types.compute()) {
      throw new IllegalArgumentException(
          where()
              + "the bias, behind the operands, must broadcast to "
              + describe(outputShape, types.compute())
              + ", got "
              + t.describe());
    }
  }

  void operand(int i, Strided t) {
    if (i == shapes.length) {
      requireBias(t);
      return;
    }
    if (t == null) {
      throw new NullPointerException(where(i) + "operand " + i + " is null");
    }
    if (t.dtype() != types.operand(i) || !Views.same(t.shape(), shapes[i])) {
      throw new IllegalArgumentException(
          where(i)
              + "operand "
              + i
              + " must have "
              + describe(shapes[i], types.operand(i))
              + ", got "
              + t.describe());
    }
  }

  /** Operands of the right shapes that are still open. */
  public Strided[] openOperands(Strided[] operands) {
    Strided[] own = operands(operands);
    open(equation, own);
    return own;
  }

  /**
   * Operands must be there and open.
   *
   * @param what an equation, or what else it is; its text is made where something is wrong
   */
  public static void open(Object what, Strided[] operands) {
    if (operands.length == 0) {
      throw new IllegalArgumentException("\"" + what + "\": at least one operand is needed");
    }
    for (int i = 0; i < operands.length; i++) {
      if (operands[i] == null) {
        throw new NullPointerException(named(what, i) + " is null");
      }
      if (operands[i].isClosed()) {
        throw new IllegalStateException(named(what, i) + " is closed");
      }
    }
  }

  private static String named(Object what, int i) {
    return "\"" + EquationText.around(what.toString(), i) + "\": operand " + i;
  }

  /** Refuses a shape of negative lengths or of more elements than can be counted. */
  public static void size(Object what, int i, long[] shape) {
    try {
      Views.size(shape);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(named(what, i) + ": " + e.getMessage(), e);
    }
  }

  /** As {@link #open}, and of one type. */
  public static void sameType(String what, Strided[] operands) {
    open(what, operands);
    for (int i = 0; i < operands.length; i++) {
      if (operands[i].dtype() != operands[0].dtype()) {
        throw new IllegalArgumentException(
            "\""
                + what
                + "\": operands must have one type, but operand 0 has "
                + operands[0].dtype()
                + " and operand "
                + i
                + " has "
                + operands[i].dtype()
                + "; Tensor.to converts");
      }
    }
  }

  /** Room for the operands of so many sets, one set after the other. */
  public Strided[] sets(int sets) {
    if (sets > Integer.MAX_VALUE / tensors() - 8) {
      throw new IllegalArgumentException(
          where() + sets + " sets have more than 2^31 operands; run them in parts");
    }
    return new Strided[sets * tensors()];
  }

  /** Refuses another number of operands than the plan's. */
  public void count(int given) {
    if (given != tensors()) {
      throw wrongCount(given);
    }
  }

  /** The operands of all sets, one set after the other. */
  void setOperands(Strided[] own) {
    int n = tensors();
    for (int k = 0; k < own.length; k += n) {
      for (int i = 0; i < n; i++) {
        operand(i, own[k + i]);
      }
    }
  }

  /** The output for so many sets of operands: their results lie along a new first axis. */
  void batchOutput(Strided out, int sets) {
    Objects.requireNonNull(out, "out");
    long[] shape = out.shape();
    if (out.dtype() != result
        || shape.length != outputShape.length + 1
        || shape[0] != sets
        || !Arrays.equals(shape, 1, shape.length, outputShape, 0, outputShape.length)) {
      throw new IllegalArgumentException(
          where(Lease.OUTPUT)
              + "the output for "
              + sets
              + " sets must have that length and then "
              + describe(outputShape, result)
              + ", got "
              + out.describe());
    }
    requireNotConjugate(out);
    writable(out);
  }

  void writable(Strided out) {
    out.requireWritable("einsum \"" + equation.around(Lease.OUTPUT) + "\"");
  }

  @Override
  public String tensor(int operand) {
    return operand == Lease.OUTPUT
        ? "the output"
        : operand == shapes.length ? "the bias" : "operand " + operand;
  }
}
