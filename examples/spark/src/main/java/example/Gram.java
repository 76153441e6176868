package example;

import io.github.einblas.DType;
import io.github.einblas.Tensor;
import io.github.einblas.spark.DistributedTensor;
import io.github.einblas.spark.SparkEinsum;
import io.github.einblas.spark.SparkOptions;
import io.github.einblas.spark.SparkPlan;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;

/** All scalar products of the rows of a matrix that lies in blocks: C = A A^T. */
public class Gram {
  public static void main(String[] args) throws IOException {
    SparkConf conf =
        new SparkConf().setMaster("local[*]").setAppName("gram").set("spark.ui.enabled", "false");
    Path folder = Files.createTempDirectory("gram");
    try (JavaSparkContext sc = new JavaSparkContext(conf)) {
      sc.setLogLevel("ERROR");
      DistributedTensor a =
          DistributedTensor.random(sc, DType.F64, 1, new long[] {2000, 1000}, 512, 512);
      SparkPlan plan = SparkEinsum.plan(sc, "ij,kj->ik", SparkOptions.DEFAULT, a, a);
      System.out.println(plan.explain());
      String zarr = folder.resolve("gram.zarr").toString();
      plan.run(a, a).writeZarr(zarr, false);
      try (Tensor c = DistributedTensor.readZarr(sc, zarr).collect(64L << 20)) {
        System.out.println("symmetric: " + (c.get(3, 1999) == c.get(1999, 3)));
      }
    }
  }
}
