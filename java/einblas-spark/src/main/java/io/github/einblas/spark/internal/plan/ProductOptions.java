// What of the plan options holds for the products within tasks.
package io.github.einblas.spark.internal.plan;

import io.github.einblas.DType;
import io.github.einblas.PlanOptions;
import java.io.Serializable;

/**
 * The part of {@link PlanOptions} that travels.
 *
 * @param kernel forced, or null
 * @param batchInvariance whether elements do not depend on their neighbours
 */
public record ProductOptions(String kernel, boolean batchInvariance) implements Serializable {
  private static final long serialVersionUID = 1;

  static ProductOptions of(PlanOptions options) {
    if (options.checkedIntegers()) {
      throw new IllegalArgumentException(
          "checked integers are not offered on Spark: parts of a sum may wrap although the sum does"
              + " not; use a wider output type");
    }
    if (cuts(options)) {
      throw new IllegalArgumentException(
          "memory limits and slices of plan options are for SparkEinsum.contract; distributed"
              + " tensors are cut by SparkOptions.withTaskMemory");
    }
    return new ProductOptions(options.kernel(), options.batchInvariance());
  }

  /** Whether options cut a contraction into slices. */
  public static boolean cuts(PlanOptions options) {
    PlanOptions none = PlanOptions.DEFAULT;
    return options.memoryLimit() != none.memoryLimit()
        || options.sliceMemoryLimit() != none.sliceMemoryLimit()
        || options.slices() != none.slices();
  }

  /** Options of a product. */
  public PlanOptions plan(int threads, DType output) {
    PlanOptions options = PlanOptions.DEFAULT.withThreads(threads).withOutputType(output);
    return kernel == null
        ? options.withBatchInvariance(batchInvariance)
        : options.withKernel(kernel);
  }
}
