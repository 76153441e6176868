// Rivals: PyTorch (bytedeco's binding of libtorch, on OpenBLAS).
package io.github.einblas.bench.rivals;

import static org.bytedeco.pytorch.global.torch.bmm_out;
import static org.bytedeco.pytorch.global.torch.einsum;
import static org.bytedeco.pytorch.global.torch.matmul_out;
import static org.bytedeco.pytorch.global.torch.mul_out;
import static org.bytedeco.pytorch.global.torch.mv_out;
import static org.bytedeco.pytorch.global.torch.ones;
import static org.bytedeco.pytorch.global.torch.set_num_interop_threads;
import static org.bytedeco.pytorch.global.torch.set_num_threads;
import static org.bytedeco.pytorch.global.torch.sum_out;

import io.github.einblas.DType;
import io.github.einblas.Einsum;
import io.github.einblas.bench.Catalogue;
import io.github.einblas.bench.NativeArray;
import io.github.einblas.bench.Rival;
import io.github.einblas.bench.Structured;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.bytedeco.openblas.global.openblas_nolapack;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/**
 * Every case. Usual: einsum; more than two operands from the left, as libtorch does without a path.
 * Best of those: along einblas's path, given as Python's torch.einsum gives opt_einsum's. Best:
 * einsum copied into the given result, or the direct call with {@code out=} (matmul, bmm on
 * permuted views, mv, mul on broadcast views, sum, copy_).
 */
public final class PyTorchRival implements Rival {
  private static final AtomicBoolean STARTED = new AtomicBoolean();

  /**
   * A call that leaves its result in {@code out} and may give a new handle, or gives a new result.
   */
  private interface Call {
    Tensor run(Tensor[] x, Tensor out);
  }

  @Override
  public String name() {
    return "pytorch";
  }

  @Override
  public String version() {
    return Rival.jar(torch.class) + " (bytedeco) on " + Rival.jar(openblas_nolapack.class);
  }

  @Override
  public void setThreads(int threads) {
    if (!STARTED.getAndSet(true)) {
      set_num_interop_threads(1); // libtorch takes this once
    }
    set_num_threads(threads);
    openblas_nolapack.blas_set_num_threads(threads);
  }

  @Override
  public List<Job> structured(Structured c, DType dtype) {
    return PyTorchStructured.jobs(c, dtype);
  }

  @Override
  public List<Job> jobs(Catalogue.Case c, DType dtype, Style style) {
    if (style == Style.USUAL) {
      return List.of(new TorchJob("einsum", c, dtype, true, (x, out) -> einsumOf(c, x)));
    }
    List<Job> jobs = new ArrayList<>();
    boolean many = c.shapes().length > 2;
    long[] path = many ? path(c, dtype) : new long[0];
    jobs.add(
        new TorchJob(
            many ? "einsum(path), copy_" : "einsum, copy_",
            c,
            dtype,
            false,
            (x, out) -> {
              try (Tensor result = einsumOf(c, x, path)) {
                out.copy_(result);
              }
              return null;
            }));
    String[] t = c.terms();
    String o = c.output();
    if (t.length == 1 && isSubset(o, t[0]) && isDistinct(t[0])) {
      long[] summed = positions(t[0], without(t[0], o));
      long[] order = positions(o, o.length() == t[0].length() ? o : "");
      if (summed.length > 0 && without(t[0], without(t[0], o)).equals(o)) {
        jobs.add(
            new TorchJob("sum(out=)", c, dtype, false, (x, out) -> sum_out(out, x[0], summed)));
      } else if (order.length > 0) {
        long[] permutation = positions(t[0], o);
        jobs.add(
            new TorchJob(
                "copy_ of a view",
                c,
                dtype,
                false,
                (x, out) -> {
                  try (Tensor view = x[0].permute(permutation)) {
                    out.copy_(view);
                  }
                  return null;
                }));
      }
    } else if (t.length == 2 && isSubset(t[0], o) && isSubset(t[1], o)) {
      long[][] shapes = {broadcast(c, t[0], o), broadcast(c, t[1], o)};
      if (shapes[0] != null && shapes[1] != null) {
        jobs.add(
            new TorchJob(
                "mul(out=)",
                c,
                dtype,
                false,
                (x, out) -> {
                  try (Tensor a = x[0].view(shapes[0]);
                      Tensor b = x[1].view(shapes[1])) {
                    return mul_out(out, a, b);
                  }
                }));
      }
    } else if (t.length == 2) {
      addProducts(jobs, c, dtype);
    }
    return jobs;
  }

  private static void addProducts(List<Job> jobs, Catalogue.Case c, DType dtype) {
    switch (c.equation()) {
      case "ab,bc->ac", "ij,jk->ik", "bik,bkj->bij" ->
          jobs.add(
              new TorchJob(
                  "matmul(out=)", c, dtype, false, (x, out) -> matmul_out(out, x[0], x[1])));
      case "rd,od->ro" ->
          jobs.add(
              new TorchJob(
                  "matmul(out=)",
                  c,
                  dtype,
                  false,
                  (x, out) -> {
                    try (Tensor transposed = x[1].t()) {
                      return matmul_out(out, x[0], transposed);
                    }
                  }));
      case "ij,j->i" ->
          jobs.add(new TorchJob("mv(out=)", c, dtype, false, (x, out) -> mv_out(out, x[0], x[1])));
      case "ij,i->j" ->
          jobs.add(
              new TorchJob(
                  "mv(out=)",
                  c,
                  dtype,
                  false,
                  (x, out) -> {
                    try (Tensor transposed = x[0].t()) {
                      return mv_out(out, transposed, x[1]);
                    }
                  }));
      case "nhd,khd->nkd" ->
          jobs.add(
              new TorchJob(
                  "bmm(out=) on views",
                  c,
                  dtype,
                  false,
                  (x, out) -> {
                    try (Tensor a = x[0].permute(2, 0, 1);
                        Tensor b = x[1].permute(2, 1, 0);
                        Tensor o = out.permute(2, 0, 1)) {
                      return bmm_out(o, a, b);
                    }
                  }));
      default -> {}
    }
  }

  private static Tensor einsumOf(Catalogue.Case c, Tensor[] x, long... path) {
    try (TensorVector operands = new TensorVector(x)) {
      return path.length == 0
          ? einsum(c.equation(), operands)
          : einsum(c.equation(), operands, path);
    }
  }

  /**
   * Einblas's path as libtorch takes it: the places of each pair in a list that loses them and gets
   * their result at its end.
   */
  private static long[] path(Catalogue.Case c, DType dtype) {
    int[][] pairs = Einsum.plan(c.equation(), dtype, c.shapes()).path();
    List<Integer> slots = new ArrayList<>(IntStream.range(0, c.shapes().length).boxed().toList());
    long[] places = new long[2 * pairs.length];
    for (int i = 0; i < pairs.length; i++) {
      int first = slots.indexOf(pairs[i][0]);
      int second = slots.indexOf(pairs[i][1]);
      places[2 * i] = Math.min(first, second);
      places[2 * i + 1] = Math.max(first, second);
      slots.removeAll(List.of(pairs[i][0], pairs[i][1]));
      slots.add(c.shapes().length + i);
    }
    return places;
  }

  private static final class TorchJob implements Job {
    private final String form;
    private final DType dtype;
    private final boolean fresh;
    private final Call call;
    private final Tensor[] operands;
    private Tensor out;
    private Tensor contiguous;
    private NativeArray elements;

    TorchJob(String form, Catalogue.Case c, DType dtype, boolean fresh, Call call) {
      this.form = form;
      this.dtype = dtype;
      this.fresh = fresh;
      this.call = call;
      this.operands = new Tensor[c.shapes().length];
      for (int t = 0; t < operands.length; t++) {
        operands[t] = tensor(dtype, c.shapes()[t]);
        NativeArray.at(operands[t].data_ptr().address(), dtype, operands[t].numel())
            .setOperand(t, operands[t].numel(), c.scale(t));
      }
      out = tensor(dtype, c.outputShape());
    }

    private static Tensor tensor(DType dtype, long[] shape) {
      try (Tensor ones = ones(shape)) {
        return ones.to(
            dtype == DType.F32 ? torch.ScalarType.Float : torch.ScalarType.Double,
            false,
            true,
            MEMORY);
      }
    }

    private static final org.bytedeco.pytorch.MemoryFormatOptional MEMORY =
        new org.bytedeco.pytorch.MemoryFormatOptional();

    @Override
    public String form() {
      return form + (out.is_contiguous() ? "" : " (a view: not in the requested layout)");
    }

    @Override
    public void run() {
      if (fresh) {
        out.close();
        out = call.run(operands, null);
      } else {
        Tensor handle = call.run(operands, out); // another one of out, or of a view of it
        if (handle != null) {
          handle.close();
        }
      }
    }

    @Override
    public double result(long index) {
      if (index == 0 || elements == null) {
        if (contiguous != null) {
          contiguous.close();
        }
        contiguous = out.contiguous();
        elements = NativeArray.at(contiguous.data_ptr().address(), dtype, contiguous.numel());
      }
      return elements.get(index);
    }

    @Override
    public void close() {
      if (contiguous != null) {
        contiguous.close();
      }
      for (Tensor t : operands) {
        t.close();
      }
      out.close();
    }
  }

  /**
   * The shape with ones that lines a term up with the output; null when its labels come in another
   * order.
   */
  private static long[] broadcast(Catalogue.Case c, String term, String output) {
    if (!without(output, without(output, term)).equals(term)) {
      return null;
    }
    return output
        .chars()
        .mapToLong(l -> term.indexOf(l) < 0 ? 1 : c.lengths().get((char) l))
        .toArray();
  }

  private static boolean isSubset(String a, String b) {
    return a.chars().allMatch(l -> b.indexOf(l) >= 0);
  }

  private static boolean isDistinct(String labels) {
    return labels.chars().distinct().count() == labels.length();
  }

  private static String without(String labels, String removed) {
    StringBuilder kept = new StringBuilder();
    labels.chars().filter(l -> removed.indexOf(l) < 0).forEach(l -> kept.append((char) l));
    return kept.toString();
  }

  private static long[] positions(String term, String labels) {
    return labels.chars().mapToLong(term::indexOf).toArray();
  }
}
