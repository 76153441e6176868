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
 * @param least microseconds per call
 * @param samples how many
 * @param flops floating-point operations of the case; 0 unless einblas
 * @param bytes of operands and result
 * @param bound the least microseconds that the machine allows; 0 unless einblas
 * @param limit what bounds it: P or B
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
    double least,
    int samples,
    double flops,
    double bytes,
    double bound,
    String limit,
    String error) {
  /** First line of a results file. */
  public static final String HEADER =
      "implementation\tversion\tstyle\tform\tcase\tdtype\tthreads\tmedian_us\tmin_us\tsamples\tflops\tbytes\tbound_us\tlimit\terror";

  /** What to say of a failure. */
  public static Result failed(
      String implementation,
      String version,
      Rival.Style style,
      Catalogue.Case c,
      DType dtype,
      int threads,
      Throwable e) {
    String error = String.valueOf(e).replaceAll("\\s+", " ");
    return new Result(
        implementation, version, style, "", c.name(), dtype, threads, 0, 0, 0, 0, 0, 0, "", error);
  }

  /** Fields with tabs between. */
  public String line() {
    return String.format(
        Locale.ROOT,
        "%s\t%s\t%s\t%s\t%s\t%s\t%d\t%.4f\t%.4f\t%d\t%.6g\t%.6g\t%.4f\t%s\t%s",
        implementation,
        version,
        style,
        form,
        name,
        dtype,
        threads,
        median,
        least,
        samples,
        flops,
        bytes,
        bound,
        limit,
        error);
  }

  /**
   * Reads a line.
   *
   * @throws IllegalArgumentException if it has other fields
   */
  public static Result parse(String line) {
    String[] f = line.split("\t", -1);
    if (f.length != 15) {
      throw new IllegalArgumentException(
          "a result has 15 fields, this line " + f.length + ": " + line);
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
        Integer.parseInt(f[9]),
        Double.parseDouble(f[10]),
        Double.parseDouble(f[11]),
        Double.parseDouble(f[12]),
        f[13],
        f[14]);
  }
}
