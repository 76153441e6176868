// Kronecker: a product with sparse factors, stage by stage.
package io.github.einblas.internal.kronecker;

import io.github.einblas.DType;
import io.github.einblas.internal.plan.PlanCache;
import io.github.einblas.internal.tensor.Strided;
import io.github.einblas.internal.tensor.TensorCopy;
import java.util.List;

/** Every stage but the last goes into a new tensor. */
final class StagedProduct {
  private final Product product;
  private final List<Stages.Stage> stages;

  StagedProduct(Product product, List<Stages.Stage> stages) {
    this.product = product;
    this.stages = stages;
  }

  /** {@code out = alpha * product + beta * out}. */
  void runInto(Strided out, double alpha, double beta) {
    product.requireLikeResult("the output", out);
    product.requireApart(out);
    if (alpha == 0) {
      scale(out, beta);
    } else if (Widened.isNeeded(product.factors())) {
      runWidened(out, alpha, beta);
    } else {
      run(stages, product.x(), out, alpha, beta);
    }
  }

  /** In F32 on copies of the factors, of X until the first stage is done, and of the output. */
  private void runWidened(Strided out, double alpha, double beta) {
    DType wide = out.dtype().computeType();
    try (Widened copies = Widened.of(product.factors());
        Strided sum =
            beta == 0 ? Strided.empty(wide, out.shape()) : TensorCopy.convert(out, wide)) {
      Strided x = TensorCopy.convert(product.x(), wide);
      run(Stages.of(copies.factors(), product.left()), x, sum, alpha, beta);
      TensorCopy.round(sum, out);
    }
  }

  /** Closes X after the first stage, unless it is the caller's. */
  private void run(List<Stages.Stage> stages, Strided x, Strided out, double alpha, double beta) {
    Strided now = x;
    try {
      for (int i = 0; i < stages.size(); i++) {
        boolean last = i + 1 == stages.size();
        Product step = new Product(product.name(), stages.get(i).factors(), now, product.left());
        Strided target = last ? out : Strided.empty(out.dtype(), step.outputShape());
        Strided done = now;
        now = target;
        try {
          apply(stages.get(i), step, target, last ? alpha : 1, last ? beta : 0);
        } finally {
          closeOwn(done, out);
        }
      }
    } finally {
      closeOwn(now, out);
    }
  }

  private void closeOwn(Strided t, Strided out) {
    if (t != product.x() && t != out) {
      t.close();
    }
  }

  private static void apply(
      Stages.Stage stage, Product step, Strided out, double alpha, double beta) {
    if (!stage.isSparse()) {
      new DenseProduct(step).runInto(out, alpha, beta);
      return;
    }
    Term term = stage.term();
    boolean left = step.left();
    Strided x = step.x();
    int axis = step.longAxis(x.rank());
    Strided from = split(x, axis, stage, left ? term.rows() : term.columns());
    int outAxis = axis + out.rank() - x.rank();
    Strided to = split(out, outAxis, stage, left ? term.columns() : term.rows());
    SparseAxis.run(step.name(), term.arrays(left), from, to, axis + 1, alpha, beta);
  }

  private static Strided split(Strided t, int axis, Stages.Stage stage, long length) {
    long[] shape = new long[t.rank() + 2];
    System.arraycopy(t.shape(), 0, shape, 0, axis);
    shape[axis] = stage.before();
    shape[axis + 1] = length;
    shape[axis + 2] = stage.behind();
    System.arraycopy(t.shape(), axis + 1, shape, axis + 3, t.rank() - axis - 1);
    return t.reshape(shape);
  }

  private static void scale(Strided out, double beta) {
    try (Strided one = TensorCopy.full(out.dtype(), 1);
        Strided ones = one.broadcastTo(out.shape())) {
      Strided[] own = {ones};
      PlanCache.get("...->...", own).plan().runInto(out, 0, beta, own);
    }
  }

  /** The stages in words. */
  String explain() {
    StringBuilder text = new StringBuilder();
    if (Widened.isNeeded(product.factors())) {
      text.append("copies of X and the factors in ")
          .append(product.x().dtype().computeType())
          .append(", the result rounded once")
          .append(System.lineSeparator());
    }
    int number = 1;
    for (Stages.Stage stage : stages) {
      text.append(String.format("stage %d: ", number++));
      if (stage.isSparse()) {
        text.append(
            String.format(
                "factor %d, %s, along an axis with %d in front and %d behind",
                stage.sparse(), stage.term().describe(), stage.before(), stage.behind()));
      } else {
        text.append(stage.factors());
      }
      text.append(System.lineSeparator());
    }
    return text.toString();
  }
}
