package io.github.einblas.corpus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.einblas.DType;
import io.github.einblas.Tensor;
import io.github.einblas.reference.Seeds;
import java.util.Random;
import org.junit.jupiter.api.Test;

class CanvasTest {
  /** A write beside the view is noticed in any place and layout, one inside it is not. */
  @Test
  void everyWriteBesideTheViewIsNoticed() {
    for (long seed : Seeds.upTo(300)) {
      Random random = new Random(seed);
      DType dtype = random.nextBoolean() ? DType.F32 : DType.F64;
      long[] shape = random.longs(random.nextInt(4), 0, 5).toArray();
      try (Canvas canvas = new Canvas(random, dtype, shape, random.nextBoolean())) {
        canvas.verifyOutside("nothing written, seed " + seed);
        canvas.verifyUntouched("nothing written, seed " + seed);
        canvas.view.fill(5.5);
        canvas.verifyOutside("the view written");
        if (canvas.view.size() > 0) {
          assertThrows(AssertionError.class, () -> canvas.verifyUntouched("written"));
        }
        assertEquals(canvas.view.size(), canvas.before().length);
        for (long place : canvas.gaps()) {
          try (Tensor one = canvas.element(place)) {
            double old = one.get(0);
            one.set(5.5, 0);
            assertThrows(AssertionError.class, () -> canvas.verifyOutside("beside"));
            one.set(old, 0);
          }
        }
      }
    }
  }
}
