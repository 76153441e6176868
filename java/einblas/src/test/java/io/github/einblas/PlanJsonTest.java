// Saved plans: what is no number of the right kind, no key or too deep is refused by name.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PlanJsonTest {
  private static final String JSON =
      Einsum.plan("ij,jk->ik", DType.F64, new long[] {2, 3}, new long[] {3, 4}).toJson();

  private static void refused(String json, String... words) {
    var e = assertThrows(IllegalArgumentException.class, () -> EinsumPlan.fromJson(json));
    for (String word : words) {
      assertTrue(e.getMessage().contains(word), e::getMessage);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"threads\":0 | \"threads\":2.7 | \"threads\" must be a whole number from 0 to 1024, got"
            + " 2.7",
        "\"threads\":0 | \"threads\":4294967297 | got 4294967297",
        "\"threads\":0 | \"threads\":\"1\" | \"threads\" must be a whole number",
        "\"threads\":0 | \"threads\":null | \"threads\" must be a whole number",
        "\"threads\":0 | \"threads\":-1 | got -1",
        "[2,3] | [2.5,3] | \"shapes\" must be a whole number from 0 to 9223372036854775807, got"
            + " 2.5",
        "[2,3] | [2,1e9999] | \"shapes\" must be a whole number",
        "[2,3] | [2,1e999999999] | got 1e999999999",
        "[2,3] | [2,9223372036854775808] | got 9223372036854775808",
        "[2,3] | [2,[3]] | \"shapes\" must be a whole number",
        "[2,3] | 6 | \"shapes\" must be an array",
        "[[0,1]] | [[0,4294967297]] | \"path\" must be a whole number from 0 to 2147483647",
        "[[0,1]] | [[0.5,1]] | \"path\" must be a whole number",
        "[[0,1]] | [[0,1,2]] | two different slots",
        "\"dtype\":\"F64\" | \"dtype\":\"F8\" | \"dtype\" must be one of [F32, F64",
        "\"dtype\":\"F64\" | \"dtype\":\"F64\",\"dtype\":\"F32\" | \"dtype\" stands twice",
        "\"strategy\":\"AUTO\" | \"strategy\":\"BEST\" | \"strategy\" must be one of",
        "\"numbered\":false | \"numbered\":0 | \"numbered\" must be true or false",
        "\"searchNanos\":0 | \"searchNanos\":1e8 | \"searchNanos\" must be a whole number",
        "\"searchNanos\":0 | \"searchNanos\":3600000000001 | got 3600000000001",
      })
  void valuesThatDoNotFit(String was, String now, String words) {
    assertTrue(JSON.contains(was), JSON);
    refused(JSON.replace(was, now), "not a saved plan", words);
  }

  @Test
  void whatIsNoJson() {
    refused("", "not a saved plan");
    refused("null", "no JSON object");
    refused(JSON + "x", "not a saved plan");
    refused(JSON + JSON, "not a saved plan");
    refused("// a comment\n" + JSON, "not a saved plan");
    refused(JSON.replace('"', '\''), "not a saved plan");
    refused("[".repeat(100_000), "levels");
    refused("{\"of\":".repeat(100_000), "levels");
    refused(JSON.substring(0, JSON.length() / 2), "not a saved plan");
  }

  @Test
  void aGradientOfAGradient() {
    EinsumPlan gradient = EinsumPlan.fromJson(JSON).gradient(0);
    String json = gradient.toJson();
    assertEquals(gradient, EinsumPlan.fromJson(json));
    int from = json.indexOf("{\"einblasPlan\"", 1);
    refused(json.substring(0, from) + json + json.substring(from + JSON.length()), "gradient");
  }

  @Test
  void aFileDoesNotMakeAProgramSearchForAnHour() {
    PlanOptions patient =
        PlanOptions.DEFAULT
            .withStrategy(PlanOptions.Strategy.RANDOM_GREEDY)
            .withSearchTime(Duration.ofSeconds(1));
    assertEquals(
        Duration.ofSeconds(10),
        EinsumPlan.fromJson(JSON.replace("\"searchNanos\":0,", "\"searchNanos\":3600000000000,"))
            .options()
            .searchTime());
    long[] square = {2, 2};
    EinsumPlan plan = Einsum.plan("ij,jk->ik", patient, DType.F64, square, square);
    assertEquals(plan, EinsumPlan.fromJson(plan.toJson()));
  }
}
