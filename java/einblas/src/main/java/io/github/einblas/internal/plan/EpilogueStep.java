// Plans: a native step that finishes the result of a run.
package io.github.einblas.internal.plan;

import io.github.einblas.DType;
import io.github.einblas.Epilogue;
import io.github.einblas.internal.natives.Handle;
import io.github.einblas.internal.natives.Native;
import io.github.einblas.internal.natives.NativeEpilogue;
import java.lang.ref.Reference;
import java.util.Arrays;

/** The last step of a program, or a pass over its output, with an epilogue. Immutable. */
final class EpilogueStep implements AutoCloseable {
  private final Handle handle;
  private final Epilogue epilogue;
  private final Bias asked;

  /**
   * A bias of a run.
   *
   * @param type its type
   * @param strides along the output's axes; 0 along those that it is repeated along
   */
  record Bias(DType type, long[] strides) {}

  /**
   * A step with an epilogue.
   *
   * @param types of its operands, its output and its sums
   * @param conjugated bit i is set where operand i is conjugated
   * @param bias along the step's outer axes, or null
   * @param asked the same as {@link #does} is asked for it
   */
  EpilogueStep(
      DType[] types,
      int conjugated,
      int outer,
      long[] lengths,
      long[] strides,
      Epilogue epilogue,
      Bias bias,
      Bias asked) {
    this.epilogue = epilogue;
    this.asked = asked;
    DType biasType = bias == null ? null : bias.type;
    long[] biasStrides = bias == null ? null : bias.strides;
    this.handle =
        new Handle(
            Native::destroyStep,
            NativeEpilogue.create(
                types, conjugated, outer, lengths, strides, biasType, biasStrides, epilogue));
  }

  /** A pass over an output that holds a result already: run with alpha 0 and beta 1. */
  static EpilogueStep pass(
      DType result, long[] shape, long[] strides, Epilogue epilogue, Bias bias) {
    DType[] types = {result, result.computeType()};
    return new EpilogueStep(types, 0, shape.length, shape, strides, epilogue, bias, bias);
  }

  /** Whether it does this. */
  boolean does(Epilogue what, Bias bias) {
    return epilogue == what
        && (bias == null
            ? asked == null
            : asked != null
                && bias.type == asked.type
                && Arrays.equals(bias.strides, asked.strides));
  }

  /** Bytes that a run takes beside the tensors, with up to so many threads. */
  long memory(int threads) {
    try {
      return Native.stepMemory(handle.value(), threads);
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  /** Runs it; addresses are 0 where there is no tensor. */
  void run(long x0, long x1, long added, long out, double alpha, double beta, int threads) {
    try {
      Native.runStep(handle.value(), x0, x1, added, out, alpha, beta, threads);
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  @Override
  public void close() {
    handle.close();
  }
}
