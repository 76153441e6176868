// Demo: the main job, shown: every case at its size, timed, checked, and held against the machine.
package io.github.einblas.cli;

import io.github.einblas.DType;
import io.github.einblas.Einblas;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code einblas demo}. */
@Command(
    description =
        "Run einsum at the sizes it was built for, on generated .npy files; check every result"
            + " against plain loops; show speed beside what the machine can do.")
final class DemoCommand extends BaseCommand {
  private static final long SEED = 20260101;

  /** Of the memory available, left to the JVM, the page cache and the measurements. */
  private static final double USABLE = 0.8;

  @Option(
      names = "--memory-limit",
      paramLabel = "BYTES",
      description = "make cases smaller that need more native memory than this (512M, 2G)")
  String memoryLimit;

  @Option(
      names = "--keep",
      paramLabel = "DIR",
      description = "write the generated .npy files here and keep them")
  Path keep;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "threads to compute with; by default all processors")
  Integer threads;

  DemoCommand(Streams io) {
    super(io);
  }

  /** A result that plain loops do not confirm. */
  static final class WrongResult extends RuntimeException {
    private static final long serialVersionUID = 1L;

    WrongResult(String message) {
      super(message);
    }
  }

  @Override
  void run() throws Exception {
    long limit = limit();
    TensorCommand.useThreads(threads);
    if (keep != null) {
      if (Files.exists(keep) && !Files.isDirectory(keep)) {
        throw new InputException("--keep: " + keep + " is not a directory");
      }
      Files.createDirectories(keep);
      run(keep, limit);
      return;
    }
    Path folder = Files.createTempDirectory("einblas-demo");
    Thread atExit = new Thread(() -> delete(folder)); // also when interrupted
    Runtime.getRuntime().addShutdownHook(atExit);
    try {
      run(folder, limit);
    } finally {
      delete(folder);
      Runtime.getRuntime().removeShutdownHook(atExit);
    }
  }

  private void run(Path folder, long limit) throws IOException {
    List<DemoCase> cases = DemoCase.all();
    List<DemoRun> runs = new ArrayList<>();
    OtherLoad others = new OtherLoad();
    try (Progress progress = new Progress(io, "demo", cases.size() + 2L)) {
      progress.now("measuring the machine");
      MachineLimits limits = new MachineLimits(Einblas.threads(), limit);
      progress.done();
      machine(limits);
      DemoTable table = new DemoTable(io.out(), limits);
      table.header();
      for (int i = 0; i < cases.size(); i++) {
        DemoCase wanted = cases.get(i);
        progress.now(wanted.equation());
        DemoCase fitting = wanted.within(limit);
        String name = String.format(Locale.ROOT, "case%02d", i + 1);
        DemoRun run = DemoRun.of(fitting, folder, name, SEED + i);
        Einblas.trim();
        progress.done();
        table.row(run);
        if (!fitting.equals(wanted)) {
          smaller(wanted, limit);
        }
        io.out().flush();
        runs.add(run);
      }
      progress.now(DemoBlocks.EQUATION);
      DemoBlocks blocks = DemoBlocks.of(folder, SEED, limit);
      progress.done();
      table.row(blocks);
      if (!blocks.right()) {
        throw new WrongResult(
            "demo: the block-sparse product is off by " + blocks.error() + " (a defect)");
      }
    }
    notes(runs, folder);
    io.out().println(others.text());
    List<DemoRun> wrong = runs.stream().filter(r -> !r.check().right()).toList();
    if (!wrong.isEmpty()) {
      throw new WrongResult(complaint(wrong, runs.size()));
    }
  }

  private void machine(MachineLimits limits) {
    io.out()
        .printf(
            Locale.ROOT,
            "einblas %s, isa %s, %d thread%s%n",
            Einblas.version(),
            Einblas.isa(),
            Einblas.threads(),
            Einblas.threads() == 1 ? "" : "s");
    io.out()
        .printf(
            Locale.ROOT,
            "measured now: FMA peak P %.0f GFLOP/s (F32), %.0f (F64);"
                + " memory B %.1f GB/s (non-temporal fill), %.1f (read)%n%n",
            limits.peak(DType.F32) * 1e-9,
            limits.peak(DType.F64) * 1e-9,
            limits.fill() * 1e-9,
            limits.read() * 1e-9);
  }

  private void smaller(DemoCase wanted, long limit) {
    io.out()
        .printf(
            Locale.ROOT,
            "               (made smaller: %s needs %.0f MB, and %.0f MB may be used)%n",
            wanted.sizes(),
            wanted.bytes() * 1e-6,
            limit * 1e-6);
  }

  private void notes(List<DemoRun> runs, Path folder) {
    io.out().println();
    io.out()
        .printf(
            "time: median of %d to %d runs into a preallocated result, after warm-up."
                + " share: of what P or B allows at best.%n",
            runs.stream().mapToInt(DemoRun::runs).min().orElse(0),
            runs.stream().mapToInt(DemoRun::runs).max().orElse(0));
    io.out()
        .println(
            "B of results that are mostly written is the non-temporal fill, of others the read;"
                + " in a cache, the cache's.");
    io.out()
        .println(
            "error: largest absolute difference from plain Java loops in double; of bound: relative"
                + " to n u sum|ab|, at most 1.");
    runs.stream()
        .map(DemoRun::demoCase)
        .filter(c -> c.fold() > 1 && !c.isSparse())
        .forEach(this::kronecker);
    io.out().println(checked(runs));
    if (keep != null) {
      io.out().println("The operands are in " + folder + ".");
    }
  }

  /** What a case of folded rows is, and what it would take to build its matrix. */
  private void kronecker(DemoCase c) {
    long[] x = c.storedShape(0);
    long[] w = c.shape(1);
    double bytes = (double) x[1] * w[0] * c.fold() * c.dtype().bytes();
    io.out()
        .printf(
            Locale.ROOT,
            "%s, %s: X (%d x %d) times kron(I%d, W)^T, W %d x %d, by Kronecker; built, the matrix%n"
                + "  would take %.1f MB.%n",
            c.equation(),
            c.sizes(),
            x[0],
            x[1],
            c.fold(),
            w[0],
            w[1],
            bytes * 1e-6);
  }

  private static String checked(List<DemoRun> runs) {
    List<String> sampled =
        runs.stream()
            .filter(r -> !r.check().whole())
            .map(r -> r.demoCase().equation() + " " + r.demoCase().sizes())
            .toList();
    return sampled.isEmpty()
        ? "checked: every element of every result."
        : String.format(
            "checked: every element, but of %s%n  %d elements chosen at random and %s"
                + " (seed %d + row).",
            String.join(", ", sampled),
            DemoCheck.SAMPLE,
            runs.stream().allMatch(r -> r.check().whole() || r.check().sums() > 0)
                ? "all elements in random sums"
                : "where both operands are dense, all elements in random sums",
            SEED);
  }

  private static String complaint(List<DemoRun> wrong, int all) {
    DemoRun first = wrong.get(0);
    return String.format(
        Locale.ROOT,
        "demo: %d of %d results are wrong; the first: %s with %s is off by %.3g, %.3g times the"
            + " bound, at %s",
        wrong.size(),
        all,
        first.demoCase().equation(),
        first.demoCase().sizes(),
        first.check().error(),
        first.check().ofBound(),
        Arrays.toString(first.check().worst()));
  }

  private long limit() {
    if (memoryLimit == null) {
      return (long) (USABLE * Einblas.nativeBytesAvailable());
    }
    if (!memoryLimit.matches("[0-9]{1,15}[kKmMgG]?")) {
      throw new InputException(
          "--memory-limit needs a number of bytes such as 2000000000 or 2G, not '"
              + memoryLimit
              + "'");
    }
    char last = Character.toLowerCase(memoryLimit.charAt(memoryLimit.length() - 1));
    int shift = "kmg".indexOf(last);
    String digits = shift < 0 ? memoryLimit : memoryLimit.substring(0, memoryLimit.length() - 1);
    long bytes =
        Math.multiplyExact(Long.parseLong(digits), shift < 0 ? 1 : 1L << (10 * (shift + 1)));
    return Math.min(bytes, (long) (USABLE * Einblas.nativeBytesAvailable()));
  }

  private static void delete(Path folder) {
    if (!Files.exists(folder)) {
      return;
    }
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
