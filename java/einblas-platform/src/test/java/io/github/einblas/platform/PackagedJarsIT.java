// The packaged jars as a user has them: natives come out of the classifier jars into an empty
// cache, and einsum is right.
package io.github.einblas.platform;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.Einblas;
import io.github.einblas.Einsum;
import io.github.einblas.Tensor;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.javacpp.Loader;
import org.junit.jupiter.api.Test;

class PackagedJarsIT {
  @Test
  void classPathHasJarsAlone() {
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
      // The tests' own classes are the only folder.
      assertTrue(entry.endsWith(".jar") || entry.endsWith("test-classes"), entry);
    }
  }

  private static Path jar(String start) {
    return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
        .map(Path::of)
        .filter(
            p ->
                p.getFileName().toString().matches(start + ".*-" + Loader.getPlatform() + "\\.jar"))
        .findFirst()
        .orElseThrow();
  }

  /** What is extracted at run time must be in a native image too. */
  @Test
  void nativeImageMetadataListsTheLibraries() throws IOException {
    List<Pattern> listed = new ArrayList<>();
    List<String> libraries = new ArrayList<>();
    try (JarFile ours = new JarFile(jar("einblas-presets").toFile());
        JarFile openblas = new JarFile(jar("openblas").toFile())) {
      String metadata =
          "META-INF/native-image/" + Loader.getPlatform() + "/libraries/resource-config.json";
      try (InputStream in = ours.getInputStream(ours.getEntry(metadata))) {
        String json = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        Matcher pattern = Pattern.compile("\"pattern\": \"([^\"]*)\"").matcher(json);
        while (pattern.find()) {
          listed.add(Pattern.compile(pattern.group(1).replace("\\\\", "\\")));
        }
      }
      ours.stream()
          .map(JarEntry::getName)
          .filter(n -> n.matches(".*/nativelib/.+/.+"))
          .forEach(libraries::add);
      openblas.stream()
          .map(JarEntry::getName)
          .filter(n -> n.matches(".*/lib(openblas|gfortran|quadmath)[^/]*(so|dll|dylib)[.0-9]*"))
          .forEach(libraries::add);
    }
    assertEquals(2, listed.size());
    assertTrue(libraries.size() >= 2, libraries::toString);
    for (String library : libraries) {
      assertTrue(listed.stream().anyMatch(p -> p.matcher(library).matches()), library);
    }
  }

  @Test
  void jarsAreSmall() throws IOException {
    assertTrue(Files.size(jar("einblas-presets")) < 4_000_000, "natives of 4 MB and more");
    Path api = Path.of(Einblas.class.getProtectionDomain().getCodeSource().getLocation().getPath());
    assertTrue(Files.size(api) < 850_000, () -> api + " has 850 KB and more");
  }

  @Test
  void nativesComeFromTheJarsAndAreRight() {
    Path cache = Path.of(System.getProperty("org.bytedeco.javacpp.cachedir")).toAbsolutePath();
    assertTrue(
        Einblas.loadedFrom().toAbsolutePath().startsWith(cache), () -> "" + Einblas.loadedFrom());
    Einblas.loadOpenBlas();
    assertTrue(Einblas.blasConfig().contains("0.3.31"), Einblas::blasConfig);
    assertFalse(Einblas.isa().isEmpty());
    try (Tensor a = Tensor.of(new float[] {1, 2, 3, 4, 5, 6}, 2, 3);
        Tensor b = Tensor.of(new float[] {1, 0, 0, 1, 1, 1}, 3, 2);
        Tensor c = Einsum.einsum("ij,jk->ik", a, b)) {
      assertArrayEquals(new float[] {4, 5, 10, 11}, c.toFloatArray());
    }
  }
}
