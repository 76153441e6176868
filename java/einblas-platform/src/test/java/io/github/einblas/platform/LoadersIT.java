// Class loaders of one JVM that each have einblas (servlet containers, plugins): all load it, use
// it, and can go.
package io.github.einblas.platform;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LoadersIT extends LoadProcesses {
  private List<String> program = List.of();

  @Override
  List<String> program() {
    return program;
  }

  @ParameterizedTest
  @CsvSource({"own,stay", "own,go", "shared,stay", "shared,go"})
  void classLoadersThatEachHaveEinblasLoadIt(String javaCpp, String then) throws Exception {
    program = List.of(LoadersProbe.class.getName(), javaCpp, then, "3");
    Result result = run().loaded();
    result.says("done");
    assertFalse(result.text().contains("wrong"), result::text);
    assertFalse(result.text().contains("gone: false"), result::text);
    long right = result.text().lines().filter(line -> line.equals("right")).count();
    assertEquals(then.equals("stay") ? 12 : 6, right, result::text);
    assertEquals(right, result.text().lines().filter("LAPACK"::equals).count(), result::text);
  }
}
