// Contractions of tensors in blocks against those of one machine.
package io.github.einblas.spark;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.Gson;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.github.einblas.DType;
import io.github.einblas.Einsum;
import io.github.einblas.Tensor;
import io.github.einblas.spark.SparkOptions.Method;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class SparkEinsumTest {
  private static JavaSparkContext sc;

  @BeforeAll
  static void start() {
    sc = LocalSpark.start();
  }

  @AfterAll
  static void stop() {
    sc.close();
  }

  private static final String[][] CASES = {
    {"ij,jk->ik", "13x17", "17x11"},
    {"ij,jk", "8x8", "8x8"},
    {"bij,bjk->bik", "5x7x9", "5x9x4"},
    {"bij,bjk->kbi", "5x7x9", "5x9x4"},
    {"...ij,...jk->...ik", "1x4x6x5", "3x1x5x7"},
    {"ij,kj->ikj", "6x7", "5x7"},
    {"ij,k->ijk", "6x7", "5"},
    {"i,i->", "29", "29"},
    {"i,j->ij", "29", "17"},
    {"iij,jk->ik", "6x6x5", "5x4"},
    {"ijk,k->j", "6x7x8", "8"},
    {"ijk->ki", "6x7x8"},
    {"ii->i", "9x9"},
    {"ii", "9x9"},
    {"ijk->", "4x5x6"},
    {"ij->ij", "9x5"},
    {",ij->ij", "", "4x5"},
    {"a,ab,abc->abc", "4", "4x5", "4x5x6"},
    {"ij,jk,kl->il", "9x8", "8x7", "7x6"},
    {"pqrs,ap,bq,cr,ds->abcd", "4x4x4x4", "5x4", "5x4", "5x4", "5x4"},
    {"ab,bc,cd,da->", "6x5", "5x7", "7x4", "4x6"},
    {"ij,ij->", "9x8", "9x8"},
    {"bhqd,bhkd->bhqk", "2x3x8x4", "2x3x9x4"},
  };

  /** Small integers, whose sums are exact in any order. */
  private static Tensor integers(Random random, DType type, String shape) {
    return integers(
        random,
        type,
        shape.isEmpty()
            ? new long[0]
            : Arrays.stream(shape.split("x")).mapToLong(Long::parseLong).toArray());
  }

  private static Tensor integers(Random random, DType type, long[] lengths) {
    int size = 1;
    for (long n : lengths) {
      size *= (int) n;
    }
    double[] data = new double[size];
    for (int i = 0; i < size; i++) {
      data[i] = random.nextInt(7) - 3;
    }
    try (Tensor all =
        lengths.length == 0 ? Tensor.scalar(DType.F64, data[0]) : Tensor.of(data, lengths)) {
      return all.to(type);
    }
  }

  @Test
  void everyMethodGivesTheResultOfOneMachineWithRandomChunks() {
    for (long seed = 1; seed <= Long.getLong("einblas.spark.seeds", 1); seed++) {
      for (String[] text : CASES) {
        Random random = new Random(seed * 1000 + text[0].hashCode());
        for (Method method : Method.values()) {
          check(random, method, text, "seed " + seed);
        }
      }
    }
  }

  /** The corpus's equations and shapes; -Deinblas.spark.corpus=all: all of them. */
  @Test
  void equationsOfTheCorpusGiveTheResultOfOneMachine() throws IOException {
    int every = System.getProperty("einblas.spark.corpus", "").equals("all") ? 1 : 12;
    int first = Integer.getInteger("einblas.spark.first", 0);
    Set<String> seen = new HashSet<>();
    int checked = 0;
    for (JsonElement element : manifest().getAsJsonArray("cases")) {
      JsonObject c = element.getAsJsonObject();
      if (!c.get("kind").getAsString().equals("einsum")
          || !c.get("policy").getAsString().equals("portable")
          || !c.get("expect").getAsString().equals("ok")) {
        continue;
      }
      String equation = c.get("expression").getAsString();
      List<long[]> shapes = new ArrayList<>();
      StringBuilder key = new StringBuilder(equation);
      for (JsonElement input : c.getAsJsonArray("inputs")) {
        long[] shape = new Gson().fromJson(input.getAsJsonObject().get("shape"), long[].class);
        shapes.add(shape);
        key.append(Arrays.toString(shape));
      }
      if (seen.add(key.toString()) && seen.size() % every == 0 && seen.size() >= first) {
        Random random = new Random(key.toString().hashCode());
        Method method = random.nextBoolean() ? Method.GRID : Method.AUTO;
        check(random, method, equation, shapes, "corpus");
        checked++;
      }
    }
    System.out.println("checked " + checked + " of " + seen.size() + " equations of the corpus");
    assertTrue(checked > 20, "the corpus has lost its equations");
  }

  private static JsonObject manifest() throws IOException {
    Path file =
        Path.of(
            System.getProperty("einblas.root", "."),
            "java/einblas/src/test/resources/corpus/golden/manifest.json");
    return JsonParser.parseString(Files.readString(file)).getAsJsonObject();
  }

  private static void check(Random random, Method method, String[] text, String seed) {
    List<long[]> shapes = new ArrayList<>();
    for (int i = 1; i < text.length; i++) {
      shapes.add(
          text[i].isEmpty()
              ? new long[0]
              : Arrays.stream(text[i].split("x")).mapToLong(Long::parseLong).toArray());
    }
    check(random, method, text[0], shapes, seed);
  }

  private static void check(
      Random random, Method method, String equation, List<long[]> shapes, String seed) {
    DType type = List.of(DType.F64, DType.F32, DType.I32, DType.C64).get(random.nextInt(4));
    Tensor[] operands = new Tensor[shapes.size()];
    for (int i = 0; i < operands.length; i++) {
      operands[i] = integers(random, type, shapes.get(i));
    }
    DistributedTensor[] inputs = RandomChunks.cut(sc, random, equation, operands);
    SparkOptions options = SparkOptions.DEFAULT.withMethod(method);
    String what = equation + " by " + method + " of " + Arrays.toString(inputs) + ", " + seed;
    SparkPlan plan;
    try {
      plan = SparkEinsum.plan(sc, equation, options, inputs);
    } catch (IllegalArgumentException e) {
      if (method == Method.LOCAL || method == Method.BROADCAST) {
        return; // does not suit this cut
      }
      throw e;
    }
    try (Tensor expected = Einsum.einsum(equation, operands);
        Tensor actual = plan.run(inputs).collect(1 << 20)) {
      assertEquals(expected.dtype(), actual.dtype(), what);
      assertArrayEquals(expected.shape(), actual.shape(), what);
      assertEquals(elements(expected), elements(actual), what + "\n" + plan.explain());
    } catch (RuntimeException e) {
      throw new AssertionError(what + "\n" + plan.explain(), e);
    }
  }

  /** The elements; a product with zero may be -0 alone, and is 0 as a part of a sum. */
  private static TensorBlock elements(Tensor tensor) {
    try (Tensor sum = Tensor.zeros(tensor.dtype(), tensor.shape())) {
      Einsum.plan("...->...", tensor).runInto(sum, 1, 1, tensor);
      return TensorBlock.of(sum);
    }
  }

  @Test
  void explainComesBeforeAnythingRuns() {
    int[] before = sc.statusTracker().getJobIdsForGroup(null);
    DistributedTensor a =
        DistributedTensor.random(sc, DType.F64, 1, new long[] {1_000_000, 1_000_000}, 8192, 8192);
    SparkOptions large = SparkOptions.DEFAULT.withParallelism(1000).withTaskMemory(64L << 30);
    String far = SparkEinsum.plan(sc, "ij,jk->ik", large, a, a).explain();
    assertTrue(far.contains("[1000000, 1000000] in chunks of [8192, 8192] of F64"), far);
    assertTrue(far.contains("1000 tasks at a time of 1 thread each"), far);
    assertTrue(far.contains("one machine like this one lacks the memory"), far);
    DistributedTensor b =
        DistributedTensor.random(sc, DType.F64, 1, new long[] {8192, 8192}, 1024, 1024);
    SparkOptions grid = SparkOptions.DEFAULT.withMethod(Method.GRID).withPieces(1, 2, 4, 1);
    SparkPlan plan = SparkEinsum.plan(sc, "ij,jk->ik", grid, b, b);
    String near = plan.explain();
    assertEquals((4 + 2) * 8192.0 * 8192 * 8, plan.shuffledBytes()); // q |A| + p |B|
    assertTrue(near.contains("grid: 8 tasks, pieces batch 1 of 1, p 2 of 8, q 4 of 8"), near);
    assertTrue(near.contains("moved   3.22 GB shuffled, "), near);
    assertTrue(near.contains(" times the lower bound of "), near);
    assertArrayEquals(before, sc.statusTracker().getJobIdsForGroup(null));
  }

  @Test
  void slicesHaveTheBitsOfOneMachine() {
    Random random = new Random(7);
    Tensor c = integers(random, DType.F64, "6x12");
    Tensor t = integers(random, DType.F64, "12x12x12x12");
    try (Tensor expected = Einsum.einsum("ea,fb,abcd,gc,hd->efgh", c, c, t, c, c);
        Tensor actual =
            SparkEinsum.contract(
                sc, "ea,fb,abcd,gc,hd->efgh", SparkOptions.DEFAULT, c, c, t, c, c)) {
      assertEquals(elements(expected), elements(actual));
    }
  }
}
