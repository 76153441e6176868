// Test: runs the command line in this process with captured streams, in a folder of its own.
package io.github.einblas.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.DType;
import io.github.einblas.Tensor;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** The program and a folder; arguments that begin with @ are names in the folder. */
final class Program {
  private final Path folder;
  private byte[] input = {};

  Program(Path folder) {
    this.folder = folder;
  }

  /** What a run did. */
  record Outcome(int status, byte[] bytes, String err) {
    String out() {
      return new String(bytes, StandardCharsets.UTF_8);
    }

    Tensor tensor() throws IOException {
      return Tensor.readNpy(new ByteArrayInputStream(bytes));
    }
  }

  Path path(String name) {
    return folder.resolve(name);
  }

  /** Writes a tensor to a file of the folder and closes it. */
  void put(String name, Tensor tensor) throws IOException {
    try (tensor) {
      tensor.writeNpy(path(name));
    }
  }

  double[] get(String name) throws IOException {
    try (Tensor tensor = Tensor.readNpy(path(name));
        Tensor wide = tensor.to(DType.F64)) {
      return wide.toDoubleArray();
    }
  }

  long[] shapeOf(String name) throws IOException {
    try (Tensor tensor = Tensor.readNpy(path(name))) {
      return tensor.shape();
    }
  }

  /** What the next run finds on standard input. */
  Program withInput(byte[] bytes) {
    input = bytes.clone();
    return this;
  }

  Outcome run(String... args) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    PrintStream errors = new PrintStream(err, true, StandardCharsets.UTF_8);
    int status =
        Main.run(new Streams(new ByteArrayInputStream(input), out, errors, false), resolved(args));
    return new Outcome(status, out.toByteArray(), err.toString(StandardCharsets.UTF_8));
  }

  /** Runs it as a process, with this JVM's coverage agent, so that its lines count. */
  static Outcome process(List<String> options, String... args)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    Arrays.stream(ProcessHandle.current().info().arguments().orElse(new String[0]))
        .filter(a -> a.startsWith("-javaagent:") && a.contains("jacoco"))
        .forEach(command::add);
    command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-XX:TieredStopAtLevel=1"));
    command.add(
        "-Dorg.bytedeco.javacpp.cachedir=" + System.getProperty("org.bytedeco.javacpp.cachedir"));
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.addAll(options);
    command.add(Main.class.getName());
    command.addAll(List.of(args));
    Path errors = Files.createTempFile("einblas-program", ".txt");
    try {
      Process process = new ProcessBuilder(command).redirectError(errors.toFile()).start();
      byte[] out = process.getInputStream().readAllBytes();
      int status = process.waitFor();
      return new Outcome(status, out, Files.readString(errors));
    } finally {
      Files.delete(errors);
    }
  }

  /** Runs and requires success without a word on standard error. */
  Outcome done(String... args) {
    Outcome outcome = run(args);
    assertEquals("", outcome.err());
    assertEquals(0, outcome.status());
    return outcome;
  }

  /** Runs and requires exit 2, one line on standard error with a text in it, and no new file. */
  void refused(String text, String... args) throws IOException {
    List<Path> before = files();
    Outcome outcome = run(args);
    String err = outcome.err();
    assertTrue(err.startsWith("einblas: "), err);
    assertEquals(1, err.lines().count(), err);
    assertTrue(err.contains(text), () -> "expected '" + text + "' in: " + err);
    assertEquals("", outcome.out());
    assertEquals(2, outcome.status());
    assertEquals(before, files());
  }

  List<Path> files() throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files.sorted().toList();
    }
  }

  String[] resolved(String... args) {
    return Stream.of(args)
        .map(a -> a.startsWith("@") ? path(a.substring(1)).toString() : a)
        .toArray(String[]::new);
  }
}
