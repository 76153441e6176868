/**
 * Einsum of tensors that lie in blocks on an Apache Spark cluster. {@link
 * io.github.einblas.spark.DistributedTensor} holds them, {@link
 * io.github.einblas.spark.SparkEinsum} contracts them, {@link io.github.einblas.spark.SparkPlan}
 * says beforehand what that costs.
 */
package io.github.einblas.spark;
