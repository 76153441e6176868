// Benchmarks: einblas's block-sparse products.
package io.github.einblas.bench;

import io.github.einblas.BlockPattern;
import io.github.einblas.BlockSparse;
import io.github.einblas.DType;
import io.github.einblas.Einblas;
import io.github.einblas.Tensor;

/** By a prepared pattern, or (product unprepared) by one made for each call. */
public final class EinblasBlocks implements BlockRival {
  @Override
  public String name() {
    return "einblas";
  }

  @Override
  public void setThreads(int threads) {
    Einblas.setThreads(threads);
  }

  private static Tensor operand(DType dtype, int number, long[] shape) {
    Tensor t = Tensor.empty(dtype, shape);
    NativeArray.at(t.address(), dtype, t.size()).setOperand(number, t.size());
    return t;
  }

  @Override
  public Rival.Job job(BlockCase c, DType dtype) {
    return new Run(c, dtype);
  }

  private static final class Run implements Rival.Job {
    private final BlockCase blockCase;
    private final Tensor w;
    private final Tensor h;
    private final Tensor o;
    private final Tensor result;
    private final Tensor turned;
    private final Tensor in;
    private final Tensor out;
    private final BlockPattern pattern;
    private final BlockPattern back;
    private final NativeArray elements;

    Run(BlockCase c, DType dtype) {
      blockCase = c;
      w = operand(dtype, 0, c.weights());
      h = operand(dtype, 1, c.input());
      o = operand(dtype, 2, c.output());
      result = Tensor.zeros(dtype, c.result());
      turned = w.permute(1, 0, 3, 2);
      in = index(c.inputIndex());
      out = index(c.outputIndex());
      pattern = BlockPattern.of(in, out, c.inputBlocks(), c.outputBlocks());
      back = BlockPattern.of(out, in, c.outputBlocks(), c.inputBlocks());
      elements = NativeArray.at(result.address(), dtype, result.size());
    }

    private static Tensor index(long[][] rows) {
      long[] flat = java.util.Arrays.stream(rows).flatMapToLong(java.util.Arrays::stream).toArray();
      return Tensor.of(flat, rows.length, rows[0].length);
    }

    @Override
    public String form() {
      return blockCase.product();
    }

    @Override
    public void run() {
      switch (blockCase.product()) {
        case "gemv" -> BlockSparse.gemvInto(result, 1, 0, w, h, pattern);
        case "unprepared" ->
            BlockSparse.gemvInto(
                result,
                1,
                0,
                w,
                h,
                BlockPattern.of(in, out, blockCase.inputBlocks(), blockCase.outputBlocks()));
        case "back" -> BlockSparse.gemvInto(result, 1, 0, turned, o, back);
        default -> BlockSparse.outerInPlace(result, 1, h, o, pattern);
      }
    }

    @Override
    public double result(long index) {
      return elements.get(index);
    }

    @Override
    public void close() {
      for (Tensor t : new Tensor[] {turned, w, h, o, result, in, out}) {
        t.close();
      }
      Einblas.trim();
    }
  }
}
