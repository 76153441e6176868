// What the native library says of itself and of the machine, and its settings.
package io.github.einblas.internal.natives;

import io.github.einblas.DType;
import io.github.einblas.nativelib.einblas;
import java.util.List;

/** Facts and settings of the library. */
public final class NativeInfo {
  private NativeInfo() {}

  /** The file that the library was loaded from. */
  public static String loadedFrom() {
    return Library.file();
  }

  /** How the library was loaded: time and cache, then each file. */
  public static List<String> loadReport() {
    return Library.report();
  }

  /** Version of the native library. */
  public static String version() {
    Library.require();
    return Library.string(einblas.einblas_version());
  }

  /** Name of the instruction set in use. */
  public static String isa() {
    Library.require();
    return Library.string(einblas.einblas_isa());
  }

  /** Instruction sets that this machine runs, best first. */
  public static List<String> isaSupported() {
    Library.require();
    return Library.words(einblas.einblas_isa_supported());
  }

  /** Number of tunable values; the functions below take 0 to that number - 1. */
  public static int tunables() {
    Library.require();
    return einblas.einblas_tunables();
  }

  /** Name of a tunable value. */
  public static String tunableName(int index) {
    return Library.string(einblas.einblas_tunable_name(index));
  }

  /** What a tunable value means. */
  public static String tunableMeaning(int index) {
    return Library.string(einblas.einblas_tunable_meaning(index));
  }

  /** 0: the value in force; 1: the default; 2: the least; 3: the largest. */
  public static long tunable(int index, int what) {
    return einblas.einblas_tunable(index, what);
  }

  /** Sets a tunable value for steps made later; false when it is out of bounds. */
  public static boolean setTunable(int index, long value) {
    return einblas.einblas_tunable_set(index, value) == einblas.EINBLAS_OK;
  }

  /** The user's tuning file, or an empty text. */
  public static String tuningFile() {
    Library.require();
    return Library.string(einblas.einblas_tuning_file());
  }

  /** What was taken from the tuning file and the environment. */
  public static String tuningReport() {
    Library.require();
    return Library.string(einblas.einblas_tuning_report());
  }

  /** Name of the processor. */
  public static String processor() {
    Library.require();
    return Library.string(einblas.einblas_processor());
  }

  /** Kernel names in the order in which they are tried. */
  public static List<String> kernels() {
    Library.require();
    return Library.words(einblas.einblas_kernels());
  }

  /** Opens OpenBLAS; throws where it cannot be opened. */
  public static void loadOpenBlas() {
    IllegalStateException failure = Library.openBlas();
    if (failure != null) {
      throw new IllegalStateException(failure.getMessage(), failure);
    }
  }

  /** What the loaded OpenBLAS says of itself; empty while there is none. */
  public static String blasConfig() {
    Library.require();
    return Library.string(einblas.einblas_blas_config());
  }

  /** The processor core that OpenBLAS chose its kernels for; empty while there is none. */
  public static String blasCore() {
    Library.require();
    return Library.string(einblas.einblas_blas_core());
  }

  /** Who decided the threads per call, in words. */
  public static String threadsFrom() {
    Library.require();
    return Library.string(einblas.einblas_threads_from());
  }

  /** What runs tasks: pool, openmp or system. */
  public static String threading() {
    Library.require();
    return Library.string(einblas.einblas_threading());
  }

  /** Worker threads of the pool that live now. */
  public static int workers() {
    Library.require();
    return einblas.einblas_workers();
  }

  /** Sets the threads per call; false when out of range. */
  public static boolean setThreads(int threads) {
    Library.require();
    return einblas.einblas_set_threads(threads) == einblas.EINBLAS_OK;
  }

  /** FLOP/s of the machine, measured now. */
  public static double measurePeak(DType type, int threads) {
    Library.require();
    return einblas.einblas_measure_peak(Library.code(type), threads);
  }

  /** Bytes/s of the machine, measured now: what 0 read, 1 fill, 2 non-temporal fill, 3 copy. */
  public static double measureBandwidth(int what, long bytes, int threads) {
    Library.require();
    return einblas.einblas_measure_bandwidth(what, bytes, threads);
  }
}
