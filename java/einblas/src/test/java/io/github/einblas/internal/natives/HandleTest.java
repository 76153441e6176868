// Handles: destroyed once, by close; places without a value are passed over.
package io.github.einblas.internal.natives;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class HandleTest {
  @Test
  void everyValueIsDestroyedOnce() {
    List<Long> destroyed = new ArrayList<>();
    Handle handle = new Handle(destroyed::add, 7, 0, 9);
    assertEquals(7, handle.value());
    assertEquals(9, handle.value(2));
    assertEquals(3, handle.count());
    handle.close();
    handle.close();
    assertEquals(List.of(7L, 9L), destroyed);
  }
}
