// Overlap of strided views against enumeration, on random shapes and strides.
package io.github.einblas.internal.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.DType;
import io.github.einblas.reference.Seeds;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class OverlapTest {
  private static boolean visit(long[] shape, long[] strides, int axis, long at, Set<Long> seen) {
    if (axis == shape.length) {
      return seen.add(at);
    }
    boolean fresh = true;
    for (long i = 0; i < shape[axis]; i++) {
      fresh &= visit(shape, strides, axis + 1, at + i * strides[axis], seen);
    }
    return fresh;
  }

  @Test
  void agreesWithEnumeration() {
    int overlapping = 0;
    for (long seed : Seeds.upTo(20_000)) {
      Random random = new Random(seed);
      long[][] shapes = new long[2][];
      long[][] strides = new long[2][];
      for (int v = 0; v < 2; v++) {
        int rank = random.nextInt(4);
        shapes[v] = random.longs(rank, 0, 5).toArray();
        strides[v] = random.longs(rank, -9, 10).toArray();
      }
      long shift = random.nextLong(40) - 20;
      Set<Long> a = new HashSet<>();
      Set<Long> b = new HashSet<>();
      boolean injective = visit(shapes[0], strides[0], 0, 0, a);
      visit(shapes[1], strides[1], 0, shift, b);
      assertEquals(!injective, Overlap.selfOverlaps(shapes[0], strides[0]), "seed " + seed);
      a.retainAll(b);
      overlapping += a.isEmpty() ? 0 : 1;
      assertEquals(
          !a.isEmpty(),
          Overlap.mayShare(0, shapes[0], strides[0], shift, shapes[1], strides[1]),
          "seed " + seed);
    }
    assertTrue(Seeds.one() || overlapping > 1000, "both answers are tested");
  }

  @Test
  void largeInterleavedViewsAreToldApartByTheirStep() {
    long[] shape = {1L << 30};
    long[] strides = {2};
    assertFalse(Overlap.mayShare(0, shape, strides, 1, shape, strides));
    assertTrue(Overlap.mayShare(0, shape, strides, 2, shape, strides));
    assertFalse(Overlap.selfOverlaps(new long[] {1L << 40, 4}, new long[] {4, 1}));
    assertTrue(Overlap.selfOverlaps(new long[] {1L << 40, 4}, new long[] {0, 1}));
  }

  @Test
  void partsAndComplexElementsOfOneMemory() {
    try (Strided z = Strided.empty(DType.C64, 3, 4);
        Strided odd = z.view(z.geometry().slice(1, 1, 4, 2));
        Strided even = z.view(z.geometry().slice(1, 0, 4, 2))) {
      assertTrue(z.sharesElements(z.real()));
      assertTrue(z.imag().sharesElements(z.conj()));
      assertTrue(odd.sharesElements(odd.imag()));
      assertFalse(odd.sharesElements(even.imag()));
      assertFalse(odd.real().sharesElements(even));
      assertFalse(z.real().sharesElements(z.imag()));
      assertFalse(z.select(0, 1).real().sharesElements(z.select(0, 2)));
    }
  }
}
