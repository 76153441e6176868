// Loading from the packaged jars where something is missing, in the way, or going on at the same
// time; each try is a process.
package io.github.einblas.platform;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

class LoadingIT extends LoadProcesses {
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
        .says(
            "product right",
            "org.bytedeco:openblas:0.3.31-1.5.13",
            "classifier " + PLATFORM,
            "is not taken");
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
            "mount -t tmpfs -o mode=700," + options + " none '" + cache + "' && exec \"$@\"",
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
  void aCacheMountedReadOnlyIsRefused() throws Exception {
    Path home = Files.createDirectory(folder.resolve("home"));
    run(mounting("ro"), classPathWithout(n -> false), Map.of(), "-Duser.home=" + home)
        .refused()
        .says("-Dorg.bytedeco.javacpp.cachedir=" + cache + " is not usable", "Read-only");
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
