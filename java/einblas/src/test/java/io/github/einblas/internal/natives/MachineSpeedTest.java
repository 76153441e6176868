// Speeds of the machine, by clocks that are given: what is measured, kept, and called unreliable.
package io.github.einblas.internal.natives;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.DType;
import io.github.einblas.NativeMemoryException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class MachineSpeedTest {
  /** Notes what it is asked for; each repeat takes what the clock says. */
  private static final class Clock implements MachineSpeed.Probe {
    private final List<Long> copies = new ArrayList<>();
    private int products;
    private double[] seconds;
    private long most = Long.MAX_VALUE;

    private Clock(double... seconds) {
      this.seconds = seconds;
    }

    @Override
    public double[] product(DType type, int threads, int n) {
      products++;
      return seconds;
    }

    @Override
    public double[] copy(int threads, long bytes) {
      copies.add(bytes);
      if (bytes > most) {
        throw new NativeMemoryException(bytes, most, NativeMemoryException.Bound.LIMIT, most);
      }
      return seconds;
    }
  }

  @Test
  void theFastestRepeatCounts() {
    MachineSpeed speed = new MachineSpeed(new Clock(1.2, 1, 1.1));
    assertEquals(2.0 * 256 * 256 * 256, speed.flops(DType.F64, 1).perSecond());
    assertEquals(1 << 20, speed.bandwidth(1, 1e6).perSecond());
    assertTrue(speed.flops(DType.F64, 1).steady());
  }

  @Test
  void eachIsMeasuredOnce() {
    Clock clock = new Clock(1, 1);
    MachineSpeed speed = new MachineSpeed(clock);
    for (int i = 0; i < 3; i++) {
      speed.flops(DType.F64, 1);
      speed.flops(DType.F32, 2);
      speed.bandwidth(2, 1e6);
    }
    assertEquals(2, clock.products);
    assertEquals(List.of(1L << 20), clock.copies);
  }

  @Test
  void copiesAreNoLargerThanNeeded() {
    Clock clock = new Clock(1, 1);
    MachineSpeed speed = new MachineSpeed(clock);
    speed.bandwidth(1, 48);
    speed.bandwidth(1, 3e5);
    speed.bandwidth(1, 1e12);
    assertEquals(List.of(1L << 16, 1L << 18, 1L << 27), clock.copies);
  }

  @Test
  void aBusyMachineIsUnreliableUntilItIsIdle() {
    // One repeat in four lost a time slice.
    Clock clock = new Clock(1, 1, 1, 4);
    MachineSpeed speed = new MachineSpeed(clock);
    assertFalse(speed.flops(DType.F64, 1).steady());
    assertFalse(speed.bandwidth(1, 1e6).steady());
    clock.seconds = new double[] {1, 1.2, 1.1};
    assertTrue(speed.flops(DType.F64, 1).steady());
    assertTrue(speed.bandwidth(1, 1e6).steady());
  }

  @Test
  void shortMemoryTakesSmallerCopies() {
    Clock clock = new Clock(1, 1);
    clock.most = 1 << 22;
    MachineSpeed speed = new MachineSpeed(clock);
    assertEquals(1 << 21, speed.bandwidth(1, 1e9).perSecond());
    assertEquals(List.of(1L << 27, 1L << 25, 1L << 23, 1L << 21), clock.copies);
    clock.most = 0;
    assertThrows(NativeMemoryException.class, () -> speed.bandwidth(2, 1e9));
  }
}
