/**
 * Tensor contractions at machine speed: tensors in native memory, einsum, and named operations over
 * it.
 */
@NullMarked
package io.github.einblas;

import org.jspecify.annotations.NullMarked;
