// Storage: Hadoop's settings, with which executors find and open files.
package io.github.einblas.spark.internal.storage;

import java.io.Serializable;
import java.util.HashMap;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;

/**
 * A Configuration that travels, as it was when this was made. Only names and values do: Hadoop's
 * own form compresses each of them and takes ten times as long, for every task.
 */
final class HadoopConf implements Serializable {
  private static final long serialVersionUID = 1;

  private final HashMap<String, String> values = new HashMap<>();
  private transient Configuration conf;

  HadoopConf(Configuration conf) {
    for (Map.Entry<String, String> value : conf) {
      values.put(value.getKey(), value.getValue());
    }
  }

  synchronized Configuration get() {
    if (conf == null) {
      Configuration made = new Configuration(/* loadDefaults= */ false);
      values.forEach(made::set);
      conf = made;
    }
    return conf;
  }
}
