// Rivals: ND4J (its own native backend on OpenBLAS).
package io.github.einblas.bench.rivals;

import io.github.einblas.DType;
import io.github.einblas.bench.Catalogue;
import io.github.einblas.bench.Rival;
import io.github.einblas.bench.Values;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Matrix products (batched too), products by broadcasting, sums, permutes, and contractions without
 * a batch label as tensorMmul.
 */
public final class Nd4jRival implements Rival {
  /** A call that gives a new result, or puts it into {@code out} and gives that. */
  private interface Call {
    INDArray run(INDArray[] x, INDArray out);
  }

  @Override
  public String name() {
    return "nd4j";
  }

  @Override
  public String version() {
    return "ND4J " + Rival.jar(Nd4j.class) + ", " + Nd4j.getBackend().getClass().getSimpleName();
  }

  @Override
  public void setThreads(int threads) {
    Nd4j.getEnvironment().setMaxThreads(threads);
    Nd4j.getEnvironment().setMaxMasterThreads(threads);
  }

  @Override
  public List<Job> jobs(Catalogue.Case c, DType dtype, Style style) {
    boolean fresh = style == Style.USUAL;
    String[] t = c.terms();
    String o = c.output();
    boolean distinct = Arrays.stream(t).allMatch(s -> s.chars().distinct().count() == s.length());
    if (!distinct || t.length > 2) {
      return List.of();
    }
    return switch (c.equation()) {
      case "ab,bc->ac", "ij,jk->ik", "ij,j->i" ->
          job("mmul", c, dtype, fresh, (x, out) -> fresh ? x[0].mmul(x[1]) : x[0].mmuli(x[1], out));
      case "rd,od->ro" ->
          job(
              "gemm",
              c,
              dtype,
              fresh,
              (x, out) ->
                  fresh
                      ? Nd4j.gemm(x[0], x[1], false, true)
                      : Nd4j.gemm(x[0], x[1], out, false, true, 1, 0));
      case "bik,bkj->bij" ->
          job(
              "matmul",
              c,
              dtype,
              fresh,
              (x, out) -> fresh ? Nd4j.matmul(x[0], x[1]) : Nd4j.matmul(x[0], x[1], out));
      default -> t.length == 1 ? unary(c, dtype, fresh) : binary(c, dtype, fresh, t, o);
    };
  }

  private static List<Job> unary(Catalogue.Case c, DType dtype, boolean fresh) {
    String term = c.terms()[0];
    String o = c.output();
    if (o.length() == term.length()) {
      int[] order = positions(term, o);
      return job(
          fresh ? "permute, dup" : "assign",
          c,
          dtype,
          fresh,
          (x, out) -> fresh ? x[0].permute(order).dup('c') : out.assign(x[0].permute(order)));
    }
    int[] summed = term.chars().filter(l -> o.indexOf(l) < 0).map(term::indexOf).toArray();
    if (o.isEmpty() || !common(term, o).equals(o)) {
      return List.of();
    }
    return job(
        "sum", c, dtype, fresh, (x, out) -> fresh ? x[0].sum(summed) : x[0].sum(out, summed));
  }

  private static List<Job> binary(
      Catalogue.Case c, DType dtype, boolean fresh, String[] t, String o) {
    if (t[0].chars().allMatch(l -> o.indexOf(l) >= 0)
        && t[1].chars().allMatch(l -> o.indexOf(l) >= 0)) {
      if (!common(o, t[0]).equals(t[0]) || !common(o, t[1]).equals(t[1])) {
        return List.of();
      }
      long[][] shapes = {broadcast(c, t[0], o), broadcast(c, t[1], o)};
      return job(
          "mul",
          c,
          dtype,
          fresh,
          (x, out) -> {
            INDArray a = x[0].reshape(shapes[0]);
            INDArray b = x[1].reshape(shapes[1]);
            return fresh ? a.mul(b) : a.muli(b, out);
          });
    }
    String both = common(t[0], t[1]);
    if (both.chars().anyMatch(l -> o.indexOf(l) >= 0) || both.isEmpty()) {
      return List.of();
    }
    int[][] axes = {positions(t[0], both), positions(t[1], both)};
    String natural = minus(t[0], both) + minus(t[1], both);
    if (natural.length() != o.length()) {
      return List.of();
    }
    int[] order = positions(natural, o);
    return job(
        fresh ? "tensorMmul, permute (a view: not in the requested layout)" : "tensorMmul, assign",
        c,
        dtype,
        fresh,
        (x, out) -> {
          INDArray result = Nd4j.tensorMmul(x[0], x[1], axes);
          if (fresh) {
            return result.permute(order);
          }
          out.assign(result.permute(order));
          result.close();
          return out;
        });
  }

  private static List<Job> job(
      String form, Catalogue.Case c, DType dtype, boolean fresh, Call call) {
    return List.of(new NdJob(form, c, dtype, fresh, call));
  }

  private static final class NdJob implements Job {
    private final String form;
    private final boolean fresh;
    private final Call call;
    private final List<INDArray> x = new ArrayList<>();
    private final INDArray[] operands;
    private INDArray out;
    private INDArray inOrder;

    NdJob(String form, Catalogue.Case c, DType dtype, boolean fresh, Call call) {
      this.form = form;
      this.fresh = fresh;
      this.call = call;
      DataType type = dtype == DType.F32 ? DataType.FLOAT : DataType.DOUBLE;
      for (int t = 0; t < c.shapes().length; t++) {
        long size = Arrays.stream(c.shapes()[t]).reduce(1, (a, b) -> a * b);
        x.add(
            dtype == DType.F32
                ? Nd4j.create(Values.floats(t, size), c.shapes()[t], type)
                : Nd4j.create(Values.doubles(t, size), c.shapes()[t], type));
      }
      operands = x.toArray(INDArray[]::new);
      out = Nd4j.createUninitialized(type, c.outputShape());
    }

    @Override
    public String form() {
      return form;
    }

    @Override
    public void run() {
      if (fresh) {
        if (out.closeable()) {
          out.close();
        }
        out = call.run(operands, null);
      } else {
        call.run(operands, out);
      }
    }

    @Override
    public double result(long index) {
      if (index == 0 || inOrder == null) {
        inOrder = out.dup('c');
      }
      return inOrder.data().getDouble(index);
    }

    @Override
    public void close() {
      for (INDArray a : operands) {
        a.close();
      }
      if (out.closeable()) {
        out.close();
      }
      if (inOrder != null) {
        inOrder.close();
      }
    }
  }

  private static long[] broadcast(Catalogue.Case c, String term, String output) {
    return output
        .chars()
        .mapToLong(l -> term.indexOf(l) < 0 ? 1 : c.lengths().get((char) l))
        .toArray();
  }

  /** The labels of the first that are in the second. */
  private static String common(String labels, String kept) {
    StringBuilder text = new StringBuilder();
    labels.chars().filter(l -> kept.indexOf(l) >= 0).forEach(l -> text.append((char) l));
    return text.toString();
  }

  private static String minus(String labels, String removed) {
    StringBuilder text = new StringBuilder();
    labels.chars().filter(l -> removed.indexOf(l) < 0).forEach(l -> text.append((char) l));
    return text.toString();
  }

  private static int[] positions(String term, String labels) {
    return labels.chars().map(term::indexOf).toArray();
  }
}
