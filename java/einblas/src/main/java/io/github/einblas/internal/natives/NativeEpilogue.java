// Door to the native library: steps that finish their results.
package io.github.einblas.internal.natives;

import io.github.einblas.DType;
import io.github.einblas.Epilogue;
import io.github.einblas.nativelib.einblas;
import java.util.Arrays;
import java.util.function.IntSupplier;

/** Native steps with an epilogue; run and freed as other steps are, x2 is the bias. */
public final class NativeEpilogue {
  private NativeEpilogue() {}

  /**
   * Makes a step (see einblas.h).
   *
   * @param types of each operand, at most two, of the output, and in which sums are added up
   * @param conjugated bit i is set where operand i is conjugated
   * @param biasType type of the bias, or null
   * @param bias its strides along the outer axes, or null
   */
  public static long create(
      DType[] types,
      int conjugated,
      int outerAxes,
      long[] lengths,
      long[] strides,
      DType biasType,
      long[] bias,
      Epilogue epilogue) {
    Native.require();
    long[] handle = new long[1];
    int[] codes = Arrays.stream(types).mapToInt(Native::code).toArray();
    int biasCode = biasType == null ? 0 : Native.code(biasType);
    int activation = activation(epilogue);
    // Of no axes there would be no address.
    long[] biasStrides = bias == null || bias.length > 0 ? bias : new long[1];
    IntSupplier call =
        () ->
            einblas.einblas_step_create_finished(
                codes,
                conjugated,
                codes.length - 2,
                lengths.length,
                outerAxes,
                lengths,
                strides,
                biasCode,
                biasStrides,
                activation,
                Long.MAX_VALUE,
                handle);
    Native.run(call, "making a step of types " + Arrays.toString(types) + " with " + epilogue);
    return handle[0];
  }

  private static int activation(Epilogue epilogue) {
    return switch (epilogue) {
      case NONE, BIAS -> einblas.EINBLAS_MAP_COPY;
      case RELU, RELU_BIAS -> einblas.EINBLAS_MAP_RELU;
      case TANH, TANH_BIAS -> einblas.EINBLAS_MAP_TANH;
      case SIGMOID, SIGMOID_BIAS -> einblas.EINBLAS_MAP_SIGMOID;
      case GELU, GELU_BIAS -> einblas.EINBLAS_MAP_GELU;
    };
  }
}
