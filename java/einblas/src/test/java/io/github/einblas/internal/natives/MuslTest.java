// Loading on musl, tried with musl's own dynamic linker: it is recognised, and its own error texts
// are explained.
package io.github.einblas.internal.natives;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@EnabledOnOs(value = OS.LINUX, architectures = "amd64")
class MuslTest {
  /** Opens the named library, as a JVM does, or copies what is mapped in its process. */
  private static final String PROGRAM =
      """
      #include <dlfcn.h>
      #include <stdio.h>
      int main(int argc, char** argv) {
        if (argc > 1) {
          puts(dlopen(argv[1], RTLD_LAZY | RTLD_GLOBAL) ? "loaded" : dlerror());
          return 0;
        }
        FILE* maps = fopen("/proc/self/maps", "r");
        for (int c; maps && (c = getc(maps)) != EOF;) putchar(c);
        return 0;
      }
      """;

  @TempDir Path folder;

  private String run(List<String> command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), () -> command + ": " + text);
    return text;
  }

  private Path program() throws IOException, InterruptedException {
    assumeTrue(
        Files.isExecutable(Path.of("/usr/bin/musl-gcc")),
        "the package musl-tools is not installed");
    Path source = Files.writeString(folder.resolve("open.c"), PROGRAM);
    Path program = folder.resolve("open");
    run(List.of("musl-gcc", "-o", program.toString(), source.toString()));
    return program;
  }

  @Test
  void aProcessOnMuslIsToldFromOneOnGlibc() throws Exception {
    Path maps = Files.writeString(folder.resolve("maps"), run(List.of(program().toString())));
    assertTrue(LoadAdvice.mapsMusl(maps), () -> "not musl's: " + maps);
    assertFalse(LoadAdvice.mapsMusl(Path.of("/proc/self/maps")));
    assertFalse(LoadAdvice.mapsMusl(folder.resolve("none")));
    String text = new LoadAdvice("linux-x86_64").musl();
    for (String part : List.of("linux-x86_64", "is musl", "Alpine", "glibc", "Debian's")) {
      assertTrue(text.contains(part), text);
    }
  }

  /**
   * In a root of its own, as on Alpine: with this machine's glibc in reach the process crashes
   * instead.
   */
  @Test
  void whatMuslSaysOfOurLibrariesIsExplained() throws Exception {
    Path program = program();
    Path root = Files.createDirectory(folder.resolve("root"));
    Files.createDirectory(root.resolve("lib"));
    Files.copy(
        Path.of("/lib/ld-musl-x86_64.so.1").toRealPath(), root.resolve("lib/ld-musl-x86_64.so.1"));
    Files.copy(program, root.resolve("open"));
    List<String> chroot = List.of("unshare", "--map-root-user", "chroot", root.toString(), "/open");
    Process can = new ProcessBuilder(chroot).redirectErrorStream(true).start();
    can.getInputStream().readAllBytes();
    assumeTrue(can.waitFor() == 0, "no chroot here");
    NativeInfo.loadOpenBlas(); // and so it is on the list
    for (String name : List.of("libopenblas.so.0", "libjnieinblas.so")) {
      Path library =
          NativeInfo.loadReport().stream()
              .skip(1)
              .map(line -> Path.of(line.substring(line.lastIndexOf(", ") + 2)))
              .filter(p -> p.endsWith(name))
              .findFirst()
              .orElseThrow();
      Files.copy(library, root.resolve(name));
      String said = run(Stream.concat(chroot.stream(), Stream.of("/" + name)).toList()).strip();
      String text = new LoadAdvice("linux-x86_64").failed(new UnsatisfiedLinkError(said), "/c");
      assertTrue(text.contains("is musl") && text.contains(said), () -> name + ": " + text);
    }
  }
}
