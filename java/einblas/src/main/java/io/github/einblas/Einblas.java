// Public API: the library itself: version, machine, threads, memory.
package io.github.einblas;

import io.github.einblas.internal.natives.Native;
import io.github.einblas.internal.natives.NativeInfo;
import io.github.einblas.internal.natives.NativeMemory;
import io.github.einblas.internal.tensor.Leaks;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;

/**
 * The library: what was loaded, how many threads it uses, how much native memory it holds.
 *
 * <pre>{@code
 * Einblas.setNativeMemoryLimit(4L << 30); // tensors of this process take at most 4 GiB
 * System.out.println(Einblas.kernels().isEmpty()); // false
 * Einblas.setNativeMemoryLimit(Long.MAX_VALUE); // the machine's alone
 * }</pre>
 */
public final class Einblas {

  private static final String NOT_LOADED = "not loaded";

  private Einblas() {}

  /** What {@link #measureBandwidth} moves. */
  public enum Traffic {
    /** Reading. */
    READ,
    /** Writing with ordinary stores. */
    FILL,
    /** Writing with non-temporal stores, past the caches. */
    FILL_STREAM,
    /** Copying: bytes read plus bytes written. */
    COPY
  }

  /** {@return version of this library} */
  public static String version() {
    return NativeInfo.version();
  }

  /**
   * {@return the instruction set in use: base, avx2, avx512, avx512vnni, avx512bf16 or neon; the
   * environment variable EINBLAS_ISA forces one}
   */
  public static String isa() {
    return NativeInfo.isa();
  }

  /** {@return the instruction sets that this machine runs, best first} */
  public static List<String> isaSupported() {
    return NativeInfo.isaSupported();
  }

  /** {@return names of the native kernels, in the order in which they are tried for a step} */
  public static List<String> kernels() {
    return NativeInfo.kernels();
  }

  /**
   * {@return threads that a call uses unless its plan says otherwise} The first that there is of:
   * {@link #setThreads}, the environment variable EINBLAS_THREADS (1 to 1024), the first number of
   * OMP_NUM_THREADS, {@link Runtime#availableProcessors} when the library was loaded (it knows
   * containers and -XX:ActiveProcessorCount). {@link #threadsDecidedBy} says which.
   */
  public static int threads() {
    return Native.threads();
  }

  /** {@return who decided {@link #threads}, in words: "EINBLAS_THREADS", for example} */
  public static String threadsDecidedBy() {
    return NativeInfo.threadsFrom();
  }

  /**
   * {@return what shares out the work of a call to threads: "pool", the process's own workers,
   * which all callers share; the environment variable EINBLAS_THREADING chooses "openmp" (the
   * system's libgomp, for comparison)} On macOS "system".
   */
  public static String threading() {
    return NativeInfo.threading();
  }

  /**
   * {@return worker threads that live now} They are made when a call first needs them, named
   * einblas-1 and so on, keep no JVM alive, and end after half a minute without work. Where none
   * can be made, calls run on fewer threads, with the same result.
   */
  public static int workers() {
    return NativeInfo.workers();
  }

  /**
   * Sets the threads per call, for calls that begin later. All callers together run on some so many
   * threads, and each on its own at least.
   *
   * @param threads 1 to 1024; 1 keeps all work on the calling thread; more than can be started work
   *     as so many as can
   * @throws IllegalArgumentException if out of range
   */
  public static void setThreads(int threads) {
    if (!NativeInfo.setThreads(threads)) {
      throw new IllegalArgumentException(
          "threads must be from 1 to " + PlanOptions.MOST_THREADS + ", got " + threads);
    }
  }

  /** {@return bytes of native memory that tensors and running calls hold} */
  public static long nativeBytesInUse() {
    return NativeMemory.memoryInUse();
  }

  /** {@return largest value so far of {@link #nativeBytesInUse}} */
  public static long nativeBytesPeak() {
    return NativeMemory.memoryPeak();
  }

  /** {@return bytes of native memory that could be allocated now, as far as the system tells} */
  public static long nativeBytesAvailable() {
    return NativeMemory.memoryAvailable();
  }

  /** {@return most bytes of native memory in use at a time; {@link Long#MAX_VALUE} at first} */
  public static long nativeMemoryLimit() {
    return NativeMemory.memoryLimit();
  }

  /**
   * Sets how many bytes of native memory all tensors and running calls may have together. What
   * would take more fails with a {@link NativeMemoryException}; what is there stays. Freed blocks
   * that are kept do not count: see {@link #setPoolLimit}.
   *
   * @param bytes at least 0; {@link Long#MAX_VALUE} for no limit but the machine's
   * @throws IllegalArgumentException if negative
   */
  public static void setNativeMemoryLimit(long bytes) {
    if (bytes < 0) {
      throw new IllegalArgumentException(
          "the limit of native memory must not be negative, got " + bytes);
    }
    Native.setMemoryLimit(bytes);
  }

  /** {@return bytes of freed blocks that are kept for the next results} */
  public static long poolBytes() {
    return NativeMemory.poolBytes();
  }

  /**
   * {@return most bytes of freed blocks that are kept; initially an eighth of the machine's memory}
   */
  public static long poolLimit() {
    return NativeMemory.poolLimit();
  }

  /**
   * Sets how many bytes of freed blocks are kept; 0 gives every freed block back at once.
   *
   * @param bytes at least 0
   * @throws IllegalArgumentException if negative
   */
  public static void setPoolLimit(long bytes) {
    if (bytes < 0) {
      throw new IllegalArgumentException("the pool's limit must not be negative, got " + bytes);
    }
    NativeMemory.setPoolLimit(bytes);
  }

  /** Gives the kept blocks back to the system. */
  public static void trim() {
    NativeMemory.poolTrim();
  }

  /**
   * Loads OpenBLAS now, rather than when it is first needed: by {@link Kronecker#solve}, {@link
   * Kronecker#logDeterminant}, {@link Kronecker#eigenvalues} and the kernel openblas. All else goes
   * without it. Does nothing when it is loaded; a load that failed is tried again.
   *
   * @throws IllegalStateException if it is not among the jars or cannot be loaded; the text says
   *     what to add or to set, as it does where it is needed
   */
  public static void loadOpenBlas() {
    NativeInfo.loadOpenBlas();
  }

  /**
   * {@return what the loaded OpenBLAS says of its build; "not loaded" before {@link #loadOpenBlas}}
   */
  public static String blasConfig() {
    String config = NativeInfo.blasConfig();
    return config.isEmpty() ? NOT_LOADED : config;
  }

  /**
   * {@return the processor core that OpenBLAS chose its kernels for; "not loaded" before {@link
   * #loadOpenBlas}}
   */
  public static String blasCore() {
    String core = NativeInfo.blasCore();
    return core.isEmpty() ? NOT_LOADED : core;
  }

  /** {@return the file that the native library was loaded from} */
  public static Path loadedFrom() {
    return Path.of(NativeInfo.loadedFrom());
  }

  /**
   * {@return how the native libraries were loaded: a line of the time and the cache, one for each
   * library with its size, its jar and its file, and one that says why OpenBLAS is not loaded while
   * it is not} The environment variable EINBLAS_LOG, set to anything, logs the same to the logger
   * io.github.einblas when they are loaded.
   */
  public static List<String> loadReport() {
    return NativeInfo.loadReport();
  }

  /**
   * {@return where tensors and matrices were made that the collector found unclosed: an entry for
   * each place, with their number, bytes and stack, the largest first} Empty unless the environment
   * variable EINBLAS_LEAKS was set when the library was loaded: {@code 1} or {@code simple} watches
   * one of 128, {@code paranoid} all. Each place is also logged once, to the logger
   * io.github.einblas.
   */
  public static List<String> leakReport() {
    return Leaks.report();
  }

  /**
   * Measures how many floating-point operations per second the machine can do now (some 0.3 s).
   *
   * @param dtype F32 or F64
   * @param threads from 1 to 1024
   * @return the number
   * @throws IllegalArgumentException if threads is not 1 to 1024, or the type an integer one
   */
  public static double measurePeak(DType dtype, int threads) {
    requireThreads(threads);
    if (!Objects.requireNonNull(dtype, "dtype").isFloating()) {
      throw new IllegalArgumentException("the peak of F32 or F64 can be measured, not of " + dtype);
    }
    return NativeInfo.measurePeak(dtype, threads);
  }

  /**
   * Measures how many bytes per second the machine can move now over a working set of that size
   * (some 0.3 s).
   *
   * @param what reading, writing or both
   * @param bytes bytes of the memory that is gone through
   * @param threads from 1 to 1024
   * @return the number
   * @throws IllegalArgumentException if threads is not 1 to 1024, or bytes below 4096 per thread
   * @throws NativeMemoryException if the machine has not that much memory free
   */
  public static double measureBandwidth(Traffic what, long bytes, int threads) {
    Objects.requireNonNull(what, "what");
    requireThreads(threads);
    if (bytes < 4096L * threads) {
      throw new IllegalArgumentException(
          "bytes must be at least 4096 for each of " + threads + " threads, got " + bytes);
    }
    int code =
        switch (what) {
          case READ -> 0;
          case FILL -> 1;
          case FILL_STREAM -> 2;
          case COPY -> 3;
        };
    double rate = NativeInfo.measureBandwidth(code, bytes, threads);
    if (rate <= 0) {
      throw Native.shortage(bytes);
    }
    return rate;
  }

  private static void requireThreads(int threads) {
    if (threads < 1 || threads > PlanOptions.MOST_THREADS) {
      throw new IllegalArgumentException(
          "threads must be from 1 to " + PlanOptions.MOST_THREADS + ", got " + threads);
    }
  }
}
