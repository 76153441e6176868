// Planner, third stage: which labels to cut so that a run fits a memory budget.
package io.github.einblas.internal.plan;

import io.github.einblas.DType;
import io.github.einblas.MemoryLimitException;
import io.github.einblas.PlanOptions;
import io.github.einblas.internal.equation.Equation;
import io.github.einblas.internal.equation.Labels;
import io.github.einblas.internal.path.CutSearch;
import io.github.einblas.internal.path.PathChoice;
import io.github.einblas.internal.path.PathCost;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.ToLongFunction;
import java.util.stream.IntStream;

/**
 * Cuts labels until a run fits and there are as many slices as asked for, as cheaply as it finds.
 * Paths of small intermediates are tried beside the cheapest one.
 */
public final class SliceSearch {
  /** Operands of a contraction whose pieces of labels are fitted to the byte. */
  private static final int MOST_FITTED = 64;

  /** Operands of which the order is not searched for together with the cuts. */
  private static final int FEW = 8;

  /** How often the room for intermediates is halved. */
  private static final int MOST_HALVED = 8;

  /** What a slice costs beside its steps, and a step beside its work: 200 and 100 ns at peak. */
  private static final double SLICE_COST = 4e4;

  private static final double CALL_COST = 2e4;

  /**
   * A step that packs more than it has room for takes longer, with room for 0, 16, 64, 256 KB some
   * 2.3, 1.9, 1.5, 1.2 times (median of gemm and lanes, F64, one thread); and small steps pack
   * nothing.
   */
  private static final double SCARCE_BYTES = 32 << 10;

  private static final double SMALL_BYTES = 256 << 10;

  /** Shorter runs of an operand are read by lines of which much is left. */
  private static final double RUN_BYTES = 256;

  private final Equation equation;
  private final long[][] shapes;
  private final boolean fuse;
  private final boolean[] constant;
  private final long limit;
  private final int elementBytes;
  private final long outputBytes;

  /** Fewest slices that will do. */
  private final long atLeast;

  /**
   * Most bytes that a run of one thread takes at a time, the result and the constants' results
   * included. More threads never make more slices: they would make other bits.
   */
  private final ToLongFunction<SlicedProgram> peak;

  /** Most bytes of a slice that is computed alone, with its parts of the operands and result. */
  private final ToLongFunction<SlicedProgram> slicePeak;

  /** Most that these may be. */
  private final long sliceLimit;

  /** Prepares; budget and number of slices are the options'. */
  public SliceSearch(
      Equation equation,
      long[][] shapes,
      PlanOptions options,
      boolean[] constant,
      boolean fuse,
      DType intermediate,
      long outputBytes,
      ToLongFunction<SlicedProgram> peak,
      ToLongFunction<SlicedProgram> slicePeak) {
    this.equation = equation;
    this.shapes = shapes;
    this.fuse = fuse;
    this.constant = constant;
    this.limit = options.memoryLimit();
    this.elementBytes = intermediate.bytes();
    this.outputBytes = outputBytes;
    this.atLeast = options.slices();
    this.peak = peak;
    this.slicePeak = slicePeak;
    this.sliceLimit = options.sliceMemoryLimit();
  }

  /**
   * The cheapest way found.
   *
   * @param whole the contraction in one piece
   * @throws MemoryLimitException naming the smallest budget that would do
   * @throws IllegalArgumentException naming the most slices that would do
   */
  public SlicedProgram search(SlicedProgram whole, PlanOptions options) {
    if (isEnough(whole)) {
      return whole;
    }
    long most = cut(whole.main().choice(), singles()).slices();
    if (most < atLeast) {
      throw new IllegalArgumentException(
          "equation \""
              + Equation.abbreviated(equation.toString())
              + "\": at least "
              + atLeast
              + " slices were asked for, its labels allow "
              + most);
    }
    PathChoice small = null;
    SlicedProgram best = shapes.length <= FEW ? null : together(whole.main().choice(), options);
    if (shapes.length <= MOST_FITTED) {
      best = cheaper(best, fit(whole.main().choice()));
      if (options.path() == null && shapes.length > 2) {
        Labels labels = new Labels(equation, equation.lengths(shapes), shapes);
        small = PathChoice.ofSmallIntermediates(labels);
        best = cheaper(best, fit(small));
      }
    }
    if (best != null) {
      return best;
    }
    SlicedProgram finest = finest(whole.main().choice());
    SlicedProgram other = small == null ? finest : finest(small);
    long least = Math.min(slicePeakOf(finest), slicePeakOf(other));
    if (least > sliceLimit) {
      throw new MemoryLimitException(
          "equation \""
              + Equation.abbreviated(equation.toString())
              + "\": no slice fits a memory limit of "
              + sliceLimit
              + " bytes; the smallest that does is "
              + least
              + " (its parts of operands and result, intermediates and workspaces together)",
          least);
    }
    least = Math.min(peak.applyAsLong(finest), peak.applyAsLong(other));
    if (least <= limit) {
      throw new MemoryLimitException(
          "equation \""
              + Equation.abbreviated(equation.toString())
              + "\": a memory limit of "
              + limit
              + " bytes would take more than 2^63 slices; more memory takes fewer",
          limit);
    }
    throw new MemoryLimitException(
        "equation \""
            + Equation.abbreviated(equation.toString())
            + "\": no cutting fits a memory limit of "
            + limit
            + " bytes; the smallest that does is "
            + least
            + " (result, intermediates and workspaces together)",
        least);
  }

  private SlicedProgram cheaper(SlicedProgram a, SlicedProgram b) {
    return a == null || (b != null && cost(b) < cost(a)) ? b : a;
  }

  /**
   * The cheapest cuts found together with the order; null where none fit. What a run takes beside
   * its intermediates is known once there is a program: the room is halved until that fits too.
   */
  private SlicedProgram together(PathChoice choice, PlanOptions options) {
    double room = Math.min(limit == Long.MAX_VALUE ? limit : limit - outputBytes, sliceLimit);
    Labels labels = new Labels(equation, equation.lengths(shapes), shapes);
    CutSearch search =
        new CutSearch(labels, options, constant, choice, SlicedProgram.MOST_REMAINDERS);
    for (int halved = 0; halved < MOST_HALVED && room >= elementBytes; halved++) {
      CutSearch.Cuts first = search.first(room / elementBytes, atLeast);
      if (first == null) {
        return null;
      }
      SlicedProgram found = cut(first.choice(), first.pieces());
      if (isEnough(found)) {
        CutSearch.Cuts more = search.search(room / elementBytes, atLeast);
        SlicedProgram better = cut(more.choice(), more.pieces());
        return isEnough(better) ? cheaper(found, better) : found;
      }
      room /= 2;
    }
    return null;
  }

  private boolean isEnough(SlicedProgram p) {
    // More slices than that have no numbers, which somebody may ask for all the same.
    return p.slices() >= atLeast
        && (p.slices() < Long.MAX_VALUE || atLeast == Long.MAX_VALUE)
        && fits(p)
        && slicePeakOf(p) <= sliceLimit;
  }

  /** 0 where nobody asks. */
  private long slicePeakOf(SlicedProgram p) {
    return sliceLimit == Long.MAX_VALUE ? 0 : slicePeak.applyAsLong(p);
  }

  private boolean fits(SlicedProgram p) {
    return p.main().isPossible() && (limit == Long.MAX_VALUE || peak.applyAsLong(p) <= limit);
  }

  /** All labels that can be cut, cut to single elements. */
  private Map<Integer, Long> singles() {
    Map<Integer, Long> chunks = new LinkedHashMap<>();
    equation
        .lengths(shapes)
        .forEach(
            (label, length) -> {
              if (length > 1 && isCuttable(label)) {
                chunks.put(label, 1L);
              }
            });
    return chunks;
  }

  /** What takes least: all cut to single elements. */
  private SlicedProgram finest(PathChoice choice) {
    SlicedProgram all = cut(choice, singles());
    // Where there is little to hold, cutting can cost a workspace that the whole has not.
    SlicedProgram whole = cut(choice, Map.of());
    boolean less =
        atLeast <= 1
            && sliceLimit == Long.MAX_VALUE
            && peak.applyAsLong(whole) < peak.applyAsLong(all);
    return less ? whole : all;
  }

  private SlicedProgram cut(PathChoice choice, Map<Integer, Long> chunks) {
    int[] output = equation.output();
    int[] labels =
        chunks.keySet().stream()
            .sorted(Comparator.comparing(l -> Arrays.stream(output).noneMatch(o -> o == l)))
            .mapToInt(Integer::intValue)
            .toArray();
    long[] lengths = Arrays.stream(labels).mapToLong(chunks::get).toArray();
    return new SlicedProgram(equation, shapes, choice, fuse, constant, labels, lengths);
  }

  /**
   * Halves labels until a run is as asked. At each point, cutting one more label as coarsely as
   * fits may do; the cheapest of all that fit is taken.
   */
  private SlicedProgram fit(PathChoice choice) {
    Map<Integer, Long> all = equation.lengths(shapes);
    Map<Integer, Long> chunks = new LinkedHashMap<>();
    SlicedProgram now = cut(choice, chunks);
    SlicedProgram best = null;
    while (best == null || cost(now) < cost(best)) {
      SlicedProgram next = null;
      Map<Integer, Long> nextChunks = chunks;
      double nextScore = Double.POSITIVE_INFINITY;
      double peakNow = limit == Long.MAX_VALUE ? 0 : peak.applyAsLong(now);
      double slicePeakNow = slicePeakOf(now);
      for (int candidate : candidates(now)) {
        SlicedProgram enough = coarsest(choice, chunks, candidate, now);
        best = enough != null && (best == null || cost(enough) < cost(best)) ? enough : best;
        Map<Integer, Long> tried = halved(chunks, all, candidate, now);
        SlicedProgram half = cut(choice, tried);
        double score = score(half, now, peakNow, slicePeakNow);
        if (score < nextScore) {
          next = half;
          nextChunks = tried;
          nextScore = score;
        }
      }
      if (next == null) {
        SlicedProgram finest = finest(choice);
        return best == null && isEnough(finest) ? finest : best;
      }
      now = next;
      chunks = nextChunks;
      if (isEnough(now)) {
        return best == null || cost(now) < cost(best) ? now : best;
      }
    }
    return best;
  }

  private static Map<Integer, Long> halved(
      Map<Integer, Long> chunks, Map<Integer, Long> all, int label, SlicedProgram now) {
    Map<Integer, Long> result = new LinkedHashMap<>(chunks);
    long chunk = chunks.getOrDefault(label, all.get(label));
    result.put(label, SlicedProgram.smaller(all.get(label), chunk, now.remainders()));
    return result;
  }

  private boolean isCuttable(int label) {
    return SlicedProgram.isCuttable(equation, shapes, label);
  }

  /**
   * Labels of the tensors near the largest intermediate, and of the largest step; all labels once
   * these are cut up and slices are still too few.
   */
  private Set<Integer> candidates(SlicedProgram now) {
    Set<Integer> labels = largest(now.main());
    if (slicePeakOf(now) > sliceLimit) {
      operandLabels(now).forEach(labels::add);
    }
    if (labels.isEmpty() && now.slices() < atLeast) {
      singles().keySet().stream().filter(l -> now.main().length(l) > 1).forEach(labels::add);
    }
    return labels;
  }

  /** Labels of the largest parts of operands. */
  private IntStream operandLabels(SlicedProgram now) {
    long[][] parts = now.shapesOf(0);
    double most = Arrays.stream(parts).mapToDouble(SliceSearch::product).max().orElse(0);
    return IntStream.range(0, parts.length)
        .filter(i -> product(parts[i]) >= most / 4)
        .flatMap(i -> Arrays.stream(equation.operand(i)))
        .filter(l -> now.main().length(l) > 1 && isCuttable(l));
  }

  private Set<Integer> largest(Program program) {
    double most = 0;
    for (int s = 0; s < program.steps().size() - 1; s++) {
      most = Math.max(most, program.elementsOf(program.steps().get(s).output()));
    }
    double largest = 0;
    for (Step step : program.steps()) {
      largest = Math.max(largest, product(program.axisLengths(step)));
    }
    Set<Integer> labels = new TreeSet<>();
    for (int s = 0; s < program.steps().size(); s++) {
      Step step = program.steps().get(s);
      boolean large =
          s < program.steps().size() - 1 && program.elementsOf(step.output()) >= most / 4;
      if (large || product(program.axisLengths(step)) == largest) {
        IntStream.concat(Arrays.stream(step.outer()), Arrays.stream(step.reduced()))
            .filter(l -> program.length(l) > 1 && isCuttable(l))
            .forEach(labels::add);
      }
    }
    return labels;
  }

  private static double product(long[] lengths) {
    return Arrays.stream(lengths).mapToDouble(l -> l).reduce(1, (x, y) -> x * y);
  }

  /** What a halving of the memory, or a doubling of the slices that are asked for, costs. */
  private double score(SlicedProgram next, SlicedProgram now, double peakNow, double slicePeakNow) {
    double gain = 0;
    if (slicePeakNow > sliceLimit) {
      gain += Math.log(slicePeakNow / Math.max(1, slicePeakOf(next)));
    }
    if (peakNow > limit) {
      gain += Math.log(peakNow / Math.max(1, peak.applyAsLong(next)));
    }
    if (now.slices() < atLeast) {
      gain += Math.log((double) Math.min(next.slices(), atLeast) / now.slices());
    }
    double added = Math.log(cost(next) / cost(now));
    return gain < 0.01 ? 1e6 + added : (added + 0.01) / gain;
  }

  /** Time of all slices by kernel class, and of the calls. */
  private double cost(SlicedProgram p) {
    Program program = p.main();
    double taken = (double) p.workspaceElements() + program.heldElements();
    double room = limit == Long.MAX_VALUE ? limit : limit - outputBytes - taken * elementBytes;
    double scarce = 1 + 1.3 * SCARCE_BYTES / (SCARCE_BYTES + Math.max(0, room));
    double cost = SLICE_COST * p.slices();
    for (int s = 0; s < program.steps().size(); s++) {
      Step step = program.steps().get(s);
      double a = step.inputs().length > 0 ? read(p, step.inputs()[0]) : 1;
      double b = step.inputs().length > 1 ? read(p, step.inputs()[1]) : 1;
      double c =
          Arrays.stream(step.outer()).mapToDouble(program::length).reduce(1, (x, y) -> x * y);
      double own = PathCost.KERNELS.pair(product(program.axisLengths(step)), a, b, c);
      boolean packs = step.reduced().length > 0 && (a + b + c) * elementBytes > SMALL_BYTES;
      cost += p.runs(s) * (CALL_COST + own * (packs ? scarce : 1));
    }
    return cost;
  }

  /** Elements of a slot, more where what is cut leaves short runs of an operand. */
  private double read(SlicedProgram p, int slot) {
    double elements = product(p.main(), slot);
    int[] labels = slot < shapes.length ? equation.operand(slot) : new int[0];
    int last = labels.length - 1;
    while (last >= 0 && shapes[slot][last] == 1) {
      last--;
    }
    for (int k = 0; last >= 0 && k < p.cuts(); k++) {
      if (p.label(k) == labels[last] && p.chunk(k) < p.length(k)) {
        elements *= Math.max(1, RUN_BYTES / (p.chunk(k) * elementBytes));
      }
    }
    return elements;
  }

  private static double product(Program program, int slot) {
    return Arrays.stream(program.labelsOf(slot))
        .mapToDouble(program::length)
        .reduce(1, (x, y) -> x * y);
  }

  /** The largest chunk of a label that fits, by bisection; null when none does. */
  private SlicedProgram coarsest(
      PathChoice choice, Map<Integer, Long> chunks, int label, SlicedProgram now) {
    long length = equation.lengths(shapes).get(label);
    long low = 0;
    long high = chunks.getOrDefault(label, length);
    SlicedProgram best = null;
    while (high - low > 1) {
      long middle = (low + high) / 2;
      Map<Integer, Long> tried = new LinkedHashMap<>(chunks);
      // Equal pieces: no chunk between two with the same number of pieces is worth having.
      long pieces = (length + middle - 1) / middle;
      long chunk = (length + pieces - 1) / pieces;
      tried.put(label, chunk);
      SlicedProgram next = cut(choice, tried);
      if (next.remainders() <= Math.max(now.remainders(), SlicedProgram.MOST_REMAINDERS)
          && isEnough(next)) {
        low = middle;
        best = next;
      } else {
        high = middle;
      }
    }
    return best;
  }
}
