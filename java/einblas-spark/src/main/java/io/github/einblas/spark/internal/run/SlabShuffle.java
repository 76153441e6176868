// Slabs to the tasks that need them, sorted there.
package io.github.einblas.spark.internal.run;

import java.io.Serializable;
import java.util.Comparator;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.rdd.ShuffledRDD;
import scala.Tuple2;
import scala.math.Ordering$;
import scala.reflect.ClassTag;
import scala.reflect.ClassTag$;

/** Spark's own shuffle, with the keys' order and a serialiser for slabs. */
final class SlabShuffle {
  private SlabShuffle() {}

  private static final class Order implements Comparator<SlabKey>, Serializable {
    private static final long serialVersionUID = 1;

    @Override
    public int compare(SlabKey a, SlabKey b) {
      return a.compareTo(b);
    }
  }

  /** The slabs of each task in the order of their keys. */
  static JavaRDD<Tuple2<SlabKey, Slab>> sorted(JavaRDD<Tuple2<SlabKey, Slab>> slabs, int tasks) {
    ClassTag<SlabKey> keys = ClassTag$.MODULE$.apply(SlabKey.class);
    ClassTag<Slab> values = ClassTag$.MODULE$.apply(Slab.class);
    ShuffledRDD<SlabKey, Slab, Slab> shuffled =
        new ShuffledRDD<>(slabs.rdd(), new TaskPartitioner(tasks), keys, values, values);
    shuffled.setKeyOrdering(Ordering$.MODULE$.comparatorToOrdering(new Order()));
    shuffled.setSerializer(new SlabSerializer());
    return new JavaRDD<>(shuffled, ClassTag$.MODULE$.apply(Tuple2.class));
  }
}
