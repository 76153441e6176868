// Loading from the packaged jars where something is missing, in the way, or going on at the same
// time; each try is a process.
package io.github.einblas.platform;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.bytedeco.javacpp.Loader;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class LoadingIT {
  private static final String PLATFORM = Loader.getPlatform();
  private static final int REFUSED = 3;

  @TempDir Path folder;
  private Path cache;

  @BeforeEach
  void emptyCache() {
    cache = folder.resolve("cache");
  }

  private record Result(int status, String text) {
    void says(String... parts) {
      for (String part : parts) {
        assertTrue(text.contains(part), () -> "'" + part + "' is not in: " + text);
      }
    }

    Result loaded() {
      assertEquals(0, status, text);
      return this;
    }

    Result refused() {
      assertEquals(REFUSED, status, text);
      return this;
    }
  }

  /** The jars of this process without those of such names. */
  private static String classPathWithout(Predicate<String> left) {
    return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
        .filter(entry -> !left.test(String.valueOf(Path.of(entry).getFileName())))
        .collect(Collectors.joining(File.pathSeparator));
  }

  private Result run(String... options) throws Exception {
    return run(List.of(), classPathWithout(name -> false), Map.of(), options);
  }

  private Result run(
      List<String> before, String classPath, Map<String, String> environment, String... options)
      throws Exception {
    List<String> command = new ArrayList<>(before);
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:TieredStopAtLevel=1", "--enable-native-access=ALL-UNNAMED"));
    command.addAll(List.of("-cp", classPath, "-Dorg.bytedeco.javacpp.cachedir=" + cache));
    command.addAll(List.of(options)); // of options of one name the last holds
    command.add(LoadProbe.class.getName());
    Path output = Files.createTempFile(folder, "output", ".txt");
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().putAll(environment);
    Process process = builder.redirectOutput(output.toFile()).start();
    assertTrue(process.waitFor(120, TimeUnit.SECONDS), "the process hangs");
    return new Result(process.exitValue(), Files.readString(output, StandardCharsets.UTF_8));
  }

  private List<Path> cached() throws IOException {
    try (Stream<Path> files = Files.walk(cache)) {
      return files
          .filter(f -> Files.isRegularFile(f, LinkOption.NOFOLLOW_LINKS))
          .filter(f -> !f.endsWith(".lock"))
          .toList();
    }
  }

  @Test
  void librariesAreExtractedOnceAndReported() throws Exception {
    Result first = run().loaded();
    first.says("jnieinblas", "openblas", "-" + PLATFORM + ".jar", "cache " + cache.toRealPath());
    assertFalse(first.text().contains(" 0 of them extracted now"), first::text);
    run().loaded().says(" 0 of them extracted now");
  }

  @Test
  void theLogNamesThemOnRequest() throws Exception {
    Result silent = run().loaded();
    Result logged =
        run(List.of(), classPathWithout(n -> false), Map.of("EINBLAS_LOG", "1")).loaded();
    assertFalse(silent.text().contains("INFO"), silent::text);
    logged.says("INFO", "extracted now; cache");
  }

  @Test
  void missingNativesAreNamed() throws Exception {
    String jars = classPathWithout(n -> n.startsWith("einblas-presets") && n.contains(PLATFORM));
    run(List.of(), jars, Map.of())
        .refused()
        .says("io.github.einblas:einblas-platform", "einblas-presets", "classifier " + PLATFORM);
  }

  @Test
  void missingOpenBlasIsNamedAndTheSystemsNotTaken() throws Exception {
    // A library of that name that the dynamic linker would take.
    run().loaded();
    Path real =
        cached().stream()
            .filter(
                f ->
                    f.getFileName().toString().contains("openblas")
                        && !f.toString().contains("jni"))
            .findFirst()
            .orElseThrow();
    String jars = classPathWithout(n -> n.startsWith("openblas") && n.contains(PLATFORM));
    run(List.of(), jars, Map.of("LD_LIBRARY_PATH", real.getParent().toString()))
        .refused()
        .says("org.bytedeco:openblas:0.3.31-1.5.13", "classifier " + PLATFORM, "is not taken");
  }

  @Test
  void anUnknownPlatformNamesItselfAndWhatThereIs() throws Exception {
    run("-Dorg.bytedeco.javacpp.platform=linux-riscv64")
        .refused()
        .says(
            "linux-riscv64",
            "linux-x86_64",
            "linux-arm64",
            "windows-x86_64",
            "from einblas's sources");
  }

  @Test
  void anInstructionSetThatIsNotThereIsRefused() throws Exception {
    run(List.of(), classPathWithout(n -> false), Map.of("EINBLAS_ISA", "avx1024"))
        .refused()
        .says("EINBLAS_ISA is 'avx1024'", "it can be one of: ");
  }

  @Test
  @EnabledOnOs(value = OS.LINUX, architectures = "amd64")
  void anInstructionSetThatTheProcessorLacksIsRefused() throws Exception {
    Path qemu = Path.of("/usr/bin/qemu-x86_64-static");
    assumeTrue(Files.isExecutable(qemu), "the package qemu-user-static is not installed");
    run(
            List.of(qemu.toString(), "-cpu", "Haswell"),
            classPathWithout(name -> false),
            Map.of("EINBLAS_ISA", "avx512"))
        .refused()
        .says("EINBLAS_ISA is 'avx512', which this machine lacks", "one of: avx2 base");
  }

  @Test
  void aCacheThatCannotBeWrittenIsLeftForTheNext() throws Exception {
    cache = Files.createFile(folder.resolve("a file")).resolve("cache");
    Path home = Files.createDirectory(folder.resolve("home"));
    run("-Duser.home=" + home).loaded().says("cache " + home.toRealPath());
  }

  @Test
  void noCacheThatCanBeWrittenNamesTheSetting() throws Exception {
    Path file = Files.createFile(folder.resolve("a file"));
    cache = file.resolve("cache");
    run("-Duser.home=" + file, "-Djava.io.tmpdir=" + file)
        .refused()
        .says("could be written", "-Dorg.bytedeco.javacpp.cachedir=DIR");
  }

  /**
   * A command before `java` that mounts tmpfs on the cache, in this process's own name space; skips
   * where that is refused.
   */
  private List<String> mounting(String options) throws Exception {
    Files.createDirectory(cache);
    List<String> mounted =
        List.of(
            "unshare",
            "--mount",
            "--map-root-user",
            "sh",
            "-c",
            "mount -t tmpfs -o " + options + " none '" + cache + "' && exec \"$@\"",
            "sh");
    Process can =
        new ProcessBuilder(Stream.concat(mounted.stream(), Stream.of("true")).toList())
            .redirectErrorStream(true)
            .start();
    can.getInputStream().readAllBytes();
    assumeTrue(can.waitFor() == 0, "no mounts of our own here");
    return mounted;
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void aCacheMountedNoexecNamesTheSetting() throws Exception {
    run(mounting("noexec"), classPathWithout(n -> false), Map.of())
        .refused()
        .says("noexec", cache.toString(), "-Dorg.bytedeco.javacpp.cachedir=DIR");
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void aCacheMountedReadOnlyIsLeftForTheNext() throws Exception {
    Path home = Files.createDirectory(folder.resolve("home"));
    run(mounting("ro"), classPathWithout(n -> false), Map.of(), "-Duser.home=" + home)
        .loaded()
        .says("cache " + home.toRealPath());
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void cachesMountedReadOnlyNameTheSetting() throws Exception {
    List<String> mounted = mounting("ro");
    run(
            mounted,
            classPathWithout(n -> false),
            Map.of(),
            "-Duser.home=" + cache,
            "-Djava.io.tmpdir=" + cache)
        .refused()
        .says("could be written", "-Dorg.bytedeco.javacpp.cachedir=DIR");
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void aFullCacheNamesTheSetting() throws Exception {
    run(mounting("size=1m"), classPathWithout(n -> false), Map.of())
        .refused()
        .says("make room", cache.toString(), "-Dorg.bytedeco.javacpp.cachedir=DIR");
  }

  @Test
  void halfWrittenFilesAreExtractedAgain() throws Exception {
    run().loaded();
    int libraries = 0;
    for (Path file : cached()) {
      FileTime time = Files.getLastModifiedTime(file);
      try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
        channel.truncate(channel.size() / 2);
      }
      Files.setLastModifiedTime(file, time); // as a stopped process could leave it
      libraries++;
    }
    assertTrue(libraries >= 2, () -> "cached: " + cache);
    Result again = run().loaded();
    assertFalse(again.text().contains(" 0 of them extracted now"), again::text);
  }

  @Test
  void manyProcessesExtractAtOnce() throws Exception {
    ExecutorService pool = Executors.newCachedThreadPool();
    try {
      List<Future<Result>> results = new ArrayList<>();
      for (int i = 0; i < 6; i++) {
        results.add(pool.submit(() -> run()));
      }
      for (Future<Result> result : results) {
        result.get().loaded();
      }
    } finally {
      pool.shutdown();
    }
  }
}
