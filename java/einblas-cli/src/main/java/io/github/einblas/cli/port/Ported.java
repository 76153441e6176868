// Port: a value of Python in both forms.
package io.github.einblas.cli.port;

import io.github.einblas.TensorMath;
import java.util.ArrayList;
import java.util.List;

/**
 * A tensor: how Java says it, and what plain loops give for it.
 *
 * @param java the library's call
 * @param plain what the Python means
 * @param contiguous whether the Java tensor surely is
 * @param linear the same as a sum with factors, which goes into one pass; null for none
 */
public record Ported(JavaExpression java, PlainTensor plain, boolean contiguous, Linear linear) {
  /** A new tensor. */
  static Ported made(JavaExpression java, PlainTensor plain) {
    return new Ported(java, plain, true, null);
  }

  /** A view, whose strides may be any. */
  static Ported view(JavaExpression java, PlainTensor plain) {
    return new Ported(java, plain, false, null);
  }

  /** A view that is contiguous when this is. */
  Ported as(JavaExpression newJava, PlainTensor newPlain) {
    return new Ported(newJava, newPlain, contiguous, null);
  }

  int[] shape() {
    return plain.shape();
  }

  int rank() {
    return plain.rank();
  }

  /** Contiguous, by a call where it may not be. */
  Ported packed() {
    return contiguous ? this : made(java.then("contiguous"), plain);
  }

  /** Under another shape; lengths as they are printed, where one may be -1. */
  Ported reshaped(int[] printed, int... shape) {
    Ported packed = packed();
    return packed.as(packed.java.then("reshape", (Object[]) boxed(printed)), plain.reshaped(shape));
  }

  static Integer[] boxed(int... numbers) {
    Integer[] all = new Integer[numbers.length];
    for (int i = 0; i < all.length; i++) {
      all[i] = numbers[i];
    }
    return all;
  }

  Linear asLinear() {
    return linear == null ? new Linear(List.of(new Linear.Part(1, java)), 0) : linear;
  }

  /** A sum of at most two tensors with factors, and a number. */
  record Linear(List<Part> parts, double constant) {
    /** A tensor with a factor. */
    record Part(double factor, JavaExpression java) {}

    Linear scaled(double by) {
      return new Linear(
          parts.stream().map(p -> new Part(by * p.factor, p.java)).toList(), by * constant);
    }

    Linear plus(double number) {
      return new Linear(parts, constant + number);
    }

    /** The sum; null if it has more than two tensors. */
    Linear plus(Linear other) {
      List<Part> all = new ArrayList<>(parts);
      all.addAll(other.parts);
      return all.size() > 2 ? null : new Linear(all, constant + other.constant);
    }

    /** The shortest call of the library. */
    JavaExpression expression() {
      Part x = parts.get(0);
      if (parts.size() == 1) {
        if (constant != 0) {
          return JavaExpression.call(TensorMath.class, "affine", x.factor, x.java, constant);
        }
        return x.factor == 1
            ? x.java
            : JavaExpression.call(TensorMath.class, "scale", x.factor, x.java);
      }
      Part y = parts.get(1);
      if (constant == 0 && x.factor == 1 && Math.abs(y.factor) == 1) {
        return JavaExpression.call(
            TensorMath.class, y.factor == 1 ? "add" : "subtract", x.java, y.java);
      }
      return JavaExpression.call(
          TensorMath.class, "affine", x.factor, x.java, y.factor, y.java, constant);
    }

    Ported of(PlainTensor plain) {
      return new Ported(expression(), plain, true, this);
    }
  }
}
