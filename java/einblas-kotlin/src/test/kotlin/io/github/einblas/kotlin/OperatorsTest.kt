// Arithmetic of tensors by Kotlin's operators.
package io.github.einblas.kotlin

import io.github.einblas.Tensor
import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Test

class OperatorsTest {
    private fun check(expected: DoubleArray, made: Tensor) =
        made.use { assertArrayEquals(expected, it.toDoubleArray()) }

    @Test
    fun elementByElement() {
        Tensor.of(doubleArrayOf(1.0, 2.0, 3.0, 4.0), 2, 2).use { a ->
            Tensor.of(doubleArrayOf(4.0, 8.0), 2).use { b ->
                check(doubleArrayOf(5.0, 10.0, 7.0, 12.0), a + b)
                check(doubleArrayOf(-3.0, -6.0, -1.0, -4.0), a - b)
                check(doubleArrayOf(4.0, 16.0, 12.0, 32.0), a * b)
                check(doubleArrayOf(0.25, 0.25, 0.75, 0.5), a / b)
                check(doubleArrayOf(2.0, 4.0, 6.0, 8.0), a * 2.0)
                check(doubleArrayOf(0.5, 1.0, 1.5, 2.0), 0.5 * a)
                check(doubleArrayOf(-4.0, -8.0), -b)
                check(doubleArrayOf(7.0, 10.0, 15.0, 22.0), a matmul a)
                check(doubleArrayOf(20.0, 44.0), a matmul b)
                assertArrayEquals(doubleArrayOf(1.0, 2.0, 3.0, 4.0), a.toDoubleArray())
            }
            Tensor.of(doubleArrayOf(1.0, 2.0, 3.0), 3).use { wrong ->
                assertThrows(IllegalArgumentException::class.java) { a + wrong }
            }
        }
    }
}
