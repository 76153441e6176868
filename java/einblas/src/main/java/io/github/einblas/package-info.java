/**
 * Tensor contractions at machine speed: tensors in native memory, einsum, and named operations over
 * it.
 *
 * <p>Begin with {@link io.github.einblas.Tensor} (data) and {@link io.github.einblas.Einsum} (one
 * line for a product):
 *
 * <pre>{@code
 * try (Tensor a = Tensor.of(new float[] {1, 2, 3, 4}, 2, 2);
 *     Tensor c = Einsum.einsum("ij,jk->ik", a, a)) {
 *   System.out.println(c.get(1, 1)); // 22.0
 * }
 * }</pre>
 *
 * <table>
 * <caption>Where to go on</caption>
 * <tr><th>you want</th><th>type</th></tr>
 * <tr><td>matmul, tensordot, outer, kron by name</td><td>{@link io.github.einblas.TensorOps}</td>
 * </tr>
 * <tr><td>what stands between products: softmax, sums, functions of elements</td>
 *   <td>{@link io.github.einblas.TensorMath}</td></tr>
 * <tr><td>the same contraction often, in a given order, under a memory limit, with gradients</td>
 *   <td>{@link io.github.einblas.EinsumPlan}, {@link io.github.einblas.PlanOptions}</td></tr>
 * <tr><td>constant weights</td><td>{@link io.github.einblas.BoundPlan}</td></tr>
 * <tr><td>to see what is done and why</td><td>{@link io.github.einblas.PlanReport}</td></tr>
 * <tr><td>layers of which each example uses a few blocks</td>
 *   <td>{@link io.github.einblas.BlockSparse}</td></tr>
 * <tr><td>sparse matrices, matrices of blocks, Kronecker products</td>
 *   <td>{@link io.github.einblas.CsrMatrix}, {@link io.github.einblas.BsrMatrix}, {@link
 *   io.github.einblas.Kronecker}</td></tr>
 * <tr><td>files</td><td>{@link io.github.einblas.Tensor#readNpy(java.nio.file.Path)}, {@link
 *   io.github.einblas.Safetensors}</td></tr>
 * <tr><td>threads, memory, what was loaded</td><td>{@link io.github.einblas.Einblas}</td></tr>
 * </table>
 *
 * <p>Lengths, strides and offsets count elements, sizes of memory bytes, times seconds. Axes are
 * numbered from 0, negative ones from the end. What is wrong with an argument is an {@link
 * IllegalArgumentException} or {@link IndexOutOfBoundsException} that says what was given and what
 * was needed; a null one is a {@link NullPointerException}, a closed tensor an {@link
 * IllegalStateException}, memory that is not there a {@link
 * io.github.einblas.NativeMemoryException}. A refused call changes nothing.
 */
@NullMarked
package io.github.einblas;

import org.jspecify.annotations.NullMarked;
