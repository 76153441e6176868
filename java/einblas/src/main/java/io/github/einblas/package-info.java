/**
 * Tensor contractions at machine speed: tensors in native memory, einsum, and named operations over
 * it.
 */
package io.github.einblas;
