// Walks every public method with lengths near 2^31, 2^62 and the ends of long: a documented
// exception or a right result, never one from inside, and never the end of the heap or the stack.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.internal.natives.Reclaim;
import io.github.einblas.reference.PublicApi;
import java.lang.reflect.Method;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExtremeLengthsTest {
  private static final long TWO_31 = 1L << 31;
  private static final long[] EXTREMES = {
    Long.MIN_VALUE,
    Long.MIN_VALUE + 1,
    -TWO_31 - 1,
    -TWO_31,
    -1,
    0,
    TWO_31 - 2,
    TWO_31 - 1,
    TWO_31,
    TWO_31 + 1,
    1L << 32,
    1L << 61,
    1L << 62,
    Long.MAX_VALUE - 1,
    Long.MAX_VALUE
  };

  /** Measure for some time, whatever they are given, or would set what other tests use. */
  private static final Set<String> LEFT_OUT =
      Set.of(
          "bind", // takes nulls
          "measurePeak",
          "measureBandwidth",
          "setThreads",
          "setPoolLimit",
          "setNativeMemoryLimit",
          "save",
          "delete");

  @TempDir Path folder;
  private final List<String> wrong = new ArrayList<>();
  private boolean collected;

  @BeforeAll
  static void measured() {
    for (DType type : List.of(DType.F32, DType.F64)) { // once, which takes memory
      Einsum.plan("i->i", type, new long[] {4}).explain();
    }
  }

  @BeforeEach
  void withoutTheCollector() {
    collected = Reclaim.enable(false); // thousands of requests that no collection could satisfy
    // What the machine could hold would only take time.
    Einblas.setNativeMemoryLimit(Einblas.nativeBytesInUse() + (64 << 20));
  }

  @AfterEach
  void nothingWrong() {
    Reclaim.enable(collected);
    Einblas.setNativeMemoryLimit(Long.MAX_VALUE);
    assertEquals(List.of(), wrong);
  }

  private interface Body {
    Object run() throws Throwable;
  }

  private void check(String where, Body body) {
    try {
      use(body.run());
    } catch (ArrayIndexOutOfBoundsException | StringIndexOutOfBoundsException e) {
      wrong.add(where + " threw " + e);
    } catch (IllegalArgumentException
        | IllegalStateException
        | IndexOutOfBoundsException
        | NativeMemoryException
        | java.io.IOException e) {
      if (e.getMessage() == null || e.getMessage().length() < 10) {
        wrong.add(where + ": the exception says nothing: " + e);
      }
    } catch (Throwable e) {
      StackTraceElement[] at = e.getStackTrace();
      wrong.add(where + " threw " + e + (at.length > 0 ? " at " + at[0] : ""));
    }
  }

  private void use(Object result) {
    if (result instanceof Tensor t) {
      describe(t);
      t.close();
    } else if (result instanceof CsrMatrix m) {
      assertNotNull(m.toString());
      try (Tensor one = Tensor.ones(m.dtype(), 1, 1)) {
        m.explain(one.broadcastTo(m.columns(), 3));
      }
      m.density();
      m.close();
    } else if (result instanceof Kronecker k) {
      assertNotNull(k.toString());
      k.shape();
      k.denseBytes();
    } else if (result != null) {
      assertNotNull(result.toString());
    }
  }

  private static void describe(Tensor t) {
    assertTrue(t.toString().length() < 1 << 20);
    assertTrue(t.nbytes() >= 0 && t.size() >= 0);
    t.isContiguous();
    assertEquals(t.hashCode(), t.hashCode());
  }

  /** What a parameter is given instead of a right argument. */
  private static List<Object> instead(Class<?> type, Object right) {
    List<Object> all = new ArrayList<>();
    for (long e : EXTREMES) {
      if (type == long.class) {
        all.add(e);
      } else if (type == int.class) {
        all.add((int) Math.max(Integer.MIN_VALUE, Math.min(Integer.MAX_VALUE, e)));
      } else if (type == long[].class) {
        for (long other : new long[] {0, 1, 4, e}) {
          all.add(new long[] {e, other});
          all.add(new long[] {other, e});
        }
        all.add(new long[] {e});
        all.add(new long[] {e, 0, e});
      } else if (type == int[].class) {
        int i = (int) Math.max(Integer.MIN_VALUE, Math.min(Integer.MAX_VALUE, e));
        all.add(new int[] {i});
        all.add(new int[] {0, i});
        all.add(new int[] {i, i, i});
      } else if (type == long[][].class) {
        all.add(new long[][] {{e, 3}, {3, 3}});
        all.add(new long[][] {{3, e}, {e, 3}});
        all.add(new long[][] {{e, 0}, {0, e}});
        all.add(new long[][] {{e, e}, {e, e}});
      } else if (type == double.class) {
        all.add((double) e);
      }
    }
    if (type == Tensor.class) {
      all.addAll(tensors(((Tensor) right).dtype()));
    } else if (type == Tensor[].class) {
      for (Tensor t : tensors(DType.F32)) {
        all.add(new Tensor[] {t, ((Tensor[]) right)[1]});
        all.add(new Tensor[] {t, t});
      }
    }
    return all;
  }

  /** Tensors with such lengths that take no memory: without elements, or one repeated. */
  private static List<Tensor> tensors(DType type) {
    List<Tensor> all = new ArrayList<>();
    Tensor one = Tensor.ones(type, 1, 1);
    for (long e : EXTREMES) {
      if (e < 0) {
        continue;
      }
      all.add(Tensor.empty(type, e, 0));
      all.add(Tensor.empty(type, 0, e));
      all.add(Tensor.empty(type, e, 0, e));
      // Sums over so many would take minutes, so that it stands where others have length 3.
      all.add(one.broadcastTo(e, 1));
    }
    return all;
  }

  @Test
  void everyPublicMethod() throws Throwable {
    GoodArguments good = new GoodArguments();
    good.folder = folder;
    for (Class<?> type : PublicApi.types()) {
      for (Method m : PublicApi.methods(type)) {
        if ((m.getParameterCount() > 0 || type == Tensor.class)
            && !RefusalTest.ELSEWHERE.containsKey(type.getSimpleName())
            && !LEFT_OUT.contains(m.getName())) {
          walk(good, m);
        }
      }
    }
    good.open.forEach(Tensor::close);
  }

  private void walk(GoodArguments good, Method m) {
    Class<?>[] types = m.getParameterTypes();
    Object[] arguments = new Object[types.length];
    Object receiver = good.receiver(m);
    for (int i = 0; i < types.length; i++) {
      arguments[i] = good.argument(m, i);
    }
    for (int i = 0; i < types.length; i++) {
      for (Object value : instead(types[i], arguments[i])) {
        Object[] changed = arguments.clone();
        changed[i] = value;
        RefusalTest.Call call = new RefusalTest.Call(receiver, m, changed);
        String text =
            value instanceof long[] v
                ? Arrays.toString(v)
                : value instanceof int[] v
                    ? Arrays.toString(v)
                    : value instanceof Object[] v ? Arrays.deepToString(v) : "" + value;
        check(call.name() + " with " + text + " for argument " + i, call::run);
      }
    }
    if (receiver instanceof Tensor && m.getReturnType() != void.class) {
      for (Tensor t : tensors(DType.F32)) {
        RefusalTest.Call call = new RefusalTest.Call(t, m, arguments);
        check(call.name() + " of " + t.strided().describe(), call::run);
      }
    }
  }

  @Test
  void viewsOfExtremeViews() {
    for (Tensor t : tensors(DType.F64)) {
      for (long a : EXTREMES) {
        int axis = 0;
        check("slice", () -> t.slice(axis, a, -a, a));
        check("slice", () -> t.slice(1, 0, Long.MAX_VALUE, a).slice(0, a, 0, -1));
        check("select", () -> t.select(1, a));
        for (long b : EXTREMES) {
          check("reshape", () -> t.reshape(a, b));
          check("reshape", () -> t.reshape(-1, a, b));
          check("reshape", () -> t.reshape(a, 0, b).slice(0, 0, a, 2));
          check("broadcast", () -> t.broadcastTo(a, b));
          check("strided", () -> t.asStrided(a, new long[] {b, 3}, new long[] {a, b}));
          check("strided", () -> t.asStrided(0, new long[] {b, 0}, new long[] {a, b}).flip(0));
        }
      }
      check("diagonal", () -> t.diagonal(0, 1));
      check("permute", t::transpose);
      check("copy", t::contiguous);
      check("to", () -> t.to(DType.I64));
      check("array", t::toDoubleArray);
      check("item", t::item);
    }
  }

  @Test
  void plansOfExtremeShapes() {
    List<String> two =
        List.of("ij,jk->ik", "ij,ij->", "ij,kl->ijkl", "ii,ij->j", "ij,jk->k", "ij,ij->ij");
    for (String equation : two) {
      for (long a : EXTREMES) {
        for (long b : new long[] {0, 1, 2, TWO_31 + 1, 1L << 61, Long.MAX_VALUE}) {
          long[][] shapes = {{a, b}, {b, a}};
          check(
              equation + Arrays.deepToString(shapes),
              () -> {
                EinsumPlan plan = Einsum.plan(equation, DType.F32, shapes);
                return plan.explain() + plan.flops() + plan.bytes() + plan.toJson();
              });
          check(
              equation + Arrays.deepToString(shapes),
              () -> Einsum.plan(equation, DType.F64, shapes[0], shapes[0]).explain());
        }
      }
    }
  }

  @Test
  void blocksOfExtremeNumbers() {
    int[][] index = {{0, 1}};
    for (long a : EXTREMES) {
      for (long b : EXTREMES) {
        check("pattern", () -> BlockPattern.of(index, index, a, b));
        check("pattern", () -> BlockPattern.of(new long[][] {{a, b}}, new long[][] {{0}}, a, b));
        check("csr", () -> CsrMatrix.of(new float[0], new int[0], new int[] {0}, a, b));
        check("bsr of dense", () -> BsrMatrix.ofDense(Tensor.zeros(DType.F32, 4, 4), a, b));
        check("identity", () -> Kronecker.identity(a).kron(Kronecker.identity(b)));
        check("identity", () -> Kronecker.identity(a).product(Kronecker.identity(b)));
        check("identity", () -> Kronecker.identity(a).row(b));
      }
      Kronecker k = a < 0 ? Kronecker.identity(1) : Kronecker.identity(a);
      check("dense", k::toDense);
      check("diagonal", k::diagonal);
      check("trace", k::trace);
      check("determinant", k::logDeterminant);
      check("eigenvalues", k::eigenvalues);
      check("times", () -> k.times(Tensor.ones(DType.F64, 1).broadcastTo(Math.max(a, 0))));
    }
  }

  @Test
  void ranksInTheThousands() {
    int rank = 20_000;
    long[] ones = new long[rank];
    Arrays.fill(ones, 1);
    try (Tensor t = Tensor.of(new double[] {3}, ones)) {
      String text = t.toString();
      assertTrue(text.startsWith("[".repeat(rank) + "3.]"), text.substring(0, 50));
      assertEquals(3, t.get(new long[rank]));
      assertEquals(3, t.squeeze().item());
      assertEquals(3, t.copy().item());
    }
    long[] twos = new long[40];
    Arrays.fill(twos, 2);
    try (Tensor t = Tensor.scalar(DType.F32, 1).broadcastTo(twos)) {
      assertTrue(t.toString().startsWith("[...] shape="), t.toString());
    }
  }

  @Test
  void textsOfTensorsWithoutElements() {
    assertEquals("[] shape=[9223372036854775807, 0] dtype=F32", text(Long.MAX_VALUE, 0));
    assertEquals("[] shape=[2147483647, 0] dtype=F32", text(Integer.MAX_VALUE, 0));
    assertEquals("[] shape=[0] dtype=F32", text(0));
    try (Tensor t = Tensor.zeros(DType.F32, 4)) {
      assertThrows(IllegalArgumentException.class, () -> t.reshape(1L << 62, 4));
    }
  }

  private static String text(long... shape) {
    try (Tensor t = Tensor.empty(DType.F32, shape)) {
      return t.toString();
    }
  }
}
