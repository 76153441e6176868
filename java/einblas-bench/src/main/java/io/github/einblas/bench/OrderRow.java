// Benchmarks: a row of the table of orders.
package io.github.einblas.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** What was found for one instance; figures that there are not are NaN. */
final class OrderRow {
  /** One search for an order. */
  record Search(String who, double seconds, OrderCount count, double ratio, String problem) {}

  /** Seconds of runs with one thread. */
  record Run(double own, double published, double numpy, String problem) {}

  final String name;
  final int tensors;
  final String dtype;
  final OrderInstance.Published published;
  final List<Search> searches = new ArrayList<>();
  Run run;

  OrderRow(OrderInstance instance) {
    name = instance.name();
    tensors = instance.labels().length;
    dtype = instance.dtype().name();
    published = instance.published();
  }

  /** The tables, in Markdown. */
  static String markdown(List<OrderRow> rows) {
    StringBuilder s = new StringBuilder();
    s.append(
        """
        Operations as opt_einsum counts them: log10 of the sum over steps of the product of all lengths, twice where a step
        sums; largest result of a step as log2 of its elements. The ratio is to the best published figure, in its own
        convention (`tc`: each product once), so below 1 is fewer.

        | instance | tensors | search | seconds | operations | largest | published | ratio |
        |---|---:|---|---:|---:|---:|---:|---:|
        """);
    for (OrderRow row : rows) {
      for (Search search : row.searches) {
        s.append(row.line(search)).append('\n');
      }
    }
    if (rows.stream().anyMatch(r -> r.run != null)) {
      s.append(
          """

          Runs with one thread, medians in milliseconds: own order, the published one, and NumPy with the own order.

          | instance | own | published | ratio | NumPy | ratio |
          |---|---:|---:|---:|---:|---:|
          """);
      rows.stream().filter(r -> r.run != null).forEach(r -> s.append(r.runLine()).append('\n'));
    }
    return s.toString();
  }

  private String line(Search search) {
    String found =
        search.count == null
            ? " | " + shortened(search.problem)
            : number("%.2f", Math.log10(search.count.operations()))
                + " | "
                + number("%.1f", Math.log(search.count.largest()) / Math.log(2));
    String theirs =
        published == null
            ? "| "
            : number("%.2f", published.log10())
                + (published.doubled() ? "" : " `tc`")
                + " | "
                + number("%.3g", search.ratio);
    return String.join(
        " | ",
        "| " + name,
        Integer.toString(tensors),
        search.who,
        number("%.3g", search.seconds),
        found,
        theirs + " |");
  }

  private String runLine() {
    if (run.problem != null) {
      return "| " + name + " | " + shortened(run.problem) + " | | | | |";
    }
    return String.join(
        " | ",
        "| " + name,
        number("%.4g", run.own * 1e3),
        number("%.4g", run.published * 1e3),
        number("%.2f", run.published / run.own),
        number("%.4g", run.numpy * 1e3),
        number("%.2f", run.numpy / run.own) + " |");
  }

  private static String number(String format, double value) {
    return Double.isNaN(value) ? "" : String.format(Locale.ROOT, format, value);
  }

  private static String shortened(String text) {
    String line = text.lines().findFirst().orElse("").replace('|', '/');
    return line.length() <= 100 ? line : line.substring(0, 100) + "...";
  }
}
