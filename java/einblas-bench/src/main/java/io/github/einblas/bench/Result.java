// Benchmarks: one measured figure, as a line of the results file that Java and numpy_cases.py
// share.
package io.github.einblas.bench;

import io.github.einblas.DType;
import java.util.Locale;

/**
 * One implementation, style, case, type and thread count.
 *
 * @param implementation name of the rival
 * @param version what it ran on
 * @param style best or usual form
 * @param form the calls made
 * @param name of the case
 * @param dtype element type
 * @param threads per call
 * @param median microseconds per call; 0 when it failed
 * @param low lower quartile
 * @param high upper quartile
 * @param least microseconds per call
 * @param samples how many
 * @param flops floating-point operations of the case; 0 unless einblas
 * @param bytes of operands and result
 * @param bound the least microseconds that the machine allows; 0 unless einblas
 * @param limit what bounds it: P or B
 * @param round number of the turn in which all were asked for the case; workers write 0
 * @param error why it failed; empty when its result is einblas's
 */
public record Result(
    String implementation,
    String version,
    Rival.Style style,
    String form,
    String name,
    DType dtype,
    int threads,
    double median,
    double low,
    double high,
    double least,
    int samples,
    double flops,
    double bytes,
    double bound,
    String limit,
    long round,
    String error) {
  /** The error of a case that an implementation has no call for. */
  public static final String CANNOT = "cannot";

  /** First line of a results file. */
  public static final String HEADER =
      "implementation\tversion\tstyle\tform\tcase\tdtype\tthreads\tmedian_us\tq1_us\tq3_us\tmin_us\tsamples\tflops\tbytes\tbound_us\tlimit\tround\terror";

  /** What to say of a failure. */
  public static Result failed(
      String implementation,
      String version,
      Rival.Style style,
      Work c,
      DType dtype,
      int threads,
      Throwable e) {
    String error =
        String.valueOf(e).replaceAll("\\s+", " ").replaceFirst(" Exception raised from .*", "");
    return new Result(
        implementation,
        version,
        style,
        "",
        c.name(),
        dtype,
        threads,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        "",
        0,
        error);
  }

  /** Fields with tabs between. */
  public String line() {
    return String.format(
        Locale.ROOT,
        "%s\t%s\t%s\t%s\t%s\t%s\t%d\t%.4f\t%.4f\t%.4f\t%.4f\t%d\t%.6g\t%.6g\t%.4f\t%s\t%d\t%s",
        implementation,
        version,
        style,
        form,
        name,
        dtype,
        threads,
        median,
        low,
        high,
        least,
        samples,
        flops,
        bytes,
        bound,
        limit,
        round,
        error);
  }

  /**
   * Reads a line.
   *
   * @throws IllegalArgumentException if it has other fields
   */
  public static Result parse(String line) {
    String[] f = line.split("\t", -1);
    if (f.length != 18) {
      throw new IllegalArgumentException(
          "a result has 18 fields, this line " + f.length + ": " + line);
    }
    return new Result(
        f[0],
        f[1],
        Rival.Style.valueOf(f[2]),
        f[3],
        f[4],
        DType.valueOf(f[5]),
        Integer.parseInt(f[6]),
        Double.parseDouble(f[7]),
        Double.parseDouble(f[8]),
        Double.parseDouble(f[9]),
        Double.parseDouble(f[10]),
        Integer.parseInt(f[11]),
        Double.parseDouble(f[12]),
        Double.parseDouble(f[13]),
        Double.parseDouble(f[14]),
        f[15],
        Long.parseLong(f[16]),
        f[17]);
  }

  /** A line for an implementation that has no call for a case. */
  public static Result cannot(
      String implementation, Rival.Style style, Work c, DType dtype, int threads) {
    return new Result(
        implementation,
        "",
        style,
        "",
        c.name(),
        dtype,
        threads,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        "",
        0,
        CANNOT);
  }

  /** The same, of that turn. */
  public Result ofRound(long number) {
    return new Result(
        implementation,
        version,
        style,
        form,
        name,
        dtype,
        threads,
        median,
        low,
        high,
        least,
        samples,
        flops,
        bytes,
        bound,
        limit,
        number,
        error);
  }
}
