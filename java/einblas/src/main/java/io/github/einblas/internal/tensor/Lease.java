// Lease: tensors held while native code runs, and the words for those that cannot be.
package io.github.einblas.internal.tensor;

/**
 * Counts a call in at its tensors, so that a close meanwhile waits, and out at the end. A check of
 * what they share comes after all are held: memory of a tensor that was closed meanwhile may
 * already be another's.
 */
public final class Lease implements AutoCloseable {
  /** In place of an operand's number. */
  public static final int OUTPUT = -1;

  /** What a caller calls its tensors; asked only when something is wrong. */
  public interface Words {
    /** The beginning of each text, such as {@code "csr x dense: "}. */
    String where();

    /** The beginning of texts about an operand, or the output: shows its place. */
    default String where(int operand) {
      return where();
    }

    /** Name of an operand, or of the output. */
    String tensor(int operand);
  }

  private final Words words;
  private final Strided out;
  private final Strided[] operands;

  /** How many operands are held. */
  private int held;

  private boolean holdsOut;

  private Lease(Words words, Strided out, Strided[] operands) {
    this.words = words;
    this.out = out;
    this.operands = operands;
  }

  /**
   * Holds tensors until it is closed.
   *
   * @param out null where there is none
   * @param operands null where there is none
   * @throws IllegalStateException naming one that is closed; none is held then
   */
  public static Lease of(Words words, Strided out, Strided... operands) {
    Lease lease = new Lease(words, out, operands);
    if (out != null) {
      hold(words, out, OUTPUT);
      lease.holdsOut = true;
    }
    boolean done = false;
    try {
      for (; lease.held < operands.length; lease.held++) {
        if (operands[lease.held] != null) {
          hold(words, operands[lease.held], lease.held);
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

  /** Refuses an output that shares elements with an operand, and lets all go then. */
  public Lease apart() {
    boolean done = false;
    try {
      for (int i = 0; i < operands.length; i++) {
        if (operands[i] != null) {
          apart(words, out, operands[i], i);
        }
      }
      done = true;
      return this;
    } finally {
      if (!done) {
        close();
      }
    }
  }

  /** Addresses of the operands; 0 where there is none. */
  public long[] addresses() {
    return addresses(operands.length);
  }

  /** Of the first so many. */
  public long[] addresses(int count) {
    long[] addresses = new long[count];
    for (int i = 0; i < addresses.length; i++) {
      addresses[i] = address(i);
    }
    return addresses;
  }

  /** Address of an operand; 0 where there is none. */
  public long address(int i) {
    return i < operands.length && operands[i] != null ? operands[i].address() : 0;
  }

  @Override
  public void close() {
    while (held > 0) {
      Strided t = operands[--held];
      if (t != null) {
        t.release();
      }
    }
    if (holdsOut) {
      holdsOut = false;
      out.release();
    }
  }

  /** Holds one tensor, to be released by the caller: for calls that leave no garbage. */
  public static void hold(Words words, Strided t, int operand) {
    try {
      t.acquire();
    } catch (IllegalStateException e) {
      throw new IllegalStateException(
          words.where(operand) + words.tensor(operand) + " is closed", e);
    }
  }

  /** Refuses an output that shares elements with an operand; both are held. */
  public static void apart(Words words, Strided out, Strided operand, int i) {
    if (out.sharesElements(operand)) {
      throw new IllegalArgumentException(
          words.where(i)
              + words.tensor(OUTPUT)
              + " shares elements with "
              + words.tensor(i)
              + " ("
              + operand.describe()
              + ")");
    }
  }
}
