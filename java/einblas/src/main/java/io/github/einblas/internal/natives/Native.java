// Door to the native library: memory, elements and steps. Turns statuses into exceptions.
package io.github.einblas.internal.natives;

import io.github.einblas.DType;
import io.github.einblas.NativeMemoryException;
import io.github.einblas.nativelib.einblas;
import java.util.Arrays;
import java.util.function.IntSupplier;
import java.util.function.Supplier;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;

/** The native library. Addresses are raw; callers have checked shapes, strides and liveness. */
public final class Native {
  private Native() {}

  /** Throws when the library could not be loaded; otherwise does nothing. */
  public static void require() {
    Library.require();
  }

  static String string(BytePointer p) {
    return Library.string(p);
  }

  /** The library's number for a type. */
  public static int code(DType type) {
    return Library.code(type);
  }

  /** Threads per call. */
  public static int threads() {
    require();
    return einblas.einblas_threads();
  }

  /** A new 64-byte aligned block of uninitialised bytes. */
  public static long alloc(long bytes) {
    require();
    long address = einblas.einblas_alloc(bytes);
    return address != 0 ? address : allocAgain(bytes);
  }

  private static long allocAgain(long bytes) {
    Shortage why = Shortage.ofThread(bytes);
    for (Reclaim.Tries tries = new Reclaim.Tries(); tries.again(why.needed(), why.free()); ) {
      long address = einblas.einblas_alloc(bytes);
      if (address != 0) {
        return address;
      }
      why = Shortage.ofThread(bytes);
    }
    throw why.exception();
  }

  /** Why this thread last got no memory. */
  private record Shortage(NativeMemoryException.Bound bound, long needed, long free, long size) {
    private static final NativeMemoryException.Bound[] BOUNDS =
        NativeMemoryException.Bound.values();

    /** bytes: what the caller knows to be needed, for a shortage that says nothing of it. */
    static Shortage ofThread(long bytes) {
      long[] s = new long[4];
      einblas.einblas_memory_shortage(s);
      return s[0] == 0
          ? new Shortage(
              NativeMemoryException.Bound.SYSTEM, bytes, einblas.einblas_memory_available(), 0)
          : new Shortage(BOUNDS[(int) s[0] - 1], s[1] > 0 ? s[1] : bytes, s[2], s[3]);
    }

    NativeMemoryException exception() {
      return new NativeMemoryException(needed, free, bound, size);
    }
  }

  /** The exception for memory that this thread's last call did not get. */
  public static NativeMemoryException shortage(long bytes) {
    return Shortage.ofThread(bytes).exception();
  }

  /**
   * What becomes of a call that gave a status other than OK: where it needs OpenBLAS, and where
   * memory was short and some came free, it is called again, else there is an exception. Only for
   * calls that take all their memory before they write.
   *
   * @param doing what fails, for errors
   * @param bytes what is needed, where the native code cannot tell; else 0
   * @return OK or NOT_APPLICABLE
   */
  static int failed(int first, IntSupplier call, Supplier<String> doing, long bytes) {
    int status = first == einblas.EINBLAS_NO_OPENBLAS ? withOpenBlas(call) : first;
    if (status == einblas.EINBLAS_OUT_OF_MEMORY) {
      Shortage why = Shortage.ofThread(bytes);
      Reclaim.Tries tries = new Reclaim.Tries();
      while (status == einblas.EINBLAS_OUT_OF_MEMORY) {
        if (!tries.again(why.needed(), why.free())) {
          throw why.exception();
        }
        status = call.getAsInt();
        if (status == einblas.EINBLAS_OUT_OF_MEMORY) {
          why = Shortage.ofThread(bytes);
        }
      }
    }
    if (status != einblas.EINBLAS_OK && status != einblas.EINBLAS_NOT_APPLICABLE) {
      throw new IllegalStateException(
          "einblas: " + doing.get() + " gave status " + status + " (a defect)");
    }
    return status;
  }

  /** The status of the call with OpenBLAS opened; or without it, where it can do that. */
  private static int withOpenBlas(IntSupplier call) {
    IllegalStateException failure = Library.openBlas();
    int status = call.getAsInt();
    if (status == einblas.EINBLAS_NO_OPENBLAS && failure != null) {
      throw new IllegalStateException(failure.getMessage(), failure);
    }
    return status;
  }

  /** Calls native code that takes all its memory before it writes, and throws when it fails. */
  static void run(IntSupplier call, String doing) {
    run(call, doing, 0);
  }

  /** As {@link #run(IntSupplier, String)}; bytes as for {@link #failed}. */
  static void run(IntSupplier call, String doing, long bytes) {
    int status = call.getAsInt();
    if (status != einblas.EINBLAS_OK && failed(status, call, () -> doing, bytes) != 0) {
      throw new IllegalStateException("einblas: " + doing + " is not applicable (a defect)");
    }
  }

  /** Gives a block of {@link #alloc} back. */
  public static void free(long address, long bytes) {
    einblas.einblas_free(address, bytes);
  }

  /** Sets {@link NativeMemory#memoryLimit}. */
  public static void setMemoryLimit(long bytes) {
    require();
    einblas.einblas_set_memory_limit(bytes);
    Reclaim.limitSet();
  }

  /** Reads one element. */
  public static double peek(long address, DType type) {
    return einblas.einblas_peek(address, code(type));
  }

  /** Writes one element. */
  public static void poke(long address, DType type, double value) {
    einblas.einblas_poke(address, code(type), value);
  }

  /** Reads one element of an integer type. */
  public static long peekInteger(long address, DType type) {
    return einblas.einblas_peek_integer(address, code(type));
  }

  /** Writes one element of an integer type. */
  public static void pokeInteger(long address, DType type, long value) {
    einblas.einblas_poke_integer(address, code(type), value);
  }

  /**
   * Converts elements of one type into another, between memory that does not overlap (see
   * einblas.h).
   *
   * @param conjugated whether the conjugates of complex numbers are written
   * @param threads 0 means the process's number
   * @return the first index, in C order, whose integer does not fit into a narrower one; or -1
   * @throws IllegalArgumentException for complex numbers into real ones
   */
  public static long convert(
      DType fromType,
      DType toType,
      boolean conjugated,
      long[] shape,
      long from,
      long[] fromStrides,
      long to,
      long[] toStrides,
      int threads) {
    require();
    long misfit =
        einblas.einblas_convert(
            code(fromType),
            code(toType),
            conjugated ? 1 : 0,
            shape.length,
            shape,
            from,
            fromStrides,
            to,
            toStrides,
            threads);
    if (misfit < -1) {
      throw new IllegalArgumentException(
          "elements of " + fromType + " cannot be converted into " + toType);
    }
    return misfit;
  }

  /** Copies elements of any type, bit by bit, between memory that does not overlap. */
  public static void copy(
      DType type, long[] shape, long from, long[] fromStrides, long to, long[] toStrides) {
    einblas.einblas_copy(code(type), shape.length, shape, from, fromStrides, to, toStrides);
  }

  /** In place of a kernel's name: kernels that add up the same whatever is computed beside. */
  public static final String INVARIANT = einblas.EINBLAS_INVARIANT;

  /**
   * Makes a native step (see einblas.h). Strides are operand-major, the output's last.
   *
   * @param kernel name of a kernel to force, or null
   * @throws IllegalArgumentException if the forced kernel cannot run this step
   */
  public static long createStep(
      DType type, int operands, int outerAxes, long[] lengths, long[] strides, String kernel) {
    return createStep(type, operands, outerAxes, lengths, strides, kernel, Long.MAX_VALUE);
  }

  /**
   * As above, with blocks so small that a run on one thread takes no more than so many bytes, or as
   * small as they come: {@link #stepMemory} tells.
   */
  public static long createStep(
      DType type,
      int operands,
      int outerAxes,
      long[] lengths,
      long[] strides,
      String kernel,
      long bytes) {
    DType[] types = new DType[operands + 2];
    Arrays.fill(types, type);
    return createStep(types, 0, outerAxes, lengths, strides, kernel, bytes);
  }

  /**
   * As above, with a type for each tensor.
   *
   * @param types of each operand, of the output, and in which sums are added up
   * @param conjugated bit i is set where operand i is conjugated
   */
  public static long createStep(
      DType[] types,
      int conjugated,
      int outerAxes,
      long[] lengths,
      long[] strides,
      String kernel,
      long bytes) {
    require();
    long[] handle = new long[1];
    int[] codes = Arrays.stream(types).mapToInt(Native::code).toArray();
    IntSupplier call =
        () ->
            einblas.einblas_step_create_typed(
                codes,
                conjugated,
                codes.length - 2,
                lengths.length,
                outerAxes,
                lengths,
                strides,
                kernel,
                bytes,
                handle);
    int status = call.getAsInt();
    if (status != einblas.EINBLAS_OK) {
      status =
          failed(
              status,
              call,
              () ->
                  "making a step of types "
                      + Arrays.toString(types)
                      + ", lengths "
                      + Arrays.toString(lengths)
                      + ", the first "
                      + outerAxes
                      + " of the output, strides "
                      + Arrays.toString(strides),
              0);
    }
    if (status == einblas.EINBLAS_NOT_APPLICABLE) {
      throw new IllegalArgumentException(
          "kernel '"
              + (kernel == null
                  ? Library.variable("EINBLAS_KERNEL") + "' of EINBLAS_KERNEL"
                  : kernel + "'")
              + " is unknown or cannot run this step; kernels: "
              + NativeInfo.kernels());
    }
    return handle[0];
  }

  /** Frees a step. */
  public static void destroyStep(long step) {
    einblas.einblas_step_destroy(step);
  }

  /** What addresses of packed copies are multiples of. */
  public static final long ALIGNMENT = 64;

  /** Bytes of a packed copy of operand 0 or 1 of a step; 0 where it would spare a run nothing. */
  public static long stepPackedBytes(long step, int operand) {
    return einblas.einblas_step_packed_bytes(step, operand);
  }

  /** Packs an operand of a step. */
  public static void packStep(long step, int operand, long x, long packed, int threads) {
    IntSupplier call = () -> einblas.einblas_step_pack(step, operand, x, packed, threads);
    int status = call.getAsInt();
    if (status != einblas.EINBLAS_OK) {
      failed(status, call, () -> "packing operand " + operand + " of a step", 0);
    }
  }

  /** Runs a step with packed copies of operands 0 and 1; 0 where there is none. */
  public static void runStep(
      long step,
      long x0,
      long x1,
      long x2,
      long c,
      long packed0,
      long packed1,
      double alpha,
      double beta,
      int threads) {
    if (packed0 == 0 && packed1 == 0) {
      runStep(step, x0, x1, x2, c, alpha, beta, threads);
      return;
    }
    IntSupplier call =
        () ->
            einblas.einblas_step_run_packed(
                step, x0, x1, x2, c, packed0, packed1, alpha, beta, threads);
    int status = call.getAsInt();
    if (status != einblas.EINBLAS_OK) {
      failed(status, call, () -> "running a step", 0);
    }
  }

  /** Runs a step; unused operands are 0; threads 0 means the process's number. */
  public static void runStep(
      long step, long x0, long x1, long x2, long c, double alpha, double beta, int threads) {
    int status = einblas.einblas_step_run(step, x0, x1, x2, c, alpha, beta, threads);
    if (status != einblas.EINBLAS_OK) {
      failed(
          status,
          () -> einblas.einblas_step_run(step, x0, x1, x2, c, alpha, beta, threads),
          () -> "running a step",
          0);
    }
  }

  /** A place of {@link #runBatch} where there is no tensor. */
  public static final long NO_PLACE = Long.MIN_VALUE;

  /** Runs steps on many sets of tensors (see einblas.h); threads 0 means the process's number. */
  public static void runBatch(
      long[] steps,
      long[] places,
      long sets,
      int slots,
      long[] addresses,
      long workspaceBytes,
      double alpha,
      double beta,
      int threads) {
    IntSupplier call =
        () ->
            einblas.einblas_batch_run(
                steps.length,
                steps,
                places,
                sets,
                slots,
                addresses,
                workspaceBytes,
                alpha,
                beta,
                threads);
    int status = call.getAsInt();
    if (status == einblas.EINBLAS_OUT_OF_MEMORY && beta != 0) {
      // Sets that were written cannot be computed anew: what they held before is gone.
      throw shortage(0);
    }
    if (status != einblas.EINBLAS_OK) {
      failed(status, call, () -> "running a batch", 0);
    }
  }

  /** Name of the kernel that a step uses. */
  public static String stepKernel(long step) {
    return Library.string(einblas.einblas_step_kernel(step));
  }

  /** Tiles, packing and copies of a step, for people. */
  public static String stepDescription(long step) {
    return Library.string(einblas.einblas_step_description(step));
  }

  /** Floating-point operations of one run. */
  public static long stepFlops(long step) {
    return einblas.einblas_step_flops(step);
  }

  /** Bytes of all tensors of a step, each counted once. */
  public static long stepBytes(long step) {
    return einblas.einblas_step_bytes(step);
  }

  /** Bytes that a run with so many threads takes at most beside the tensors. */
  public static long stepMemory(long step, int threads) {
    return einblas.einblas_step_memory(step, threads);
  }

  /** Where the memory of a direct buffer begins, whatever its position. */
  public static long address(java.nio.Buffer direct) {
    require();
    return new Pointer(direct).address();
  }

  /** A direct view of native memory, for buffers. It owns nothing. */
  public static final class Window extends Pointer {
    /** Bytes [address, address + bytes). */
    public Window(long address, long bytes) {
      super((Pointer) null);
      this.address = address;
      this.position = 0;
      this.limit = bytes;
      this.capacity = bytes;
    }

    /** Elements are bytes; JavaCPP would take an unknown class for a struct of 8. */
    @Override
    public int sizeof() {
      return 1;
    }

    /** A direct buffer over the window; at most 2^31 - 1 bytes. */
    public java.nio.ByteBuffer buffer() {
      return asByteBuffer().order(java.nio.ByteOrder.nativeOrder());
    }
  }
}
