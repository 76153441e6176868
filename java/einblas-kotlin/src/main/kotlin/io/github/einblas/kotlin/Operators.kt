// Kotlin: arithmetic of tensors by operators.
package io.github.einblas.kotlin

import io.github.einblas.Tensor
import io.github.einblas.TensorMath
import io.github.einblas.TensorOps

/** [TensorMath.add]: the sum, element by element; shapes broadcast. A new tensor, as of all operators here. */
public operator fun Tensor.plus(other: Tensor): Tensor = TensorMath.add(this, other)

/** [TensorMath.subtract]: the difference, element by element. */
public operator fun Tensor.minus(other: Tensor): Tensor = TensorMath.subtract(this, other)

/** [TensorMath.multiply]: the product, element by element; [matmul] multiplies matrices. */
public operator fun Tensor.times(other: Tensor): Tensor = TensorMath.multiply(this, other)

/** [TensorMath.divide]: the quotient, element by element. */
public operator fun Tensor.div(other: Tensor): Tensor = TensorMath.divide(this, other)

/** [TensorMath.scale]: each element times a number. */
public operator fun Tensor.times(factor: Double): Tensor = TensorMath.scale(factor, this)

/** [TensorMath.scale]: a number times each element. */
public operator fun Double.times(tensor: Tensor): Tensor = TensorMath.scale(this, tensor)

/** [TensorMath.scale] by -1. */
public operator fun Tensor.unaryMinus(): Tensor = TensorMath.scale(-1.0, this)

/** [TensorOps.matmul]: `a matmul b`. */
public infix fun Tensor.matmul(other: Tensor): Tensor = TensorOps.matmul(this, other)
