// Command line: the calls that tuning is judged by.
package io.github.einblas.cli;

import io.github.einblas.BlockPattern;
import io.github.einblas.BlockSparse;
import io.github.einblas.BsrMatrix;
import io.github.einblas.CsrMatrix;
import io.github.einblas.DType;
import io.github.einblas.Einsum;
import io.github.einblas.EinsumPlan;
import io.github.einblas.Kronecker;
import io.github.einblas.Tensor;
import io.github.einblas.Tuning;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** A few calls of each kernel family, in both types, with their tensors. */
final class TuneCases implements AutoCloseable {
  private static final long SEED = 20261121;
  private static final int ROUNDS = 7;

  /** A timing is at least so long, so that the clock and a wake-up do not matter. */
  private static final double SHORTEST_SECONDS = 1e-3;

  private final List<Case> cases = new ArrayList<>();
  private final Deque<AutoCloseable> resources = new ArrayDeque<>();
  private long seed = SEED;

  TuneCases() {
    try {
      for (DType dtype : DType.floating()) {
        addContractions(dtype);
        addCsr(dtype);
        addBsr(dtype);
        addKronecker(dtype);
        addBlocks(dtype);
      }
      addConverted();
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  private void addContractions(DType dtype) {
    add("ab,bc->ac", dtype, "a=96 b=96 c=96");
    add("ab,bc->ac", dtype, "a=640 b=640 c=640");
    // Dense products that OpenBLAS may take over.
    add("openblas", "ab,bc->ac", dtype, "a=640 b=640 c=640");
    add("openblas", "ab,bc->ac", dtype, "a=1100 b=1100 c=1100");
    add("rd,od->ro", dtype, "r=12000 d=784 o=30");
    add("nlmi,kmjn->lkji", dtype, "i=24 j=24 k=24 l=24 m=24 n=24");
    add("ap,srqp->srqa", dtype, "a=48 p=48 q=48 r=48 s=24");
    // A tensor beside a small matrix: read in place, transposed on the way out, at unit stride
    // along the sum.
    add("kji,jr->kri", dtype, "k=300 j=72 i=72 r=24");
    add("abkc,kj->cbja", dtype, "a=40 b=40 c=40 k=40 j=24");
    add("cabk,kj->cjba", dtype, "a=40 b=40 c=40 k=40 j=24");
    add("bik,bkj->bij", dtype, "b=20000 i=8 j=8 k=8");
    add("bik,bkj->bij", dtype, "b=600 i=32 j=32 k=32");
    add("nhd,khd->nkd", dtype, "n=32 k=32 h=64 d=128");
    add("ij,j->i", dtype, "i=2000 j=2000");
    add("ijkl->ljki", dtype, "i=40 j=40 k=40 l=40");
    add("bij,k->bijk", dtype, "b=16 i=64 j=64 k=64");
    add("bij,k->bijk", dtype, "b=4 i=16 j=64 k=64");
    add("ij,j->ij", dtype, "i=100 j=300");
  }

  /** Numbers that no instruction set multiplies as they are. */
  private void addConverted() {
    add("ab,bc->ac", DType.F16, "a=640 b=640 c=640");
    add("bik,bkj->bij", DType.F16, "b=600 i=32 j=32 k=32");
    add("bij,k->bijk", DType.F16, "b=16 i=64 j=64 k=64");
  }

  private void add(String equation, DType dtype, String lengths) {
    add(null, equation, dtype, lengths);
  }

  /** Counts for the named kernel, or, if null, for the one that is chosen. */
  private void add(String kernel, String equation, DType dtype, String lengths) {
    String[] terms = equation.split(",|->", -1);
    Tensor[] all =
        Arrays.stream(terms)
            .map(t -> t.chars().mapToLong(c -> length(lengths, (char) c)).toArray())
            .map(shape -> random(dtype, shape))
            .toArray(Tensor[]::new);
    Tensor[] operands = Arrays.copyOf(all, all.length - 1);
    Tensor out = all[operands.length];
    add(
        kernel != null ? kernel : Einsum.plan(equation, operands).kernels(operands).get(0),
        () -> {
          EinsumPlan plan = Einsum.plan(equation, operands);
          return () -> plan.runInto(out, operands);
        });
  }

  private static long length(String lengths, char label) {
    int at = lengths.indexOf(label + "=");
    return Long.parseLong(lengths.substring(at + 2).split(" ", 2)[0]);
  }

  /** Rows four fifths empty as in the demo, and a matrix of 20 entries per row in far rows of X. */
  private void addCsr(DType dtype) {
    CsrMatrix filled = keep(CsrMatrix.ofDense(random(dtype, 0.8, 12000, 784), 0));
    addCsr(filled, 30);
    Random places = new Random(SEED);
    int n = 50_000;
    int[] indptr = new int[n + 1];
    Arrays.setAll(indptr, i -> 20 * i);
    int[] indices = places.ints(20L * n, 0, n).toArray();
    CsrMatrix scattered =
        keep(
            CsrMatrix.of(
                random(dtype, indices.length),
                keep(Tensor.of(indices)),
                keep(Tensor.of(indptr)),
                n,
                n));
    for (long columns : new long[] {1, 8, 64}) {
      addCsr(scattered, columns);
    }
  }

  private void addCsr(CsrMatrix matrix, long columns) {
    Tensor x = random(matrix.dtype(), matrix.columns(), columns);
    Tensor out = random(matrix.dtype(), matrix.rows(), columns);
    add("csr", () -> () -> matrix.timesInto(out, 1, 0, x));
  }

  /** Nine of ten blocks empty. */
  private void addBsr(DType dtype) {
    Random places = new Random(SEED);
    int side = 64;
    long size = 32;
    int[] indptr = new int[side + 1];
    List<Integer> indices = new ArrayList<>();
    for (int row = 0; row < side; row++) {
      for (int column = 0; column < side; column++) {
        if (places.nextInt(10) == 0) {
          indices.add(column);
        }
      }
      indptr[row + 1] = indices.size();
    }
    Tensor blocks = random(dtype, indices.size(), size, size);
    int[] columns = indices.stream().mapToInt(i -> i).toArray();
    BsrMatrix matrix = keep(BsrMatrix.of(blocks, columns, indptr, side * size, side * size));
    Tensor x = random(dtype, side * size, 128);
    Tensor wide = random(dtype, 128, side * size);
    Tensor out = random(dtype, side * size, 128);
    add("bsr", () -> () -> matrix.timesInto(out, 1, 0, x));
    add("bsr", () -> () -> BsrMatrix.sampledMatmulInto(matrix, 1, 0, x, wide));
  }

  private void addKronecker(DType dtype) {
    addKronecker(dtype, 256, 16, 16, 16);
    addKronecker(dtype, 64, 64, 64);
    addKronecker(dtype, 1000, 8, 8, 8);
  }

  private void addKronecker(DType dtype, long rows, long... lengths) {
    Tensor[] factors =
        Arrays.stream(lengths).mapToObj(n -> random(dtype, n, n)).toArray(Tensor[]::new);
    long size = Arrays.stream(lengths).reduce(1, (a, b) -> a * b);
    Tensor x = random(dtype, rows, size);
    Tensor out = random(dtype, rows, size);
    add(
        "kron",
        () -> {
          Kronecker operator = Kronecker.of(factors);
          return () -> operator.timesLeftInto(out, 1, 0, x);
        });
  }

  /** Blocks of 16 KB and of 1 KB (F32). */
  private void addBlocks(DType dtype) {
    addBlocks(dtype, 32, 64, 64);
    addBlocks(dtype, 128, 32, 16);
  }

  private void addBlocks(DType dtype, int batch, int blocks, long size) {
    Random places = new Random(SEED);
    int window = 8;
    Supplier<int[][]> index =
        () ->
            Stream.generate(() -> places.ints(window, 0, blocks).toArray())
                .limit(batch)
                .toArray(int[][]::new);
    BlockPattern pattern = BlockPattern.of(index.get(), index.get(), blocks, blocks);
    Tensor w = random(dtype, blocks, blocks, size, size);
    Tensor h = random(dtype, batch, window, size);
    Tensor o = random(dtype, batch, window, size);
    add("block", () -> () -> BlockSparse.gemvInto(o, 1, 0, w, h, pattern));
    add("block", () -> () -> BlockSparse.outerInPlace(w, 1e-6, h, o, pattern));
  }

  private void add(String kernel, Supplier<Runnable> fresh) {
    cases.add(new Case(family(kernel), fresh));
  }

  private Tensor random(DType dtype, long... shape) {
    return random(dtype, 0.0, shape);
  }

  private Tensor random(DType dtype, double zeros, long... shape) {
    return keep(new RandomData(dtype, seed++, zeros).tensor(shape));
  }

  private <T extends AutoCloseable> T keep(T resource) {
    resources.push(resource);
    return resource;
  }

  /**
   * The cases that a number may change: those of the kernels that its name begins with, or all when
   * it is named after none. Numbers of a kernel's family (GEMM for gemm_small) count for all of it.
   */
  List<Case> affectedBy(Tuning.Value number) {
    String family = family(number.name());
    List<Case> own = cases.stream().filter(c -> c.family.equals(family)).toList();
    return own.isEmpty() ? cases : own;
  }

  /** Whether a number is named after no kernel, so that every case counts for it. */
  static boolean isForAll(Tuning.Value number) {
    return List.of("STREAM", "THREAD").contains(family(number.name()));
  }

  /**
   * Whether timing calls can judge a number. How long a worker waits before it sleeps is a matter
   * of manners: waiting longer is never slower here, but burns a core that may be somebody else's.
   */
  static boolean isJudged(Tuning.Value number) {
    return !family(number.name()).equals("POOL");
  }

  /** Whether it says what OpenBLAS does. */
  static boolean isOpenBlas(Tuning.Value number) {
    return family(number.name()).equals("OPENBLAS");
  }

  private static String family(String name) {
    return name.toUpperCase(Locale.ROOT).split("_", 2)[0];
  }

  @Override
  public void close() {
    for (AutoCloseable resource : resources) {
      try {
        resource.close();
      } catch (Exception e) {
        throw new IllegalStateException(e); // tensors and matrices throw no checked exceptions
      }
    }
  }

  /**
   * One call.
   *
   * @param family of the kernel that does it
   * @param fresh makes it ready by the values in force
   */
  record Case(String family, Supplier<Runnable> fresh) {

    /** Time with the current value divided by the time with the candidate, run in turns. */
    double speedup(String name, long current, long candidate) {
      Runnable changed = warm(name, candidate);
      Runnable plain = warm(name, current);
      int runs = (int) Math.max(1, Math.ceil(SHORTEST_SECONDS / time(plain, 1)));
      double[] old = new double[ROUNDS];
      double[] now = new double[ROUNDS];
      for (int i = 0; i < ROUNDS; i++) {
        // Plans keep the values they were made with; calls without a plan read those in force.
        Tuning.set(name, current);
        old[i] = time(plain, runs);
        Tuning.set(name, candidate);
        now[i] = time(changed, runs);
      }
      Tuning.set(name, current);
      return median(old) / median(now);
    }

    private Runnable warm(String name, long value) {
      Tuning.set(name, value);
      Runnable call = fresh.get();
      time(call, 2);
      return call;
    }

    private static double time(Runnable call, int runs) {
      long start = System.nanoTime();
      for (int i = 0; i < runs; i++) {
        call.run();
      }
      return (System.nanoTime() - start) * 1e-9 / runs;
    }

    private static double median(double[] times) {
      double[] sorted = times.clone();
      Arrays.sort(sorted);
      return sorted[sorted.length / 2];
    }
  }
}
