// Benchmarks: the command einblas-bench --orders: orders of published networks beside their own.
package io.github.einblas.bench;

import com.google.gson.GsonBuilder;
import io.github.einblas.Einsum;
import io.github.einblas.EinsumPlan;
import io.github.einblas.PlanOptions;
import io.github.einblas.SearchProgress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Pattern;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Searches and runs each instance of a file; prints a table and keeps it beside the figures. */
@Command(
    name = "einblas-bench --orders",
    mixinStandardHelpOptions = true,
    description =
        "Orders of contractions for published networks: operations, largest intermediate and"
            + " planning time beside the published figures and opt_einsum's; then runs beside the"
            + " published order and NumPy. Writes java/einblas-bench/target/rivals/orders.md and"
            + " orders.json.")
public final class Orders implements Callable<Integer> {
  private static final int REPEATS = 5;

  /** Seconds below which a search is repeated. */
  private static final double SHORT = 0.5;

  private static final String DEFAULT_FILE = "../shared/einsum_benchmark_instances.json";

  @Option(
      names = "--instances",
      paramLabel = "FILE",
      description = "JSON file of instances (default: " + DEFAULT_FILE + " beside the repository)")
  private Path instances;

  @Option(names = "--cases", defaultValue = "", description = "regular expression; part of a name")
  private String cases;

  @Option(names = "--long", description = "search for 10 s too")
  private boolean longSearch;

  @Option(names = "--no-runs", description = "search only")
  private boolean noRuns;

  @Option(
      names = "--run-seconds",
      defaultValue = "20",
      description =
          "most time of an instance's runs; what is predicted to take longer is left out"
              + " (${DEFAULT-VALUE})")
  private double runSeconds;

  @Option(
      names = "--python",
      defaultValue = "python3",
      description = "Python with opt_einsum and NumPy, where there are (${DEFAULT-VALUE})")
  private String python;

  @Option(names = "--root", defaultValue = ".", hidden = true)
  private Path root;

  /** The command; {@code --orders} itself, by which the launcher knows it, says nothing more. */
  public static void main(String[] arguments) {
    String[] rest =
        Arrays.stream(arguments).filter(a -> !a.equals("--orders")).toArray(String[]::new);
    System.exit(new CommandLine(new Orders()).execute(rest));
  }

  @Override
  public Integer call() throws IOException {
    Path file = instances == null ? root.resolve(DEFAULT_FILE) : instances;
    if (!Files.isRegularFile(file)) {
      System.err.println(
          "einblas-bench: "
              + file
              + ": there is no such file; --instances needs JSON such as {\"instances\": [{\"name\":"
              + " \"x\", \"equation\": \"ab,bc->ac\", \"sizes\": [2, 3, 4], \"dtype\": \"float64\"}]}");
      return CommandLine.ExitCode.USAGE;
    }
    List<OrderInstance> all;
    try {
      all = OrderInstance.read(file);
    } catch (IllegalArgumentException e) {
      System.err.println("einblas-bench: " + e.getMessage());
      return CommandLine.ExitCode.USAGE;
    }
    Path folder = root.resolve("java/einblas-bench/target/rivals");
    Files.createDirectories(folder);
    Pattern wanted = Pattern.compile(cases);
    OrderRivals rivals = new OrderRivals(python, root);
    boolean optEinsum = rivals.has("opt_einsum");
    boolean numpy = !noRuns && rivals.has("numpy");
    List<OrderRow> rows = new ArrayList<>();
    for (OrderInstance instance : all) {
      if (wanted.matcher(instance.name()).find()) {
        System.err.println(instance.name());
        rows.add(row(instance, optEinsum ? rivals : null, numpy ? rivals : null));
        // After each, so that what is done is kept.
        Files.writeString(folder.resolve("orders.md"), OrderRow.markdown(rows));
        Files.writeString(folder.resolve("orders.json"), json(rows));
      }
    }
    System.out.print(OrderRow.markdown(rows));
    return CommandLine.ExitCode.OK;
  }

  private static String json(List<OrderRow> rows) {
    return new GsonBuilder()
            .setPrettyPrinting()
            .disableHtmlEscaping()
            .serializeSpecialFloatingPointValues()
            .create()
            .toJson(rows)
        + "\n";
  }

  private OrderRow row(OrderInstance instance, OrderRivals optEinsum, OrderRivals numpy) {
    OrderRow row = new OrderRow(instance);
    int[][] own = search(row, instance, "AUTO", null);
    own = later(search(row, instance, "1 s", Duration.ofSeconds(1)), own);
    if (longSearch) {
      own = later(search(row, instance, "10 s", Duration.ofSeconds(10)), own);
    }
    if (optEinsum != null) {
      row.searches.add(optEinsum.search(instance));
    }
    if (!noRuns && own != null) {
      row.run = run(instance, own, numpy);
    }
    return row;
  }

  private static int[][] later(int[][] found, int[][] before) {
    return found == null ? before : found;
  }

  private OrderRow.Run run(OrderInstance instance, int[][] own, OrderRivals numpy) {
    OrderRuns runs = new OrderRuns(runSeconds);
    try {
      OrderRow.Run run = runs.run(instance, own, Double.NaN);
      return run.problem() != null || numpy == null
          ? run
          : new OrderRow.Run(
              run.own(), run.published(), numpy.run(instance, own, runSeconds), null);
    } catch (RuntimeException e) {
      String problem = String.valueOf(e.getMessage());
      return new OrderRow.Run(Double.NaN, Double.NaN, Double.NaN, problem);
    }
  }

  private static EinsumPlan planned(OrderInstance instance, PlanOptions options) {
    return Einsum.plan(instance.equation(), options, instance.dtype(), instance.shapes());
  }

  /**
   * Adds a search to a row.
   *
   * @return its order, or null where there is no plan: where a result of a step has more elements
   *     than an index can count, only the search itself says what it found
   */
  private static int[][] search(OrderRow row, OrderInstance instance, String who, Duration time) {
    AtomicReference<SearchProgress> last = new AtomicReference<>();
    PlanOptions options =
        PlanOptions.DEFAULT
            .withSearchTime(time)
            .withSearchListener(
                found -> {
                  last.set(found);
                  return true;
                });
    long start = System.nanoTime();
    try {
      EinsumPlan plan = planned(instance, options);
      double seconds = (System.nanoTime() - start) * 1e-9;
      for (int i = 1; time == null && i < REPEATS && seconds < SHORT; i++) {
        long again = System.nanoTime(); // the first one compiled the search, too
        plan = planned(instance, options);
        seconds = Math.min(seconds, (System.nanoTime() - again) * 1e-9);
      }
      OrderCount count = OrderCount.of(instance, plan.path());
      row.searches.add(
          new OrderRow.Search(who, seconds, count, count.over(instance.published()), null));
      return plan.path();
    } catch (RuntimeException e) {
      double seconds = (System.nanoTime() - start) * 1e-9;
      SearchProgress found = last.get();
      if (found == null) {
        row.searches.add(
            new OrderRow.Search(who, seconds, null, Double.NaN, String.valueOf(e.getMessage())));
      } else {
        // Nearly all steps sum, so that each point was counted twice.
        OrderCount count =
            new OrderCount(found.operations(), found.operations() / 2, found.largestElements());
        row.searches.add(
            new OrderRow.Search(
                String.format(Locale.ROOT, "%s, no plan", who),
                seconds,
                count,
                count.over(instance.published()),
                null));
      }
      return null;
    }
  }
}
