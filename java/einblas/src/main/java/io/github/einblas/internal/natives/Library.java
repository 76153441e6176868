// The native library, loaded and started once.
package io.github.einblas.internal.natives;

import io.github.einblas.DType;
import io.github.einblas.nativelib.einblas;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.IntFunction;
import java.util.function.IntUnaryOperator;
import org.bytedeco.javacpp.BytePointer;

/** Loads the library, and says the same at each later use where that failed. */
final class Library {
  /** Load failure, kept so that each later use says the same. */
  private static final RuntimeException FAILURE;

  private static final Loading LOADING = new Loading();

  static {
    RuntimeException failure;
    try {
      LOADING.run();
      failure = check();
    } catch (IllegalStateException e) {
      failure = e;
    }
    FAILURE = failure;
  }

  private Library() {}

  private static RuntimeException check() {
    String differs =
        differingType(
            code -> string(einblas.einblas_dtype_name(code)), einblas::einblas_dtype_size);
    if (!differs.isEmpty()) {
      return new IllegalStateException("einblas's jars are not of one version: " + differs);
    }
    einblas.einblas_set_processors(Runtime.getRuntime().availableProcessors());
    int status = einblas.einblas_init();
    if (status == einblas.EINBLAS_UNKNOWN_ISA || status == einblas.EINBLAS_UNSUPPORTED_ISA) {
      return new IllegalArgumentException(
          "EINBLAS_ISA is '"
              + variable("EINBLAS_ISA")
              + "', which "
              + (status == einblas.EINBLAS_UNKNOWN_ISA
                  ? "is no instruction set that einblas knows"
                  : "this machine lacks")
              + "; it can be one of: "
              + string(einblas.einblas_isa_supported()));
    }
    if (status == einblas.EINBLAS_BAD_THREADS) {
      return new IllegalArgumentException(
          "EINBLAS_THREADS is '"
              + variable("EINBLAS_THREADS")
              + "'; a number of threads from 1 to 1024 is needed, or no such variable");
    }
    if (status == einblas.EINBLAS_BAD_THREADING || status == einblas.EINBLAS_NO_OPENMP) {
      return new IllegalArgumentException(
          "EINBLAS_THREADING is '"
              + variable("EINBLAS_THREADING")
              + (status == einblas.EINBLAS_NO_OPENMP
                  ? "', which needs libgomp.so.1 of the system (package libgomp1)"
                  : "'; it can be pool or openmp (on macOS system, too)"));
    }
    return status == einblas.EINBLAS_OK
        ? null
        : new IllegalStateException("einblas could not start: status " + status);
  }

  /**
   * The first type of elements of which this class and the library think differently, in words; or
   * an empty text. Memory would be read as something else.
   *
   * @param name what the library calls the type of a code
   * @param bytes the size that the type of a code has in the library
   */
  static String differingType(IntFunction<String> name, IntUnaryOperator bytes) {
    for (DType type : DType.values()) {
      int code = code(type);
      if (!name.apply(code).equals(type.name()) || bytes.applyAsInt(code) != type.bytes()) {
        return String.format(
            "code %d is %s of %d bytes here and '%s' of %d bytes in the library",
            code, type, type.bytes(), name.apply(code), bytes.applyAsInt(code));
      }
    }
    return "";
  }

  /** The start of a variable's value, which can have any length. */
  static String variable(String name) {
    String value = String.valueOf(System.getenv(name));
    return value.length() > 60 ? value.substring(0, 60) + "..." : value;
  }

  /** Throws when the library could not be loaded; otherwise does nothing. */
  static void require() {
    if (FAILURE != null) {
      throw FAILURE instanceof IllegalArgumentException
          ? new IllegalArgumentException(FAILURE.getMessage(), FAILURE)
          : new IllegalStateException(FAILURE.getMessage(), FAILURE);
    }
  }

  static String string(BytePointer p) {
    return p == null || p.isNull() ? "" : p.getString(StandardCharsets.UTF_8);
  }

  static List<String> words(BytePointer p) {
    return List.of(string(p).split(" "));
  }

  /** The file that it was loaded from. */
  static String file() {
    require();
    return LOADING.library();
  }

  /** Opens OpenBLAS; null, or what to add or to set where it cannot be opened. */
  static IllegalStateException openBlas() {
    require();
    return LOADING.openBlas().open();
  }

  /** How it was loaded: time and cache, then each file. */
  static List<String> report() {
    require();
    return LOADING.report();
  }

  /** The library's number for a type. */
  static int code(DType type) {
    return switch (type) {
      case F32 -> einblas.EINBLAS_F32;
      case F64 -> einblas.EINBLAS_F64;
      case I32 -> einblas.EINBLAS_I32;
      case I64 -> einblas.EINBLAS_I64;
      case BF16 -> einblas.EINBLAS_BF16;
      case F16 -> einblas.EINBLAS_F16;
      case I8 -> einblas.EINBLAS_I8;
      case U8 -> einblas.EINBLAS_U8;
      case I16 -> einblas.EINBLAS_I16;
      case BOOL -> einblas.EINBLAS_BOOL;
      case C64 -> einblas.EINBLAS_C64;
      case C128 -> einblas.EINBLAS_C128;
    };
  }
}
