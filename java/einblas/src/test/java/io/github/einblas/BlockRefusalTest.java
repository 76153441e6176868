// Walks over every public method of BlockSparse with one wrong argument at a time: refused, nothing
// written, nothing leaked.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class BlockRefusalTest {
  /** What the tensors among a method's arguments are, in order; indices come behind them. */
  private static final Map<String, String> TENSORS =
      Map.ofEntries(
          Map.entry("gemv", "o w h"),
          Map.entry("gemvInPlace", "o w h"),
          Map.entry("gemvInto", "o w h"),
          Map.entry("dot", "w h bias"),
          Map.entry("dotInto", "o w h bias"),
          Map.entry("outer", "w h o"),
          Map.entry("outerInPlace", "w h o"),
          Map.entry("gemvGradient", "w h o"),
          Map.entry("dotGradient", "w h o"),
          Map.entry("outerGradient", "h o w"),
          Map.entry("addDotGradient", "w bias h o"),
          Map.entry("of", ""));

  private final List<Tensor> open = new ArrayList<>();

  private Tensor own(Tensor t) {
    open.add(t);
    return t;
  }

  /** Three examples, windows of 2 and 4, blocks 5 x 6 of 7 x 8. */
  private Tensor tensor(String name) {
    return own(
        switch (name) {
          case "o" -> Tensor.ones(DType.F32, 3, 4, 8);
          case "w" -> Tensor.ones(DType.F32, 5, 6, 7, 8);
          case "h" -> Tensor.ones(DType.F32, 3, 2, 7);
          case "bias" -> Tensor.ones(DType.F32, 6, 8);
          case "in" -> Tensor.zeros(DType.I32, 3, 2);
          default -> Tensor.zeros(DType.I64, 3, 4);
        });
  }

  private Object[] arguments(Method m) {
    String tensors = TENSORS.get(m.getName());
    List<String> names =
        new ArrayList<>(List.of(tensors.isEmpty() ? new String[0] : tensors.split(" ")));
    names.add("in");
    names.add("out");
    int window = 2;
    Object[] arguments = new Object[m.getParameterCount()];
    for (int i = 0; i < arguments.length; i++) {
      Class<?> type = m.getParameterTypes()[i];
      if (type == Tensor.class) {
        arguments[i] = tensor(names.remove(0));
      } else if (type == BlockPattern.class) {
        arguments[i] = BlockPattern.of(new int[3][2], new int[3][4], 5, 6);
      } else if (type == double.class) {
        arguments[i] = 0.5;
      } else if (type == long.class) {
        arguments[i] = 6L;
      } else {
        arguments[i] = type == int[][].class ? new int[3][window] : new long[3][window];
        window = 4;
      }
    }
    return arguments;
  }

  /** Wrong values for an argument, by what is wrong with them. */
  private Map<String, Object> wrong(Object argument) {
    Map<String, Object> values = new LinkedHashMap<>();
    if (argument instanceof Tensor t) {
      Tensor closed = t.copy();
      closed.close();
      values.put("closed", closed);
      values.put("another type", own(t.to(t.dtype().isFloating() ? DType.F64 : DType.F32)));
      values.put("another rank", t.unsqueeze(0).unsqueeze(0));
      long[] shape = t.shape();
      shape[t.dtype().isFloating() ? shape.length - 1 : 0]++;
      values.put("another shape", own(Tensor.zeros(t.dtype(), shape)));
      if (!t.dtype().isFloating()) {
        values.put("an index out of range", own(Tensor.full(t.dtype(), 6, t.shape())));
        values.put("a negative index", own(Tensor.full(t.dtype(), -1, t.shape())));
      }
    } else if (argument instanceof BlockPattern) {
      values.put("other windows", BlockPattern.of(new int[3][4], new int[3][2], 5, 6));
      values.put("other blocks", BlockPattern.of(new int[3][2], new int[3][4], 6, 5));
    } else if (argument instanceof int[][] rows) {
      values.put("a ragged matrix", new int[][] {{0}, {0, 0}, {0}});
      values.put("an index out of range", filled(new int[3][rows[0].length], 6));
      values.put("a missing row", new int[3][]);
    } else if (argument instanceof long[][] rows) {
      values.put("a ragged matrix", new long[][] {{0}, {0, 0}, {0}});
      values.put("a huge index", filled(new long[3][rows[0].length], 1L << 32));
      values.put("a batch of two", new long[2][rows[0].length]);
    } else if (argument instanceof Long) {
      values.put("no block", 0L);
      values.put("negative blocks", -1L);
    }
    if (!(argument instanceof Long || argument instanceof Double)) {
      values.put("null", null);
    }
    return values;
  }

  private static int[][] filled(int[][] rows, int value) {
    Arrays.stream(rows).forEach(r -> Arrays.fill(r, value));
    return rows;
  }

  private static long[][] filled(long[][] rows, long value) {
    Arrays.stream(rows).forEach(r -> Arrays.fill(r, value));
    return rows;
  }

  @Test
  void everyMethodRefusesWrongArguments() throws ReflectiveOperationException {
    List<String> accepted = new ArrayList<>();
    int refusals = 0;
    for (Method m :
        Stream.of(BlockSparse.class, BlockPattern.class)
            .flatMap(c -> Stream.of(c.getDeclaredMethods()))
            .toList()) {
      if (!Modifier.isPublic(m.getModifiers()) || !Modifier.isStatic(m.getModifiers())) {
        continue;
      }
      Object[] good = arguments(m);
      close(m.invoke(null, good.clone())); // works, so that what is refused is the wrong argument
      for (int i = 0; i < good.length; i++) {
        for (Map.Entry<String, Object> wrong : wrong(good[i]).entrySet()) {
          Object[] arguments = good.clone();
          arguments[i] = wrong.getValue();
          String where = m + " with " + wrong.getKey() + " for argument " + i;
          if (!refused(m, arguments, where)) {
            accepted.add(where);
          }
          refusals++;
        }
      }
    }
    open.forEach(Tensor::close);
    assertEquals(List.of(), accepted);
    assertTrue(refusals > 220, refusals + " refusals");
  }

  private static boolean refused(Method m, Object[] arguments, String where)
      throws IllegalAccessException {
    List<float[]> before = contents(arguments);
    long bytes = Einblas.nativeBytesInUse();
    try {
      close(m.invoke(null, arguments));
      return false;
    } catch (InvocationTargetException e) {
      Throwable cause = e.getCause();
      boolean right =
          cause instanceof IllegalArgumentException
              || cause instanceof IllegalStateException
              || cause instanceof IndexOutOfBoundsException
              || cause instanceof NullPointerException;
      assertTrue(right && cause.getMessage() != null, () -> where + " threw " + cause);
      assertTrue(!cause.getMessage().startsWith("Cannot "), () -> where + " threw " + cause);
    }
    assertTrue(Einblas.nativeBytesInUse() <= bytes, () -> where + " leaked");
    List<float[]> after = contents(arguments);
    for (int i = 0; i < before.size(); i++) {
      assertArrayEquals(before.get(i), after.get(i), where + " changed a tensor");
    }
    return true;
  }

  private static List<float[]> contents(Object[] arguments) {
    return Arrays.stream(arguments)
        .filter(a -> a instanceof Tensor t && !t.isClosed() && t.dtype() == DType.F32)
        .map(a -> ((Tensor) a).toFloatArray())
        .toList();
  }

  private static void close(Object result) {
    if (result instanceof AutoCloseable c) {
      try {
        c.close();
      } catch (Exception e) {
        throw new AssertionError(e);
      }
    }
  }
}
