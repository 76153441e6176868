// Kronecker: an operator that was used before gives and refuses what a new one does.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.internal.tensor.TensorCopy;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

class KroneckerRepeatedTest extends RandomKronecker {
  private static final DType[] TYPES = {DType.F32, DType.F64, DType.BF16, DType.F16, DType.C64};

  private Tensor normal(DType type, long seed, long... shape) {
    if (!type.isComplex()) {
      return own(TensorMath.normal(type, seed, 0, 1, shape));
    }
    long[] parts = Arrays.copyOf(shape, shape.length + 1);
    parts[shape.length] = 2;
    double[] values = bits(own(TensorMath.normal(DType.F64, seed, 0, 1, parts)));
    return own(own(Tensor.ofComplex(values, shape)).to(type));
  }

  private static void same(String what, Tensor want, Tensor got) {
    assertTrue(TensorMath.contentEquals(want, got), what);
  }

  private static double[] bits(Tensor t) {
    return TensorCopy.doubles(t.strided());
  }

  @Test
  void resultsAreThoseOfANewOperator() {
    for (DType type : TYPES) {
      Tensor a = normal(type, 1, 3, 4);
      Tensor b = normal(type, 2, 5, 2);
      Kronecker used = Kronecker.of(a, b);
      List<Tensor> inputs = new ArrayList<>();
      for (int seed = 3; seed < 6; seed++) {
        inputs.add(normal(type, seed, 8)); // one after the other of the same layout
        inputs.add(normal(type, seed, 8, 6));
        inputs.add(normal(type, seed, 6, 8).transpose());
        inputs.add(normal(type, seed, 2, 8, 6));
        if (type.isComplex()) {
          inputs.add(normal(type, seed, 8, 6).conj());
        }
      }
      inputs.addAll(List.copyOf(inputs));
      for (Tensor x : inputs) {
        String what = type + " " + Arrays.toString(x.shape()) + " " + Arrays.toString(x.strides());
        Tensor fresh = own(Kronecker.of(a, b).times(x));
        for (int repeat = 0; repeat < 3; repeat++) {
          same(what, fresh, own(used.times(x)));
          Tensor out = own(Tensor.ones(type, fresh.shape()));
          Tensor want = own(Tensor.ones(type, fresh.shape()));
          used.timesInto(out, 2, 0.5, x);
          Kronecker.of(a, b).timesInto(want, 2, 0.5, x);
          same(what, want, out);
        }
      }
      Tensor left = normal(type, 9, 2, 15);
      for (int repeat = 0; repeat < 3; repeat++) {
        same(type + " left", own(Kronecker.of(a, b).timesLeft(left)), own(used.timesLeft(left)));
      }
      a.set(7, 0, 0); // read at each run
      Tensor x = inputs.get(0);
      same(type + " changed", own(Kronecker.of(a, b).times(x)), own(used.times(x)));
    }
  }

  @Test
  void operatorsOfEveryKindAndOutputsOfEveryLayout() {
    DType type = DType.F64;
    Tensor a = normal(type, 1, 3, 4);
    Tensor b = normal(type, 2, 5, 2);
    Tensor batch = normal(type, 3, 2, 3, 4);
    List<Supplier<Kronecker>> kinds =
        List.of(
            () -> Kronecker.of(a, b),
            () -> Kronecker.of(a, Kronecker.identity(3), b),
            () -> Kronecker.of(a, Kronecker.diagonal(normal(type, 4, 3)), b),
            () -> Kronecker.of(batch, b)); // on the chain from 4096 elements of each run on
    for (Supplier<Kronecker> kind : kinds) {
      Kronecker used = kind.get();
      for (int seed = 5; seed < 8; seed++) {
        Tensor x = normal(type, seed, used.columns(), 300);
        Tensor fresh = own(kind.get().times(x));
        for (int repeat = 0; repeat < 3; repeat++) {
          same(used + " new", fresh, own(used.times(x)));
          long[] shape = fresh.shape();
          Tensor out = own(Tensor.zeros(type, shape));
          used.timesInto(out, 1, 0, x);
          same(used + " into", fresh, out);
          long[] wide = shape.clone();
          wide[wide.length - 1] *= 2;
          Tensor second =
              own(Tensor.zeros(type, wide)).slice(wide.length - 1, 0, wide[wide.length - 1], 2);
          used.timesInto(second, 1, 0, x);
          same(used + " every second", fresh, second);
        }
      }
    }
  }

  @Test
  void alphaZeroReadsNoOperand() {
    Tensor a = normal(DType.F64, 1, 3, 3);
    Kronecker used = Kronecker.of(a, a);
    Tensor x = normal(DType.F64, 2, 9);
    Tensor out = own(Tensor.ones(DType.F64, 9));
    used.timesInto(out, 1, 0, x);
    x.set(Double.NaN, 0);
    used.timesInto(out, 0, 0, x);
    assertArrayEquals(new double[9], bits(out));
  }

  /** What a call says, of an operator that was used before and of a new one. */
  private void sameRefusal(String what, BiConsumer<Kronecker, List<Tensor>> call) {
    String[] said = new String[2];
    for (int i = 0; i < 2; i++) {
      Tensor a = normal(DType.F32, 1, 3, 3);
      Tensor x = normal(DType.F32, 3, 9, 2);
      Tensor out = own(Tensor.zeros(DType.F32, 9, 2));
      Kronecker k = Kronecker.of(a, normal(DType.F32, 2, 3, 3));
      if (i == 0) {
        k.timesInto(out, 1, 0, x);
        k.timesInto(out, 1, 0, x);
      }
      try {
        call.accept(k, List.of(a, x, out));
      } catch (RuntimeException e) {
        said[i] = e.toString();
      }
    }
    assertNotNull(said[1], what);
    assertEquals(said[1], said[0], what);
  }

  @Test
  void refusalsAreThoseOfANewOperator() {
    sameRefusal("null x", (k, t) -> k.timesInto(t.get(2), 1, 0, null));
    sameRefusal("null out", (k, t) -> k.timesInto(null, 1, 0, t.get(1)));
    sameRefusal("x twice", (k, t) -> k.timesInto(t.get(1), 1, 0, t.get(1)));
    sameRefusal(
        "out of another shape", (k, t) -> k.timesInto(t.get(2).reshape(2, 9), 1, 0, t.get(1)));
    sameRefusal(
        "out of another type",
        (k, t) -> k.timesInto(own(Tensor.zeros(DType.F64, 9, 2)), 1, 0, t.get(1)));
    sameRefusal(
        "x of another type",
        (k, t) -> k.timesInto(t.get(2), 1, 0, own(Tensor.zeros(DType.F64, 9, 2))));
    sameRefusal(
        "x of another type, new result",
        (k, t) -> own(k.times(own(Tensor.zeros(DType.F64, 9, 2)))));
    sameRefusal(
        "out over a factor",
        (k, t) -> {
          Tensor all = own(Tensor.ones(DType.F32, 27));
          Tensor factor = all.slice(0, 9, 18).reshape(3, 3);
          Tensor x = all.slice(0, 9, 27).reshape(9, 2);
          Kronecker over = Kronecker.of(factor, factor);
          over.timesInto(t.get(2), 1, 0, t.get(1));
          over.timesInto(x, 1, 0, t.get(1));
        });
    for (int closed = 0; closed < 3; closed++) {
      int which = closed;
      sameRefusal(
          List.of("closed factor", "closed x", "closed out").get(which),
          (k, t) -> {
            t.get(which).close();
            k.timesInto(t.get(2), 1, 0, t.get(1));
          });
    }
    sameRefusal(
        "closed factor, new result",
        (k, t) -> {
          t.get(0).close();
          own(k.times(t.get(1)));
        });
    ByteBuffer bytes = ByteBuffer.allocateDirect(4 * 18).order(ByteOrder.nativeOrder());
    Tensor readOnly = own(Tensor.wrap(bytes.asFloatBuffer().asReadOnlyBuffer(), 9, 2));
    sameRefusal("read-only out", (k, t) -> k.timesInto(readOnly, 1, 0, t.get(1)));
  }
}
