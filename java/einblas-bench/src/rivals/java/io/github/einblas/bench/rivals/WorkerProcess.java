// Rivals: the runner's end of a worker: one process per implementation and thread count.
package io.github.einblas.bench.rivals;

import io.github.einblas.bench.Worker;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Started on first use with its threads and wait policy in the environment; ended when closed. */
final class WorkerProcess implements AutoCloseable {
  private final Process process;
  private final Writer requests;
  private final BufferedReader replies;

  /** Starts one. */
  WorkerProcess(String implementation, int threads, Path root, Path log) {
    List<String> command = new ArrayList<>();
    if (implementation.equals("numpy") || implementation.equals("scipy")) {
      command.addAll(
          List.of(
              "python3",
              root.resolve("java/einblas-bench/rivals/numpy_cases.py").toString(),
              root.resolve("cpp/bench/catalogue.txt").toString(),
              root.resolve("cpp/bench/sweeps.txt").toString(),
              root.resolve("cpp/bench/plans.txt").toString(),
              "--threads",
              Integer.toString(threads),
              "--serve"));
      if (implementation.equals("scipy")) {
        command.add("--scipy");
      }
    } else {
      command.addAll(
          List.of(
              Path.of(System.getProperty("java.home"), "bin", "java").toString(),
              "--enable-native-access=ALL-UNNAMED",
              "--add-modules=jdk.incubator.vector",
              "-XX:+UseParallelGC",
              "-XX:ParallelGCThreads=1",
              "-Xmx6g",
              "-cp",
              System.getProperty("java.class.path"),
              Worker.class.getName(),
              implementation));
    }
    ProcessBuilder builder = new ProcessBuilder(command);
    Map<String, String> environment = builder.environment();
    environment.remove(
        "OPENBLAS_CORETYPE"); // some build machines export these; they force old kernels
    environment.remove("OPENBLAS_L2_SIZE");
    for (String variable : List.of("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")) {
      environment.put(variable, Integer.toString(threads));
    }
    if (implementation.equals("pytorch") || implementation.equals("nd4j")) {
      // Its OpenMP threads spin against OpenBLAS's own: einsum of five small operands takes 20 ms
      // spinning, 0.7 ms so.
      environment.put("OMP_WAIT_POLICY", "passive");
    }
    if (implementation.equals("mkl")) {
      environment.put(
          "KMP_BLOCKTIME",
          "20"); // ms; 200 by default, which would reach into the next implementation's turn
    }
    builder.redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()));
    try {
      process = builder.start();
    } catch (IOException e) {
      throw new UncheckedIOException(
          "cannot start " + command.get(0) + " for " + implementation, e);
    }
    requests = process.outputWriter(StandardCharsets.UTF_8);
    replies =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
  }

  /**
   * Sends a line, gives the lines of the answer.
   *
   * @throws IOException if the process has ended
   */
  List<String> ask(String request) throws IOException {
    requests.write(request + "\n");
    requests.flush();
    List<String> lines = new ArrayList<>();
    for (String line = replies.readLine(); line != null; line = replies.readLine()) {
      if (line.equals("done")) {
        return lines;
      }
      lines.add(line);
    }
    throw new IOException(
        "the process ended with status " + (process.isAlive() ? "?" : process.exitValue()));
  }

  /**
   * Waits until the process burns no more CPU, two seconds at most: compilers of a Java machine and
   * spinning OpenMP threads reach into the next one's turn.
   */
  void settle() {
    try {
      for (int i = 0; i < 40; i++) {
        Duration before = process.info().totalCpuDuration().orElse(Duration.ZERO);
        Thread.sleep(50);
        Duration after = process.info().totalCpuDuration().orElse(Duration.ZERO);
        if (after.minus(before).toMillis() <= 10) { // one tick of the clock that counts it
          return;
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    try {
      requests.close();
      process.waitFor();
    } catch (IOException e) {
      process.destroy(); // it has gone already
    } catch (InterruptedException e) {
      process.destroy();
      Thread.currentThread().interrupt();
    }
  }
}
