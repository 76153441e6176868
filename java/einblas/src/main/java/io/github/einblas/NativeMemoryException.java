// Public API: native memory could not be had.
package io.github.einblas;

/**
 * Thrown when a block of native memory is larger than what the machine has free. Nothing was
 * written.
 */
public final class NativeMemoryException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final long bytesNeeded;
  private final long bytesAvailable;

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
  }

  /** Bytes that were asked for. */
  public long bytesNeeded() {
    return bytesNeeded;
  }

  /** Bytes that the machine could give at that moment. */
  public long bytesAvailable() {
    return bytesAvailable;
  }
}
