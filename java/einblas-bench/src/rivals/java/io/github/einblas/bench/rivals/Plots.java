// Rivals: the report's pictures, as SVG.
package io.github.einblas.bench.rivals;

import io.github.einblas.DType;
import io.github.einblas.bench.Catalogue;
import io.github.einblas.bench.Result;
import io.github.einblas.bench.Rival;
import java.awt.Color;
import java.awt.geom.Rectangle2D;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.jfree.chart.JFreeChart;
import org.jfree.chart.axis.LogAxis;
import org.jfree.chart.axis.NumberAxis;
import org.jfree.chart.axis.NumberTickUnit;
import org.jfree.chart.axis.SymbolAxis;
import org.jfree.chart.axis.ValueAxis;
import org.jfree.chart.plot.ValueMarker;
import org.jfree.chart.plot.XYPlot;
import org.jfree.chart.renderer.xy.XYLineAndShapeRenderer;
import org.jfree.chart.text.TextUtils;
import org.jfree.chart.ui.RectangleEdge;
import org.jfree.data.xy.XYSeries;
import org.jfree.data.xy.XYSeriesCollection;

/**
 * One file per picture; each method gives the file's name, or nothing when there is no figure for
 * it.
 */
final class Plots {
  private static final Color[] COLORS = {
    new Color(0x111111),
    new Color(0x0072b2),
    new Color(0xd55e00),
    new Color(0x009e73),
    new Color(0xcc79a7),
    new Color(0xe69f00),
    new Color(0x56b4e9),
    new Color(0x999999),
    new Color(0x8c564b),
    new Color(0x7f3fbf)
  };

  private final Figures figures;
  private final Path folder;

  Plots(Figures figures, Path folder) throws IOException {
    this.figures = figures;
    this.folder = Files.createDirectories(folder);
    TextUtils.setUseDrawRotatedStringWorkaround(false); // it draws letters as curves
  }

  /** Time of each implementation's best form over einblas's, per case. */
  List<String> relative(List<Catalogue.Case> cases, DType dtype, int threads) throws IOException {
    List<String> names = new ArrayList<>();
    for (Catalogue.Case c : cases) {
      if (!Double.isNaN(time("einblas", c.name(), dtype, threads))) {
        names.add(c.name());
      }
    }
    if (names.isEmpty()) {
      return List.of();
    }
    SymbolAxis x = new SymbolAxis("", names.toArray(new String[0]));
    x.setVerticalTickLabels(true);
    x.setTickUnit(new NumberTickUnit(1));
    x.setGridBandsVisible(false);
    Chart chart = new Chart(x, logarithmic("time / einblas's time"));
    int color = 0;
    for (String implementation : figures.implementations()) {
      XYSeries series = new XYSeries(implementation);
      for (int i = 0; i < names.size(); i++) {
        double mine = time("einblas", names.get(i), dtype, threads);
        double ratio = time(implementation, names.get(i), dtype, threads) / mine;
        if (!Double.isNaN(ratio)) {
          series.add(i, ratio);
        }
      }
      chart.add(series, COLORS[color++ % COLORS.length], false, true);
    }
    chart.plot.addRangeMarker(new ValueMarker(1, Color.BLACK, new java.awt.BasicStroke(1)));
    String title =
        "Time over einblas's, %s, %s: best forms; above 1, einblas is faster"
            .formatted(dtype, count(threads));
    return List.of(
        save(chart.titled(title), 1300, 640, "relative_%s_%d".formatted(dtype, threads)));
  }

  /**
   * Work rate over operations per byte, with the roofs. A case that only moves data counts one
   * operation per element written.
   */
  List<String> roofline(List<Catalogue.Case> cases, DType dtype, int threads) throws IOException {
    double peak = figures.limit("P " + dtype, threads);
    double memory = figures.limit("B read DRAM", threads);
    double cache = figures.limit("B read L2", threads);
    List<String> groups = cases.stream().map(Catalogue.Case::group).distinct().toList();
    Chart chart =
        new Chart(
            logarithmic("operations per byte of operands and result"), logarithmic("GFLOP/s"));
    chart.add(roof("P and B of L2", peak, cache), Color.GRAY, true, false);
    chart.add(roof("P and B of DRAM", peak, memory), Color.BLACK, true, false);
    int points = 0;
    for (int g = 0; g < groups.size(); g++) {
      XYSeries series = new XYSeries(groups.get(g));
      for (Catalogue.Case c : cases) {
        double time = time("einblas", c.name(), dtype, threads);
        if (c.group().equals(groups.get(g)) && !Double.isNaN(time)) {
          Result r = figures.of("einblas", c.name(), dtype, threads, Rival.Style.BEST).get(0);
          double written = Arrays.stream(c.outputShape()).reduce(1, (a, b) -> a * b);
          double work = Math.max(r.flops(), written);
          series.add(work / r.bytes(), work / time / 1e3);
          points++;
        }
      }
      chart.add(series, COLORS[(g + 1) % COLORS.length], false, true);
    }
    if (points == 0 || Double.isNaN(peak)) {
      return List.of();
    }
    String title =
        "Roofline of einblas, %s, %s: P %.0f GFLOP/s, B read %.0f (DRAM), %.0f (L2) GB/s"
            .formatted(dtype, count(threads), peak, memory, cache);
    return List.of(
        save(chart.titled(title), 1000, 600, "roofline_%s_%d".formatted(dtype, threads)));
  }

  private static XYSeries roof(String name, double peak, double bandwidth) {
    XYSeries series = new XYSeries(name);
    series.add(0.02, 0.02 * bandwidth);
    series.add(peak / bandwidth, peak);
    series.add(1000, peak);
    return series;
  }

  /** Time per call over the growing length, of one group of the sweeps. */
  List<String> sweep(String group, DType dtype) throws IOException {
    List<Catalogue.Case> cases =
        Catalogue.sweeps().values().stream().filter(c -> c.group().equals(group)).toList();
    Chart chart = new Chart(logarithmic("length"), logarithmic("microseconds per call"));
    int color = 0;
    int points = 0;
    for (String implementation : figures.implementations()) {
      Color c = COLORS[color++ % COLORS.length];
      for (int threads : figures.threads()) {
        XYSeries series = new XYSeries(implementation + ", " + count(threads));
        for (Catalogue.Case k : cases) {
          double time = time(implementation, k.name(), dtype, threads);
          if (!Double.isNaN(time)) {
            series.add(Double.parseDouble(k.name().replaceFirst(".*_", "")), time);
            points++;
          }
        }
        if (series.getItemCount() > 0) {
          chart.add(series, threads == 1 ? lighter(c) : c, true, true);
        }
      }
    }
    if (points == 0) {
      return List.of();
    }
    String title = "%s: %s, %s".formatted(group.replace('_', ' '), cases.get(0).equation(), dtype);
    return List.of(save(chart.titled(title), 1000, 560, "%s_%s".formatted(group, dtype)));
  }

  private static Color lighter(Color c) {
    return new Color((c.getRed() + 255) / 2, (c.getGreen() + 255) / 2, (c.getBlue() + 255) / 2);
  }

  private double time(String implementation, String name, DType dtype, int threads) {
    return figures.time(implementation, name, dtype, threads, Rival.Style.BEST);
  }

  private static String count(int threads) {
    return threads + (threads == 1 ? " thread" : " threads");
  }

  private static LogAxis logarithmic(String label) {
    LogAxis axis = new LogAxis(label);
    axis.setBase(10);
    axis.setMinorTickMarksVisible(false);
    axis.setTickUnit(new NumberTickUnit(1)); // powers of ten
    axis.setNumberFormatOverride(new PlainNumbers());
    return axis;
  }

  /** 0.01, 1, 1000 instead of powers. */
  private static final class PlainNumbers extends java.text.DecimalFormat {
    private static final long serialVersionUID = 1;

    PlainNumbers() {
      super("0.#####", java.text.DecimalFormatSymbols.getInstance(Locale.ROOT));
    }
  }

  private String save(JFreeChart chart, int width, int height, String name) throws IOException {
    String file = name.toLowerCase(Locale.ROOT) + ".svg";
    Svg.write(folder.resolve(file), width, height, (g, area) -> chart.draw(g, area));
    return file;
  }

  /** Series added one by one, each with its colour. */
  private static final class Chart {
    private final XYSeriesCollection data = new XYSeriesCollection();
    private final XYLineAndShapeRenderer renderer = new XYLineAndShapeRenderer();
    private final XYPlot plot;

    Chart(NumberAxis x, ValueAxis y) {
      this((ValueAxis) x, y);
    }

    Chart(ValueAxis x, ValueAxis y) {
      plot = new XYPlot(data, x, y, renderer);
      renderer.setDrawOutlines(false);
      plot.setBackgroundPaint(Color.WHITE);
      plot.setDomainGridlinePaint(Color.LIGHT_GRAY);
      plot.setRangeGridlinePaint(Color.LIGHT_GRAY);
    }

    void add(XYSeries series, Color color, boolean line, boolean points) {
      int index = data.getSeriesCount();
      data.addSeries(series);
      renderer.setSeriesPaint(index, color);
      renderer.setSeriesLinesVisible(index, line);
      renderer.setSeriesShapesVisible(index, points);
      renderer.setSeriesShape(index, new Rectangle2D.Double(-3, -3, 6, 6));
    }

    JFreeChart titled(String title) {
      JFreeChart chart = new JFreeChart(title, JFreeChart.DEFAULT_TITLE_FONT, plot, true);
      chart.setBackgroundPaint(Color.WHITE);
      chart.getLegend().setPosition(RectangleEdge.RIGHT);
      return chart;
    }
  }
}
