// The packaged jars as a user has them: natives come out of the classifier jars into an empty
// cache, and einsum is right.
package io.github.einblas.platform;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.Einblas;
import io.github.einblas.Einsum;
import io.github.einblas.Tensor;
import java.io.File;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class PackagedJarsIT {
  @Test
  void classPathHasJarsAlone() {
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
      // The tests' own classes are the only folder.
      assertTrue(entry.endsWith(".jar") || entry.endsWith("test-classes"), entry);
    }
  }

  @Test
  void nativesComeFromTheJarsAndAreRight() {
    Path cache = Path.of(System.getProperty("org.bytedeco.javacpp.cachedir")).toAbsolutePath();
    assertTrue(
        Einblas.loadedFrom().toAbsolutePath().startsWith(cache), () -> "" + Einblas.loadedFrom());
    assertTrue(Einblas.blasConfig().contains("0.3.31"), Einblas::blasConfig);
    assertFalse(Einblas.isa().isEmpty());
    try (Tensor a = Tensor.of(new float[] {1, 2, 3, 4, 5, 6}, 2, 3);
        Tensor b = Tensor.of(new float[] {1, 0, 0, 1, 1, 1}, 3, 2);
        Tensor c = Einsum.einsum("ij,jk->ik", a, b)) {
      assertArrayEquals(new float[] {4, 5, 10, 11}, c.toFloatArray());
    }
  }
}
