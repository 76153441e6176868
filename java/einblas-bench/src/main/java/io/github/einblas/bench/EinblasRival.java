// Benchmarks: einblas itself.
package io.github.einblas.bench;

import io.github.einblas.DType;
import io.github.einblas.Einblas;
import io.github.einblas.Einsum;
import io.github.einblas.EinsumPlan;
import io.github.einblas.Tensor;
import java.util.List;

/** Every case: a plan run into a given result; a cached einsum into a new one. */
public final class EinblasRival implements Rival {
  @Override
  public String name() {
    return "einblas";
  }

  @Override
  public String version() {
    return "einblas %s, isa %s".formatted(Einblas.version(), Einblas.isa());
  }

  @Override
  public void setThreads(int threads) {
    Einblas.setThreads(threads);
  }

  @Override
  public List<Job> jobs(Catalogue.Case c, DType dtype, Style style) {
    Tensor[] operands = new Tensor[c.shapes().length];
    for (int t = 0; t < operands.length; t++) {
      operands[t] =
          dtype.isFloating()
              ? filled(c, dtype, t)
              : Values.tensor(dtype, t, c.scale(t), shape(c, t));
    }
    return List.of(new Run(c, dtype, operands, style));
  }

  private static long[] shape(Catalogue.Case c, int operand) {
    return c.shapes()[operand];
  }

  /** Of any size, without a copy in Java. */
  private static Tensor filled(Catalogue.Case c, DType dtype, int operand) {
    Tensor t = Tensor.empty(dtype, shape(c, operand));
    NativeArray.at(t.address(), dtype, t.size()).setOperand(operand, t.size(), c.scale(operand));
    return t;
  }

  @Override
  public boolean has(DType dtype) {
    return true;
  }

  @Override
  public List<Job> structured(Structured c, DType dtype) {
    return List.of(EinblasStructured.of(c, dtype));
  }

  private static final class Run implements Job {
    private final String equation;
    private final DType dtype;
    private final Tensor[] operands;
    private final EinsumPlan plan; // null: a cached einsum in each call
    private Tensor out;
    private NativeArray elements;

    Run(Catalogue.Case c, DType dtype, Tensor[] operands, Style style) {
      this.equation = c.equation();
      this.dtype = dtype;
      this.operands = operands;
      this.plan = style == Style.BEST ? Einsum.plan(equation, operands) : null;
      this.out = Tensor.empty(dtype, c.outputShape());
    }

    @Override
    public String form() {
      return plan != null ? "plan.runInto" : "Einsum.einsum";
    }

    @Override
    public void run() {
      if (plan != null) {
        if (operands.length == 2) {
          plan.runInto(out, 1, 0, operands[0], operands[1]);
        } else {
          plan.runInto(out, 1, 0, operands);
        }
      } else {
        out.close();
        out = Einsum.einsum(equation, operands);
      }
    }

    /** Of a complex result the sum of both parts. */
    @Override
    public double result(long index) {
      if (!dtype.isFloating()) {
        return element(index);
      }
      if (elements == null || index == 0) {
        elements = NativeArray.at(out.address(), dtype, out.size());
      }
      return elements.get(index);
    }

    private double element(long index) {
      long[] shape = out.shape();
      long[] at = new long[shape.length];
      long rest = index;
      for (int d = at.length - 1; d >= 0; d--) {
        at[d] = rest % shape[d];
        rest /= shape[d];
      }
      return dtype.isComplex() ? out.getReal(at) + out.getImag(at) : out.get(at);
    }

    /** By random sums, as what the others are compared with must be right. */
    @Override
    public void verify() {
      var found = Einsum.plan(equation, operands).verify(operands, out, 1);
      if (!found.passed()) {
        throw new IllegalStateException(equation + ": " + found.text());
      }
    }

    @Override
    public void close() {
      for (Tensor t : operands) {
        t.close();
      }
      out.close();
      Einblas.trim();
    }
  }
}
