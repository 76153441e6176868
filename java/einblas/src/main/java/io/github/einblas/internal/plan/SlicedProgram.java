// Planner, third stage: a contraction cut along labels into slices that are run one after the
// other.
package io.github.einblas.internal.plan;

import io.github.einblas.PlanOptions;
import io.github.einblas.internal.equation.Equation;
import io.github.einblas.internal.equation.Labels;
import io.github.einblas.internal.path.PathChoice;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The programs of a contraction's slices. A cut label's length is covered by pieces of one chunk
 * and perhaps a shorter last one; each combination of whole and last pieces is a variant. All
 * variants are one lowering, that of whole pieces, with other lengths: what is computed once for
 * all slices is read where it was written. Without cut labels there is one slice and one variant.
 */
public final class SlicedProgram {
  /** Variants double with each label that has a shorter last piece. */
  static final int MOST_REMAINDERS = 4;

  private final Equation equation;
  private final long[][] shapes;
  private final int[] labels;
  private final long[] lengths;
  private final long[] chunks;
  private final int summedFrom;
  private final boolean fuse;
  private final boolean[] constant;

  /** For each operand the first that is the same tensor and is cut in the same way, or null. */
  private final int[] same;

  private final List<Integer> variantMasks = new ArrayList<>();
  private final List<Program> variants = new ArrayList<>();
  private final List<long[][]> variantShapes = new ArrayList<>();

  /**
   * Cuts.
   *
   * @param cut labels, those of the output first
   * @param chunks lengths of their pieces
   */
  SlicedProgram(
      Equation equation,
      long[][] shapes,
      PathChoice choice,
      boolean fuse,
      boolean[] constant,
      int[] cut,
      long[] chunks) {
    this(equation, shapes, choice, fuse, constant, cut, chunks, null);
  }

  private SlicedProgram(
      Equation equation,
      long[][] shapes,
      PathChoice choice,
      boolean fuse,
      boolean[] constant,
      int[] cut,
      long[] chunks,
      int[] given) {
    this.fuse = fuse;
    this.constant = constant;
    this.equation = equation;
    this.shapes = shapes;
    this.labels = cut;
    this.chunks = chunks;
    var all = equation.lengths(shapes);
    this.lengths = Arrays.stream(cut).mapToLong(all::get).toArray();
    int outer = 0;
    while (outer < cut.length && has(equation.output(), cut[outer])) {
      outer++;
    }
    this.summedFrom = outer;
    int[] levels = new int[shapes.length];
    for (int i = 0; i < levels.length; i++) {
      levels[i] = constant[i] ? Program.CONSTANT : Program.EACH_RUN;
      for (int d = 0; d < shapes[i].length; d++) {
        if (shapes[i][d] != 1 && has(cut, equation.operand(i)[d])) {
          levels[i] = Program.EACH_SLICE;
        }
      }
    }
    int remainders = 0;
    for (int k = 0; k < cut.length; k++) {
      remainders |= lengths[k] % chunks[k] != 0 ? 1 << k : 0;
    }
    this.same = Reuse.refined(given, (i, k) -> constant[i] == constant[k] && isCutAlike(i, k));
    Program whole = Program.of(equation, variantShapes(0), choice, fuse, levels, same);
    for (int mask = remainders; ; mask = (mask - 1) & remainders) {
      long[][] own = variantShapes(mask);
      variantMasks.add(0, mask);
      variantShapes.add(0, own);
      variants.add(0, mask == 0 ? whole : whole.shortened(equation.lengths(own)));
      if (mask == 0) {
        break;
      }
    }
  }

  /** One slice of a cut contraction as a contraction of its own: the same steps. */
  private SlicedProgram(SlicedProgram cut, int variant) {
    this.fuse = cut.fuse;
    this.constant = new boolean[cut.constant.length];
    this.same = cut.same;
    this.equation = cut.equation;
    this.shapes = cut.variantShapes.get(variant);
    this.labels = new int[0];
    this.lengths = new long[0];
    this.chunks = new long[0];
    this.summedFrom = 0;
    this.variantMasks.add(0);
    this.variants.add(cut.variants.get(variant).alone());
    this.variantShapes.add(shapes);
  }

  /**
   * This contraction, which is in one piece, cut as was decided elsewhere.
   *
   * @throws IllegalArgumentException naming what is no cut of this equation and its shapes
   */
  public SlicedProgram cut(List<Cut> cuts, boolean[] constant, boolean fuse) {
    if (cuts.isEmpty()) {
      return this;
    }
    var all = equation.lengths(shapes);
    int remainders = 0;
    boolean summed = false;
    for (int k = 0; k < cuts.size(); k++) {
      int label = cuts.get(k).label;
      long chunk = cuts.get(k).chunk;
      String name = "cut of label " + equation.name(label) + ": ";
      if (!isCuttable(equation, shapes, label)) {
        throw new IllegalArgumentException(name + "no operand has it with a length beyond 1");
      }
      long length = all.get(label);
      if (chunk < 1 || chunk > length) {
        throw new IllegalArgumentException(
            name + "pieces must have a length from 1 to " + length + ", got " + chunk);
      }
      if (cuts.subList(0, k).stream().anyMatch(c -> c.label == label)) {
        throw new IllegalArgumentException(name + "it is there twice");
      }
      boolean outer = has(equation.output(), label);
      if (outer && summed) {
        throw new IllegalArgumentException(name + "labels of the output come first");
      }
      summed |= !outer;
      remainders += length % chunk != 0 ? 1 : 0;
    }
    if (remainders > MOST_REMAINDERS) {
      throw new IllegalArgumentException(
          "cuts: a shorter last piece of up to "
              + MOST_REMAINDERS
              + " labels is possible, these have "
              + remainders);
    }
    int[] cut = cuts.stream().mapToInt(Cut::label).toArray();
    long[] chunk = cuts.stream().mapToLong(Cut::chunk).toArray();
    return new SlicedProgram(equation, shapes, main().choice(), fuse, constant, cut, chunk);
  }

  /** Whether an operand has the label: a result that only repeats along it holds nothing. */
  static boolean isCuttable(Equation equation, long[][] shapes, int label) {
    for (int i = 0; i < shapes.length; i++) {
      for (int d = 0; d < shapes[i].length; d++) {
        if (equation.operand(i)[d] == label && shapes[i][d] > 1) {
          return true;
        }
      }
    }
    return false;
  }

  /** Whether the same axes of two operands of one shape are cut, in the same labels. */
  private boolean isCutAlike(int i, int k) {
    int[] a = equation.operand(i);
    int[] b = equation.operand(k);
    for (int d = 0; d < a.length; d++) {
      if (a[d] != b[d] && shapes[i][d] != 1 && (has(labels, a[d]) || has(labels, b[d]))) {
        return false;
      }
    }
    return true;
  }

  /**
   * The same path and cuts, for other operands that are the same: what is equal is computed once.
   *
   * @param other for each operand the first that is the same tensor, or null where all differ
   */
  SlicedProgram sharing(int[] other) {
    return other == null && same == null
        ? this
        : new SlicedProgram(
            equation, shapes, main().choice(), fuse, constant, labels, chunks, other);
  }

  /** For each operand the first that is taken for the same, or null. */
  int[] same() {
    return same;
  }

  /** A slice of a variant as a contraction of its own. */
  public SlicedProgram slice(int variant) {
    return new SlicedProgram(this, variant);
  }

  /**
   * A contraction in one piece.
   *
   * @param known pairs of a path found earlier, or null to search
   */
  public static SlicedProgram whole(
      Equation equation, long[][] shapes, PlanOptions options, boolean[] constant, int[][] known) {
    return whole(equation, shapes, options, constant, known, fuses(options));
  }

  /** As above; {@code fuse}: whether an elementwise product of three may be one step. */
  static SlicedProgram whole(
      Equation equation,
      long[][] shapes,
      PlanOptions options,
      boolean[] constant,
      int[][] known,
      boolean fuse) {
    Labels labels = new Labels(equation, equation.lengths(shapes), shapes);
    PathChoice choice =
        known == null
            ? PathTies.settle(
                PathChoice.of(labels, options, constant), equation, labels, options, constant)
            : PathChoice.known(labels, options, known);
    return new SlicedProgram(equation, shapes, choice, fuse, constant, new int[0], new long[0]);
  }

  /** One fused step of three moves less, but multiplies more; a given path is followed. */
  static boolean fuses(PlanOptions options) {
    return options.path() == null && options.costModel() != PlanOptions.CostModel.FLOPS;
  }

  private static boolean has(int[] labels, int label) {
    return Arrays.stream(labels).anyMatch(l -> l == label);
  }

  private long[][] variantShapes(int mask) {
    long[][] own = new long[shapes.length][];
    for (int i = 0; i < own.length; i++) {
      own[i] = shapes[i].clone();
      for (int d = 0; d < own[i].length; d++) {
        for (int k = 0; k < labels.length; k++) {
          if (own[i][d] != 1 && equation.operand(i)[d] == labels[k]) {
            own[i][d] = (mask >> k & 1) != 0 ? lengths[k] % chunks[k] : chunks[k];
          }
        }
      }
    }
    return own;
  }

  /** The next smaller chunk of a label: half, or a divisor where there are many variants. */
  static long smaller(long length, long chunk, int remainders) {
    long half = (chunk + 1) / 2;
    if (remainders >= MOST_REMAINDERS) {
      while (length % half != 0) {
        half--;
      }
    }
    return half;
  }

  /** Number of cut labels that have a shorter last piece. */
  int remainders() {
    return Integer.bitCount(variantMasks.get(variantMasks.size() - 1));
  }

  /** The equation of all slices. */
  Equation equation() {
    return equation;
  }

  /** The program of a whole slice: the only one where nothing is cut. */
  public Program main() {
    return variants.get(0);
  }

  /** Programs of all kinds of slices; the first is {@link #main}. */
  List<Program> variants() {
    return variants;
  }

  /** Shapes of the operands' parts in a variant. */
  public long[][] shapesOf(int variant) {
    return variantShapes.get(variant);
  }

  /** Number of cut labels. */
  public int cuts() {
    return labels.length;
  }

  /** A cut label. */
  public int label(int cut) {
    return labels[cut];
  }

  /** Length of a cut label. */
  public long length(int cut) {
    return lengths[cut];
  }

  /** Length of a cut label's pieces. */
  public long chunk(int cut) {
    return chunks[cut];
  }

  /** Whether the slices of a cut label are added up, rather than parts of the output. */
  public boolean isSummed(int cut) {
    return cut >= summedFrom;
  }

  /** Whether there are slices that are added up. */
  boolean addsUp() {
    return summedFrom < labels.length;
  }

  private long pieces(int cut) {
    return (lengths[cut] + chunks[cut] - 1) / chunks[cut];
  }

  /** Number of slices; {@link Long#MAX_VALUE} where there are more. */
  public long slices() {
    long slices = 1;
    for (int k = 0; k < labels.length; k++) {
      long pieces = pieces(k);
      slices = slices > Long.MAX_VALUE / pieces ? Long.MAX_VALUE : slices * pieces;
    }
    return slices;
  }

  /** What a label is cut into. */
  public record Cut(int label, long chunk) {}

  /** The cuts, those of the output's labels first. */
  public List<Cut> cutList() {
    return IntStream.range(0, labels.length).mapToObj(k -> new Cut(labels[k], chunks[k])).toList();
  }

  /**
   * Tells cuts apart: 16 hexadecimal digits that depend on equation, shapes, cut labels and chunks,
   * so that equal ones mean that slices of the same number are the same part.
   */
  public String fingerprint() {
    StringBuilder s = new StringBuilder(equation + " " + Arrays.deepToString(shapes));
    for (int k = 0; k < labels.length; k++) {
      s.append(' ').append(equation.names(new int[] {labels[k]})).append(':').append(chunks[k]);
    }
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256")
              .digest(s.toString().getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(hash, 0, 8);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("a Java platform without SHA-256", e);
    }
  }

  /** Where a slice starts along each cut label; summed labels vary fastest. */
  public long[] starts(long slice) {
    long[] starts = new long[labels.length];
    long rest = slice;
    for (int k = labels.length - 1; k >= 0; k--) {
      starts[k] = rest % pieces(k) * chunks[k];
      rest /= pieces(k);
    }
    return starts;
  }

  /** The variant of a slice. */
  public int variant(long[] starts) {
    int mask = 0;
    for (int k = 0; k < starts.length; k++) {
      mask |= starts[k] + chunks[k] > lengths[k] ? 1 << k : 0;
    }
    return mask == 0 ? 0 : variantMasks.indexOf(mask);
  }

  /** Lengths of a slice along the cut labels. */
  public long[] lengthsOf(long[] starts) {
    long[] own = new long[starts.length];
    Arrays.setAll(own, k -> Math.min(chunks[k], lengths[k] - starts[k]));
    return own;
  }

  /** Whether a slice is the first of those that are added up to one part of the output. */
  static boolean isFirst(SlicedProgram p, long[] starts) {
    for (int k = p.summedFrom; k < starts.length; k++) {
      if (starts[k] != 0) {
        return false;
      }
    }
    return true;
  }

  /** How often a step is run. */
  public double runs(int step) {
    return step >= main().firstOf(Program.EACH_SLICE) ? slices() : 1;
  }

  /** Elements of all intermediates together, in any slice. */
  public long workspaceElements() {
    return main().workspaceElements();
  }

  /** Shape of the whole result. */
  public long[] outputShape() {
    var all = equation.lengths(shapes);
    return Arrays.stream(equation.output()).mapToLong(all::get).toArray();
  }

  /** Elements from one index of a cut label to the next, in operand i (or the output: -1). */
  long stride(int cut, int operand, long[] strides) {
    int[] own = operand < 0 ? equation.output() : equation.operand(operand);
    long stride = 0;
    for (int d = 0; d < own.length; d++) {
      if (own[d] == labels[cut] && (operand < 0 || shapes[operand][d] != 1)) {
        stride += strides[d];
      }
    }
    return stride;
  }
}
