// What the demo says of other processes.
package io.github.einblas.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class OtherLoadTest {
  @Test
  void othersAreAllButThis() {
    assertEquals(
        "other processes kept 0.02 of 2 processors busy meanwhile.", OtherLoad.text(0.51, 0.5, 2));
    assertEquals(
        "other processes kept 1.00 of 2 processors busy meanwhile: the machine is faster than that"
            + " when it is idle.",
        OtherLoad.text(1, 0.5, 2));
    assertEquals(
        "other processes kept 0.00 of 1 processor busy meanwhile.", OtherLoad.text(0.2, 0.3, 1));
    assertEquals(
        "other processes: this system does not say how busy they are.", OtherLoad.text(-1, 0, 2));
    assertEquals(
        "other processes: this system does not say how busy they are.",
        OtherLoad.text(Double.NaN, 0, 2));
  }

  @Test
  void thisSystemIsAsked() {
    assertTrue(new OtherLoad().text().startsWith("other processes"));
  }
}
