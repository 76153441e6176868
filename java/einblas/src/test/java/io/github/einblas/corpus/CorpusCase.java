// Test support: one corpus case as tensors in their exact layouts, and the comparison with its
// expected result.
package io.github.einblas.corpus;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import io.github.einblas.DType;
import io.github.einblas.Einblas;
import io.github.einblas.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;

/** A case of the manifest. */
final class CorpusCase implements AutoCloseable {
  final JsonObject json;
  private final Corpus corpus;
  private final List<Tensor> owned = new ArrayList<>();
  final List<Tensor> inputs = new ArrayList<>();

  /** Payloads of the inputs and their bits when they were made. */
  private final List<Tensor> payloads = new ArrayList<>();

  private final List<long[]> payloadBits = new ArrayList<>();

  /** What one thread gave, by name: any other number must give the same bits. */
  private final Map<String, double[]> seen = new HashMap<>();

  private int threads = 1;

  CorpusCase(Corpus corpus, JsonObject json) {
    this.corpus = corpus;
    this.json = json;
  }

  String id() {
    return json.get("id").getAsString();
  }

  String kind() {
    return json.get("kind").getAsString();
  }

  boolean isError() {
    return "error".equals(json.get("expect").getAsString());
  }

  boolean isOptional() {
    return json.get("optional").getAsBoolean();
  }

  JsonObject params() {
    return json.getAsJsonObject("params");
  }

  /** Whether all operands are F32 or F64 (index arrays aside). */
  boolean hasOnlyFloats() {
    for (var e : json.getAsJsonArray("inputs")) {
      String type = e.getAsJsonObject().get("dtype").getAsString();
      if (!"f32".equals(type) && !"f64".equals(type)) {
        return false;
      }
    }
    return true;
  }

  static long[] longs(JsonArray a) {
    long[] v = new long[a.size()];
    Arrays.setAll(v, i -> a.get(i).getAsLong());
    return v;
  }

  static int[] ints(JsonArray a) {
    int[] v = new int[a.size()];
    Arrays.setAll(v, i -> a.get(i).getAsInt());
    return v;
  }

  /** Builds the operands, each a view of its payload. */
  CorpusCase build() {
    for (var e : json.getAsJsonArray("inputs")) {
      inputs.add(tensor(e.getAsJsonObject()));
    }
    return this;
  }

  private Tensor tensor(JsonObject input) {
    double[] payload = corpus.payload(input.get("entry").getAsString());
    String type = input.get("dtype").getAsString();
    Tensor base = Canvas.tensor(type(type), payload);
    owned.add(base);
    payloads.add(base);
    payloadBits.add(Canvas.bits(base));
    return base.asStrided(
        input.get("offset").getAsLong(),
        longs(input.getAsJsonArray("shape")),
        longs(input.getAsJsonArray("strides")));
  }

  Tensor[] operands() {
    return inputs.toArray(Tensor[]::new);
  }

  JsonObject output(int i) {
    return json.getAsJsonArray("outputs").get(i).getAsJsonObject();
  }

  long[] outputShape() {
    return longs(output(0).getAsJsonArray("shape"));
  }

  /** The type that the result must have. */
  DType resultType() {
    return json.has("result_dtype")
        ? type(json.get("result_dtype").getAsString())
        : inputs.get(0).dtype();
  }

  private static DType type(String name) {
    return DType.valueOf(name.toUpperCase(Locale.ROOT));
  }

  /** A generator of its own for this case. */
  Random random() {
    return new Random(id().hashCode());
  }

  /** From now on the process has so many threads; results must repeat those of one thread. */
  void onThreads(int newThreads) {
    threads = newThreads;
    Einblas.setThreads(newThreads);
  }

  /** Every operand has the bits that it was made with. */
  void verifyOperands() {
    for (int i = 0; i < payloads.size(); i++) {
      int operand = i;
      assertArrayEquals(
          payloadBits.get(i),
          Canvas.bits(payloads.get(i)),
          () -> id() + ": input " + operand + " was changed");
    }
  }

  /** Shape of the output that a case brings along. */
  long[] outShape() {
    return longs(json.getAsJsonObject("out").getAsJsonArray("shape"));
  }

  double[] expected(int i) {
    return corpus.payload(output(i).get("entry").getAsString());
  }

  Tensor own(Tensor t) {
    owned.add(t);
    return t;
  }

  /** Compares a result with output {@code i} of the case: alpha * expected + beta * before. */
  void check(String how, int i, Tensor got, double alpha, double beta, double before) {
    check(how, got, expected(i), longs(output(i).getAsJsonArray("shape")), alpha, beta, before);
  }

  void check(
      String how,
      Tensor got,
      double[] expected,
      long[] shape,
      double alpha,
      double beta,
      double before) {
    double[] all = new double[expected.length];
    Arrays.fill(all, before);
    check(how, got, expected, shape, alpha, beta, all);
  }

  /** As above, for an output that held {@code before}. */
  void check(
      String how,
      Tensor got,
      double[] expected,
      long[] shape,
      double alpha,
      double beta,
      double[] before) {
    assertEquals(resultType(), got.dtype(), () -> id() + " " + how + ": type");
    if (!Arrays.equals(got.shape(), shape)) {
      fail(
          id()
              + " "
              + how
              + ": shape "
              + Arrays.toString(got.shape())
              + ", want "
              + Arrays.toString(shape));
    }
    double[] values = values(got);
    sameBits(how + " alpha " + alpha + " beta " + beta, values);
    JsonObject tolerance = json.getAsJsonObject("tolerance");
    boolean exact = tolerance.get("exact").getAsBoolean() && alpha == 1 && beta == 0;
    double atol = tolerance.has("atol") ? tolerance.get("atol").getAsDouble() : 0;
    double rtol = tolerance.has("rtol") ? tolerance.get("rtol").getAsDouble() : 0;
    double eps =
        switch (got.dtype()) {
          case F16 -> 0x1p-10;
          case F32, C64 -> 0x1p-23;
          default -> 0x1p-52;
        };
    for (int e = 0; e < values.length; e++) {
      double want = alpha * expected[e] + (beta == 0 ? 0 : beta * before[e]);
      // Scaling and adding round twice more.
      double bound =
          exact
              ? 0
              : Math.abs(alpha) * (atol + rtol * Math.abs(expected[e]))
                  + 4
                      * eps
                      * (Math.abs(alpha * expected[e])
                          + Math.abs(beta == 0 ? 0 : beta * before[e]));
      boolean right =
          Double.isNaN(want)
              ? Double.isNaN(values[e])
              : Double.isInfinite(want) ? values[e] == want : Math.abs(values[e] - want) <= bound;
      if (!right) {
        fail(
            id()
                + " "
                + how
                + ": element "
                + e
                + " is "
                + values[e]
                + ", want "
                + want
                + " +- "
                + bound
                + " ("
                + json.get("expression")
                + ")");
      }
    }
  }

  private void sameBits(String how, double[] values) {
    if (threads == 1) {
      seen.put(how, values);
    } else {
      assertArrayEquals(
          seen.get(how),
          values,
          () -> id() + " " + how + ": other bits on " + threads + " threads than on one");
    }
  }

  /** Elements widened; complex ones as pairs. */
  static double[] values(Tensor t) {
    return t.dtype() == DType.I64
        ? Arrays.stream(t.toLongArray()).asDoubleStream().toArray()
        : t.toDoubleArray();
  }

  /** Makes the operands, runs the case and frees them; one that must be refused has to be. */
  void check(Consumer<CorpusCase> run) {
    try (this) {
      build();
      for (int t = 1; t <= Strict.MOST_THREADS && !isError(); t++) {
        onThreads(t);
        run.accept(this);
        verifyOperands();
      }
      if (!isError()) {
        return;
      }
      Throwable thrown =
          assertThrows(
              RuntimeException.class, () -> run.accept(this), () -> id() + " must be refused");
      assertTrue(
          thrown instanceof IllegalArgumentException || thrown instanceof IndexOutOfBoundsException,
          () -> id() + " threw " + thrown);
      verifyOperands();
    }
  }

  @Override
  public void close() {
    owned.forEach(Tensor::close);
  }
}
