// Example: named products from Kotlin; Tensor is AutoCloseable, so `use` frees it.
package example

import io.github.einblas.Einsum
import io.github.einblas.Tensor

fun main() {
    Tensor.of(doubleArrayOf(1.0, 2.0, 3.0, 4.0), 2, 2).use { a ->
        Tensor.of(doubleArrayOf(0.0, 1.0, 1.0, 0.0), 2, 2).use { swap ->
            Einsum.einsum("ij,jk->ik", a, swap).use { println(it) }
        }
    }
}
