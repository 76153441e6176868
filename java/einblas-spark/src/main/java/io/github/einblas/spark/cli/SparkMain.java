// Command line: einsum on a Spark cluster.
package io.github.einblas.spark.cli;

import io.github.einblas.DType;
import io.github.einblas.Einblas;
import io.github.einblas.NativeMemoryException;
import io.github.einblas.Tensor;
import io.github.einblas.spark.DistributedTensor;
import io.github.einblas.spark.SparkEinsum;
import io.github.einblas.spark.SparkOptions;
import io.github.einblas.spark.SparkPlan;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkException;
import org.apache.spark.api.java.JavaSparkContext;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code einblas spark EQUATION OPERAND... -o OUT}; also the main class for spark-submit. */
@Command(
    name = "einblas spark",
    description = "Contract tensors in blocks on an Apache Spark cluster.",
    mixinStandardHelpOptions = true,
    versionProvider = SparkMain.Version.class,
    sortOptions = false,
    footer = {
      "",
      "Exit status: 0 done; 2 the input is wrong (one line says what); 1 anything else.",
      "Spark's settings: -c KEY=VALUE here, or spark-submit's."
    })
public final class SparkMain implements Callable<Integer> {
  private static final int FAILED = 1;
  private static final int WRONG_INPUT = 2;
  private static final Pattern BYTES = Pattern.compile("([0-9]{1,12})([KMGT]?)");
  private static final Pattern RANDOM =
      Pattern.compile("random:([0-9]+(?:x[0-9]+)*)(?::(f32|f64))?(?::([0-9]{1,18}))?");

  @Parameters(index = "0", paramLabel = "EQUATION", description = "labels as in NumPy's einsum")
  String equation;

  @Parameters(
      index = "1..*",
      arity = "1..*",
      paramLabel = "OPERAND",
      description =
          "a .npy file, a folder of .npy chunks, a Zarr array (v2, v3), or"
              + " random:8192x8192[:f32|f64][:seed]; paths as Hadoop reads them (hdfs:, s3a:,"
              + " file:)")
  List<String> operands;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "OUT",
      description =
          "out.npy: one file; out.zarr: a Zarr v3 array; other names: a folder of .npy chunks; by"
              + " default the result is printed")
  String output;

  @Option(names = "--overwrite", description = "replace an output that exists")
  boolean overwrite;

  @Option(
      names = "--master",
      paramLabel = "URL",
      description =
          "local[*] by default, or spark://host:7077, yarn, ...; spark-submit's goes first")
  String master;

  @Option(
      names = "--chunk",
      paramLabel = "LABEL=LENGTH",
      split = ",",
      description = "chunk length of a label, such as i=4096,j=2048; others keep blocks near 32 MB")
  Map<String, Long> chunks = new HashMap<>();

  @Option(
      names = "--method",
      paramLabel = "METHOD",
      description = "auto, local, broadcast, grid or slices")
  SparkOptions.Method method = SparkOptions.Method.AUTO;

  @Option(
      names = "--task-memory",
      paramLabel = "BYTES",
      description = "native memory of a task, such as 500M or 4G")
  String taskMemory;

  @Option(
      names = "--explain",
      description = "say what would be done and what it costs; run nothing")
  boolean explain;

  @Option(
      names = {"-c", "--conf"},
      paramLabel = "KEY=VALUE",
      description = "a setting of Spark, such as spark.executor.memory=8g")
  Map<String, String> settings = new HashMap<>();

  @Option(names = "--verbose", description = "print the stack of an error")
  boolean verbose;

  private final PrintStream out;
  private final PrintStream err;

  private SparkMain(PrintStream out, PrintStream err) {
    this.out = out;
    this.err = err;
  }

  /**
   * Runs the program and ends the process.
   *
   * @param args the command line
   */
  public static void main(String[] args) {
    System.exit(run(System.out, System.err, args));
  }

  /** Runs the program on given streams; the exit status. */
  static int run(PrintStream out, PrintStream err, String... args) {
    SparkMain main = new SparkMain(out, err);
    CommandLine line = new CommandLine(main);
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.setOut(new PrintWriter(out, true, StandardCharsets.UTF_8));
    line.setErr(new PrintWriter(err, true, StandardCharsets.UTF_8));
    line.setParameterExceptionHandler(
        (e, a) -> {
          err.println("einblas: " + oneLine(e.getMessage()) + "; see einblas spark --help");
          return WRONG_INPUT;
        });
    line.setExecutionExceptionHandler((e, command, parsed) -> main.report(e));
    int status = line.execute(args);
    out.flush();
    err.flush();
    return status;
  }

  private int report(Exception failure) {
    Throwable cause = failure;
    while (isWrapper(cause)) {
      cause = cause.getCause();
    }
    String text = cause.getMessage() == null ? cause.getClass().getName() : cause.getMessage();
    err.println("einblas: " + oneLine(text));
    if (verbose) {
      failure.printStackTrace(err);
    }
    boolean input =
        cause instanceof IllegalArgumentException
            || cause instanceof IOException
            || cause instanceof NativeMemoryException;
    return input ? WRONG_INPUT : FAILED;
  }

  private static boolean isWrapper(Throwable cause) {
    return cause.getCause() != null
        && (cause instanceof UncheckedIOException || cause instanceof SparkException);
  }

  private static String oneLine(String text) {
    return text.lines()
        .map(String::strip)
        .filter(l -> !l.isEmpty() && !l.startsWith("at "))
        .limit(4)
        .collect(Collectors.joining(" "));
  }

  @Override
  public Integer call() throws IOException {
    SparkOptions options = SparkOptions.DEFAULT.withMethod(method);
    if (taskMemory != null) {
      options = options.withTaskMemory(bytes(taskMemory));
    }
    try (JavaSparkContext sc = context()) {
      DistributedTensor[] given = new DistributedTensor[operands.size()];
      for (int i = 0; i < given.length; i++) {
        given[i] = operand(sc, operands.get(i));
      }
      DistributedTensor[] agreed = SparkEinsum.agree(equation, chunks, given);
      SparkPlan plan = SparkEinsum.plan(sc, equation, options, agreed);
      if (explain) {
        out.print(plan.explain());
        return 0;
      }
      run(plan, agreed);
      return 0;
    }
  }

  private void run(SparkPlan plan, DistributedTensor... agreed) throws IOException {
    long start = System.nanoTime();
    DistributedTensor result = plan.run(agreed);
    if (output == null) {
      try (Tensor whole = result.collect(1L << 30)) {
        out.println(whole);
      }
    } else if (output.endsWith(".npy")) {
      result.writeNpy(output, overwrite);
    } else if (output.endsWith(".zarr")) {
      result.writeZarr(output, overwrite);
    } else {
      result.writeNpyChunks(output, overwrite);
    }
    err.printf(
        Locale.ROOT,
        "%s of %s by %s in %.1f s%n",
        Arrays.toString(result.shape()),
        result.dtype(),
        plan.methods(),
        (System.nanoTime() - start) * 1e-9);
  }

  private JavaSparkContext context() {
    SparkConf conf = new SparkConf();
    if (master != null) {
      conf.setMaster(master);
    }
    conf.setIfMissing("spark.master", "local[*]");
    conf.setIfMissing("spark.app.name", "einblas " + equation);
    conf.setIfMissing("spark.ui.enabled", "false");
    conf.setIfMissing("spark.ui.showConsoleProgress", "true");
    String jar = System.getProperty("einblas.spark.jar");
    if (jar != null && !conf.get("spark.master").startsWith("local[")) {
      conf.setIfMissing("spark.jars", jar);
    }
    settings.forEach(conf::set);
    JavaSparkContext sc = new JavaSparkContext(conf);
    sc.setLogLevel("ERROR");
    return sc;
  }

  private static DistributedTensor operand(JavaSparkContext sc, String name) throws IOException {
    Matcher random = RANDOM.matcher(name);
    if (random.matches()) {
      long[] shape = Arrays.stream(random.group(1).split("x")).mapToLong(Long::parseLong).toArray();
      DType type = "f32".equals(random.group(2)) ? DType.F32 : DType.F64;
      long seed = random.group(3) == null ? 0 : Long.parseLong(random.group(3));
      long[] chunk = new long[shape.length];
      Arrays.fill(chunk, Math.max(1, (long) Math.pow(1 << 22, 1.0 / shape.length)));
      return DistributedTensor.random(sc, type, seed, shape, chunk);
    }
    return DistributedTensor.read(sc, name);
  }

  private static long bytes(String text) {
    Matcher m = BYTES.matcher(text.strip().toUpperCase(Locale.ROOT));
    if (!m.matches()) {
      throw new IllegalArgumentException(
          "--task-memory needs bytes, such as 500M or 4G, not '" + text + "'");
    }
    int power = m.group(2).isEmpty() ? 0 : 10 * ("KMGT".indexOf(m.group(2)) + 1);
    return Math.multiplyExact(Long.parseLong(m.group(1)), 1L << power);
  }

  /** Version of the library, for --version. */
  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      return new String[] {"einblas " + Einblas.version()};
    }
  }
}
