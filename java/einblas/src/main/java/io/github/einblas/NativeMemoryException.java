// Public API: native memory could not be had.
package io.github.einblas;

/**
 * Thrown when a block of native memory is larger than what the machine has free, or than what
 * {@link Einblas#setNativeMemoryLimit} leaves. Nothing was written, unless {@link
 * #isOutputUntouched} says otherwise, as the text does then.
 */
public final class NativeMemoryException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final long bytesNeeded;
  private final long bytesAvailable;
  private final boolean outputUntouched;

  /**
   * Creates the exception.
   *
   * @param bytesNeeded bytes that were asked for
   * @param bytesAvailable bytes that the machine could give
   */
  public NativeMemoryException(long bytesNeeded, long bytesAvailable) {
    super(
        "needs "
            + bytesNeeded
            + " bytes of native memory; the machine has "
            + bytesAvailable
            + " bytes free");
    this.bytesNeeded = bytesNeeded;
    this.bytesAvailable = bytesAvailable;
    this.outputUntouched = true;
  }

  private NativeMemoryException(NativeMemoryException cause, String text, boolean outputUntouched) {
    super(text, cause);
    this.bytesNeeded = cause.bytesNeeded;
    this.bytesAvailable = cause.bytesAvailable;
    this.outputUntouched = outputUntouched;
  }

  /** The same failure, saying where: "step 3 of 5". */
  public NativeMemoryException in(String what) {
    return new NativeMemoryException(this, what + " " + getMessage(), outputUntouched);
  }

  /** The same failure of a run that had written to its output: the text says what. */
  public NativeMemoryException after(String written) {
    return new NativeMemoryException(this, getMessage() + "; " + written, false);
  }

  /** Bytes that were asked for. */
  public long bytesNeeded() {
    return bytesNeeded;
  }

  /** Bytes that the machine could give at that moment. */
  public long bytesAvailable() {
    return bytesAvailable;
  }

  /** Whether the output given to the call is as it was before. */
  public boolean isOutputUntouched() {
    return outputUntouched;
  }
}
