// Public API: the classes that travel, for applications that have Kryo know all of them.
package io.github.einblas.spark;

import com.esotericsoftware.kryo.Kryo;
import java.util.ArrayList;
import java.util.TreeMap;
import org.apache.spark.serializer.KryoRegistrator;

/**
 * For {@code spark.kryo.registrator}, alone or behind others after a comma. Needed only with {@code
 * spark.kryo.registrationRequired}; without that it saves the classes' names in each record.
 */
public final class EinblasKryoRegistrator implements KryoRegistrator {
  /** For Spark. */
  public EinblasKryoRegistrator() {}

  @Override
  public void registerClasses(Kryo kryo) {
    kryo.register(BlockIndex.class);
    kryo.register(TensorBlock.class);
    kryo.register(
        ArrayList.class); // of blocks: operands of slices, parts of a tensor of the driver
    kryo.register(TreeMap.class); // of blocks: an operand that is broadcast
  }
}
