// A Spark of two threads in this process, shared by the tests of a class.
package io.github.einblas.spark;

import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;

/** One at a time in a process, as Spark wants it. */
final class LocalSpark {
  private LocalSpark() {}

  static JavaSparkContext start(String... settings) {
    SparkConf conf =
        new SparkConf()
            .setMaster("local[2]")
            .setAppName("test")
            .set("spark.ui.enabled", "false")
            .set("spark.driver.host", "127.0.0.1")
            .set("spark.task.maxFailures", "1");
    for (int i = 0; i < settings.length; i += 2) {
      conf.set(settings[i], settings[i + 1]);
    }
    return new JavaSparkContext(conf);
  }
}
