// Helper of the loading tests: each try is a process that loads from the packaged jars.
package io.github.einblas.platform;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.bytedeco.javacpp.Loader;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

abstract class LoadProcesses {
  static final String PLATFORM = Loader.getPlatform();
  private static final int REFUSED = 3;

  @TempDir Path folder;

  /** The folder that is asked for; null asks for none. */
  Path cache;

  @BeforeEach
  void emptyCache() {
    cache = folder.resolve("cache");
  }

  record Result(int status, String text) {
    void says(String... parts) {
      for (String part : parts) {
        assertTrue(text.contains(part), () -> "'" + part + "' is not in: " + text);
      }
    }

    Result loaded() {
      assertEquals(0, status, text);
      return this;
    }

    /** Whether some library was extracted by it. */
    Result extracted(boolean some) {
      assertEquals(!some, text.contains(" 0 of them extracted now"), text);
      return loaded();
    }

    Result refused() {
      assertEquals(REFUSED, status, text);
      return this;
    }
  }

  /** The jars of this process without those of such names. */
  static String classPathWithout(Predicate<String> left) {
    return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
        .filter(entry -> !left.test(String.valueOf(Path.of(entry).getFileName())))
        .collect(Collectors.joining(File.pathSeparator));
  }

  /** The program of this JVM with its coverage agent, so that lines which the child runs count. */
  static List<String> java() {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(a -> a.startsWith("-javaagent:") && a.contains("jacoco"))
        .forEach(command::add);
    return command;
  }

  /** The class to run and its arguments. */
  List<String> program() {
    return List.of(LoadProbe.class.getName());
  }

  Result run(String... options) throws Exception {
    return run(List.of(), classPathWithout(name -> false), Map.of(), options);
  }

  Result run(
      List<String> before, String classPath, Map<String, String> environment, String... options)
      throws Exception {
    List<String> command = new ArrayList<>(before);
    command.addAll(java());
    command.addAll(List.of("-XX:TieredStopAtLevel=1", "--enable-native-access=ALL-UNNAMED"));
    command.addAll(List.of("-cp", classPath));
    if (cache != null) {
      command.add("-Dorg.bytedeco.javacpp.cachedir=" + cache);
    }
    command.addAll(List.of(options)); // of options of one name the last holds
    command.addAll(program());
    Path output = Files.createTempFile(folder, "output", ".txt");
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().remove("EINBLAS_TRUST_CACHE");
    builder.environment().putAll(environment);
    Process process = builder.redirectOutput(output.toFile()).start();
    assertTrue(process.waitFor(120, TimeUnit.SECONDS), "the process hangs");
    return new Result(process.exitValue(), Files.readString(output, StandardCharsets.UTF_8));
  }

  List<Path> cached() throws IOException {
    try (Stream<Path> files = Files.walk(cache)) {
      return files
          .filter(f -> Files.isRegularFile(f, LinkOption.NOFOLLOW_LINKS))
          .filter(f -> !f.toString().endsWith(".lock"))
          .toList();
    }
  }
}
