// Tensors from Kotlin: brackets, ranges, destructured gradients, `use`.
package io.github.einblas.kotlin

import io.github.einblas.Einsum
import io.github.einblas.Tensor
import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

class IndicesTest {
    private fun counted() = Tensor.of(DoubleArray(12) { it.toDouble() }, 3, 4)

    @Test
    fun elementsAreReadAndWritten() {
        counted().use { t ->
            assertEquals(6.0, t[1, 2])
            for (i in 0 until 3) {
                for (j in 0 until 4) {
                    t[i, j] = t[i, j] + 0.5
                }
            }
            assertEquals(11.5, t[-1, -1])
            val row = 2L
            t[row, 1L] = -3.0
            assertEquals(-3.0, t[row, 1L])
            assertThrows(IndexOutOfBoundsException::class.java) { t[3, 0] }
            assertThrows(IndexOutOfBoundsException::class.java) { t[0, 4] = 1.0 }
        }
    }

    @Test
    fun rangesAreViews() {
        counted().use { t ->
            val part = t[1..2, 0 until 4 step 2]
            assertArrayEquals(longArrayOf(2, 2), part.shape())
            part[1, 1] = 99.0
            assertEquals(99.0, t[2, 2])
            assertArrayEquals(longArrayOf(1, 4), t[0..0].shape())
            assertArrayEquals(longArrayOf(0, 4), t[2 until 2].shape())
            assertArrayEquals(longArrayOf(3, 4), t[0 until 3, 0..3].shape())
            assertThrows(IllegalArgumentException::class.java) { t[2 downTo 0] }
            assertThrows(IllegalArgumentException::class.java) { t[0..1, 0..1, 0..1] }
            assertThrows(IndexOutOfBoundsException::class.java) { t[0..3] }
            assertThrows(IndexOutOfBoundsException::class.java) { t[-1..1] }
        }
    }

    @Test
    fun gradientsAreDestructuredAndClosed() {
        counted().use { a ->
            Tensor.of(doubleArrayOf(1.0, 2.0, 3.0, 4.0), 4).use { x ->
                val plan = Einsum.plan("ij,j->i", a, x)
                Tensor.of(doubleArrayOf(1.0, 1.0, 1.0), 3).use { up ->
                    val kept = plan.gradients(up, a, x).use { d ->
                        val (da, dx) = d
                        assertEquals(3.0, da[2, 2])
                        assertEquals(15.0, dx[1])
                        assertEquals(dx, d[1])
                        assertEquals(2, d.count())
                        d
                    }
                    assertTrue(kept.all { it.isClosed })
                }
            }
        }
    }
}
