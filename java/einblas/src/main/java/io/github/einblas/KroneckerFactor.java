// Public API: what a Kronecker operator can be made of.
package io.github.einblas;

/**
 * A factor of a {@link Kronecker} operator: a dense {@link Tensor} (..., rows, columns), a sparse
 * {@link CsrMatrix}, or another operator, whose factors are taken over ({@link Kronecker#identity},
 * {@link Kronecker#diagonal}).
 */
public sealed interface KroneckerFactor permits Tensor, Kronecker, CsrMatrix {}
