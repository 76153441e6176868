// A CSR matrix on its way into native code.
package io.github.einblas.internal.natives;

import io.github.einblas.DType;

/**
 * A CSR matrix as native code takes it.
 *
 * @param dtype type of the values
 * @param rows number of rows
 * @param columns number of columns
 * @param entries number of entries
 * @param longestRow entries of the longest row
 * @param indptr address of the row starts
 * @param indices address of the columns
 * @param values address of the values
 */
public record NativeCsr(
    DType dtype,
    long rows,
    long columns,
    long entries,
    long longestRow,
    long indptr,
    long indices,
    long values) {}
