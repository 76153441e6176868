// Public API: native memory could not be had.
package io.github.einblas;

/**
 * Thrown when a block of native memory is larger than what {@link Einblas#setNativeMemoryLimit},
 * the container or the machine leaves, also after the garbage collector was asked for memory of
 * tensors that nothing refers to. Nothing was written, unless {@link #isOutputUntouched} says
 * otherwise, as the text does then.
 *
 * <pre>{@code
 * try {
 *   Tensor.empty(DType.F64, 1L << 30, 1L << 20);
 * } catch (NativeMemoryException e) {
 *   System.out.println(e.bytesNeeded() > e.bytesAvailable()); // true
 * }
 * }</pre>
 */
public final class NativeMemoryException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** What was short. */
  public enum Bound {
    /** {@link Einblas#setNativeMemoryLimit}. */
    LIMIT,
    /** The machine's memory. */
    MACHINE,
    /** The memory of the process's cgroup, or of one above it. */
    CONTAINER,
    /** The system refused, though it says that it has as much: a limit of the address space. */
    SYSTEM
  }

  /** Bytes that were asked for. */
  private final long bytesNeeded;

  /** Bytes that could be had. */
  private final long bytesAvailable;

  /** What was short. */
  private final Bound bound;

  /** Whether the output is as it was. */
  private final boolean outputUntouched;

  /**
   * Creates the exception.
   *
   * @param bytesNeeded bytes that were asked for; 0 when nobody knows
   * @param bytesAvailable bytes that could be had
   * @param bound what was short
   * @param boundBytes bytes of the limit, the container or the machine
   */
  public NativeMemoryException(
      long bytesNeeded, long bytesAvailable, Bound bound, long boundBytes) {
    super(text(bytesNeeded, bytesAvailable, bound, boundBytes));
    this.bytesNeeded = bytesNeeded;
    this.bytesAvailable = bytesAvailable;
    this.bound = bound;
    this.outputUntouched = true;
  }

  private static String text(long needed, long free, Bound bound, long size) {
    String what =
        needed > 0
            ? "needs " + needed + " bytes of native memory; "
            : "needs native memory for tables of the library; ";
    return what
        + switch (bound) {
          case LIMIT ->
              free
                  + " bytes are free of the limit of "
                  + size
                  + " bytes (Einblas.setNativeMemoryLimit)";
          case MACHINE -> "the machine has " + free + " bytes free, of " + size;
          case CONTAINER ->
              free
                  + " bytes are free of the "
                  + size
                  + " bytes that the container (cgroup) may have";
          case SYSTEM ->
              "the system gave none, though it says that "
                  + free
                  + " bytes are free (a limit of the address space, as ulimit -v sets?)";
        };
  }

  private NativeMemoryException(NativeMemoryException cause, String text, boolean outputUntouched) {
    super(text, cause);
    this.bytesNeeded = cause.bytesNeeded;
    this.bytesAvailable = cause.bytesAvailable;
    this.bound = cause.bound;
    this.outputUntouched = outputUntouched;
  }

  /**
   * {@return the same failure, saying where: "step 3 of 5"}
   *
   * @param what what was being done
   */
  public NativeMemoryException in(String what) {
    return new NativeMemoryException(this, what + " " + getMessage(), outputUntouched);
  }

  /**
   * {@return the same failure of a run that had written to its output: the text says what}
   *
   * @param written what of the output was written
   */
  public NativeMemoryException after(String written) {
    return new NativeMemoryException(this, getMessage() + "; " + written, false);
  }

  /** {@return bytes of the block that was asked for; 0 when nobody knows} */
  public long bytesNeeded() {
    return bytesNeeded;
  }

  /** {@return bytes that could be had at that moment} */
  public long bytesAvailable() {
    return bytesAvailable;
  }

  /** {@return what was short} */
  public Bound bound() {
    return bound;
  }

  /** {@return whether the output given to the call is as it was before} */
  public boolean isOutputUntouched() {
    return outputUntouched;
  }
}
