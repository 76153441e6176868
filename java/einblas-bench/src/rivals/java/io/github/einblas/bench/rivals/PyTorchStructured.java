// Rivals: products with structured matrices in PyTorch: its CSR tensors, BSR by gather and bmm,
// and Kronecker chains by the shuffle algorithm of linear_operator.
package io.github.einblas.bench.rivals;

import static org.bytedeco.pytorch.global.torch.bmm_out;
import static org.bytedeco.pytorch.global.torch.matmul;
import static org.bytedeco.pytorch.global.torch.matmul_out;
import static org.bytedeco.pytorch.global.torch.ones;
import static org.bytedeco.pytorch.global.torch.torch_sparse_csr_tensor;

import io.github.einblas.DType;
import io.github.einblas.bench.NativeArray;
import io.github.einblas.bench.Rival;
import io.github.einblas.bench.Structured;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.pytorch.MemoryFormatOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;

/** A product that gives a new result, or fills a given one. */
final class PyTorchStructured implements Rival.Job {
  private final String form;
  private final DType dtype;
  private final Supplier<Tensor> call;
  private final List<Tensor> owned;
  private Tensor out;
  private Tensor contiguous;
  private NativeArray elements;

  private PyTorchStructured(String form, DType dtype, List<Tensor> owned, Supplier<Tensor> call) {
    this.form = form;
    this.dtype = dtype;
    this.owned = owned;
    this.call = call;
  }

  /** The ways to do a case. */
  static List<Rival.Job> jobs(Structured c, DType dtype) {
    if (c.kind().equals("block")) {
      return List.of(new PyTorchBlocks().job(c.blocks(), dtype));
    }
    if (c.kind().equals("kron")) {
      return List.of(shuffle(c, dtype), stages(c, dtype));
    }
    if (c.group().equals("bsr")) {
      return c.kind().equals("bsr") ? List.of(gathered(c, dtype)) : List.of();
    }
    List<Tensor> owned = new ArrayList<>();
    Tensor matrix = matrix(c, dtype, owned);
    Tensor x = operand(dtype, 1, owned, c.operand());
    return List.of(new PyTorchStructured("matmul of csr", dtype, owned, () -> matmul(matrix, x)));
  }

  private static Tensor operand(DType dtype, int number, List<Tensor> owned, long... shape) {
    Tensor t = typed(scalar(dtype), shape);
    NativeArray.at(t.data_ptr().address(), dtype, t.numel()).setOperand(number, t.numel());
    owned.add(t);
    return t;
  }

  private static torch.ScalarType scalar(DType dtype) {
    return dtype == DType.F32 ? torch.ScalarType.Float : torch.ScalarType.Double;
  }

  private static Tensor typed(torch.ScalarType type, long... shape) {
    try (Tensor ones = ones(shape)) {
      return ones.to(type, false, true, new MemoryFormatOptional());
    }
  }

  private static Tensor integers(int[] values, List<Tensor> owned) {
    Tensor t = typed(torch.ScalarType.Int, values.length);
    new IntPointer(t.data_ptr()).put(values, 0, values.length);
    owned.add(t);
    return t;
  }

  private static Tensor matrix(Structured c, DType dtype, List<Tensor> owned) {
    Tensor indptr = integers(c.indptr(), owned);
    Tensor indices = integers(c.indices(), owned);
    long[] shape = {c.rows(), c.columns()};
    Tensor values = operand(dtype, 0, owned, (long) c.rows() * c.each());
    TensorOptions options = new TensorOptions(scalar(dtype));
    Tensor matrix = torch_sparse_csr_tensor(indptr, indices, values, shape, options);
    owned.add(matrix);
    if (c.kind().equals("csr")) {
      return matrix;
    }
    Tensor transposed = matrix.transpose(0, 1);
    owned.add(transposed);
    return transposed;
  }

  /**
   * BSR by gather and bmm. Its own BSR product calls MKL's, which {@link MklRival} measures; this
   * libtorch is built without MKL and refuses it. All rows have as many blocks, so that those of a
   * row are one matrix, laid out beforehand.
   */
  private static Rival.Job gathered(Structured c, DType dtype) {
    List<Tensor> owned = new ArrayList<>();
    long b = c.block();
    Tensor indices = integers(c.indices(), owned);
    Tensor blocks = operand(dtype, 0, owned, c.rows(), c.each(), b, b);
    Tensor rows;
    try (Tensor turned = blocks.transpose(1, 2)) {
      rows = turned.reshape(c.rows(), b, c.each() * b);
    }
    Tensor x = operand(dtype, 1, owned, c.columns(), b * c.width());
    Tensor result = operand(dtype, 0, owned, c.rows(), b, c.width());
    owned.add(rows);
    return new PyTorchStructured(
        "index_select, bmm(out=)",
        dtype,
        owned,
        () -> {
          try (Tensor taken = x.index_select(0, indices);
              Tensor operands = taken.view(c.rows(), c.each() * b, c.width())) {
            bmm_out(result, rows, operands);
            return result.view(-1, c.width());
          }
        });
  }

  private static List<Tensor> factors(Structured c, DType dtype, List<Tensor> owned) {
    List<Tensor> factors = new ArrayList<>();
    for (int i = 0; i < c.sizes()[2]; i++) {
      factors.add(operand(dtype, i + 2, owned, c.sizes()[1], c.sizes()[1]));
    }
    return factors;
  }

  /** X (K1 x K2 x ..) by one matmul and one transposition for each factor, from the last one on. */
  private static Rival.Job shuffle(Structured c, DType dtype) {
    List<Tensor> owned = new ArrayList<>();
    Tensor x = operand(dtype, 1, owned, c.operand());
    List<Tensor> factors = factors(c, dtype, owned);
    long rows = c.sizes()[0];
    long order = c.sizes()[1];
    return new PyTorchStructured(
        "shuffle",
        dtype,
        owned,
        () -> {
          Tensor y = x.view(rows, -1);
          for (int i = factors.size() - 1; i >= 0; i--) {
            try (Tensor before = y;
                Tensor split = before.view(rows, -1, order);
                Tensor product = matmul(split, factors.get(i));
                Tensor turned = product.transpose(1, 2)) {
              y = turned.reshape(rows, -1);
            }
          }
          return y;
        });
  }

  /** The same with all places given: matmul(out=) and copy_. */
  private static Rival.Job stages(Structured c, DType dtype) {
    List<Tensor> owned = new ArrayList<>();
    Tensor x = operand(dtype, 1, owned, c.operand());
    List<Tensor> factors = factors(c, dtype, owned);
    long rows = c.sizes()[0];
    long order = c.sizes()[1];
    Tensor product = operand(dtype, 0, owned, c.results() / order, order);
    Tensor turned = product.view(rows, -1, order).transpose(1, 2);
    Tensor result = operand(dtype, 0, owned, c.operand());
    Tensor place = result.view(rows, order, -1);
    Tensor first = x.view(-1, order);
    Tensor next = result.view(-1, order);
    owned.addAll(List.of(turned, place, first, next));
    return new PyTorchStructured(
        "shuffle(out=)",
        dtype,
        owned,
        () -> {
          for (int i = factors.size() - 1; i >= 0; i--) {
            Tensor from = i == factors.size() - 1 ? first : next;
            matmul_out(product, from, factors.get(i));
            place.copy_(turned); // the same handle
          }
          return result.view(rows, -1);
        });
  }

  @Override
  public String form() {
    return form;
  }

  @Override
  public void run() {
    if (out != null) {
      out.close();
    }
    out = call.get();
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
    for (Tensor t : new Tensor[] {out, contiguous}) {
      if (t != null) {
        t.close();
      }
    }
    owned.forEach(Tensor::close);
  }
}
