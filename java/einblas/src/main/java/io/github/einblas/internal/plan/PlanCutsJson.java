// Plans: the cuts of a saved plan.
package io.github.einblas.internal.plan;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.github.einblas.internal.equation.Equation;
import io.github.einblas.internal.io.StrictJson;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** Cuts as {@code [{"label": "k", "chunk": 100}, ...]}, the output's labels first. */
final class PlanCutsJson {
  private PlanCutsJson() {}

  static JsonArray write(Equation equation, List<SlicedProgram.Cut> cuts) {
    JsonArray array = new JsonArray();
    for (SlicedProgram.Cut cut : cuts) {
      JsonObject o = new JsonObject();
      o.addProperty("label", equation.names(new int[] {cut.label()}));
      o.addProperty("chunk", cut.chunk());
      array.add(o);
    }
    return array;
  }

  /** Cuts of an equation's labels; whether they fit its shapes is checked when they are made. */
  static List<SlicedProgram.Cut> read(JsonElement json, Equation equation) {
    List<SlicedProgram.Cut> cuts = new ArrayList<>();
    for (JsonElement element : StrictJson.array(json, "cuts")) {
      JsonObject o = StrictJson.object(element, "cuts");
      if (!o.has("label") || !o.has("chunk") || o.size() != 2) {
        throw new IllegalArgumentException("a cut has a label and a chunk, got " + o);
      }
      int label = label(StrictJson.text(o, "label"), equation);
      long chunk = StrictJson.integer(o.get("chunk"), "chunk of cuts", 1, Long.MAX_VALUE);
      cuts.add(new SlicedProgram.Cut(label, chunk));
    }
    return cuts;
  }

  private static int label(String name, Equation equation) {
    return IntStream.range(0, equation.operandCount())
        .flatMap(i -> IntStream.of(equation.operand(i)))
        .filter(l -> equation.names(new int[] {l}).equals(name))
        .findFirst()
        .orElseThrow(
            () -> new IllegalArgumentException("label \"" + name + "\" of a cut is in no operand"));
  }
}
