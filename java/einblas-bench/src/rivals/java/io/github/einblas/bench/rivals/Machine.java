// Rivals: which machine, when, and which commit.
package io.github.einblas.bench.rivals;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;

/** Where a run took place. */
final class Machine {
  private Machine() {}

  /** Date, commit (with + when files are changed), processor, JDK; tabs between. */
  static String line(Path root) throws IOException {
    String commit = run(root, "git", "rev-parse", "--short", "HEAD");
    String changed =
        run(root, "git", "status", "--porcelain", "--untracked-files=no", "cpp", "java", "presets");
    return String.join(
        "\t",
        LocalDate.now(ZoneOffset.UTC).toString(),
        commit + (changed.isEmpty() ? "" : "+"),
        processor()
            + ", "
            + Runtime.getRuntime().availableProcessors()
            + " processors, "
            + System.getProperty("os.name"),
        System.getProperty("java.version"));
  }

  private static String processor() throws IOException {
    Path info = Path.of("/proc/cpuinfo");
    List<String> lines = Files.exists(info) ? Files.readAllLines(info) : List.of();
    return lines.stream()
        .filter(l -> l.startsWith("model name"))
        .map(l -> l.substring(l.indexOf(':') + 1).trim())
        .findFirst()
        .orElse(System.getProperty("os.arch"));
  }

  private static String run(Path root, String... command) throws IOException {
    Process process =
        new ProcessBuilder(command).directory(root.toFile()).redirectErrorStream(true).start();
    return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).trim();
  }
}
