// Public API: a contraction planned once for given shapes, run many times.
package io.github.einblas;

import io.github.einblas.internal.CompiledSteps;
import io.github.einblas.internal.Equation;
import io.github.einblas.internal.PlanText;
import io.github.einblas.internal.Program;
import io.github.einblas.internal.Views;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * An einsum planned for given shapes and a type. Immutable and thread-safe.
 *
 * <p>Operands may have any strides; native steps are made for each set of strides on first use and
 * kept (the latest few).
 */
public final class EinsumPlan {
  /** Sets of strides kept per plan: a caller rarely alternates between more than a few layouts. */
  private static final int LAYOUTS = 4;

  private final Equation equation;
  private final DType dtype;
  private final long[][] shapes;
  private final PlanOptions options;
  private final Program program;
  private final long[] outputShape;
  private final long[] contiguousOutput;

  /** Newest first; replaced as a whole, never changed. */
  private volatile CompiledSteps[] layouts = {};

  EinsumPlan(Equation equation, DType dtype, long[][] shapes, PlanOptions options, int[][] path) {
    this.equation = equation;
    this.dtype = dtype;
    this.shapes = shapes;
    this.options = options;
    this.program = Program.of(equation, shapes, options.path(), path);
    this.outputShape = program.outputShape();
    this.contiguousOutput = Views.contiguous(outputShape);
    Views.bytes(outputShape, dtype.bytes());
  }

  /** The equation as given. */
  public String equation() {
    return equation.toString();
  }

  /** Type of operands and result. */
  public DType dtype() {
    return dtype;
  }

  /** Shape of the result. */
  public long[] outputShape() {
    return outputShape.clone();
  }

  /** Shapes of the operands. */
  public long[][] shapes() {
    return Arrays.stream(shapes).map(long[]::clone).toArray(long[][]::new);
  }

  /** The options that the plan was made with. */
  public PlanOptions options() {
    return options;
  }

  /** The pairs contracted, by slots: operands are 0..n-1, the result of pair i is n+i. */
  public int[][] path() {
    return Arrays.stream(program.path()).map(int[]::clone).toArray(int[][]::new);
  }

  /** Floating-point operations of one run. */
  public double flops() {
    return PlanText.flops(program);
  }

  /** Bytes of operands, intermediates and result, each counted once per step that uses it. */
  public long bytes() {
    return PlanText.bytes(program, dtype);
  }

  /** Bytes of native memory that one run takes for intermediates. */
  public long workspaceBytes() {
    return program.workspaceElements() * dtype.bytes();
  }

  /**
   * Runs the plan into a new contiguous tensor.
   *
   * @throws IllegalArgumentException if number, shape or type of the operands is not the plan's
   * @throws NativeMemoryException if the result or the intermediates do not fit the machine's
   *     memory
   */
  public Tensor run(Tensor... operands) {
    checkOperands(operands);
    Tensor out = Tensor.empty(dtype, outputShape);
    try {
      execute(out, 1, 0, operands, false);
      return out;
    } catch (RuntimeException e) {
      out.close();
      throw e;
    }
  }

  /** Runs the plan into a given tensor: {@code out = result}. */
  public void runInto(Tensor out, Tensor... operands) {
    runInto(out, 1, 0, operands);
  }

  /**
   * Runs the plan into a given tensor of any strides: {@code out = alpha * result + beta * out}.
   *
   * <p>beta = 0 does not read the output; alpha = 0 does not read the operands.
   *
   * @throws IllegalArgumentException if a shape or type is not the plan's, if the output addresses
   *     some element twice, or if it shares elements with an operand; nothing is written then
   */
  public void runInto(Tensor out, double alpha, double beta, Tensor... operands) {
    Objects.requireNonNull(out, "out");
    checkOperands(operands);
    if (out.dtype() != dtype || !Arrays.equals(out.shapeRef(), outputShape)) {
      throw new IllegalArgumentException(
          where() + "the output must have " + describe(outputShape) + ", got " + out.describe());
    }
    execute(out, alpha, beta, operands, true);
  }

  private void checkOperands(Tensor[] operands) {
    Objects.requireNonNull(operands, "operands");
    if (operands.length != shapes.length) {
      throw new IllegalArgumentException(
          where() + "the plan has " + shapes.length + " operands, got " + operands.length);
    }
    for (int i = 0; i < operands.length; i++) {
      Tensor t = operands[i];
      if (t == null) {
        throw new NullPointerException(where() + "operand " + i + " is null");
      }
      if (t.dtype() != dtype || !Arrays.equals(t.shapeRef(), shapes[i])) {
        throw new IllegalArgumentException(
            where()
                + "operand "
                + i
                + " must have "
                + describe(shapes[i])
                + ", got "
                + t.describe());
      }
    }
  }

  private String describe(long[] shape) {
    return "shape=" + Arrays.toString(shape) + ", dtype=" + dtype;
  }

  private String where() {
    return "plan of \"" + equation + "\": ";
  }

  private void execute(
      Tensor out, double alpha, double beta, Tensor[] operands, boolean checkOverlap) {
    CompiledSteps steps = steps(out, operands);
    if (checkOverlap) {
      for (int i = 0; i < operands.length; i++) {
        if (out.sharesElements(operands[i])) {
          throw new IllegalArgumentException(
              where() + "the output shares elements with operand " + i);
        }
      }
    }
    int acquired = 0;
    out.acquire();
    try {
      for (; acquired < operands.length; acquired++) {
        operands[acquired].acquire();
      }
      if (steps.isSingle()) {
        steps.runSingle(
            operands[0].address(),
            operands.length > 1 ? operands[1].address() : 0,
            operands.length > 2 ? operands[2].address() : 0,
            out.address(),
            alpha,
            beta,
            options.threads());
      } else {
        long[] addresses = new long[operands.length];
        for (int i = 0; i < addresses.length; i++) {
          addresses[i] = operands[i].address();
        }
        steps.run(addresses, out.address(), alpha, beta, options.threads());
      }
    } finally {
      for (int i = 0; i < acquired; i++) {
        operands[i].release();
      }
      out.release();
    }
  }

  private CompiledSteps steps(Tensor out, Tensor[] operands) {
    CompiledSteps[] known = layouts;
    for (CompiledSteps steps : known) {
      if (fits(steps, out, operands)) {
        return steps;
      }
    }
    // Depends on shape and strides alone, so it is asked once per layout.
    out.requireWritable("einsum \"" + equation + "\"");
    long[][] strides = new long[operands.length][];
    for (int i = 0; i < strides.length; i++) {
      strides[i] = operands[i].stridesRef();
    }
    CompiledSteps made = compile(strides, out.stridesRef());
    CompiledSteps[] next = new CompiledSteps[Math.min(known.length + 1, LAYOUTS)];
    next[0] = made;
    System.arraycopy(known, 0, next, 1, next.length - 1);
    layouts = next;
    return made;
  }

  private CompiledSteps compile(long[][] strides, long[] outputStrides) {
    return new CompiledSteps(
        program, dtype.ordinal(), dtype.bytes(), shapes, strides, outputStrides, options.kernel());
  }

  private static boolean fits(CompiledSteps steps, Tensor out, Tensor[] operands) {
    if (!steps.fitsOutput(out.stridesRef())) {
      return false;
    }
    for (int i = 0; i < operands.length; i++) {
      if (!steps.fitsOperand(i, operands[i].stridesRef())) {
        return false;
      }
    }
    return true;
  }

  /**
   * Explains the plan for contiguous operands: path, steps, kernels, FLOPs, bytes, copies and why.
   */
  public String explain() {
    long[][] strides = Arrays.stream(shapes).map(Views::contiguous).toArray(long[][]::new);
    return PlanText.explain(
        equation, dtype, shapes, program, compile(strides, contiguousOutput), options.threads());
  }

  /** Explains the plan for the strides of these operands and a contiguous result. */
  public String explain(Tensor... operands) {
    checkOperands(operands);
    long[][] strides = Arrays.stream(operands).map(Tensor::stridesRef).toArray(long[][]::new);
    return PlanText.explain(
        equation, dtype, shapes, program, compile(strides, contiguousOutput), options.threads());
  }

  /** The native kernel of each step, for the strides of these operands and a contiguous result. */
  public List<String> kernels(Tensor... operands) {
    checkOperands(operands);
    long[][] strides = Arrays.stream(operands).map(Tensor::stridesRef).toArray(long[][]::new);
    return PlanText.kernels(compile(strides, contiguousOutput), program.steps().size());
  }

  @Override
  public String toString() {
    return "EinsumPlan(" + equation + ", " + Arrays.deepToString(shapes) + ", " + dtype + ")";
  }
}
