// An operand as a step on the cluster gets it.
package io.github.einblas.spark.internal.run;

import io.github.einblas.spark.BlockIndex;
import io.github.einblas.spark.BlockSource;
import io.github.einblas.spark.TensorBlock;
import io.github.einblas.spark.internal.plan.Feed;
import org.apache.spark.api.java.JavaPairRDD;

/**
 * Blocks, and how they come.
 *
 * @param feed the way
 * @param blocks for ways that move or keep them, else null
 * @param source for ways that read them, else null
 */
public record Input(Feed feed, JavaPairRDD<BlockIndex, TensorBlock> blocks, BlockSource source) {}
