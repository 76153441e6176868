// Every variable EINBLAS_* with nonsense: either nothing is taken and it is said so, or loading is
// refused and names the variable.
package io.github.einblas.platform;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.Tuning;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EnvironmentIT extends LoadProcesses {
  private Result runWith(Map<String, String> environment) throws Exception {
    return run(List.of(), classPathWithout(name -> false), environment);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "nonsense",
        " 5",
        "-1",
        "99999999999999999999",
        "9223372036854775807",
        "\u00e9\n",
        "long"
      })
  void numbersThatAreNoneLeaveTheDefaults(String value) throws Exception {
    String given = value.equals("long") ? "7".repeat(20_000) : value;
    Map<String, String> environment = new HashMap<>();
    List<Tuning.Value> numbers = Tuning.values();
    for (Tuning.Value number : numbers) {
      environment.put("EINBLAS_" + number.name(), given);
    }
    environment.put("EINBLAS_TUNING", given);
    environment.put("EINBLAS_LOG", given);
    Result result = runWith(environment).loaded();
    for (Tuning.Value number : numbers) {
      result.says(
          "EINBLAS_"
              + number.name()
              + " refused: a number from "
              + number.least()
              + " to "
              + number.most()
              + " is needed");
    }
    assertTrue(result.text().length() < 20_000, "the report repeats what was given");
  }

  @Test
  void namesThatAreNoneAreRefused() throws Exception {
    for (String value : List.of("nonsense", " ", "-1", "x".repeat(20_000))) {
      Result isa = runWith(Map.of("EINBLAS_ISA", value)).refused();
      isa.says("EINBLAS_ISA is '", "it can be one of: ");
      Result kernel = runWith(Map.of("EINBLAS_KERNEL", value)).refused();
      kernel.says("of EINBLAS_KERNEL is unknown", "kernels: ");
      assertTrue(isa.text().length() + kernel.text().length() < 5_000, "the text repeats it all");
    }
  }

  @Test
  void emptyOnesAreAsIfTheyWereNotThere() throws Exception {
    Map<String, String> environment = new HashMap<>();
    for (Tuning.Value number : Tuning.values()) {
      environment.put("EINBLAS_" + number.name(), "");
    }
    for (String name : List.of("ISA", "KERNEL", "TUNING", "LOG", "TRUST_CACHE")) {
      environment.put("EINBLAS_" + name, "");
    }
    Result result = runWith(environment).loaded();
    assertFalse(result.text().contains("refused") || result.text().contains("INFO"), result::text);
    result.says("tuning: no file");
  }
}
