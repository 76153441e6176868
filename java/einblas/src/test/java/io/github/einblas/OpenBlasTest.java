// Test: OpenBLAS is loaded when it is first needed, and products go without it; each try is a JVM
// of its own.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.reference.ChildJvm;
import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.bytedeco.javacpp.Loader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OpenBlasTest {
  private static final String ADVICE =
      "org.bytedeco:openblas:0.3.31-1.5.13 with classifier " + Loader.getPlatform();

  @TempDir Path folder;

  /** What the probe prints: a name, then what became of it. */
  private record Said(Map<String, String> lines) {
    void is(String name, String expected) {
      assertEquals(expected, lines.get(name), () -> name + " of " + lines);
    }

    void refused(String name) {
      String text = String.valueOf(lines.get(name));
      assertTrue(
          text.startsWith("IllegalStateException: ") && text.contains(ADVICE),
          () -> name + " of " + lines);
    }
  }

  private static Said probe(
      boolean withJar, Map<String, String> environment, String option, String... arguments)
      throws Exception {
    List<String> command = new ArrayList<>(ChildJvm.counted());
    command.addAll(ChildJvm.classes());
    if (!withJar) {
      command.add("-cp"); // the last holds
      command.add(
          Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
              .filter(e -> !String.valueOf(Path.of(e).getFileName()).startsWith("openblas-"))
              .collect(Collectors.joining(File.pathSeparator)));
    }
    command.add(option);
    command.add(OpenBlasProbe.class.getName());
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().remove("EINBLAS_KERNEL");
    builder.environment().put("EINBLAS_TUNING", "");
    builder.environment().putAll(environment);
    builder.redirectError(ProcessBuilder.Redirect.INHERIT);
    Process process = builder.start();
    String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), text);
    return new Said(
        text.lines()
            .map(line -> line.split(" = ", 2))
            .collect(Collectors.toMap(parts -> parts[0], parts -> parts[1])));
  }

  private static Said probe(boolean withJar, Map<String, String> environment) throws Exception {
    return probe(withJar, environment, "-ea");
  }

  private static final List<String> PRODUCTS =
      List.of("einsum", "einsum of I32", "block-sparse", "Kronecker", "CSR");

  private static final List<String> LAPACK = List.of("solve", "logDeterminant", "eigenvalues");

  @Test
  void productsGoWithoutItAndLapackSaysWhatToAdd() throws Exception {
    Said said = probe(false, Map.of());
    PRODUCTS.forEach(name -> said.is(name, "right"));
    said.is("config before", "not loaded");
    said.is("mapped before", "false");
    for (String name : LAPACK) {
      said.refused(name);
      said.refused(name + " again");
    }
    said.refused("by name");
    said.refused("loadOpenBlas");
    said.is("of I32 by name", "IllegalArgumentException"); // with it, too
    said.is("bytes left", "0");
    said.is("by tuning", "gemm, same bits");
    said.is("config after", "not loaded");
    assertTrue(said.lines.get("report").contains(ADVICE), said::toString);
  }

  @Test
  void itIsLoadedWhenItIsFirstNeeded() throws Exception {
    Said said = probe(true, Map.of());
    PRODUCTS.forEach(name -> said.is(name, "right"));
    said.is("config before", "not loaded");
    said.is("mapped before", "false");
    assertTrue(
        said.lines.get("report before").contains("not loaded: nothing asked for it"),
        said::toString);
    for (String name : LAPACK) {
      said.is(name, "right");
      said.is(name + " again", "right");
    }
    said.is("by name", "openblas");
    said.is("by tuning", "openblas");
    said.is("loadOpenBlas", "right");
    said.is("bytes left", "0");
    assertTrue(said.lines.get("config after").contains("OpenBLAS 0.3.31"), said::toString);
    assertTrue(said.lines.get("report").contains("openblas"), said::toString);
  }

  @Test
  void aTryThatFailedIsMadeAgain() throws Exception {
    Path jar =
        Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
            .map(Path::of)
            .filter(
                p ->
                    p.getFileName()
                        .toString()
                        .matches("openblas-.+" + Loader.getPlatform() + ".jar"))
            .findFirst()
            .orElseThrow();
    String file =
        System.mapLibraryName("openblas").endsWith(".so")
            ? "libopenblas.so.0"
            : System.mapLibraryName("openblas").endsWith(".dll")
                ? "libopenblas.dll"
                : "libopenblas.0.dylib";
    Path inTheWay =
        folder
            .toRealPath()
            .resolve(jar.getFileName())
            .resolve("org/bytedeco/openblas/" + Loader.getPlatform())
            .resolve(file);
    Said said =
        probe(true, Map.of(), "-Dorg.bytedeco.javacpp.cachedir=" + folder, inTheWay.toString());
    for (String name : LAPACK) {
      String text = said.lines.get(name);
      assertTrue(
          text.contains("could not be loaded") && text.contains(inTheWay + " is a folder"), text);
      said.is(name + " again", "right");
    }
    said.is("config before", "not loaded");
    assertTrue(said.lines.get("report before").contains("is a folder"), said::toString);
    assertTrue(said.lines.get("config after").contains("OpenBLAS 0.3.31"), said::toString);
  }

  /** Tuning alone asks for it. */
  @Test
  void tuningThatGivesStepsToItLoadsItOrGoesWithout() throws Exception {
    Map<String, String> tuned = Map.of("EINBLAS_OPENBLAS_FROM", "64");
    Said with = probe(true, tuned);
    PRODUCTS.forEach(name -> with.is(name, "right"));
    with.is("kernel before", "openblas");
    Said without = probe(false, tuned);
    PRODUCTS.forEach(name -> without.is(name, "right"));
    without.is("kernel before", "gemm");
    without.is("config before", "not loaded");
  }

  @Test
  void theVariableThatForcesItIsRefusedWithoutIt() throws Exception {
    probe(false, Map.of("EINBLAS_KERNEL", "openblas")).refused("einsum");
  }
}
