// Benchmarks: opt_einsum's orders and NumPy's runs, by rivals/order_rivals.py.
package io.github.einblas.bench;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/** A process of Python for each question. */
final class OrderRivals {
  private static final Gson GSON = new Gson();

  private final String python;
  private final Path script;

  OrderRivals(String python, Path root) {
    this.python = python;
    this.script = root.resolve("java/einblas-bench/rivals/order_rivals.py");
  }

  /** Whether Python can import a module. */
  boolean has(String module) {
    try {
      return process("", python, "-c", "import " + module).isEmpty();
    } catch (IOException e) {
      return false;
    }
  }

  /** opt_einsum's order, with the time that it took. */
  OrderRow.Search search(OrderInstance instance) {
    try {
      JsonObject found = ask("search", job(instance));
      int[][] places = GSON.fromJson(found.get("path"), int[][].class);
      OrderCount count =
          OrderCount.of(instance, OrderInstance.slots(instance.labels().length, places));
      double seconds = found.get("seconds").getAsDouble();
      return new OrderRow.Search(
          "opt_einsum auto", seconds, count, count.over(instance.published()), null);
    } catch (IOException | RuntimeException e) {
      return new OrderRow.Search(
          "opt_einsum auto", Double.NaN, null, Double.NaN, String.valueOf(e.getMessage()));
    }
  }

  /** Seconds of a run in NumPy, or NaN. */
  double run(OrderInstance instance, int[][] pairs, double seconds) {
    Map<String, Object> job = job(instance);
    job.put("pairs", pairs);
    job.put("seconds", seconds);
    try {
      return ask("run", job).get("seconds").getAsDouble();
    } catch (IOException | RuntimeException e) {
      System.err.println(instance.name() + ": NumPy: " + e.getMessage());
      return Double.NaN;
    }
  }

  private static Map<String, Object> job(OrderInstance instance) {
    Map<String, Object> job = new HashMap<>();
    job.put("labels", instance.labels());
    job.put("output", instance.output());
    job.put("sizes", instance.sizes());
    job.put(
        "dtype",
        switch (instance.dtype()) {
          case F32 -> "float32";
          case C64 -> "complex64";
          case C128 -> "complex128";
          default -> "float64";
        });
    return job;
  }

  private JsonObject ask(String what, Map<String, Object> job) throws IOException {
    String answer = process(GSON.toJson(job), python, script.toString(), what);
    return JsonParser.parseString(answer).getAsJsonObject();
  }

  private static String process(String input, String... command) throws IOException {
    Path errors = Files.createTempFile("order-rivals", ".txt");
    try {
      Process process = new ProcessBuilder(command).redirectError(errors.toFile()).start();
      try (OutputStream in = process.getOutputStream()) {
        in.write(input.getBytes(StandardCharsets.UTF_8));
      } catch (IOException e) {
        // It ended before it read: its exit status says so.
      }
      String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (process.waitFor() != 0) {
        String said = Files.readString(errors).strip();
        throw new IOException(said.substring(said.lastIndexOf('\n') + 1));
      }
      return out.strip();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    } finally {
      Files.delete(errors);
    }
  }
}
