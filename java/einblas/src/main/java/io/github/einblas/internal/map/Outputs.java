// Maps: outputs, made or given, and what they may share with operands.
package io.github.einblas.internal.map;

import io.github.einblas.DType;
import io.github.einblas.internal.tensor.Lease;
import io.github.einblas.internal.tensor.Strided;
import io.github.einblas.internal.tensor.Views;
import java.util.Arrays;
import java.util.Objects;
import java.util.function.Consumer;

/** What all functions of this room ask of their tensors. */
final class Outputs {
  private Outputs() {}

  /** A new tensor that a function fills; freed where that fails. */
  static Strided made(DType type, long[] shape, Consumer<Strided> fill) {
    Strided result = Strided.empty(type, shape);
    boolean done = false;
    try {
      fill.accept(result);
      done = true;
      return result;
    } finally {
      if (!done) {
        result.close();
      }
    }
  }

  /** Refuses an output that cannot be written, or has another shape. */
  static void require(String name, Strided out, long[] shape) {
    if (!Views.same(out.shape(), shape)) {
      throw new IllegalArgumentException(
          name
              + ": the output must have shape "
              + Arrays.toString(shape)
              + ", got "
              + out.describe());
    }
    out.requireWritable(name);
  }

  /** Holds tensors; each operand is the output itself or shares nothing with it. */
  static Lease hold(String name, Strided out, Strided... operands) {
    Lease lease = Lease.of(words(name, operands.length), out, operands);
    boolean done = false;
    try {
      for (int i = 0; i < operands.length; i++) {
        Strided x = operands[i];
        if (x != null && !x.isSame(out) && out.sharesElements(x)) {
          throw new IllegalArgumentException(
              name
                  + ": the output shares elements with operand "
                  + i
                  + " ("
                  + x.describe()
                  + ") and is not the same view; in place the two are one tensor");
        }
      }
      done = true;
      return lease;
    } finally {
      if (!done) {
        lease.close();
      }
    }
  }

  static Lease.Words words(String name, int operands) {
    return new Lease.Words() {
      @Override
      public String where() {
        return name + ": ";
      }

      @Override
      public String tensor(int operand) {
        return operand == Lease.OUTPUT
            ? "the output"
            : operands == 1 ? "the operand" : "operand " + operand;
      }
    };
  }

  static int conjugated(Strided... operands) {
    int bits = 0;
    for (int i = 0; i < operands.length; i++) {
      bits |= operands[i] != null && operands[i].isConjugate() ? 1 << i : 0;
    }
    return bits;
  }

  static long[] joined(long[]... parts) {
    long[] all = new long[Arrays.stream(parts).mapToInt(p -> p.length).sum()];
    int at = 0;
    for (long[] part : parts) {
      System.arraycopy(part, 0, all, at, part.length);
      at += part.length;
    }
    return all;
  }

  static Strided required(Strided t, String what) {
    return Objects.requireNonNull(t, what);
  }
}
