// Plans: a randomised check of a result (after Freivalds), for any number of operands.
package io.github.einblas.internal.plan;

import io.github.einblas.DType;
import io.github.einblas.PlanOptions;
import io.github.einblas.Verification;
import io.github.einblas.internal.equation.Equation;
import io.github.einblas.internal.tensor.Precision;
import io.github.einblas.internal.tensor.Strided;
import io.github.einblas.internal.tensor.TensorCopy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * Some output labels are summed with random signs, in the result and in the contraction, where a
 * small factor (label, round) for each of them joins the operands. With k to l such labels summed,
 * {@code ij,jk->ik} becomes {@code ij,jk,kr->ir}: two products with 16 columns. Which labels is
 * chosen by what it costs. Used once.
 */
public final class PlanVerifier {
  private static final int ROUNDS = 16;

  /** What is cheap: this many times reading all tensors with as many columns as rounds. */
  private static final double BUDGET = 4;

  /** Operations in the time of moving one element. */
  private static final double MOVE = 8;

  /** Labels looked at for each further one that is summed, the longest ones. */
  private static final int CANDIDATES = 8;

  /** Elements that a factor may have in any case. */
  private static final double SMALL = 0x1p20;

  /** Elements of a piece of an operand that is converted to F64. */
  private static final long PIECE = 1 << 20;

  /** Elements that a factor may have at most. */
  private static final double LARGE = 0x1p25;

  /** Operations of a recomputation by plain loops. */
  private static final double BY_LOOPS = 1e8;

  private static final double MOST_TERMS = 1e15;

  /**
   * Equal numbers are rounded the same way at each addition: the errors of a sum of n add up to n /
   * 2, not to sqrt(n). The kernels begin a new sum after some hundreds.
   */
  private static final double ONE_WAY = 512;

  /** Right results fail by chance so rarely. */
  private static final double CHANCE = 1e-12;

  private final Equation equation;
  private final DType dtype;
  private final Precision precision;
  private final long[][] shapes;
  private final PlanOptions options;
  private final Map<Integer, Long> lengths;
  private final long seed;
  private final int round;

  /** Lengths of the sums that made the result, one after the other. */
  private final double chain;

  /** Output labels that are summed, and those that stay. */
  private final List<Integer> summed = new ArrayList<>();

  private int[] kept;
  private final double data;

  /** A check of one result of a contraction, with the seed of its signs. */
  public PlanVerifier(Contraction whole, long seed) {
    this.equation = whole.equation();
    this.dtype = whole.dtype();
    this.precision = Precision.of(dtype);
    this.shapes = whole.shapes();
    this.chain = PlanWork.sumLengths(whole.slices());
    PlanOptions given = whole.options();
    this.options =
        PlanOptions.DEFAULT.withThreads(given.threads()).withCostModel(given.costModel());
    this.lengths = equation.lengths(shapes);
    this.seed = seed;
    int free = Integer.MAX_VALUE;
    while (lengths.containsKey(free)) {
      free--;
    }
    this.round = free;
    this.kept = equation.output();
    double elements = size(whole.outputShape());
    for (long[] shape : shapes) {
      elements += size(shape);
    }
    this.data = elements;
  }

  private static double size(long[] shape) {
    return Arrays.stream(shape).mapToDouble(l -> l).reduce(1, (x, y) -> x * y);
  }

  /** Checks a result of the right shape, for operands of the right shapes. */
  public Verification check(Strided[] operands, Strided result) {
    Contraction plan = choose();
    int rounds = summed.isEmpty() ? 1 : ROUNDS;
    SplittableRandom random = new SplittableRandom(seed);
    List<Strided> owned = new ArrayList<>();
    try {
      List<Strided> factors = new ArrayList<>();
      for (int label : summed) {
        Strided signs = signs(random, lengths.get(label));
        owned.add(signs);
        factors.add(signs);
      }
      Strided[] all = Arrays.copyOf(operands, operands.length + factors.size());
      Strided[] other = new Strided[1 + factors.size()];
      other[0] = result;
      for (int f = 0; f < factors.size(); f++) {
        all[operands.length + f] = factors.get(f);
        other[1 + f] = factors.get(f);
      }
      double[] expected = summed.isEmpty() ? again(plan, all) : values(plan.run(all));
      Contraction sums = plan(new int[][] {equation.output()}, new long[][] {result.shape()});
      double[] got = summed.isEmpty() ? values(TensorCopy.copy(result)) : values(sums.run(other));
      double[] magnitudes = magnitudes(operands);
      double length =
          chain
              + PlanWork.sumLengths(plan.slices())
              + (summed.isEmpty() ? 0 : PlanWork.sumLengths(sums.slices()));
      return compare(expected, got, magnitudes, rounds, length);
    } finally {
      owned.forEach(Strided::close);
    }
  }

  /** The whole result once more, by other kernels where that is cheap. */
  private double[] again(Contraction plan, Strided[] operands) {
    if (precision.isDouble()) {
      PlanOptions loops =
          PlanWork.flops(plan.slices()) > BY_LOOPS ? options : options.withKernel("loops");
      return values(new Contraction(equation, dtype, shapes, loops).run(operands));
    }
    if (data > LARGE) {
      return values(plan.run(operands));
    }
    Strided[] wide = new Strided[operands.length];
    try {
      Arrays.setAll(wide, i -> TensorCopy.convert(operands[i], DType.F64));
      return values(new Contraction(equation, DType.F64, shapes, options).run(wide));
    } finally {
      for (Strided t : wide) {
        if (t != null) {
          t.close();
        }
      }
    }
  }

  private Verification compare(
      double[] expected, double[] got, double[] magnitudes, int rounds, double length) {
    Precision of = Precision.of(dtype);
    double tests = Math.max(1, expected.length);
    double rounding = Math.sqrt(length) + Math.min(length, ONE_WAY) / 2;
    double factor = Math.sqrt(2 * Math.log(2 * tests / CHANCE)) * of.unit() * rounding;
    double terms = lengths.values().stream().mapToDouble(l -> l).reduce(1, (x, y) -> x * y);
    // What each term may lose below the normal numbers.
    double floor = of.least() * Math.min(terms, MOST_TERMS);
    double error = 0;
    double share = 0;
    double bound = 0;
    long unchecked = 0;
    for (int i = 0; i < expected.length; i++) {
      double own = factor * Math.sqrt(magnitudes[i / rounds]) + floor;
      double off = Math.abs(got[i] - expected[i]);
      if (!Double.isFinite(expected[i]) || !Double.isFinite(own)) {
        unchecked++;
        continue;
      }
      off = Double.isNaN(off) ? Double.POSITIVE_INFINITY : off;
      error = Math.max(error, off);
      double part = off == 0 ? 0 : off / own;
      if (part >= share) {
        share = part;
        bound = own;
      }
    }
    double missed = Math.pow(1 - Math.pow(0.5, summed.size()), rounds);
    return new Verification(
        unchecked == 0 && share <= 1,
        error,
        bound,
        share,
        rounds,
        summed.isEmpty() ? 0 : missed,
        expected.length,
        unchecked,
        seed);
  }

  // ---- what is summed

  /** Takes labels to be summed until that is cheap, the cheapest first. */
  private Contraction choose() {
    Contraction best = plan(operandLabels(), shapes);
    double budget = BUDGET * (2 * ROUNDS + MOVE) * data;
    double cost = Double.POSITIVE_INFINITY;
    while (cost > budget) {
      int take = -1;
      Contraction next = null;
      double least = cost;
      for (int label : candidates()) {
        summed.add(label);
        Contraction tried = plan(operandLabels(), shapes);
        summed.remove(summed.size() - 1);
        double own =
            PlanWork.flops(tried.slices())
                + MOVE * PlanWork.bytes(tried.slices(), dtype) / dtype.bytes();
        if (own < least) {
          least = own;
          next = tried;
          take = label;
        }
      }
      if (next == null) {
        break;
      }
      summed.add(take);
      kept = without(take);
      best = next;
      cost = least;
    }
    return best;
  }

  /** Long labels of the output whose factors are small beside the data. */
  private List<Integer> candidates() {
    return Arrays.stream(kept)
        .boxed()
        .filter(l -> lengths.get(l) > 1)
        .filter(l -> ROUNDS * (double) lengths.get(l) <= factorElements())
        .sorted((a, b) -> Long.compare(lengths.get(b), lengths.get(a)))
        .limit(CANDIDATES)
        .toList();
  }

  private double factorElements() {
    return Math.max(SMALL, Math.min(LARGE, data / 16));
  }

  private int[] without(int label) {
    return Arrays.stream(kept).filter(l -> l != label).toArray();
  }

  private int[][] operandLabels() {
    return IntStream.range(0, shapes.length).mapToObj(equation::operand).toArray(int[][]::new);
  }

  /** Tensors and the factors of the labels that are summed, contracted to the others. */
  private Contraction plan(int[][] labels, long[][] of) {
    int n = labels.length;
    int[][] all = Arrays.copyOf(labels, n + summed.size());
    long[][] own = Arrays.copyOf(of, all.length);
    for (int f = 0; f < summed.size(); f++) {
      all[n + f] = new int[] {summed.get(f), round};
      own[n + f] = new long[] {lengths.get(summed.get(f)), ROUNDS};
    }
    int[] output = Arrays.stream(equation.output()).filter(l -> !summed.contains(l)).toArray();
    if (!summed.isEmpty()) {
      output = Arrays.copyOf(output, output.length + 1);
      output[output.length - 1] = round;
    }
    Equation check = Equation.of("check of " + equation, all, output);
    return new Contraction(check, dtype, own, options);
  }

  private Strided signs(SplittableRandom random, long length) {
    double[] values = new double[Math.toIntExact(length * ROUNDS)];
    Arrays.setAll(values, i -> random.nextBoolean() ? 1 : -1);
    try (Strided wide = TensorCopy.of(values, length, ROUNDS)) {
      return TensorCopy.convert(wide, dtype);
    }
  }

  private static double[] values(Strided t) {
    try (t;
        Strided wide = TensorCopy.convert(t, DType.F64)) {
      return TensorCopy.doubles(wide);
    }
  }

  // ---- magnitudes

  /**
   * For each place that stays, the sum over the others of the products of the operands' squared
   * norms: what bounds the sums of products (Cauchy and Schwarz), squared.
   */
  private double[] magnitudes(Strided[] operands) {
    int n = operands.length;
    Strided[] norms = new Strided[n];
    int[][] labels = new int[n][];
    long[][] own = new long[n][];
    try {
      for (int i = 0; i < n; i++) {
        labels[i] =
            Arrays.stream(equation.operand(i)).distinct().filter(this::isInOutput).toArray();
        norms[i] = squares(operands[i], equation.operand(i), labels[i]);
        own[i] = norms[i].shape();
      }
      Equation product = Equation.of("bound of " + equation, labels, kept);
      double[] result = values(new Contraction(product, DType.F64, own, options).run(norms));
      double alone = alone();
      Arrays.setAll(result, i -> result[i] * alone);
      return result;
    } finally {
      for (Strided norm : norms) {
        if (norm != null) {
          norm.close();
        }
      }
    }
  }

  private boolean isInOutput(int label) {
    return Arrays.stream(equation.output()).anyMatch(l -> l == label);
  }

  /** Lengths of the labels that one operand alone has and the output lacks: there a sum of n. */
  private double alone() {
    double product = 1;
    for (Map.Entry<Integer, Long> label : lengths.entrySet()) {
      int holders = 0;
      for (int i = 0; i < shapes.length; i++) {
        int[] own = equation.operand(i);
        for (int d = 0; d < own.length; d++) {
          if (own[d] == label.getKey() && shapes[i][d] != 1) {
            holders++;
            break;
          }
        }
      }
      product *= holders == 1 && !isInOutput(label.getKey()) ? label.getValue() : 1;
    }
    return product;
  }

  /** Sums of the squares of a tensor's elements, in F64, piece by piece along its first axis. */
  private Strided squares(Strided x, int[] labels, int[] to) {
    boolean plain = Arrays.stream(labels).distinct().count() == labels.length;
    long rows = plain && labels.length > 0 ? x.length(0) : 1;
    long pieces = precision.isDouble() ? 1 : Math.max(1, Math.min(rows, x.size() / PIECE));
    if (pieces == 1) {
      if (precision.isDouble()) {
        return squarePlan(x, labels, to).run(x, x);
      }
      try (Strided wide = TensorCopy.convert(x, DType.F64)) {
        return squarePlan(wide, labels, to).run(wide, wide);
      }
    }
    Strided sum = TensorCopy.full(DType.F64, 0, outShape(x, labels, to));
    boolean parts = to.length > 0 && to[0] == labels[0];
    for (long p = 0; p < pieces; p++) {
      long from = rows * p / pieces;
      long until = rows * (p + 1) / pieces;
      try (Strided wide = TensorCopy.convert(x.slice(0, from, until), DType.F64);
          Strided own = parts ? sum.slice(0, from, until) : sum.permute(identity(to.length))) {
        squarePlan(wide, labels, to).runInto(own, 1, 1, wide, wide);
      }
    }
    return sum;
  }

  private static int[] identity(int n) {
    return IntStream.range(0, n).toArray();
  }

  private static long[] outShape(Strided x, int[] labels, int[] to) {
    long[] shape = new long[to.length];
    for (int o = 0; o < to.length; o++) {
      for (int d = 0; d < labels.length; d++) {
        shape[o] = labels[d] == to[o] ? x.length(d) : shape[o];
      }
    }
    return shape;
  }

  private Contraction squarePlan(Strided x, int[] labels, int[] to) {
    Equation squares = Equation.of("squares", new int[][] {labels, labels}, to);
    long[] shape = x.shape();
    return new Contraction(squares, DType.F64, new long[][] {shape, shape}, options);
  }
}
