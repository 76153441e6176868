// Leases: a close waits, what fails lets all go, texts name the tensor.
package io.github.einblas.internal.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.DType;
import org.junit.jupiter.api.Test;

class LeaseTest {
  private static final Lease.Words WORDS =
      new Lease.Words() {
        @Override
        public String where() {
          return "here: ";
        }

        @Override
        public String tensor(int operand) {
          return operand == Lease.OUTPUT ? "out" : "x" + operand;
        }
      };

  /** Memory of somebody that says when it was given back. */
  private static final class Lent implements Storage.Owner {
    boolean released;

    @Override
    public void check() {}

    @Override
    public void release() {
      released = true;
    }
  }

  private static final long FROM = 1L << 40; // never read

  /** A tensor of 8 elements at an offset of so many. */
  private static Strided tensor(Lent lent, long offset) {
    Storage storage = Storage.wrap(FROM + 8 * offset, 64, lent, false);
    return Strided.wrap(DType.F64, new Wrapped(8, storage), new long[] {8});
  }

  @Test
  void closingWaitsForTheLease() {
    Lent out = new Lent();
    Lent x = new Lent();
    Strided target = tensor(out, 0);
    Strided operand = tensor(x, 8);
    try (Lease lease = Lease.of(WORDS, target, operand, null).apart()) {
      assertArrayEquals(new long[] {FROM + 64, 0}, lease.addresses());
      assertEquals(0, lease.address(2), "there is no such operand");
      target.close();
      operand.close();
      assertTrue(!out.released && !x.released, "in use");
    }
    assertTrue(out.released && x.released);
  }

  @Test
  void aClosedTensorIsNamedAndTheOthersAreLetGo() {
    Lent out = new Lent();
    Lent x = new Lent();
    Strided target = tensor(out, 0);
    Strided open = tensor(x, 8);
    Strided closed = tensor(new Lent(), 16);
    closed.close();
    IllegalStateException e =
        assertThrows(
            IllegalStateException.class, () -> Lease.of(WORDS, target, open, closed).close());
    assertEquals("here: x1 is closed", e.getMessage());
    open.close();
    target.close();
    assertTrue(out.released && x.released, "nothing is held");
    e =
        assertThrows(
            IllegalStateException.class, () -> Lease.of(WORDS, target, new Strided[0]).close());
    assertEquals("here: out is closed", e.getMessage());
  }

  @Test
  void sharedElementsAreRefusedAndAllIsLetGo() {
    Lent out = new Lent();
    Lent x = new Lent();
    Strided target = tensor(out, 0);
    Strided operand = tensor(x, 7);
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class, () -> Lease.of(WORDS, target, operand).apart().close());
    assertEquals("here: out shares elements with x0 (shape=[8], dtype=F64)", e.getMessage());
    operand.close();
    target.close();
    assertTrue(out.released && x.released, "nothing is held");
  }

  @Test
  void closingTwiceLetsGoOnce() {
    Lent out = new Lent();
    Strided target = tensor(out, 0);
    target.acquire();
    Lease lease = Lease.of(WORDS, target, new Strided[0]);
    lease.close();
    lease.close();
    target.close();
    assertTrue(!out.released, "another call uses it");
    target.release();
    assertTrue(out.released);
  }
}
