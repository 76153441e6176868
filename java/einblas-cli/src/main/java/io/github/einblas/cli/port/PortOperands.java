// Port: the tensors that a call names: their shapes and their elements.
package io.github.einblas.cli.port;

import io.github.einblas.DType;
import io.github.einblas.Tensor;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** Operands by name, made when the call first needs them, of the shape that it needs. */
public final class PortOperands {
  /** Where elements come from. */
  public interface Draw {
    /** Numbers for a tensor, in C order; they are rounded to its type. */
    double[] values(String name, int... shape);
  }

  /**
   * How shapes are chosen that nobody gave.
   *
   * @param lengths lengths of new axes in turn
   * @param rank where the call allows any
   */
  record Choice(int[] lengths, int rank) {}

  /** A name that is read and written as it is, and would not be one of Java's. */
  private static final Set<String> JAVA_WORDS =
      Set.of(
          "abstract",
          "assert",
          "boolean",
          "byte",
          "case",
          "catch",
          "char",
          "const",
          "default",
          "do",
          "double",
          "enum",
          "extends",
          "final",
          "finally",
          "float",
          "goto",
          "implements",
          "instanceof",
          "int",
          "interface",
          "long",
          "native",
          "new",
          "null",
          "package",
          "private",
          "protected",
          "public",
          "short",
          "static",
          "strictfp",
          "super",
          "switch",
          "synchronized",
          "this",
          "throw",
          "throws",
          "transient",
          "true",
          "false",
          "void",
          "volatile",
          "_");

  private final Map<String, int[]> given;
  private final DType type;
  private final Draw draw;
  private final Choice choice;
  private final Map<String, PlainTensor> bound = new LinkedHashMap<>();
  private int chosen;

  PortOperands(Map<String, int[]> given, DType type, Draw draw, Choice choice) {
    this.given = given;
    this.type = type;
    this.draw = draw;
    this.choice = choice;
  }

  DType type() {
    return type;
  }

  static boolean isJavaWord(String name) {
    return JAVA_WORDS.contains(name);
  }

  boolean isKnown(String name) {
    return bound.containsKey(name) || given.containsKey(name);
  }

  /** Whether the command chose a shape. */
  public boolean choseShapes() {
    return !given.keySet().containsAll(bound.keySet());
  }

  public Map<String, PlainTensor> bound() {
    return bound;
  }

  /** The tensor of a name; want has -1 for lengths that may be any, and is null if all may. */
  PlainTensor get(String name, int[] want) {
    PlainTensor known = bound.get(name);
    if (known != null) {
      return known;
    }
    int[] shape = given.get(name);
    if (shape == null) {
      shape = want == null ? PortShapes.filled(choice.rank, -1) : want.clone();
      for (int i = 0; i < shape.length; i++) {
        if (shape[i] < 0) {
          shape[i] = nextLength();
        }
      }
    }
    PlainTensor.requireSmall(PlainTensor.size(shape));
    double[] values;
    try (Tensor drawn = Tensor.of(draw.values(name, shape), longs(shape));
        Tensor rounded = drawn.to(type);
        Tensor wide = rounded.to(DType.F64)) {
      values = wide.toDoubleArray();
    }
    PlainTensor tensor = PlainTensor.of(PlainTensor.Kind.REAL, values, shape);
    bound.put(name, tensor);
    return tensor;
  }

  /** A length that the call leaves open. */
  int nextLength() {
    return choice.lengths[chosen++ % choice.lengths.length];
  }

  /** The library's tensors, to be closed by the caller. */
  Map<String, Tensor> tensors() {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    bound.forEach(
        (name, plain) -> {
          try (Tensor wide = Tensor.of(plain.values(), longs(plain.shape()))) {
            tensors.put(name, wide.to(type));
          }
        });
    return tensors;
  }

  static long[] longs(int... shape) {
    long[] all = new long[shape.length];
    for (int i = 0; i < all.length; i++) {
      all[i] = shape[i];
    }
    return all;
  }
}
