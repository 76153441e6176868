// A process of Spark's that ends with the one that started it.
package io.github.einblas.spark.cluster;

import java.io.IOException;
import java.util.Arrays;

/** Runs a main class until its standard input ends, as it does when the starter is gone. */
final class Daemon {
  private Daemon() {}

  public static void main(String[] args) throws ReflectiveOperationException {
    Thread end = new Thread(Daemon::endWithStarter, "end with starter");
    end.setDaemon(true);
    end.start();
    Class.forName(args[0])
        .getMethod("main", String[].class)
        .invoke(null, (Object) Arrays.copyOfRange(args, 1, args.length));
  }

  private static void endWithStarter() {
    try {
      while (System.in.read() >= 0) {}
    } catch (IOException e) {
      // the same
    }
    System.exit(0); // with the hook by which a worker ends its executors
  }
}
