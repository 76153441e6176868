// Plans: a randomised check of a result (after Freivalds), for any number of operands.
package io.github.einblas.internal.plan;

import io.github.einblas.DType;
import io.github.einblas.PlanOptions;
import io.github.einblas.Verification;
import io.github.einblas.internal.equation.Equation;
import io.github.einblas.internal.tensor.Precision;
import io.github.einblas.internal.tensor.Strided;
import io.github.einblas.internal.tensor.TensorArrays;
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
  private final PlanTypes types;
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
    this.types = whole.types();
    this.shapes = whole.shapes();
    // An error of what is computed once counts wherever it is used.
    this.chain = PlanWork.sumLengths(whole.slices().sharing(null));
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

  /** Checks a result of the right shape and type, for operands of the right ones. */
  public Verification check(Strided[] operands, Strided result) {
    if (types.result() == DType.BOOL) {
      Contraction counts = new Contraction(equation, DType.F64, shapes, options);
      return exact(values(anew(operands, counts)), TensorArrays.doubles(result));
    }
    Contraction plan = choose();
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
      Contraction sums =
          plan(
              new int[][] {equation.output()},
              new long[][] {result.shape()},
              List.of(types.result()));
      if (!types.isRounded()) {
        return exact(difference(plan.run(all), sums.run(other)));
      }
      double[] expected = summed.isEmpty() ? again(plan, all) : values(plan.run(all));
      double[] got = summed.isEmpty() ? TensorArrays.doubles(result) : values(sums.run(other));
      double[] magnitudes = new Norms(equation, shapes, options).magnitudes(operands, kept);
      double length =
          chain
              + PlanWork.sumLengths(plan.slices())
              + (summed.isEmpty() ? 0 : PlanWork.sumLengths(sums.slices()));
      return compare(expected, got, magnitudes, length);
    } finally {
      owned.forEach(Strided::close);
    }
  }

  /** The whole result once more, by other kernels where that is cheap. */
  private double[] again(Contraction plan, Strided[] operands) {
    if (types.precisionType() == DType.F64) {
      boolean few = PlanWork.flops(plan.slices()) <= BY_LOOPS;
      PlanOptions loops =
          few && types.isUniform() && !types.isComplex() ? options.withKernel("loops") : options;
      return values(new Contraction(equation, types, shapes, loops).run(operands));
    }
    if (data > LARGE) {
      return values(plan.run(operands));
    }
    DType[] wide = new DType[operands.length];
    Arrays.setAll(wide, i -> wide(types.operand(i)));
    return values(anew(operands, new Contraction(equation, wide, shapes, options)));
  }

  /** The type of F64 or pairs of it. */
  private static DType wide(DType type) {
    return DType.promote(type, DType.F64);
  }

  /** Runs operands that are converted to a plan's types. */
  private static Strided anew(Strided[] operands, Contraction plan) {
    Strided[] wide = new Strided[operands.length];
    try {
      Arrays.setAll(wide, i -> TensorCopy.convert(operands[i], plan.types().operand(i)));
      return plan.run(wide);
    } finally {
      for (Strided t : wide) {
        if (t != null) {
          t.close();
        }
      }
    }
  }

  /** The outcome of a comparison in which nothing is rounded: the largest difference must be 0. */
  private Verification exact(double[] differences) {
    double most = Arrays.stream(differences).map(Math::abs).max().orElse(0);
    int rounds = summed.isEmpty() ? 1 : ROUNDS;
    return new Verification(
        most == 0,
        most,
        0,
        most == 0 ? 0 : Double.POSITIVE_INFINITY,
        rounds,
        missed(rounds),
        differences.length,
        0,
        seed);
  }

  private Verification exact(double[] expected, double[] got) {
    double[] differences = new double[got.length];
    Arrays.setAll(differences, i -> (expected[i] != 0 ? 1 : 0) - got[i]);
    return exact(differences);
  }

  /** Elements of two tensors of integers, subtracted; closes both. */
  private static double[] difference(Strided expected, Strided got) {
    long[] x = integers(expected);
    long[] y = integers(got);
    double[] differences = new double[x.length];
    Arrays.setAll(differences, i -> x[i] == y[i] ? 0 : Math.max(1, Math.abs((double) x[i] - y[i])));
    return differences;
  }

  private static long[] integers(Strided t) {
    try (t) {
      return TensorArrays.longs(t, "verify");
    }
  }

  private double missed(int rounds) {
    return summed.isEmpty() ? 0 : Math.pow(1 - Math.pow(0.5, summed.size()), rounds);
  }

  private Verification compare(
      double[] expected, double[] got, double[] magnitudes, double length) {
    int rounds = summed.isEmpty() ? 1 : ROUNDS;
    int parts = types.isComplex() ? 2 : 1;
    Precision of = Precision.of(types.compute());
    Precision end = types.roundsAtEnd() ? Precision.of(types.result()) : null;
    double tests = Math.max(1, expected.length);
    // A part of a complex product is a sum of two, and of each factor's two parts.
    double steps = parts * parts * length;
    double rounding = Math.sqrt(steps) + Math.min(steps, ONE_WAY) / 2;
    double unit = of.unit() * rounding + (end == null ? 0 : end.unit());
    double factor = Math.sqrt(2 * Math.log(2 * tests / CHANCE)) * unit;
    double terms = lengths.values().stream().mapToDouble(l -> l).reduce(1, (x, y) -> x * y);
    // What each term, and each element of the result, may lose below the normal numbers.
    double added =
        summed.stream().mapToDouble(l -> (double) lengths.get(l)).reduce(1, (x, y) -> x * y);
    double floor =
        of.least() * Math.min(terms, MOST_TERMS) + (end == null ? 0 : end.least() * added);
    double error = 0;
    double share = 0;
    double bound = 0;
    long unchecked = 0;
    for (int i = 0; i < expected.length; i++) {
      double magnitude = Math.sqrt(magnitudes[i / parts / rounds]);
      double own = factor * magnitude + floor;
      double off = Math.abs(got[i] - expected[i]);
      boolean overflows = end != null && !Double.isFinite(got[i]) && magnitude > end.most();
      if (!Double.isFinite(expected[i]) || !Double.isFinite(own) || overflows) {
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
    return new Verification(
        unchecked == 0 && share <= 1,
        error,
        bound,
        share,
        rounds,
        missed(rounds),
        expected.length,
        unchecked,
        seed);
  }

  // ---- what is summed

  /** Takes labels to be summed until that is cheap, the cheapest first. */
  private Contraction choose() {
    Contraction best = plan(operandLabels(), shapes, types.operands());
    double budget = BUDGET * (2 * ROUNDS + MOVE) * data;
    double cost = Double.POSITIVE_INFINITY;
    while (cost > budget) {
      int take = -1;
      Contraction next = null;
      double least = cost;
      for (int label : candidates()) {
        summed.add(label);
        Contraction tried = plan(operandLabels(), shapes, types.operands());
        summed.remove(summed.size() - 1);
        double own =
            PlanWork.flops(tried.slices())
                + MOVE * PlanWork.bytes(tried.slices(), tried.types()) / types.compute().bytes();
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
  private Contraction plan(int[][] labels, long[][] of, List<DType> operands) {
    int n = labels.length;
    DType[] own = operands.toArray(new DType[n + summed.size()]);
    Arrays.fill(own, n, own.length, signType());
    // Integers wrap as the result does, hence are compared exactly.
    DType result = types.isRounded() ? types.compute() : types.result();
    long[][] shape = Arrays.copyOf(of, own.length);
    int[][] all = Arrays.copyOf(labels, n + summed.size());
    for (int f = 0; f < summed.size(); f++) {
      all[n + f] = new int[] {summed.get(f), round};
      shape[n + f] = new long[] {lengths.get(summed.get(f)), ROUNDS};
    }
    int[] output = Arrays.stream(equation.output()).filter(l -> !summed.contains(l)).toArray();
    if (!summed.isEmpty()) {
      output = Arrays.copyOf(output, output.length + 1);
      output[output.length - 1] = round;
    }
    Equation check = Equation.of("check of " + equation, all, output);
    return new Contraction(check, PlanTypes.of(check, own, result), shape, options);
  }

  /** A real type that holds 1 and -1 and widens nothing. */
  private DType signType() {
    return types.isRounded() ? types.precisionType() : DType.I8;
  }

  private Strided signs(SplittableRandom random, long length) {
    double[] values = new double[Math.toIntExact(length * ROUNDS)];
    Arrays.setAll(values, i -> random.nextBoolean() ? 1 : -1);
    try (Strided wide = TensorCopy.of(values, length, ROUNDS)) {
      return TensorCopy.convert(wide, signType());
    }
  }

  /** Elements as F64, complex ones as pairs; closes the tensor. */
  private static double[] values(Strided t) {
    try (t) {
      return TensorArrays.doubles(t);
    }
  }
}
