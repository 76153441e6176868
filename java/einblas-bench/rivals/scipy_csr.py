#!/usr/bin/env python3
"""Times the cases of einblas_bench csr in SciPy (one thread: it has no other), fastest of several runs.

usage: scipy_csr.py [NAME-REGEX]
The matrices have the structure of cpp/bench/csr.cpp: shapes, entries per row and their distribution are the same, the
places are other random ones.
"""
import re
import sys
import time

import numpy as np
import scipy
import scipy.sparse as sparse

wanted = re.compile(sys.argv[1] if len(sys.argv) > 1 else "")
random = np.random.default_rng(20261121)


def matrix(row_entries, columns, dtype):
    """Rows of so many columns; in short rows of a wide matrix one may come twice."""
    indptr = np.concatenate([[0], np.cumsum(row_entries)]).astype(np.int32)
    indices = np.concatenate([np.sort(random.choice(columns, n, replace=False)) if n > columns // 8
                              else np.sort(random.integers(0, columns, n)) for n in row_entries])
    data = random.uniform(-1, 1, len(indices)).astype(dtype)
    return sparse.csr_matrix((data, indices.astype(np.int32), indptr), shape=(len(row_entries), columns))


def cases():
    yield "seed", random.binomial(784, 0.2, 49980), 784, 30, False
    for power in (False, True):
        weight = np.minimum(random.pareto(1.2, 100000) + 1, 20000) if power else np.ones(100000)
        entries = np.floor(weight * 20 * 100000 / weight.sum() + random.uniform(0, 1, 100000)).astype(int)
        for transposed in (False, True):
            for n in (1, 8, 64, 256):
                name = ("power_" if power else "uniform_") + str(n) + ("_transposed" if transposed else "")
                yield name, entries, 100000, n, transposed


print("SciPy", scipy.__version__)
for name, entries, columns, n, transposed in cases():
    if not wanted.search(name):
        continue
    for dtype in (np.float32, np.float64):
        a = matrix(entries, columns, dtype)
        product = a.T if transposed else a
        x = random.uniform(-1, 1, (product.shape[1], n)).astype(dtype)
        x = x[:, 0].copy() if n == 1 else x
        best, start = np.inf, time.perf_counter()
        while best == np.inf or time.perf_counter() - start < 0.5:
            begin = time.perf_counter()
            product @ x
            best = min(best, time.perf_counter() - begin)
        print(f"{name:24s} {'F32' if dtype == np.float32 else 'F64'} {best * 1e3:9.3f} ms", flush=True)
