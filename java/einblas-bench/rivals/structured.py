"""Products with structured matrices in NumPy and SciPy, for numpy_cases.py: the cases of cpp/bench/structured.txt and blocks.txt.

Structured.java builds the same matrices. NumPy does Kronecker chains by the shuffle algorithm (linear_operator's, and what FastKron
compares itself with) and block-sparse products by Theano's loops and by gather with matmul; SciPy does CSR and BSR.
"""
import os

import numpy as np


def scipy_version():
    import scipy

    return "SciPy " + scipy.__version__


def cases(folder):
    """Kind and sizes by name."""
    found = {}
    for file in ("structured.txt", "blocks.txt"):
        for line in open(os.path.join(folder, file)):
            if line.strip() and not line.startswith("#"):
                name, kind, *sizes = line.split()
                found[name] = (kind, [int(n) for n in sizes])
    return found


def draw(seed, count, bound):
    """Structured.java's draw for 0..count-1."""
    with np.errstate(over="ignore"):
        h = np.arange(count, dtype=np.uint32) + np.uint32(seed * 0x9E3779B9 & 0xFFFFFFFF)
        h = (h ^ (h >> np.uint32(16))) * np.uint32(0x85EBCA6B)
        h = (h ^ (h >> np.uint32(13))) * np.uint32(0xC2B2AE35)
        h ^= h >> np.uint32(16)
        return (h % np.uint32(bound)).astype(np.int64)


class Case:
    """The operands of a case, ready to be multiplied."""

    def __init__(self, name, described, kind, operand):
        self.name, self.kind, self.operand = name, kind, operand
        self.product, self.sizes = described
        self.out = None

    def reset(self):
        """What is added to begins with zeros."""
        if self.product == "outer":
            self.out[:] = 0

    def roundings(self):
        """Structured.java's."""
        if self.product == "kron":
            return self.sizes[1] * self.sizes[2] + self.sizes[2]
        if self.product in ("gemv", "unprepared", "back", "outer"):
            batch, _, _, x_size, y_size, _, _ = self.sizes
            return 2.0 * batch * max(x_size, y_size) * 64
        block = self.sizes[1] if self.product.startswith("bsr") else 1
        return 8.0 * self.sizes[2] * block * max(1, 1 if block > 1 else self.sizes[0] // self.sizes[1]) + 2

    def sparse(self):
        """The matrix and the dense operand."""
        import scipy.sparse as sparse

        bsr = self.product.startswith("bsr")
        first, second, each, width = self.sizes
        block = second if bsr else 1
        rows, columns = (first // block, first // block) if bsr else (first, second)
        stretch = columns // each
        indices = np.arange(rows * each) % each * columns // each + draw(1, rows * each, stretch)
        indptr = np.arange(rows + 1) * each
        shape = (rows * block, columns * block)
        if bsr:
            values = self.operand(0, (rows * each, block, block), self.kind)
            matrix = sparse.bsr_matrix((values, indices.astype(np.int32), indptr.astype(np.int32)), shape=shape)
        else:
            values = self.operand(0, (rows * each,), self.kind)
            matrix = sparse.csr_matrix((values, indices.astype(np.int32), indptr.astype(np.int32)), shape=shape)
        if self.product == "bsrx":
            return matrix, self.operand(1, (width, shape[0]), self.kind)
        return matrix, self.operand(1, (shape[0] if self.product == "csrt" else shape[1], width), self.kind)

    def scipy_forms(self):
        """One form: SciPy writes into no given result."""
        if not self.product.startswith(("csr", "bsr")):
            return []
        matrix, x = self.sparse()
        if self.product == "bsrx":
            return [("x @ bsr", lambda: self.keep(x @ matrix))]
        product = matrix.T if self.product.endswith("t") else matrix
        return [(f"{self.product[:3]} @ x", lambda: self.keep(product @ x))]

    def keep(self, result):
        self.out = result

    def numpy_forms(self):
        if self.product == "kron":
            return self.kronecker()
        if self.product in ("gemv", "unprepared", "back", "outer"):
            return self.blocks()
        return []

    def kronecker(self):
        rows, order, count = self.sizes
        x = self.operand(1, (rows, order**count), self.kind)
        factors = [self.operand(i + 2, (order, order), self.kind) for i in range(count)]
        spare = [np.empty(x.size, self.kind), np.empty(x.size, self.kind)]
        self.out = np.empty(x.shape, self.kind)

        def shuffle():
            y = x
            for f in reversed(factors):
                y = y.reshape(rows, -1, order) @ f
                y = np.ascontiguousarray(y.transpose(0, 2, 1)).reshape(rows, -1)
            self.out = y

        def given():
            y = x
            for i, f in enumerate(reversed(factors)):
                z = np.matmul(y.reshape(-1, order), f, out=spare[0].reshape(-1, order))
                to = self.out if i == count - 1 else spare[1]
                np.copyto(to.reshape(rows, order, -1), z.reshape(rows, -1, order).transpose(0, 2, 1))
                y = to.reshape(rows, -1)

        return [("shuffle", shuffle), ("shuffle(out=)", given)]

    def blocks(self):
        batch, x_blocks, y_blocks, x_size, y_size, x_window, y_window = self.sizes
        x = draw(1, batch * x_window, x_blocks).reshape(batch, x_window)
        y = draw(2, batch * y_window, y_blocks).reshape(batch, y_window)
        h = self.operand(1, (batch, x_window, x_size), self.kind)
        o = self.operand(2, (batch, y_window, y_size), self.kind)
        w = self.operand(0, (x_blocks, y_blocks, x_size, y_size), self.kind)
        if self.product == "outer":
            self.out = np.zeros_like(w)

            def loops():
                for b in range(batch):
                    for i, source in enumerate(x[b]):
                        for j, target in enumerate(y[b]):
                            self.out[source, target] += np.outer(h[b, i], o[b, j])

            def gather():
                np.add.at(self.out, (x[:, :, None], y[:, None, :]), h[:, :, None, :, None] * o[:, None, :, None, :])

            return [("loops", loops), ("add.at", gather)]
        if self.product == "back":
            w, h, x, y, y_window, y_size = w.transpose(1, 0, 3, 2), o, y, x, x_window, x_size
        self.out = np.zeros((batch, y_window, y_size), self.kind)

        def vector_loops():
            self.out[:] = 0
            for b in range(batch):
                for j, target in enumerate(y[b]):
                    for i, source in enumerate(x[b]):
                        self.out[b, j] += h[b, i] @ w[source, target]

        def vector_gather():
            blocks = w[x[:, :, None], y[:, None, :]]
            np.sum(np.matmul(h[:, :, None, None, :], blocks)[:, :, :, 0], axis=1, out=self.out)

        return [("loops", vector_loops), ("gather, matmul", vector_gather)]
