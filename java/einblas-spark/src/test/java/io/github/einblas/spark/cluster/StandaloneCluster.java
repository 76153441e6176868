// A real cluster on this machine: a master and two workers, each a process.
package io.github.einblas.spark.cluster;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Spark's standalone cluster on loopback, with ports that the system chooses, and all files below
 * one folder. It ends with this process at the latest, in whatever way that ends.
 */
final class StandaloneCluster implements AutoCloseable {
  /** Half of the time of so short processes would go into compiling what soon ends. */
  static final String QUICK_START = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC";

  private static final Duration PATIENCE = Duration.ofSeconds(90);
  private static final Pattern URL = Pattern.compile("spark://127\\.0\\.0\\.1:[0-9]+");
  private static final int WORKERS = 2;

  private static StandaloneCluster shared;

  private final Path folder;
  private final ClusterFiles files;
  private final List<Process> daemons = new ArrayList<>();
  private final String url;

  private StandaloneCluster(Path folder) {
    this.folder = folder;
    this.files = new ClusterFiles(folder);
    Runtime.getRuntime().addShutdownHook(new Thread(this::close));
    try {
      Path log =
          daemon(
              "master", "master.Master", "--host", "127.0.0.1", "--port", "0", "--webui-port", "0");
      await(log, text -> text.contains("I have been elected leader"));
      Matcher found = URL.matcher(Files.readString(log));
      if (!found.find()) {
        throw new IllegalStateException("the master names no address in " + log);
      }
      url = found.group();
      List<Path> logs = new ArrayList<>();
      for (int w = 1; w <= WORKERS; w++) {
        logs.add(worker("worker-" + w));
      }
      for (Path own : logs) {
        await(own, text -> text.contains("Successfully registered with master"));
      }
    } catch (IOException | RuntimeException | Error e) {
      close();
      throw e instanceof IOException io ? new UncheckedIOException(io) : rethrown(e);
    }
  }

  private static RuntimeException rethrown(Throwable e) {
    if (e instanceof Error error) {
      throw error;
    }
    return (RuntimeException) e;
  }

  /** The one of this process, started at the first call. */
  static synchronized StandaloneCluster shared() {
    if (shared == null) {
      shared =
          new StandaloneCluster(
              Path.of(System.getProperty("einblas.cluster.dir", "target/cluster"))
                  .toAbsolutePath());
    }
    return shared;
  }

  private Path worker(String name) throws IOException {
    return daemon(
        name,
        "worker.Worker",
        "--host",
        "127.0.0.1",
        "--port",
        "0",
        "--webui-port",
        "0",
        "--cores",
        "2",
        "--memory",
        "8g",
        "--work-dir",
        folder.resolve("work").toString(),
        url);
  }

  private Path daemon(String name, String main, String... arguments) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx512m",
                "--add-exports=java.base/sun.nio.ch=ALL-UNNAMED", // Spark 3.5 on JDK 17
                "-Dlog4j2.configurationFile=org/apache/spark/log4j2-defaults.properties",
                "-cp",
                files.home().resolve("jars") + "/*" + File.pathSeparator + ClusterFiles.daemons(),
                Daemon.class.getName(),
                "org.apache.spark.deploy." + main));
    command.addAll(1, List.of(QUICK_START.split(" ")));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command);
    Map<String, String> environment = builder.environment();
    environment.put("SPARK_HOME", files.home().toString());
    environment.put("SPARK_SCALA_VERSION", "2.13");
    environment.put("SPARK_LOCAL_IP", "127.0.0.1");
    environment.put("SPARK_LOCAL_DIRS", folder.resolve("local").toString());
    Path log = folder.resolve(name + ".log");
    builder.redirectErrorStream(true).redirectOutput(Redirect.to(log.toFile()));
    daemons.add(builder.start());
    return log;
  }

  private void await(Path log, Predicate<String> ready) throws IOException {
    long end = System.nanoTime() + PATIENCE.toNanos();
    Process last = daemons.get(daemons.size() - 1);
    while (!ready.test(Files.readString(log))) {
      if (!last.isAlive() || System.nanoTime() > end) {
        throw new IllegalStateException(
            (last.isAlive() ? "no answer within " + PATIENCE : "ended by " + last.exitValue())
                + ":\n"
                + Files.readString(log));
      }
      pause(50);
    }
  }

  static void pause(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** For spark.master. */
  String url() {
    return url;
  }

  /** For spark.jars. */
  String jars() {
    return files.jars();
  }

  /** Where everything is written. */
  Path folder() {
    return folder;
  }

  /** Asks the workers, which end their executors, then the master; who does not go is killed. */
  @Override
  public synchronized void close() {
    List<ProcessHandle> all = new ArrayList<>();
    for (Process daemon : daemons) {
      daemon.descendants().forEach(all::add);
      all.add(daemon.toHandle());
      try {
        daemon.getOutputStream().close();
      } catch (IOException e) {
        // it is gone
      }
    }
    try {
      for (Process daemon : daemons) {
        daemon.waitFor(10, TimeUnit.SECONDS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    all.forEach(ProcessHandle::destroyForcibly);
    if (!daemons.isEmpty()) {
      daemons.clear();
      all.forEach(process -> process.onExit().join());
      files.deleteData();
    }
  }
}
