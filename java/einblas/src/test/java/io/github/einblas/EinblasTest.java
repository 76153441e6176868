// What Einblas says of this machine and of what was loaded.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class EinblasTest {
  @Test
  void whatWasLoaded() {
    Einblas.loadOpenBlas();
    Einblas.loadOpenBlas(); // no matter how often
    assertTrue(Einblas.blasConfig().contains("OpenBLAS"), Einblas::blasConfig);
    assertFalse(Einblas.blasCore().isBlank() || Einblas.blasCore().equals("not loaded"));
    assertTrue(Files.isRegularFile(Einblas.loadedFrom()), () -> "" + Einblas.loadedFrom());
    assertTrue(Arrays.asList("pool", "openmp", "system").contains(Einblas.threading()));
  }

  @ParameterizedTest
  @EnumSource
  void theMachinesSpeedIsANumber(DType type) {
    if (type.isFloating()) {
      assertTrue(Einblas.measurePeak(type, 1) > 0);
    } else {
      String text =
          assertThrows(IllegalArgumentException.class, () -> Einblas.measurePeak(type, 1))
              .getMessage();
      assertTrue(text.contains(type.toString()), text);
    }
  }

  @ParameterizedTest
  @EnumSource
  void theMachinesBandwidthIsANumber(Einblas.Traffic what) {
    assertTrue(Einblas.measureBandwidth(what, 1 << 20, 2) > 0);
  }

  @Test
  void bandwidthBeyondTheMemoryIsRefused() {
    NativeMemoryException e =
        assertThrows(
            NativeMemoryException.class,
            () -> Einblas.measureBandwidth(Einblas.Traffic.READ, 1L << 46, 1));
    assertEquals(1L << 46, e.bytesNeeded());
  }
}
