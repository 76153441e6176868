// docs/number-types.md: its table of promotions is the one that is computed by.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class NumberTypesPageTest {
  private static List<String> cells(String row) {
    return Arrays.stream(row.substring(1).split("\\|")).map(String::strip).toList();
  }

  @Test
  void promotionsAreThoseOfTheLibrary() {
    List<String> lines = Pages.read(Pages.ROOT.resolve("docs/number-types.md")).lines().toList();
    int head = 0;
    while (!lines.get(head).startsWith("| | BOOL |")) {
      head++;
    }
    List<String> columns = cells(lines.get(head));
    int types = DType.values().length;
    assertEquals(types + 1, columns.size());
    for (int r = 0; r < types; r++) {
      List<String> row = cells(lines.get(head + 2 + r));
      assertEquals(columns.get(r + 1), row.get(0), "rows are in the order of the columns");
      for (int c = 1; c <= types; c++) {
        DType of = DType.promote(DType.valueOf(row.get(0)), DType.valueOf(columns.get(c)));
        assertEquals(of.name(), row.get(c), row.get(0) + " and " + columns.get(c));
      }
    }
  }
}
