// Public API: how files are written.
package io.github.einblas;

/**
 * Options of the methods that write files.
 *
 * <pre>{@code
 * Path file = Files.createTempDirectory("tensors").resolve("x.npy");
 * x.writeNpy(file, WriteOption.SYNC);
 * }</pre>
 */
public enum WriteOption {
  /**
   * The file is forced to disk before it gets its name, and its name after that: what was written
   * outlives a crash of the machine. Costs what the disk takes, milliseconds and more. The command
   * line writes so.
   */
  SYNC
}
