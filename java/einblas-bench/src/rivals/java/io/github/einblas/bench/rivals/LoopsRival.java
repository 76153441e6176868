// Rivals: plain Java loops on arrays, as a careful programmer writes them.
package io.github.einblas.bench.rivals;

import io.github.einblas.DType;
import io.github.einblas.bench.Catalogue;
import io.github.einblas.bench.Rival;
import io.github.einblas.bench.Values;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Nested loops over any case of one or two operands without a repeated label, the innermost one
 * over the label with the most unit strides, split over threads along the result's longest outer
 * label. Cases above 2 GFLOP are left out: they take seconds.
 */
public class LoopsRival implements Rival {
  private static final double MOST_FLOPS = 2e9;
  private int threads = 1;

  @Override
  public String name() {
    return "loops";
  }

  @Override
  public String version() {
    return "Java loops, JDK " + System.getProperty("java.version");
  }

  @Override
  public final void setThreads(int count) {
    threads = count;
  }

  /** C[c + i cs] += A[a + i as] B[b + i bs] for i below n, or = when nothing is summed. */
  void line(
      float[] a,
      int ao,
      int as,
      float[] b,
      int bo,
      int bs,
      float[] c,
      int co,
      int cs,
      int n,
      boolean add) {
    if (cs == 0) {
      float sum = 0;
      for (int i = 0; i < n; i++) {
        sum += a[ao + i * as] * b[bo + i * bs];
      }
      c[co] += sum;
    } else if (add && as == 0 && bs == 1 && cs == 1) {
      float x = a[ao];
      for (int i = 0; i < n; i++) {
        c[co + i] += x * b[bo + i];
      }
    } else if (add && as == 1 && bs == 1 && cs == 1) {
      for (int i = 0; i < n; i++) {
        c[co + i] += a[ao + i] * b[bo + i];
      }
    } else if (add) {
      for (int i = 0; i < n; i++) {
        c[co + i * cs] += a[ao + i * as] * b[bo + i * bs];
      }
    } else {
      for (int i = 0; i < n; i++) {
        c[co + i * cs] = a[ao + i * as] * b[bo + i * bs];
      }
    }
  }

  /** As above. */
  void line(
      double[] a,
      int ao,
      int as,
      double[] b,
      int bo,
      int bs,
      double[] c,
      int co,
      int cs,
      int n,
      boolean add) {
    if (cs == 0) {
      double sum = 0;
      for (int i = 0; i < n; i++) {
        sum += a[ao + i * as] * b[bo + i * bs];
      }
      c[co] += sum;
    } else if (add && as == 0 && bs == 1 && cs == 1) {
      double x = a[ao];
      for (int i = 0; i < n; i++) {
        c[co + i] += x * b[bo + i];
      }
    } else if (add && as == 1 && bs == 1 && cs == 1) {
      for (int i = 0; i < n; i++) {
        c[co + i] += a[ao + i] * b[bo + i];
      }
    } else if (add) {
      for (int i = 0; i < n; i++) {
        c[co + i * cs] += a[ao + i * as] * b[bo + i * bs];
      }
    } else {
      for (int i = 0; i < n; i++) {
        c[co + i * cs] = a[ao + i * as] * b[bo + i * bs];
      }
    }
  }

  @Override
  public final List<Job> jobs(Catalogue.Case c, DType dtype, Style style) {
    boolean repeated =
        Arrays.stream(c.terms()).anyMatch(t -> t.chars().distinct().count() < t.length());
    double work = c.lengths().values().stream().mapToDouble(l -> l).reduce(2, (x, y) -> x * y);
    if (c.terms().length > 2 || repeated || work > MOST_FLOPS) {
      return List.of();
    }
    return List.of(new LoopJob(c, dtype, style == Style.USUAL));
  }

  private final class LoopJob implements Job {
    private final DType dtype;
    private final boolean fresh;
    private final int size;
    private final boolean add;
    private final int[] lengths; // loops from the outermost to the innermost
    private final int[][] strides; // of A, B, C along each
    private final List<float[]> floats = new ArrayList<>();
    private final List<double[]> doubles = new ArrayList<>();

    LoopJob(Catalogue.Case c, DType dtype, boolean fresh) {
      this.dtype = dtype;
      this.fresh = fresh;
      String[] t = c.terms();
      String[] terms = {t[0], t.length == 2 ? t[1] : "", c.output()};
      String all = c.output() + summed(terms[0] + terms[1], c.output());
      add = all.length() > c.output().length();
      String order = order(all, terms);
      lengths = Arrays.stream(c.shape(order)).mapToInt(Math::toIntExact).toArray();
      strides = new int[3][];
      for (int i = 0; i < 3; i++) {
        String term = terms[i];
        strides[i] =
            order
                .chars()
                .map(
                    l ->
                        term.indexOf(l) < 0
                            ? 0
                            : (int) size(c, term.substring(term.indexOf(l) + 1)))
                .toArray();
      }
      size = Math.toIntExact(size(c, c.output()));
      for (int i = 0; i < 2; i++) {
        long n = size(c, terms[i]);
        boolean one = i == 1 && t.length == 1;
        if (dtype == DType.F32) {
          floats.add(one ? new float[] {1} : Values.floats(i, n));
        } else {
          doubles.add(one ? new double[] {1} : Values.doubles(i, n));
        }
      }
      fresh();
    }

    private void fresh() {
      if (dtype == DType.F32) {
        floats.subList(2, floats.size()).clear();
        floats.add(new float[size]);
      } else {
        doubles.subList(2, doubles.size()).clear();
        doubles.add(new double[size]);
      }
    }

    /** Output labels, then summed ones; innermost the one with the most unit strides. */
    private static String order(String all, String[] terms) {
      char inner = all.charAt(0);
      int most = -1;
      for (int i = 0; i < all.length(); i++) {
        char l = all.charAt(i);
        int units = 0;
        for (String term : terms) {
          // Unit stride counts 2, absence (a value kept in a register) 1.
          units += term.indexOf(l) < 0 ? 1 : term.endsWith(String.valueOf(l)) ? 2 : 0;
        }
        if (units >= most) {
          most = units;
          inner = l;
        }
      }
      return all.replace(String.valueOf(inner), "") + inner;
    }

    private static String summed(String labels, String output) {
      StringBuilder kept = new StringBuilder();
      labels
          .chars()
          .distinct()
          .filter(l -> output.indexOf(l) < 0)
          .forEach(l -> kept.append((char) l));
      return kept.toString();
    }

    private static long size(Catalogue.Case c, String labels) {
      return Arrays.stream(c.shape(labels)).reduce(1, (x, y) -> x * y);
    }

    @Override
    public String form() {
      return "loops";
    }

    @Override
    public void run() {
      if (fresh) {
        fresh();
      } else if (add && dtype == DType.F32) {
        Arrays.fill(floats.get(2), 0);
      } else if (add) {
        Arrays.fill(doubles.get(2), 0);
      }
      boolean parallel =
          threads > 1
              && lengths.length > 1
              && strides[2][0] != 0
              && lengths[0] >= threads
              && size > 4096;
      if (parallel) {
        int parts = threads;
        IntStream.range(0, parts)
            .parallel()
            .forEach(
                p -> {
                  int from = (int) ((long) lengths[0] * p / parts);
                  int to = (int) ((long) lengths[0] * (p + 1) / parts);
                  loop(0, from, to, 0, 0, 0);
                });
      } else {
        loop(0, 0, lengths.length == 0 ? 1 : lengths[0], 0, 0, 0);
      }
    }

    private void loop(int depth, int from, int to, int a, int b, int c) {
      int as = strides[0][depth];
      int bs = strides[1][depth];
      int cs = strides[2][depth];
      if (depth == lengths.length - 1) {
        // The operand that stands still goes first.
        boolean swap = bs == 0 && as != 0;
        if (dtype == DType.F32 && swap) {
          line(
              floats.get(1),
              b,
              bs,
              floats.get(0),
              a + from * as,
              as,
              floats.get(2),
              c + from * cs,
              cs,
              to - from,
              add);
        } else if (dtype == DType.F32) {
          line(
              floats.get(0),
              a + from * as,
              as,
              floats.get(1),
              b + from * bs,
              bs,
              floats.get(2),
              c + from * cs,
              cs,
              to - from,
              add);
        } else if (swap) {
          line(
              doubles.get(1),
              b,
              bs,
              doubles.get(0),
              a + from * as,
              as,
              doubles.get(2),
              c + from * cs,
              cs,
              to - from,
              add);
        } else {
          line(
              doubles.get(0),
              a + from * as,
              as,
              doubles.get(1),
              b + from * bs,
              bs,
              doubles.get(2),
              c + from * cs,
              cs,
              to - from,
              add);
        }
        return;
      }
      for (int i = from; i < to; i++) {
        loop(depth + 1, 0, lengths[depth + 1], a + i * as, b + i * bs, c + i * cs);
      }
    }

    @Override
    public double result(long index) {
      return dtype == DType.F32 ? floats.get(2)[(int) index] : doubles.get(2)[(int) index];
    }

    @Override
    public void close() {
      floats.clear();
      doubles.clear();
    }
  }
}
