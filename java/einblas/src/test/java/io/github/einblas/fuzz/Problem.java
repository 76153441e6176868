// Test support: a random einsum with its text, operands' shapes and loop nest.
package io.github.einblas.fuzz;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * An equation. Labels 0 to letters - 1 are letters, those behind are the axes of an ellipsis, the
 * last axis first.
 */
final class Problem {
  private static final String LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  private static final double MOST_STEPS = 30_000;

  final String text;
  final int operands;
  final Loops loops;
  final long[][] shapes;
  final long[] outShape;

  /** For the form without text: numbers of each operand's labels, the last for the output. */
  final int[][] numbers;

  final boolean hasEllipsis;

  private Problem(String text, Loops loops, boolean hasEllipsis) {
    this.text = text;
    this.loops = loops;
    this.operands = loops.axes().length - 1;
    this.shapes = Arrays.copyOf(loops.shapes(), operands);
    this.outShape = loops.shapes()[operands];
    this.numbers = loops.axes();
    this.hasEllipsis = hasEllipsis;
  }

  static Problem random(World w) {
    while (true) {
      Problem p = w.chance(8) ? product(w) : any(w);
      if (Loops.steps(p.loops.lengths()) <= (w.chance(8) ? 20 : 1) * MOST_STEPS) {
        return p;
      }
    }
  }

  /** Two operands with batch, row, column and summed labels of lengths around tiles. */
  private static Problem product(World w) {
    long[] lengths = new long[4];
    Arrays.setAll(lengths, i -> i == 0 ? w.in(1, 4) : w.in(1, w.pick(4, 17, 40, 80)));
    String a = shuffled(w, w.chance(2) ? "bmk" : "mk");
    String b = shuffled(w, a.contains("b") || w.chance(3) ? "bkn" : "kn");
    boolean batch = a.contains("b") || b.contains("b");
    String out = shuffled(w, batch && w.chance(2) ? "bmn" : "mn");
    int[][] axes =
        Arrays.stream(new String[] {a, b, out})
            .map(t -> t.chars().map("bmnk"::indexOf).toArray())
            .toArray(int[][]::new);
    long[][] shapes =
        Arrays.stream(axes)
            .map(t -> Arrays.stream(t).mapToLong(l -> lengths[l]).toArray())
            .toArray(long[][]::new);
    return new Problem(a + "," + b + "->" + out, new Loops(4, axes, shapes), false);
  }

  private static String shuffled(World w, String s) {
    return Arrays.stream(w.permutation(s.length()))
        .mapToObj(i -> s.substring(i, i + 1))
        .collect(Collectors.joining());
  }

  private static Problem any(World w) {
    // Half of them are networks: several operands of few labels, none twice in one operand.
    boolean network = w.chance(2);
    int letters = network ? w.in(3, 5) : w.in(1, 7);
    int dots = !network && w.chance(5) ? w.in(0, 2) : -1;
    int operands = network ? w.in(3, 6) : w.chance(5) ? 1 : w.in(1, 6);
    int labels = letters + Math.max(dots, 0);
    long[] lengths = new long[labels];
    Arrays.setAll(lengths, i -> w.chance(30) ? 0 : w.in(1, 5));
    String names = shuffled(w, LETTERS).substring(0, letters);
    String[] terms = new String[operands + 1];
    int[][] axes = new int[operands + 1][];
    long[][] shapes = new long[operands + 1][];
    boolean[] used = new boolean[labels];
    boolean ellipsis = false;
    for (int t = 0; t < operands; t++) {
      int rank = w.in(0, network ? Math.min(4, letters) : 4);
      int[] drawn = network ? w.permutation(letters) : w.random.ints(rank, 0, letters).toArray();
      List<Integer> own =
          Arrays.stream(drawn).limit(rank).boxed().collect(Collectors.toCollection(ArrayList::new));
      boolean dotted = dots >= 0 && w.chance(2);
      int extra = dotted ? w.in(0, dots) : 0;
      int place = dotted ? w.in(0, rank) : 0;
      terms[t] = text(w, own, names, dotted ? place : -1);
      for (int e = 0; e < extra; e++) {
        own.add(place, letters + e);
      }
      ellipsis |= dotted;
      axes[t] = own.stream().mapToInt(i -> i).toArray();
      shapes[t] = Arrays.stream(axes[t]).mapToLong(l -> lengths[l]).toArray();
      for (int d = 0; d < shapes[t].length; d++) {
        used[axes[t][d]] = true;
        if (!network && w.chance(10) && once(axes[t], axes[t][d])) {
          shapes[t][d] = 1;
        }
      }
    }
    boolean implicit = w.chance(6);
    List<Integer> out = implicit ? implied(axes, operands, names) : chosen(w, used, letters);
    boolean dottedOut = ellipsis && (implicit || w.chance(2) || extras(used, letters) > 0);
    int place = implicit ? 0 : w.in(0, out.size());
    terms[operands] = text(w, out, names, dottedOut ? place : -1);
    for (int e = 0; dottedOut && e < extras(used, letters); e++) {
      out.add(place, letters + e);
    }
    axes[operands] = out.stream().mapToInt(i -> i).toArray();
    long[] seen =
        new Loops(labels, Arrays.copyOf(axes, operands), Arrays.copyOf(shapes, operands)).lengths();
    shapes[operands] = Arrays.stream(axes[operands]).mapToLong(l -> seen[l]).toArray();
    String text = String.join(",", Arrays.copyOf(terms, operands));
    text += implicit ? "" : (w.chance(8) ? " -> " : "->") + terms[operands];
    return new Problem(text, new Loops(labels, axes, shapes), ellipsis);
  }

  private static int extras(boolean[] used, int letters) {
    return (int) IntStream.range(letters, used.length).filter(l -> used[l]).count();
  }

  private static boolean once(int[] axes, int label) {
    return Arrays.stream(axes).filter(l -> l == label).count() == 1;
  }

  private static List<Integer> chosen(World w, boolean[] used, int letters) {
    List<Integer> out = new ArrayList<>();
    for (int l : w.permutation(letters)) {
      if (used[l] && w.chance(2)) {
        out.add(l);
      }
    }
    return out;
  }

  private static List<Integer> implied(int[][] axes, int operands, String names) {
    int[] count = new int[names.length()];
    for (int t = 0; t < operands; t++) {
      for (int l : axes[t]) {
        count[Math.min(l, count.length - 1)] += l < count.length ? 1 : 0;
      }
    }
    return IntStream.range(0, count.length)
        .filter(l -> count[l] == 1)
        .boxed()
        .sorted((x, y) -> Character.compare(names.charAt(x), names.charAt(y)))
        .collect(Collectors.toCollection(ArrayList::new));
  }

  private static String text(World w, List<Integer> labels, String names, int dotsAt) {
    StringBuilder s = new StringBuilder();
    for (int i = 0; i <= labels.size(); i++) {
      s.append(w.chance(25) ? " " : "").append(i == dotsAt ? "..." : "");
      s.append(i < labels.size() ? names.substring(labels.get(i), labels.get(i) + 1) : "");
    }
    return s.toString();
  }

  /** The result for these elements; of whole numbers, exact. */
  double[] result(double[][] data) {
    return loops.into(operands, Arrays.copyOf(data, operands + 1));
  }

  /** The gradient of operand i for an upstream gradient, the last of data. */
  double[] gradient(int i, double[][] data) {
    return loops.into(i, data);
  }

  @Override
  public String toString() {
    return "\"" + text + "\" " + Arrays.deepToString(shapes);
  }
}
