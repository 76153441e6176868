// Loading: codes of element types are those of the library that was loaded.
package io.github.einblas.internal.natives;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.einblas.DType;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class LibraryTest {
  /** What a library says of its codes. */
  private static String differing(Map<Integer, DType> codes, int moreBytes) {
    return Library.differingType(
        code -> codes.containsKey(code) ? codes.get(code).name() : "",
        code -> codes.containsKey(code) ? codes.get(code).bytes() + moreBytes : 0);
  }

  private static Map<Integer, DType> same() {
    Map<Integer, DType> codes = new HashMap<>();
    for (DType type : DType.values()) {
      codes.put(Library.code(type), type);
    }
    return codes;
  }

  @Test
  void theSameTypesAreTaken() {
    Library.require();
    assertEquals(DType.values().length, same().size(), "a code for each");
    assertEquals("", differing(same(), 0));
  }

  @Test
  void otherTypesAreRefused() {
    for (DType type : DType.values()) {
      Map<Integer, DType> without = same();
      without.remove(Library.code(type));
      assertEquals(
          String.format(
              "code %d is %s of %d bytes here and '' of 0 bytes in the library",
              Library.code(type), type, type.bytes()),
          differing(without, 0));
    }
    Map<Integer, DType> swapped = same();
    swapped.put(Library.code(DType.F32), DType.F64);
    assertEquals(
        "code 0 is F32 of 4 bytes here and 'F64' of 8 bytes in the library", differing(swapped, 0));
    assertEquals(
        "code 0 is F32 of 4 bytes here and 'F32' of 5 bytes in the library", differing(same(), 1));
  }
}
