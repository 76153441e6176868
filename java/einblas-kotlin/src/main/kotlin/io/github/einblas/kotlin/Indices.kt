// Kotlin: elements and parts of tensors by brackets, gradients by destructuring.
package io.github.einblas.kotlin

import io.github.einblas.Gradients
import io.github.einblas.Tensor

/**
 * The element at an index, as `t[i, j]`; a negative index counts from the end. `t[1L, 2L]` is
 * [Tensor.get] itself.
 *
 * @throws IndexOutOfBoundsException if there is no such element
 */
public operator fun Tensor.get(vararg index: Int): Double = get(*longs(index))

/** Writes the element at an index: `t[i, j] = 2.5`. */
public operator fun Tensor.set(vararg index: Int, value: Double): Unit = set(value, *longs(index))

/** Writes the element at an index of Longs: `t[i, j] = 2.5`. */
public operator fun Tensor.set(vararg index: Long, value: Double): Unit = set(value, *index)

/**
 * A view of a part of each axis, from the first on: `t[0..1, 2 until 8 step 2]`. Axes behind the
 * last range stay whole; [Tensor.select] takes one index of an axis away.
 *
 * @throws IllegalArgumentException if a range runs backwards, or if there are more than axes
 * @throws IndexOutOfBoundsException if a range reaches beyond its axis
 */
public operator fun Tensor.get(vararg ranges: IntProgression): Tensor {
    require(ranges.size <= rank()) { "${ranges.size} ranges for a tensor of rank ${rank()}" }
    var view = this
    ranges.forEachIndexed { axis, range ->
        require(range.step > 0) { "the range $range of axis $axis runs backwards" }
        val last = range.last.toLong()
        val stop = if (range.isEmpty()) range.first.toLong() else last + 1
        val inside = range.first >= 0 && range.first <= length(axis) && stop <= length(axis)
        if (!inside) {
            throw IndexOutOfBoundsException(
                "the range $range reaches beyond axis $axis of length ${length(axis)}",
            )
        }
        view = view.slice(axis, range.first.toLong(), stop, range.step.toLong())
    }
    return view
}

/** The gradient for the first operand: `val (dx, dw) = plan.gradients(dy, x, w)`. */
public operator fun Gradients.component1(): Tensor = get(0)

/** The gradient for the second operand. */
public operator fun Gradients.component2(): Tensor = get(1)

/** The gradient for the third operand. */
public operator fun Gradients.component3(): Tensor = get(2)

/** The gradient for the fourth operand. */
public operator fun Gradients.component4(): Tensor = get(3)

private fun longs(index: IntArray) = LongArray(index.size) { index[it].toLong() }
