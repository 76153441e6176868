// Rivals: block-sparse products in PyTorch, by gathering the weight blocks and bmm.
package io.github.einblas.bench.rivals;

import static org.bytedeco.pytorch.global.torch.bmm;
import static org.bytedeco.pytorch.global.torch.ones;

import io.github.einblas.DType;
import io.github.einblas.bench.BlockCase;
import io.github.einblas.bench.BlockRival;
import io.github.einblas.bench.NativeArray;
import io.github.einblas.bench.Rival;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.pytorch.MemoryFormatOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** What a user of PyTorch writes: index_select, bmm, sum; bmm and index_add_ for outer. */
public final class PyTorchBlocks implements BlockRival {
  @Override
  public String name() {
    return "pytorch";
  }

  @Override
  public void setThreads(int threads) {
    new PyTorchRival().setThreads(threads);
  }

  @Override
  public Rival.Job job(BlockCase c, DType dtype) {
    return new Run(c, dtype);
  }

  private static final class Run implements Rival.Job {
    private final BlockCase blockCase;
    private final DType dtype;
    private final Tensor w; // (blocks, inputSize, outputSize)
    private final Tensor h;
    private final Tensor o;
    private final Tensor index; // of the block of each term (b, i, j)
    private Tensor result;
    private NativeArray elements;

    Run(BlockCase c, DType dtype) {
      this.blockCase = c;
      this.dtype = dtype;
      long blocks = (long) c.inputBlocks() * c.outputBlocks();
      w = operand(0, blocks, c.inputSize(), c.outputSize());
      h = operand(1, c.input());
      o = operand(2, c.output());
      index = terms(c);
      if (c.product().equals("outer")) {
        result = operand(0, blocks, c.inputSize(), c.outputSize());
        result.zero_();
      }
    }

    private Tensor operand(int number, long... shape) {
      try (Tensor ones = ones(shape)) {
        Tensor t =
            ones.to(
                dtype == DType.F32 ? torch.ScalarType.Float : torch.ScalarType.Double,
                false,
                true,
                new MemoryFormatOptional());
        NativeArray.at(t.data_ptr().address(), dtype, t.numel()).setOperand(number, t.numel());
        return t;
      }
    }

    private static Tensor terms(BlockCase c) {
      long[][] in = c.inputIndex();
      long[][] out = c.outputIndex();
      long[] flat = new long[c.batch() * c.inputWindow() * c.outputWindow()];
      int n = 0;
      for (int b = 0; b < c.batch(); b++) {
        for (long i : in[b]) {
          for (long j : out[b]) {
            flat[n++] = i * c.outputBlocks() + j;
          }
        }
      }
      try (Tensor ones = ones(flat.length);
          Tensor index = ones.to(torch.ScalarType.Long, false, true, new MemoryFormatOptional())) {
        new LongPointer(index.data_ptr()).put(flat, 0, flat.length);
        return index.clone();
      }
    }

    @Override
    public String form() {
      return blockCase.product().equals("outer") ? "bmm, index_add_" : "index_select, bmm, sum";
    }

    @Override
    public void run() {
      BlockCase c = blockCase;
      long batch = c.batch();
      long terms = batch * c.inputWindow() * c.outputWindow();
      long[] x = {batch, c.inputWindow(), 1, c.inputSize()};
      long[] xs = {batch, c.inputWindow(), c.outputWindow(), c.inputSize()};
      long[] y = {batch, 1, c.outputWindow(), c.outputSize()};
      long[] ys = {batch, c.inputWindow(), c.outputWindow(), c.outputSize()};
      if (c.product().equals("outer")) {
        try (Tensor a = h.view(x).expand(xs).reshape(terms, c.inputSize(), 1);
            Tensor b = o.view(y).expand(ys).reshape(terms, 1, c.outputSize());
            Tensor products = bmm(a, b)) {
          result.index_add_(0, index, products, new Scalar(1.0)); // the same handle
        }
        return;
      }
      boolean back = c.product().equals("back");
      Tensor sum;
      try (Tensor blocks = w.index_select(0, index)) {
        if (back) {
          try (Tensor a = o.view(y).expand(ys).reshape(terms, 1, c.outputSize());
              Tensor t = blocks.transpose(1, 2);
              Tensor products = bmm(a, t)) {
            sum = products.view(xs).sum(2);
          }
        } else {
          try (Tensor a = h.view(x).expand(xs).reshape(terms, 1, c.inputSize());
              Tensor products = bmm(a, blocks)) {
            sum = products.view(ys).sum(1);
          }
        }
      }
      if (result != null) {
        result.close();
      }
      result = sum;
    }

    @Override
    public double result(long at) {
      if (at == 0 || elements == null) {
        elements = NativeArray.at(result.data_ptr().address(), dtype, result.numel());
      }
      return elements.get(at);
    }

    @Override
    public void close() {
      for (Tensor t : new Tensor[] {w, h, o, index, result}) {
        t.close();
      }
    }
  }
}
