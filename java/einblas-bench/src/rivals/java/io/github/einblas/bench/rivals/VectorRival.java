// Rivals: Java loops whose innermost one is written with jdk.incubator.vector.
package io.github.einblas.bench.rivals;

import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Vectors of the machine's preferred size where the innermost strides are 0 or 1; loops elsewhere.
 */
public final class VectorRival extends LoopsRival {
  private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
  private static final VectorSpecies<Double> DOUBLES = DoubleVector.SPECIES_PREFERRED;

  @Override
  public String name() {
    return "vector";
  }

  @Override
  public String version() {
    return "jdk.incubator.vector, %d bits, JDK %s"
        .formatted(FLOATS.vectorBitSize(), System.getProperty("java.version"));
  }

  @Override
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
    int whole = FLOATS.loopBound(n);
    if (bs != 1 || as > 1 || cs > 1 || whole == 0 || (cs == 0 && as == 0)) {
      super.line(a, ao, as, b, bo, bs, c, co, cs, n, add);
      return;
    }
    if (cs == 0) {
      FloatVector s0 = FloatVector.zero(FLOATS);
      FloatVector s1 = s0;
      FloatVector s2 = s0;
      FloatVector s3 = s0;
      int w = FLOATS.length();
      int i = 0;
      for (; i <= n - 4 * w; i += 4 * w) {
        s0 =
            FloatVector.fromArray(FLOATS, a, ao + i)
                .fma(FloatVector.fromArray(FLOATS, b, bo + i), s0);
        s1 =
            FloatVector.fromArray(FLOATS, a, ao + i + w)
                .fma(FloatVector.fromArray(FLOATS, b, bo + i + w), s1);
        s2 =
            FloatVector.fromArray(FLOATS, a, ao + i + 2 * w)
                .fma(FloatVector.fromArray(FLOATS, b, bo + i + 2 * w), s2);
        s3 =
            FloatVector.fromArray(FLOATS, a, ao + i + 3 * w)
                .fma(FloatVector.fromArray(FLOATS, b, bo + i + 3 * w), s3);
      }
      for (; i < whole; i += w) {
        s0 =
            FloatVector.fromArray(FLOATS, a, ao + i)
                .fma(FloatVector.fromArray(FLOATS, b, bo + i), s0);
      }
      c[co] += s0.add(s1).add(s2.add(s3)).reduceLanes(VectorOperators.ADD);
    } else if (as == 0) {
      FloatVector x = FloatVector.broadcast(FLOATS, a[ao]);
      for (int i = 0; i < whole; i += FLOATS.length()) {
        FloatVector v = FloatVector.fromArray(FLOATS, b, bo + i);
        (add ? x.fma(v, FloatVector.fromArray(FLOATS, c, co + i)) : x.mul(v)).intoArray(c, co + i);
      }
    } else {
      for (int i = 0; i < whole; i += FLOATS.length()) {
        FloatVector x = FloatVector.fromArray(FLOATS, a, ao + i);
        FloatVector v = FloatVector.fromArray(FLOATS, b, bo + i);
        (add ? x.fma(v, FloatVector.fromArray(FLOATS, c, co + i)) : x.mul(v)).intoArray(c, co + i);
      }
    }
    if (whole < n) {
      super.line(a, ao + whole * as, as, b, bo + whole, bs, c, co + whole * cs, cs, n - whole, add);
    }
  }

  @Override
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
    int whole = DOUBLES.loopBound(n);
    if (bs != 1 || as > 1 || cs > 1 || whole == 0 || (cs == 0 && as == 0)) {
      super.line(a, ao, as, b, bo, bs, c, co, cs, n, add);
      return;
    }
    if (cs == 0) {
      DoubleVector s0 = DoubleVector.zero(DOUBLES);
      DoubleVector s1 = s0;
      DoubleVector s2 = s0;
      DoubleVector s3 = s0;
      int w = DOUBLES.length();
      int i = 0;
      for (; i <= n - 4 * w; i += 4 * w) {
        s0 =
            DoubleVector.fromArray(DOUBLES, a, ao + i)
                .fma(DoubleVector.fromArray(DOUBLES, b, bo + i), s0);
        s1 =
            DoubleVector.fromArray(DOUBLES, a, ao + i + w)
                .fma(DoubleVector.fromArray(DOUBLES, b, bo + i + w), s1);
        s2 =
            DoubleVector.fromArray(DOUBLES, a, ao + i + 2 * w)
                .fma(DoubleVector.fromArray(DOUBLES, b, bo + i + 2 * w), s2);
        s3 =
            DoubleVector.fromArray(DOUBLES, a, ao + i + 3 * w)
                .fma(DoubleVector.fromArray(DOUBLES, b, bo + i + 3 * w), s3);
      }
      for (; i < whole; i += w) {
        s0 =
            DoubleVector.fromArray(DOUBLES, a, ao + i)
                .fma(DoubleVector.fromArray(DOUBLES, b, bo + i), s0);
      }
      c[co] += s0.add(s1).add(s2.add(s3)).reduceLanes(VectorOperators.ADD);
    } else if (as == 0) {
      DoubleVector x = DoubleVector.broadcast(DOUBLES, a[ao]);
      for (int i = 0; i < whole; i += DOUBLES.length()) {
        DoubleVector v = DoubleVector.fromArray(DOUBLES, b, bo + i);
        (add ? x.fma(v, DoubleVector.fromArray(DOUBLES, c, co + i)) : x.mul(v))
            .intoArray(c, co + i);
      }
    } else {
      for (int i = 0; i < whole; i += DOUBLES.length()) {
        DoubleVector x = DoubleVector.fromArray(DOUBLES, a, ao + i);
        DoubleVector v = DoubleVector.fromArray(DOUBLES, b, bo + i);
        (add ? x.fma(v, DoubleVector.fromArray(DOUBLES, c, co + i)) : x.mul(v))
            .intoArray(c, co + i);
      }
    }
    if (whole < n) {
      super.line(a, ao + whole * as, as, b, bo + whole, bs, c, co + whole * cs, cs, n - whole, add);
    }
  }
}
