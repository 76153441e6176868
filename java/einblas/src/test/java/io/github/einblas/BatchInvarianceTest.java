// PlanOptions.withBatchInvariance: parts of a result have the bits of the whole.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.reference.Seeds;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class BatchInvarianceTest {
  private static final PlanOptions SAME = PlanOptions.DEFAULT.withBatchInvariance(true);

  /** A random tensor of the labels' lengths. */
  private static Tensor tensor(Random random, DType dtype, String labels, int[] lengths) {
    long[] shape = labels.chars().mapToLong(l -> lengths[l - 'a']).toArray();
    long size = Arrays.stream(shape).reduce(1, Math::multiplyExact);
    return Tensor.of(random.doubles(size, -1, 1).toArray()).to(dtype).reshape(shape);
  }

  /** The part at one index of a label, which stays as an axis of length 1. */
  private static Tensor at(Tensor t, String labels, char label, long index) {
    int axis = labels.indexOf(label);
    return axis < 0 ? t : t.slice(axis, index, index + 1);
  }

  /** Elements in row-major order; exact for F32 too. */
  private static double[] values(Tensor t) {
    return t.to(DType.F64).toDoubleArray();
  }

  @Test
  void everyEntryAloneHasTheBitsThatItHasAmongOthers() {
    String[] equations = {
      "ab,bc->ac",
      "abc,cd->abd",
      "abc,acd->abd",
      "ab,b->a",
      "ab->a",
      "ba->a",
      "abc,abc->ab",
      "abc,cdb->ad",
      "cab,cdb->dab",
      "ab,ab->ab",
      "abc->ca"
    };
    for (long seed : Seeds.upTo(200)) {
      Random random = new Random(seed);
      String equation = equations[Math.floorMod(seed, equations.length)];
      String[] sides = equation.split("->");
      String[] in = sides[0].split(",");
      int[] lengths = random.ints(4, 1, 30).toArray();
      lengths['c' - 'a'] = 1 + random.nextInt(random.nextInt(5) == 0 ? 600 : 40);
      DType dtype = random.nextBoolean() ? DType.F32 : DType.F64;
      Tensor[] whole =
          Arrays.stream(in).map(o -> tensor(random, dtype, o, lengths)).toArray(Tensor[]::new);
      char label = sides[1].charAt(random.nextInt(sides[1].length()));
      long index = random.nextInt(lengths[label - 'a']);
      Tensor[] part = new Tensor[in.length];
      Arrays.setAll(part, i -> at(whole[i], in[i], label, index));
      Tensor[] copy = Arrays.stream(part).map(Tensor::copy).toArray(Tensor[]::new);
      double[] want =
          values(at(Einsum.plan(equation, SAME, whole).run(whole), sides[1], label, index));
      String text = "seed " + seed + ": " + equation + " " + Arrays.toString(lengths) + " " + label;
      assertArrayEquals(want, values(Einsum.plan(equation, SAME, part).run(part)), 0, text);
      assertArrayEquals(want, values(Einsum.plan(equation, SAME, copy).run(copy)), 0, text);
    }
  }

  @Test
  void chainsWithAPathGradientsAndBatches() {
    PlanOptions options = SAME.withPath(new int[][] {{0, 1}, {3, 2}});
    Random random = new Random(1);
    Tensor x = tensor(random, DType.F32, "ab", new int[] {20, 300});
    Tensor v = tensor(random, DType.F32, "ab", new int[] {300, 70});
    Tensor w = tensor(random, DType.F32, "ab", new int[] {70, 9});
    EinsumPlan whole = Einsum.plan("ab,bc,cd->ad", options, x, v, w);
    EinsumPlan one = Einsum.plan("ab,bc,cd->ad", options, x.slice(0, 3, 4), v, w);
    double[] all = values(whole.run(x, v, w));
    assertArrayEquals(Arrays.copyOfRange(all, 27, 36), values(one.run(x.slice(0, 3, 4), v, w)), 0);
    List<Tensor[]> sets = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      sets.add(new Tensor[] {x.slice(0, i, i + 1), v, w});
    }
    Tensor each = one.runBatch(sets);
    for (int i = 0; i < 5; i++) {
      assertArrayEquals(
          Arrays.copyOfRange(all, 9 * i, 9 * i + 9),
          values(each.slice(0, i, i + 1)),
          0,
          "set " + i);
    }
    EinsumPlan pair = Einsum.plan("ab,bc->ac", SAME, x, v);
    EinsumPlan row = Einsum.plan("ab,bc->ac", SAME, x.slice(0, 3, 4), v);
    Tensor up = tensor(random, DType.F32, "ab", new int[] {20, 70});
    double[] gradient = values(pair.gradient(0).run(up, v));
    assertArrayEquals(
        Arrays.copyOfRange(gradient, 900, 1200),
        values(row.gradient(0).run(up.slice(0, 3, 4), v)),
        0);
  }

  @Test
  void theOptionIsAValueOfItsOwn() {
    assertTrue(SAME.batchInvariance());
    assertFalse(PlanOptions.DEFAULT.batchInvariance());
    assertNotEquals(PlanOptions.DEFAULT, SAME);
    assertEquals(PlanOptions.DEFAULT, SAME.withBatchInvariance(false));
    assertTrue(SAME.toString().contains("batchInvariance"));
    assertTrue(SAME.withThreads(2).batchInvariance());
    for (PlanOptions o : new PlanOptions[] {PlanOptions.DEFAULT, SAME}) {
      EinsumPlan plan =
          Einsum.plan("ab,bc->ac", o, DType.F32, new long[] {2, 3}, new long[] {3, 4});
      EinsumPlan again = EinsumPlan.fromJson(plan.toJson());
      assertEquals(plan, again);
      assertEquals(o, again.options());
    }
    assertThrows(IllegalArgumentException.class, () -> SAME.withKernel("gemm"));
    assertThrows(
        IllegalArgumentException.class,
        () -> PlanOptions.DEFAULT.withKernel("gemm").withBatchInvariance(true));
  }

  /** Axes of the weights as they lie in memory. */
  private static Tensor lying(Tensor w, int layout) {
    int[] order = layout == 0 ? new int[] {0, 1, 3, 2} : new int[] {3, 2, 1, 0};
    return layout == 2 ? w : w.permute(order).copy().permute(order);
  }

  private static int[][] indices(Random random, int batch, int window, int blocks) {
    int[][] all = new int[batch][];
    Arrays.setAll(all, b -> random.ints(window, 0, blocks).toArray());
    return all;
  }

  @Test
  void examplesOfBlockSparseProductsToo() {
    int differ = 0;
    for (long seed : Seeds.upTo(120)) {
      Random random = new Random(seed);
      DType dtype = random.nextBoolean() ? DType.F32 : DType.F64;
      int batch = 2 + random.nextInt(12);
      int[] lengths = {batch, 1 + random.nextInt(6), 1 + random.nextInt(6), 0, 0, 5, 4};
      lengths['d' - 'a'] = 1 + random.nextInt(60);
      lengths['e' - 'a'] = 1 + random.nextInt(60);
      Tensor w = lying(tensor(random, dtype, "fgde", lengths), (int) seed % 3);
      Tensor bias = tensor(random, dtype, "ge", lengths);
      Tensor o = tensor(random, dtype, "ace", lengths);
      Tensor h = tensor(random, dtype, "abd", lengths);
      Tensor g = tensor(random, dtype, "ace", lengths);
      int[][] in = indices(random, batch, lengths[1], 5);
      int[][] out = indices(random, batch, lengths[2], 4);
      int b = random.nextInt(batch);
      int[][] inOne = {in[b]};
      int[][] outOne = {out[b]};
      for (boolean same : new boolean[] {true, false}) {
        BlockPattern whole = BlockPattern.of(in, out, 5, 4).withBatchInvariance(same);
        BlockPattern one = BlockPattern.of(inOne, outOne, 5, 4).withBatchInvariance(same);
        assertEquals(same, one.batchInvariance());
        double[][] among = {
          values(at(BlockSparse.gemv(o, w, h, whole), "ace", 'a', b)),
          values(at(BlockSparse.dot(w, h, bias, whole), "ace", 'a', b)),
          values(at(BlockSparse.gemvGradient(w, h, g, whole).h(), "abd", 'a', b))
        };
        Tensor ho = at(h, "abd", 'a', b).copy();
        Tensor go = at(g, "ace", 'a', b);
        Tensor wo = w.copy();
        double[][] alone = {
          values(BlockSparse.gemv(at(o, "ace", 'a', b), wo, ho, one)),
          values(BlockSparse.dot(wo, ho, bias, one)),
          values(BlockSparse.gemvGradient(wo, ho, go, one).h())
        };
        if (same) {
          for (int i = 0; i < among.length; i++) {
            assertArrayEquals(among[i], alone[i], 0, "seed " + seed + ", product " + i);
          }
        } else {
          differ += Arrays.deepEquals(among, alone) ? 0 : 1;
        }
      }
    }
    assertTrue(Seeds.one() || differ > 0, "the option does nothing");
  }
}
