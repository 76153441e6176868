// What travels, by Kryo that knows no classes but registered ones.
package io.github.einblas.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.einblas.DType;
import java.util.List;
import org.apache.spark.SparkConf;
import org.apache.spark.serializer.KryoSerializer;
import org.apache.spark.serializer.SerializerInstance;
import org.junit.jupiter.api.Test;
import scala.Tuple2;
import scala.reflect.ClassTag$;

class EinblasKryoRegistratorTest {
  private static Object again(Object object) {
    SerializerInstance kryo =
        new KryoSerializer(
                new SparkConf(false)
                    .set("spark.kryo.registrationRequired", "true")
                    .set("spark.kryo.registrator", EinblasKryoRegistrator.class.getName()))
            .newInstance();
    return kryo.deserialize(
        kryo.serialize(object, ClassTag$.MODULE$.Any()), ClassTag$.MODULE$.Any());
  }

  @Test
  void blocksAndTheirPlacesAreRegistered() {
    TensorBlock block = TensorBlock.of(DType.I16, new long[] {1, 2}, new byte[] {1, 2, 3, 4});
    for (Object object : List.of(BlockIndex.of(3, 1), block)) {
      assertEquals(object, again(object));
      assertEquals(new Tuple2<>(object, object), again(new Tuple2<>(object, object)));
    }
  }
}
