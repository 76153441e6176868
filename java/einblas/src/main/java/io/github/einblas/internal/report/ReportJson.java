// Explanations: a report as JSON.
package io.github.einblas.internal.report;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.util.Arrays;

/** Writes the JSON of a report. */
public final class ReportJson {
  private ReportJson() {}

  /** The JSON text, indented. */
  public static String of(Report r) {
    JsonObject o = new JsonObject();
    o.addProperty("equation", r.equation());
    o.addProperty("dtype", r.dtype().name());
    JsonArray types = new JsonArray();
    r.types().forEach(t -> types.add(t.name()));
    o.add("operandTypes", types);
    o.addProperty("computeType", r.computeType().name());
    o.add("shapes", matrix(r.shapes()));
    o.add("resultShape", array(r.resultShape()));
    o.add("path", matrix(longs(r.path())));
    o.addProperty("pathOrigin", r.pathOrigin());
    o.addProperty("threads", r.threads());
    o.addProperty("checkedIntegers", r.checked());
    if (!r.epilogue().isEmpty()) {
      o.addProperty("epilogue", r.epilogue());
    }
    o.addProperty("flops", r.flops());
    o.addProperty("naiveFlops", r.naiveFlops());
    o.addProperty("bytesMoved", r.bytesMoved());
    o.addProperty("intermediateBytes", r.intermediateBytes());
    o.addProperty("largestBytes", r.largestBytes());
    o.addProperty("largestStep", r.largestStep());
    o.addProperty("peakBytes", r.peakBytes());
    JsonArray cuts = new JsonArray();
    r.cuts().forEach(cuts::add);
    o.add("cuts", cuts);
    o.addProperty("slices", r.slices());
    o.addProperty("sliceOverhead", r.sliceOverhead());
    times(o, r.predictedSeconds(), r.measuredSeconds());
    o.addProperty("peakFlops", r.peakFlops());
    o.addProperty("bandwidth", r.bandwidth());
    o.addProperty("reliable", r.reliable());
    JsonArray steps = new JsonArray();
    r.steps().forEach(step -> steps.add(step(step)));
    o.add("steps", steps);
    return new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create().toJson(o);
  }

  private static JsonObject step(Report.Step step) {
    JsonObject o = new JsonObject();
    o.addProperty("number", step.number());
    o.add("inputs", array(Arrays.stream(step.inputs()).asLongStream().toArray()));
    o.addProperty("output", step.output());
    o.addProperty("equation", step.equation());
    o.addProperty("lengths", step.lengths());
    o.add("shape", array(step.shape()));
    o.addProperty("kernel", step.kernel());
    o.addProperty("description", step.description());
    o.addProperty("runs", step.runs());
    o.addProperty("flops", step.flops());
    o.addProperty("bytes", step.bytes());
    o.addProperty("workspaceBytes", step.workspaceBytes());
    times(o, step.predictedSeconds(), step.measuredSeconds());
    if (!step.equal().isEmpty()) {
      JsonArray equal = new JsonArray();
      step.equal().forEach(equal::add);
      o.add("equal", equal);
    }
    return o;
  }

  private static void times(JsonObject o, double predicted, double measured) {
    o.addProperty("predictedSeconds", predicted);
    if (!Double.isNaN(measured)) {
      o.addProperty("measuredSeconds", measured);
    }
  }

  static long[][] longs(int[][] rows) {
    return Arrays.stream(rows)
        .map(row -> Arrays.stream(row).asLongStream().toArray())
        .toArray(long[][]::new);
  }

  static JsonArray array(long[] values) {
    JsonArray array = new JsonArray();
    for (long v : values) {
      array.add(v);
    }
    return array;
  }

  static JsonArray matrix(long[][] rows) {
    JsonArray array = new JsonArray();
    for (long[] row : rows) {
      array.add(array(row));
    }
    return array;
  }
}
