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
  private final int threads;
  private final Program program;
  private final long[] outputShape;
  private final long[] contiguousOutput;

  /** Newest first; replaced as a whole, never changed. */
  private volatile CompiledSteps[] layouts = {};

  EinsumPlan(Equation equation, DType dtype, long[][] shapes, PlanOptions options) {
    if (!dtype.isFloating()) {
      throw new IllegalArgumentException(
          "\""
              + equation
              + "\": products are computed in F32 and F64, got "
              + dtype
              + "; Tensor.to converts");
    }
    this.equation = equation;
    this.dtype = dtype;
    this.shapes = shapes;
    this.options = options;
    this.threads = options.threads();
    this.program = Program.of(equation, shapes, options);
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

  /** The result's shape, not to be changed. */
  long[] outputShapeRef() {
    return outputShape;
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
   * @throws IllegalStateException if a tensor is closed
   */
  public void runInto(Tensor out, double alpha, double beta, Tensor... operands) {
    checkOperands(operands);
    checkOutput(out);
    execute(out, alpha, beta, operands, true);
  }

  /**
   * As {@link #runInto(Tensor, double, double, Tensor...)}, for two operands. A planned product of
   * two operands allocates nothing on the Java heap.
   */
  public void runInto(Tensor out, double alpha, double beta, Tensor a, Tensor b) {
    if (shapes.length != 2) {
      throw wrongCount(2);
    }
    checkOperand(0, a);
    checkOperand(1, b);
    checkOutput(out);
    CompiledSteps steps = find(out, a, b);
    if (steps == null || !steps.isSingle()) {
      execute(out, alpha, beta, new Tensor[] {a, b}, true);
      return;
    }
    acquire(out, -1);
    try {
      acquire(a, 0);
      try {
        acquire(b, 1);
        try {
          // Only now: memory of a tensor that was closed meanwhile may already be the output's.
          checkShared(out, a, 0);
          checkShared(out, b, 1);
          steps.runSingle(a.address(), b.address(), 0, out.address(), alpha, beta, threads);
        } finally {
          b.release();
        }
      } finally {
        a.release();
      }
    } finally {
      out.release();
    }
  }

  private void checkOutput(Tensor out) {
    Objects.requireNonNull(out, "out");
    if (out.dtype() != dtype || !Views.same(out.shapeRef(), outputShape)) {
      throw new IllegalArgumentException(
          where() + "the output must have " + describe(outputShape) + ", got " + out.describe());
    }
  }

  private void checkOperands(Tensor[] operands) {
    Objects.requireNonNull(operands, "operands");
    if (operands.length != shapes.length) {
      throw wrongCount(operands.length);
    }
    for (int i = 0; i < operands.length; i++) {
      checkOperand(i, operands[i]);
    }
  }

  private void checkOperand(int i, Tensor t) {
    if (t == null) {
      throw new NullPointerException(where() + "operand " + i + " is null");
    }
    if (t.dtype() != dtype || !Views.same(t.shapeRef(), shapes[i])) {
      throw new IllegalArgumentException(
          where() + "operand " + i + " must have " + describe(shapes[i]) + ", got " + t.describe());
    }
  }

  private IllegalArgumentException wrongCount(int given) {
    return new IllegalArgumentException(
        where() + "the plan has " + shapes.length + " operands, got " + given);
  }

  private void checkShared(Tensor out, Tensor operand, int i) {
    if (out.sharesElements(operand)) {
      throw new IllegalArgumentException(where() + "the output shares elements with operand " + i);
    }
  }

  private String describe(long[] shape) {
    return "shape=" + Arrays.toString(shape) + ", dtype=" + dtype;
  }

  private String where() {
    return "plan of \"" + equation + "\": ";
  }

  /** Counts a running call in; operand -1 is the output. */
  private void acquire(Tensor t, int operand) {
    try {
      t.acquire();
    } catch (IllegalStateException e) {
      String which = operand < 0 ? "the output" : "operand " + operand;
      throw new IllegalStateException(where() + which + " is closed", e);
    }
  }

  /** Runs checked operands; all further checks come before the first native step. */
  private void execute(
      Tensor out, double alpha, double beta, Tensor[] operands, boolean checkOverlap) {
    CompiledSteps steps = find(out, operands);
    if (steps == null) {
      steps = make(out, operands);
    }
    int acquired = 0;
    acquire(out, -1);
    try {
      for (; acquired < operands.length; acquired++) {
        acquire(operands[acquired], acquired);
      }
      for (int i = 0; checkOverlap && i < operands.length; i++) {
        checkShared(out, operands[i], i);
      }
      if (steps.isSingle()) {
        steps.runSingle(
            operands[0].address(),
            operands.length > 1 ? operands[1].address() : 0,
            operands.length > 2 ? operands[2].address() : 0,
            out.address(),
            alpha,
            beta,
            threads);
      } else {
        long[] addresses = new long[operands.length];
        for (int i = 0; i < addresses.length; i++) {
          addresses[i] = operands[i].address();
        }
        steps.run(addresses, out.address(), alpha, beta, threads);
      }
    } finally {
      for (int i = 0; i < acquired; i++) {
        operands[i].release();
      }
      out.release();
    }
  }

  private CompiledSteps find(Tensor out, Tensor a, Tensor b) {
    for (CompiledSteps steps : layouts) {
      if (steps.fitsOutput(out.stridesRef())
          && steps.fitsOperand(0, a.stridesRef())
          && steps.fitsOperand(1, b.stridesRef())) {
        return steps;
      }
    }
    return null;
  }

  private CompiledSteps find(Tensor out, Tensor[] operands) {
    for (CompiledSteps steps : layouts) {
      if (fits(steps, out, operands)) {
        return steps;
      }
    }
    return null;
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

  /** Makes the steps for a new layout, and forgets the oldest one when there are too many. */
  private CompiledSteps make(Tensor out, Tensor[] operands) {
    // Depends on shape and strides alone, so it is asked once per layout.
    out.requireWritable("einsum \"" + equation + "\"");
    long[][] strides = Arrays.stream(operands).map(Tensor::stridesRef).toArray(long[][]::new);
    synchronized (program) {
      CompiledSteps made = find(out, operands);
      if (made == null) {
        made = compile(strides, out.stridesRef());
        CompiledSteps[] known = layouts;
        CompiledSteps[] next = new CompiledSteps[Math.min(known.length + 1, LAYOUTS)];
        next[0] = made;
        System.arraycopy(known, 0, next, 1, next.length - 1);
        layouts = next;
      }
      return made;
    }
  }

  private CompiledSteps compile(long[][] strides, long[] outputStrides) {
    return new CompiledSteps(
        program, dtype.ordinal(), dtype.bytes(), shapes, strides, outputStrides, options.kernel());
  }

  /**
   * Explains the plan for contiguous operands: path, steps, kernels, FLOPs, bytes, copies and why.
   */
  public String explain() {
    long[][] strides = Arrays.stream(shapes).map(Views::contiguous).toArray(long[][]::new);
    return PlanText.explain(
        equation, dtype, shapes, program, compile(strides, contiguousOutput), threads);
  }

  /** Explains the plan for the strides of these operands and a contiguous result. */
  public String explain(Tensor... operands) {
    checkOperands(operands);
    Einsum.checkOperands(equation.toString(), operands);
    long[][] strides = Arrays.stream(operands).map(Tensor::stridesRef).toArray(long[][]::new);
    return PlanText.explain(
        equation, dtype, shapes, program, compile(strides, contiguousOutput), threads);
  }

  /** The native kernel of each step, for the strides of these operands and a contiguous result. */
  public List<String> kernels(Tensor... operands) {
    checkOperands(operands);
    Einsum.checkOperands(equation.toString(), operands);
    long[][] strides = Arrays.stream(operands).map(Tensor::stridesRef).toArray(long[][]::new);
    return PlanText.kernels(compile(strides, contiguousOutput), program.steps().size());
  }

  @Override
  public String toString() {
    return "EinsumPlan(" + equation + ", " + Arrays.deepToString(shapes) + ", " + dtype + ")";
  }
}
