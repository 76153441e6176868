// Operands that are the same tensor: what is equal is computed once, and the result is the same.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.reference.RandomEquation;
import io.github.einblas.reference.Seeds;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class SameOperandsTest {
  private static final int[][] BALANCED = {{0, 1}, {2, 3}, {4, 5}};

  /** Steps of random networks that were left out. */
  private static int left;

  @AfterAll
  static void someStepsWereEqual() {
    assertTrue(left > 300 || Seeds.one() || left == 0, "steps left out: " + left);
  }

  static long[] seeds() {
    return Seeds.upTo(300);
  }

  private static PlanOptions path(int[]... pairs) {
    return PlanOptions.DEFAULT.withPath(pairs);
  }

  private static Tensor random(Random random, long... shape) {
    long size = Arrays.stream(shape).reduce(1, (x, y) -> x * y);
    double[] data = random.doubles(size).map(x -> Math.rint(4 * x) - 2).toArray();
    return Tensor.of(data).reshape(shape);
  }

  /** Steps that a run of these operands takes. */
  private static int steps(EinsumPlan plan, Tensor... operands) {
    return plan.profile(operands).steps().size();
  }

  /** Tensors of the same elements, each in memory of its own. */
  private static Tensor[] copies(Tensor[] operands) {
    return Arrays.stream(operands).map(Tensor::copy).toArray(Tensor[]::new);
  }

  private static void assertSameElements(Tensor expected, Tensor got, String what) {
    assertArrayEquals(expected.toDoubleArray(), got.toDoubleArray(), 0.0, what);
  }

  @ParameterizedTest(name = "{0} of {1}")
  @CsvSource(
      delimiter = '|',
      value = {
        // equation | tensors | path | steps
        "ab,bc,cd,de->ae         | 0 0 0 0 | 0 1;2 3;4 5 | 2",
        "ab,bc,cd,de->ae         | 0 0 0 0 | 1 0;3 2;5 4 | 2",
        "ab,bc,cd,de->ae         | 0 1 0 1 | 0 1;2 3;4 5 | 2",
        "ab,bc,cd,de->ae         | 0 1 1 0 | 0 1;2 3;4 5 | 3",
        "ab,bc,de,cd->ae         | 0 1 1 0 | 0 1;2 3;4 5 | 2", // a pair in another order
        "ab,bc,ed,dc->ae         | 0 1 0 1 | 0 1;2 3;4 5 | 2",
        "ab,cb,cd,ed->ae         | 0 0 0 0 | 0 1;2 3;4 5 | 2",
        "ab,bc,cd,ed->ae         | 0 0 0 0 | 0 1;2 3;4 5 | 3", // the second is no such product
        "ab,bc,cd,de,ef,fg,gh,hi->ai | 0 0 0 0 0 0 0 0 | 0 1;2 3;4 5;6 7;8 9;10 11;12 13 | 3",
        "ab,bc,cd,de,ef,fg,gh,hi->ai | 0 0 0 0 0 0 0 0 | 0 1;8 2;9 3;10 4;11 5;12 6;13 7 | 7",
        "abc,abd,abc,abd->       | 0 0 0 0 | 0 1;2 3;4 5 | 2", // all labels are kept
        "abc,abd,aec,aed->       | 0 0 0 0 | 0 2;1 3;4 5 | 2", // c and d are summed
        "aab,bc,ddb,bc->         | 0 1 0 1 | 0 1;2 3;4 5 | 3", // a diagonal is summed first
        "aab,bc,dbb,bc->         | 0 1 0 1 | 0 1;2 3;4 5 | 5",
        "ab,ab,ab,ab->ab         | 0 0 0 0 | 0 1;2 3;4 5 | 2",
        "ab,cb,cd->ac            | 0 1 2   | 0 1;2 3     | 3", // d alone is summed first
        "ab,cd,ef->              | 0 0 0   | 0 1;2 3     | 3",
        "ab,ab,ab->ab            | 0 0 0   | 0 1;2 3     | 2",
      })
  void computesEqualStepsOnce(String equation, String tensors, String path, int steps) {
    Random random = new Random(7);
    int[] which = numbers(tensors);
    String[] terms = equation.split("->")[0].split(",");
    Tensor[] given = new Tensor[terms.length];
    Tensor[] own = new Tensor[terms.length];
    for (int i = 0; i < given.length; i++) {
      long[] shape = new long[terms[i].trim().length()];
      Arrays.fill(shape, 3);
      own[which[i]] = own[which[i]] == null ? random(random, shape) : own[which[i]];
      given[i] = own[which[i]];
    }
    int[][] pairs =
        Arrays.stream(path.split(";")).map(SameOperandsTest::numbers).toArray(int[][]::new);
    EinsumPlan plan = Einsum.plan(equation, path(pairs), given);
    assertEquals(steps, steps(plan, given), () -> plan.explain());
    assertEquals(steps, plan.report().steps().size());
    Tensor[] apart = copies(given);
    assertTrue(steps(plan, apart) >= steps);
    assertSameElements(plan.run(apart), plan.run(given), equation);
  }

  private static int[] numbers(String text) {
    return Arrays.stream(text.trim().split(" ")).mapToInt(Integer::parseInt).toArray();
  }

  @Test
  void viewsAreTheSameWhereTheyLieTheSame() {
    Tensor a = random(new Random(1), 3, 3);
    Tensor view = a.reshape(3, 3);
    Tensor turned = a.transpose();
    EinsumPlan plan = Einsum.plan("ab,bc,cd,de->ae", path(BALANCED), DType.F64, shapes(a, 4));
    assertEquals(2, steps(plan, a, a, view, a));
    assertEquals(3, steps(plan, a, a, turned, a));
    assertEquals(2, steps(plan, a, turned, a, turned));
    assertEquals(3, steps(plan, a, a, a.copy(), a));
    Tensor c = a.to(DType.C128);
    EinsumPlan complex = Einsum.plan("ab,bc,cd,de->ae", path(BALANCED), c, c, c, c);
    assertEquals(2, steps(complex, c, c, c, c));
    assertEquals(3, steps(complex, c, c, c.conj(), c));
    assertEquals(2, steps(complex, c, c.conj(), c, c.conj()));
  }

  private static long[][] shapes(Tensor t, int count) {
    return IntStream.range(0, count).mapToObj(i -> t.shape()).toArray(long[][]::new);
  }

  /** Declared the same or not: what a run is given decides. */
  @Test
  void everyRunLooksForItself() {
    Random random = new Random(3);
    Tensor[] t = IntStream.range(0, 4).mapToObj(i -> random(random, 4, 4)).toArray(Tensor[]::new);
    EinsumPlan none = Einsum.plan("ab,bc,cd,de->ae", path(BALANCED), DType.F64, shapes(t[0], 4));
    EinsumPlan all =
        Einsum.plan(
            "ab,bc,cd,de->ae",
            path(BALANCED).withSameOperands(new int[] {3, 1, 0, 2}),
            DType.F64,
            shapes(t[0], 4));
    assertEquals(3, none.report().steps().size());
    assertEquals(2, all.report().steps().size());
    assertEquals(2.0 / 3, all.flops() / none.flops(), 1e-12);
    for (int seed = 0; seed < 40; seed++) {
      Tensor[] given = random.ints(4, 0, 4).mapToObj(i -> t[i]).toArray(Tensor[]::new);
      Tensor expected = none.run(copies(given));
      assertSameElements(expected, none.run(given), "none");
      assertSameElements(expected, all.run(given), "all");
      assertSameElements(expected, all.run(copies(given)), "apart");
      assertSameElements(expected, Einsum.einsum("ab,bc,cd,de->ae", given), "einsum");
      assertTrue(all.verify(given, expected, seed).passed());
    }
  }

  @Test
  void networkOfAStateWithItself() {
    // <psi|psi> of a matrix product state of four equal sites, in halves.
    Random random = new Random(5);
    Tensor site = random(random, 3, 2, 3);
    String equation = "apb,bqc,crd,dse,ApB,BqC,CrD,DsE->aAeE";
    int[][] pairs = {{0, 4}, {1, 5}, {2, 6}, {3, 7}, {8, 9}, {10, 11}, {12, 13}};
    Tensor[] same = new Tensor[8];
    Arrays.fill(same, site);
    EinsumPlan plan = Einsum.plan(equation, path(pairs), same);
    assertEquals(3, steps(plan, same));
    assertSameElements(plan.run(copies(same)), plan.run(same), equation);
    Tensor other = random(random, 3, 2, 3);
    for (int i = 4; i < 8; i++) {
      same[i] = other;
    }
    assertEquals(3, steps(plan, same));
    assertSameElements(plan.run(copies(same)), plan.run(same), equation);
  }

  /** Random networks of few tensors: with copies of each, and with the tensors themselves. */
  @ParameterizedTest
  @MethodSource("seeds")
  void resultsAreThoseOfCopies(long seed) {
    Random random = new Random(seed);
    Network r = new Network(random);
    int operands = r.given.length;
    Tensor[] given = r.given;
    PlanOptions options = random.nextInt(3) == 0 ? PlanOptions.DEFAULT : path(r.path);
    String what = "seed " + seed + ": " + r.equation + " " + Arrays.toString(given);
    EinsumPlan plan = Einsum.plan(r.equation, options, given);
    left += plan.report().steps().stream().mapToInt(step -> step.equal().size()).sum();
    Tensor[] apart = copies(given);
    Tensor expected = plan.run(apart);
    assertSameElements(expected, plan.run(given), what);
    assertSameElements(expected, Einsum.einsum(r.equation, given), what);
    assertSameElements(expected, EinsumPlan.fromJson(plan.toJson()).run(given), what);
    // In slices, of a limit, in a batch, and bound.
    long least = Math.max(1, random.nextInt(4));
    try {
      EinsumPlan sliced = Einsum.plan(r.equation, options.withSlices(least), given);
      assertSameElements(expected, sliced.run(given), what);
      Tensor sum = Tensor.zeros(DType.F64, expected.shape());
      sliced.runSlices(0, sliced.sliceCount(), sum, given);
      assertSameElements(expected, sum, what);
      Tensor parts = Tensor.zeros(DType.F64, expected.shape());
      for (PlanSlice slice : sliced.slices()) {
        slice.addTo(parts, given);
      }
      assertSameElements(expected, parts, what);
    } catch (IllegalArgumentException e) {
      assertTrue(e.getMessage().contains("slices"), what + e);
    }
    try {
      long limit = plan.peakBytes() * (1 + random.nextInt(4)) / 4;
      EinsumPlan limited = Einsum.plan(r.equation, options.withMemoryLimit(limit), given);
      assertTrue(limited.peakBytes() <= limit || limited.options().threads() != 1, what);
      assertSameElements(expected, limited.run(given), what);
    } catch (MemoryLimitException e) {
      assertTrue(e.getMessage().contains("memory limit"), what + e);
    }
    Tensor batch = plan.runBatch(List.of(given, apart, given));
    for (int s = 0; s < 3; s++) {
      assertSameElements(expected, batch.select(0, s), what);
    }
    Tensor[] constants = given.clone();
    List<Tensor> free = new ArrayList<>();
    for (int i = 0; i < constants.length; i++) {
      if (random.nextInt(2) == 0) {
        free.add(given[i]);
        constants[i] = null;
      }
    }
    try (BoundPlan bound = plan.bind(constants)) {
      Tensor[] rest = free.toArray(Tensor[]::new);
      assertSameElements(expected, bound.run(rest), what);
      assertSameElements(expected, bound.run(copies(rest)), what);
      assertSameElements(expected, EinsumPlan.of(bound).run(apart), what);
    }
    Tensor upstream = random(random, expected.shape());
    Tensor[] gradients = plan.gradients(upstream, given).list().toArray(Tensor[]::new);
    Tensor[] others = plan.gradients(upstream, apart).list().toArray(Tensor[]::new);
    for (int i = 0; i < operands; i++) {
      assertSameElements(others[i], gradients[i], what);
      Tensor[] in = new Tensor[operands];
      in[0] = upstream;
      System.arraycopy(given, 0, in, 1, i);
      System.arraycopy(given, i + 1, in, i + 1, operands - 1 - i);
      assertSameElements(others[i], plan.gradient(i).run(in), what);
    }
  }

  /** Copies of a small random network, of which some labels are renamed and some tensors others. */
  private static final class Network {
    final String equation;
    final Tensor[] given;
    final int[][] path;

    Network(Random random) {
      RandomEquation base = new RandomEquation(random, 1 + random.nextInt(4), 3, 3);
      String[] terms = base.text.split("->")[0].split(",", -1);
      int copies = 2 + random.nextInt(2);
      int n = terms.length;
      int operands = Math.max(3, copies * n);
      given = new Tensor[operands];
      String[] all = new String[operands];
      List<int[]> pairs = new ArrayList<>();
      List<Integer> ends = new ArrayList<>();
      int fresh = 'g';
      for (int c = 0; c < copies; c++) {
        int[] names = IntStream.range(0, 6).map(i -> 'a' + i).toArray();
        for (int l = 0; c > 0 && l < 6; l++) {
          names[l] = random.nextInt(3) > 0 ? fresh++ : names[l];
        }
        for (int t = 0; t < n; t++) {
          int own = c * n + t;
          all[own] =
              terms[t]
                  .chars()
                  .map(l -> names[l - 'a'])
                  .mapToObj(Character::toString)
                  .reduce("", String::concat);
          boolean other = c > 0 && random.nextInt(8) == 0;
          given[own] =
              c == 0 || other
                  ? Tensor.of(base.data[t]).reshape(base.shapes[t])
                  : random.nextInt(3) == 0 ? given[t].reshape(base.shapes[t]) : given[t];
          if (other) {
            given[own].fill(2);
          }
        }
      }
      for (int i = copies * n; i < operands; i++) {
        all[i] = all[0];
        given[i] = given[0];
      }
      // The copies by one tree, then their results by any.
      long seed = random.nextLong();
      for (int c = 0; c < copies; c++) {
        Random tree = new Random(seed);
        List<Integer> slots = new ArrayList<>();
        for (int t = 0; t < n; t++) {
          slots.add(c * n + t);
        }
        ends.add(join(slots, pairs, tree, random, operands));
      }
      for (int i = copies * n; i < operands; i++) {
        ends.add(i);
      }
      join(ends, pairs, random, random, operands);
      path = pairs.toArray(int[][]::new);
      String output =
          String.join("", all)
              .chars()
              .distinct()
              .filter(l -> random.nextInt(5) == 0)
              .mapToObj(Character::toString)
              .reduce("", String::concat);
      equation = String.join(",", all) + "->" + output;
    }

    private static int join(
        List<Integer> slots, List<int[]> pairs, Random tree, Random order, int operands) {
      while (slots.size() > 1) {
        int a = slots.remove(tree.nextInt(slots.size()));
        int b = slots.remove(tree.nextInt(slots.size()));
        pairs.add(order.nextBoolean() ? new int[] {a, b} : new int[] {b, a});
        slots.add(operands + pairs.size() - 1);
      }
      return slots.get(0);
    }
  }

  /** A cut label's parts differ: halves that have it in common are equal, others are not. */
  @Test
  void slicesShareWhatIsCutAlike() {
    Tensor[] a = shared(4, 8, 4, 4);
    EinsumPlan x = cut("xab,xbc,xcd,xde->xae", "x", a);
    assertEquals("x=8 in pieces of 3", x.report().cuts().get(0));
    assertEquals(2, x.report().steps().size());
    assertSameElements(x.run(copies(a)), x.run(a), "x");
    Tensor[] b = shared(4, 4, 4);
    EinsumPlan chain = cut("ab,bc,cd,de->ae", "c", b);
    assertEquals(3, chain.report().steps().size());
    assertSameElements(chain.run(copies(b)), chain.run(b), "c");
    // The cut label is summed away in each half: neither reads the same part twice.
    EinsumPlan inner = cut("ab,bc,cd,de->ae", "b", b);
    assertEquals(3, inner.report().steps().size());
    assertSameElements(inner.run(copies(b)), inner.run(b), "b");
    // Both halves read the parts of a that there are.
    EinsumPlan both = cut("ab,bc,ad,de->ace", "a", b);
    assertEquals(2, both.report().steps().size());
    assertSameElements(both.run(copies(b)), both.run(b), "a");
  }

  /** A plan of which one label is cut in pieces of 3. */
  private static EinsumPlan cut(String equation, String label, Tensor[] operands) {
    String json = Einsum.plan(equation, path(BALANCED), operands).toJson();
    String cuts = "\"cuts\":[{\"label\":\"" + label + "\",\"chunk\":3}]";
    return EinsumPlan.fromJson(json.replace("\"cuts\":[]", cuts));
  }

  private static Tensor[] shared(int count, long... shape) {
    Tensor[] all = new Tensor[count];
    Arrays.fill(all, random(new Random(9), shape));
    return all;
  }

  @Test
  void reportsSayWhatIsEqual() {
    Tensor[] a = shared(4, 5, 5);
    EinsumPlan plan = Einsum.plan("ab,bc,cd,de->ae", path(BALANCED), a);
    PlanReport report = plan.report();
    assertEquals(List.of("cd,de->ce"), report.steps().get(0).equal());
    assertEquals(List.of(), report.steps().get(1).equal());
    assertEquals("ac,ce->ae", report.steps().get(1).equation());
    assertArrayEquals(new int[] {4, 4}, report.steps().get(1).inputs());
    assertTrue(report.text().contains("  equal   cd,de->ce: computed once\n"), report::text);
    assertTrue(report.json().contains("\"equal\": [\n        \"cd,de->ce\"\n"), report::json);
    assertTrue(report.dot().contains("= cd,de->ce"), report::dot);
    assertTrue(report.mermaid().contains("= cd,de→ce"), report::mermaid);
    assertEquals(2 * 250.0, plan.flops());
    // 5 x 5 elements of one intermediate, in whole cache lines.
    assertEquals(8 * 32, plan.workspaceBytes());
    EinsumPlan read = EinsumPlan.fromJson(plan.toJson());
    assertEquals(plan.toJson(), read.toJson());
    assertEquals(500.0, read.flops());
    assertEquals(plan.options(), read.options());
  }

  @Test
  void cachedPlansAreOfTheirPattern() {
    Tensor a = random(new Random(1), 3, 3);
    Tensor b = random(new Random(2), 3, 3);
    EinsumPlan same = Einsum.plan("ij,kj,kl,ml->im", a, a, a, a);
    assertSame(same, Einsum.plan("ij,kj,kl,ml->im", b, b, b, b));
    assertNotEquals(same, Einsum.plan("ij,kj,kl,ml->im", a, b, a, b));
    assertArrayEquals(new int[][] {{0, 1, 2, 3}}, same.options().sameOperands());
    EinsumPlan pairs = Einsum.plan("ij,kj,kl,ml->im", a, b, a, b);
    assertArrayEquals(new int[][] {{0, 2}, {1, 3}}, pairs.options().sameOperands());
    assertEquals(0, Einsum.plan("ij,jk->ik", a, a).options().sameOperands().length);
  }

  /** Many operands: each is looked up by its address. */
  @Test
  void manyOperands() {
    Tensor a = Tensor.of(new double[] {1, 1, 0, 1}, 2, 2);
    Tensor turned = a.transpose();
    int n = 32;
    StringBuilder equation = new StringBuilder();
    int[][] pairs = new int[n - 1][];
    Tensor[] all = new Tensor[n];
    for (int i = 0; i < n; i++) {
      char from = label(i + i % 2);
      equation.append(i == 0 ? "" : ",").append(from).append(label(i + 1 - i % 2));
      all[i] = i % 2 == 0 ? a : turned;
      if (i < n - 1) {
        pairs[i] = new int[] {2 * i, 2 * i + 1};
      }
    }
    EinsumPlan plan = Einsum.plan(equation + "->a" + label(n), path(pairs), all);
    assertEquals(5, steps(plan, all));
    assertArrayEquals(new double[] {1, n, 0, 1}, plan.run(all).toDoubleArray());
    assertArrayEquals(new double[] {1, n, 0, 1}, plan.run(copies(all)).toDoubleArray());
  }

  private static char label(int i) {
    return (char) (i < 26 ? 'a' + i : 'A' + i - 26);
  }

  @Test
  void refusesWhatCannotBeTheSame() {
    PlanOptions options = PlanOptions.DEFAULT;
    String twice =
        assertThrows(
                IllegalArgumentException.class,
                () -> options.withSameOperands(new int[] {0, 1}, new int[] {1, 2}))
            .getMessage();
    assertTrue(twice.contains("[[0, 1], [1, 2]]"), twice);
    assertThrows(IllegalArgumentException.class, () -> options.withSameOperands(new int[] {0, -1}));
    assertThrows(NullPointerException.class, () -> options.withSameOperands((int[]) null));
    long[] two = {2, 2};
    PlanOptions all = options.withSameOperands(new int[] {0, 2});
    String shapes =
        assertThrows(
                IllegalArgumentException.class,
                () -> Einsum.plan("ab,bc,cd->ad", all, DType.F64, two, two, new long[] {2, 3}))
            .getMessage();
    assertTrue(shapes.contains("operands 0 and 2 are declared the same"), shapes);
    assertTrue(shapes.contains("[2, 2] of F64 and [2, 3] of F64"), shapes);
    String types =
        assertThrows(
                IllegalArgumentException.class,
                () ->
                    Einsum.plan(
                        "ab,bc,cd->ad",
                        all,
                        List.of(DType.F64, DType.F64, DType.F32),
                        two,
                        two,
                        two))
            .getMessage();
    assertTrue(types.contains("[2, 2] of F32"), types);
    String beyond =
        assertThrows(
                IllegalArgumentException.class,
                () -> Einsum.plan("ab,bc->ac", all, DType.F64, two, two))
            .getMessage();
    assertTrue(beyond.contains("operand 2 is declared the same"), beyond);
  }
}
