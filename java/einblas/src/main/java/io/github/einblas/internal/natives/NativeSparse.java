// Door to the native library: block-sparse, BSR and CSR operands.
package io.github.einblas.internal.natives;

import io.github.einblas.DType;
import io.github.einblas.nativelib.einblas;
import java.util.function.IntSupplier;

/** Calls of {@link Native} with sparse operands; callers have checked what they pass. */
public final class NativeSparse {
  private NativeSparse() {}

  /**
   * Takes two checked index matrices in C order; a handle for {@link #blockGemv} and {@link
   * #blockOuter}, which take the bytes of its terms for the error when memory is short.
   *
   * @param invariant whether an example's rows have the same bits whatever examples are beside it
   */
  public static long createPattern(
      long batch,
      long windowX,
      long windowY,
      long blocksX,
      long blocksY,
      long[] x,
      long[] y,
      boolean invariant) {
    Native.require();
    long[] handle = new long[1];
    Native.run(
        () ->
            einblas.einblas_pattern_create(
                batch, windowX, windowY, blocksX, blocksY, x, y, invariant ? 1 : 0, handle),
        "making a block pattern");
    return handle[0];
  }

  /** Frees a pattern that no call uses. */
  public static void destroyPattern(long pattern) {
    einblas.einblas_pattern_destroy(pattern);
  }

  /**
   * o = beta * o + bias + alpha * sum of h W, by addresses and strides (h 3, W 4, o 3, bias 2).
   *
   * @param conjugated bit 0 is set where h is, bit 1 W, bit 2 bias
   */
  public static void blockGemv(
      long pattern,
      DType dtype,
      int conjugated,
      boolean transposed,
      long[] sizes,
      long[] addresses,
      long[] strides,
      double alpha,
      double beta,
      long termBytes) {
    Native.run(
        () ->
            einblas.einblas_block_gemv(
                pattern,
                Native.code(dtype),
                conjugated,
                transposed ? 1 : 0,
                sizes[0],
                sizes[1],
                addresses[0],
                addresses[1],
                addresses[2],
                addresses[3],
                strides,
                alpha,
                beta,
                0),
        "a block gemv",
        termBytes);
  }

  /**
   * o += alpha * outer products of x and y, by addresses and strides (x 3, y 3, o 4).
   *
   * @param conjugated bit 0 is set where x is, bit 1 y
   */
  public static void blockOuter(
      long pattern,
      DType dtype,
      int conjugated,
      long[] sizes,
      long[] addresses,
      long[] strides,
      double alpha,
      long termBytes) {
    Native.run(
        () ->
            einblas.einblas_block_outer(
                pattern,
                Native.code(dtype),
                conjugated,
                sizes[0],
                sizes[1],
                addresses[0],
                addresses[1],
                addresses[2],
                strides,
                alpha,
                0),
        "a block outer product",
        termBytes);
  }

  /** Entries that columns and values of a CSR matrix have room for past their end. */
  public static final long CSR_PADDING = einblas.EINBLAS_CSR_PADDING;

  /** Copies, checks and sorts a CSR matrix from its arrays, or from triples; see einblas.h. */
  public static void csrImport(
      boolean triples,
      DType dtype,
      long[] sizes,
      long[] from,
      DType firstType,
      DType secondType,
      long[] arrays,
      long[] finding) {
    Native.run(
        () ->
            triples
                ? einblas.einblas_csr_from_coo(
                    Native.code(dtype),
                    sizes,
                    from,
                    Native.code(firstType),
                    Native.code(secondType),
                    arrays,
                    finding)
                : einblas.einblas_csr_import(
                    Native.code(dtype),
                    sizes,
                    from,
                    Native.code(firstType),
                    Native.code(secondType),
                    arrays,
                    finding),
        "making a CSR matrix");
  }

  /** indptr of the elements above a threshold. */
  public static void csrCount(
      DType dtype, long[] sizes, long dense, long[] strides, double threshold, long indptr) {
    einblas.einblas_csr_count(Native.code(dtype), sizes, dense, strides, threshold, indptr);
  }

  /** Columns and values of the elements above a threshold. */
  public static void csrFill(
      DType dtype, long[] sizes, long dense, long[] strides, double threshold, long[] arrays) {
    einblas.einblas_csr_fill(Native.code(dtype), sizes, dense, strides, threshold, arrays);
  }

  /** Entries of the longest row. */
  public static long csrLongest(long rows, long indptr) {
    return einblas.einblas_csr_longest(rows, indptr);
  }

  /** The transposed matrix. */
  public static void csrTranspose(DType dtype, long[] sizes, long[] from, long[] to) {
    Native.run(
        () -> einblas.einblas_csr_transpose(Native.code(dtype), sizes, from, to),
        "transposing a CSR matrix");
  }

  /** indptr and columns under another shape. */
  public static void csrReshape(long[] sizes, long[] from, long[] to) {
    einblas.einblas_csr_reshape(sizes, from, to);
  }

  /** indptr of a row-wise Khatri-Rao product, and its entries, or -1. */
  public static long csrKhatriRaoCount(long[] sizes, long[] first, long[] second, long indptr) {
    return einblas.einblas_csr_khatri_rao_count(sizes, first, second, indptr);
  }

  /** Columns and values of a row-wise Khatri-Rao product. */
  public static void csrKhatriRao(
      DType dtype, long[] sizes, long[] first, long[] second, long[] arrays) {
    Native.run(
        () -> einblas.einblas_csr_khatri_rao(Native.code(dtype), sizes, first, second, arrays),
        "a CSR Khatri-Rao product");
  }

  /** Adds the entries, or their conjugates, to a row-major matrix. */
  public static void csrToDense(
      DType dtype, long[] sizes, long[] from, boolean conjugate, long dense) {
    einblas.einblas_csr_to_dense(Native.code(dtype), sizes, from, conjugate ? 1 : 0, dense);
  }

  /** Which operands of a product are conjugated, a bit for each, as einblas.h has it. */
  public static int conjugated(boolean... operands) {
    int bits = 0;
    for (int i = 0; i < operands.length; i++) {
      bits |= operands[i] ? 1 << i : 0;
    }
    return bits;
  }

  /**
   * C = alpha * A . D + beta * C with n columns; D and C by address and strides of row, column.
   *
   * @param conjugated {@link #conjugated} A, D
   */
  public static void csrMultiply(
      NativeCsr a,
      int conjugated,
      long n,
      long d,
      long rowD,
      long columnD,
      long c,
      long rowC,
      long columnC,
      double alpha,
      double beta,
      String doing) {
    Native.run(
        () ->
            einblas.einblas_csr_multiply(
                Native.code(a.dtype()),
                conjugated,
                a.rows(),
                a.columns(),
                a.entries(),
                a.longestRow(),
                a.indptr(),
                a.indices(),
                a.values(),
                n,
                d,
                rowD,
                columnD,
                c,
                rowC,
                columnC,
                alpha,
                beta,
                0),
        doing);
  }

  /** Density from which the dense product with so many columns is the faster one. */
  public static double csrDenseFrom(DType dtype, long columns) {
    Native.require();
    return einblas.einblas_csr_dense_from(Native.code(dtype), columns);
  }

  /**
   * values[e] = the product of X (rows, depth) and Y (depth, columns) at A's entry e.
   *
   * @param a the entries; its values are not read
   * @param conjugated {@link #conjugated} X, Y
   */
  public static void csrSampled(
      NativeCsr a,
      int conjugated,
      long depth,
      long x,
      long[] stridesX,
      long y,
      long[] stridesY,
      long values) {
    Native.run(
        () ->
            einblas.einblas_csr_sampled(
                Native.code(a.dtype()),
                conjugated,
                a.rows(),
                a.columns(),
                a.entries(),
                a.indptr(),
                a.indices(),
                depth,
                x,
                stridesX[0],
                stridesX[1],
                y,
                stridesY[0],
                stridesY[1],
                values,
                0),
        "a sampled CSR product");
  }

  // ---- BSR matrices; addresses are those of the blocks, then of the dense tensors

  /**
   * Checks and sorts blocks; 0 where indptr or indices are wrong. {@code slots} gets the place of
   * each block, {@code shape} is blocks, r, c; indptr has an element for each block row, and one.
   */
  public static long createBsr(long[] shape, long[] indptr, long[] indices, long[] slots) {
    Native.require();
    long[] handle = new long[1];
    IntSupplier call =
        () ->
            einblas.einblas_bsr_create(
                shape[0],
                shape[1],
                shape[2],
                shape[3],
                indices.length,
                indptr,
                indices,
                slots,
                handle);
    int status = call.getAsInt();
    if (status != einblas.EINBLAS_OK && status != einblas.EINBLAS_INVALID_ARGUMENT) {
      Native.failed(status, call, () -> "making a BSR matrix", 0);
    }
    return handle[0];
  }

  /** Of the blocks of a dense matrix that hold anything but zeros. */
  public static long bsrOfDense(DType dtype, long[] shape, long dense, long[] strides) {
    Native.require();
    long[] handle = new long[1];
    Native.run(
        () ->
            einblas.einblas_bsr_of_dense(
                Native.code(dtype), shape[0], shape[1], shape[2], shape[3], dense, strides, handle),
        "making a BSR matrix");
    return handle[0];
  }

  /** Frees a BSR matrix's structure that no call uses. */
  public static void destroyBsr(long matrix) {
    einblas.einblas_bsr_destroy(matrix);
  }

  /** Number of stored blocks. */
  public static long bsrBlocks(long matrix) {
    return einblas.einblas_bsr_blocks(matrix);
  }

  /** Fills SciPy's arrays. */
  public static void bsrStructure(long matrix, long[] indptr, long[] indices) {
    einblas.einblas_bsr_structure(matrix, indptr, indices);
  }

  /** Copies given blocks to their slots, repeated ones added up. */
  public static void bsrGather(
      long matrix, DType dtype, long[] slots, long from, long[] strides, long blocks) {
    Native.run(
        () ->
            einblas.einblas_bsr_gather(
                matrix, Native.code(dtype), slots.length, slots, from, strides, blocks),
        "copying blocks");
  }

  /** Copies all blocks, or their conjugates, out of or into a dense matrix. */
  public static void bsrExchange(
      long matrix,
      DType dtype,
      boolean toDense,
      boolean conjugate,
      long blocks,
      long dense,
      long[] strides) {
    Native.run(
        () ->
            einblas.einblas_bsr_exchange(
                matrix,
                Native.code(dtype),
                toDense ? 1 : 0,
                conjugate ? 1 : 0,
                blocks,
                dense,
                strides),
        "copying blocks");
  }

  /**
   * C = alpha * S X + beta * C; addresses of the blocks, X, C; strides of X and C.
   *
   * @param conjugated {@link #conjugated} S, X
   */
  public static void bsrProduct(
      long matrix,
      DType dtype,
      boolean transposed,
      int conjugated,
      long columns,
      long[] addresses,
      long[] strides,
      double alpha,
      double beta) {
    Native.run(
        () ->
            einblas.einblas_bsr_product(
                matrix,
                Native.code(dtype),
                transposed ? 1 : 0,
                conjugated,
                columns,
                addresses[0],
                addresses[1],
                addresses[2],
                strides,
                alpha,
                beta,
                0),
        "a BSR product");
  }

  /**
   * Blocks = alpha * (A B at them) + beta * blocks; addresses of the blocks, A, B; their strides.
   *
   * @param conjugated {@link #conjugated} A, B
   */
  public static void bsrSampled(
      long matrix,
      DType dtype,
      int conjugated,
      long depth,
      long[] addresses,
      long[] strides,
      double alpha,
      double beta) {
    Native.run(
        () ->
            einblas.einblas_bsr_sampled(
                matrix,
                Native.code(dtype),
                conjugated,
                depth,
                addresses[1],
                addresses[2],
                addresses[0],
                strides,
                alpha,
                beta,
                0),
        "a sampled product");
  }
}
