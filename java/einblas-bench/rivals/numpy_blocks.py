#!/usr/bin/env python3
"""Times the block-sparse cases of cpp/bench/blocks.txt in NumPy: Theano's own loops, and gather + matmul.

usage: numpy_blocks.py BLOCKS.txt [--threads N] [--dtype f32,f64] [--only NAME-REGEX]
Prints case, type, threads and microseconds (medians) of both forms; their results are compared with each other.
Needs numpy; the threads of its OpenBLAS are set before it loads.
"""
import argparse
import os
import re
import statistics
import time

parser = argparse.ArgumentParser()
parser.add_argument("cases")
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--dtype", default="f32,f64")
parser.add_argument("--only", default="^block_(gemv|back|outer)")
args = parser.parse_args()
for variable in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    os.environ.pop(variable, None)
os.environ["OPENBLAS_NUM_THREADS"] = str(args.threads)

import numpy as np  # noqa: E402  (after the environment)


def gemv_loops(o, w, h, x, y):
    for b in range(o.shape[0]):
        for j, target in enumerate(y[b]):
            for i, source in enumerate(x[b]):
                o[b, j] += h[b, i] @ w[source, target]


def gemv_gather(o, w, h, x, y):
    blocks = w[x[:, :, None], y[:, None, :]]
    o += np.matmul(h[:, :, None, None, :], blocks)[:, :, :, 0].sum(axis=1)


def outer_loops(o, w, h, x, y):
    for b in range(h.shape[0]):
        for i, source in enumerate(x[b]):
            for j, target in enumerate(y[b]):
                w[source, target] += np.outer(h[b, i], o[b, j])


def outer_gather(o, w, h, x, y):
    np.add.at(w, (x[:, :, None], y[:, None, :]), h[:, :, None, :, None] * o[:, None, :, None, :])


def median_us(call):
    call()
    samples, start = [], time.perf_counter()
    while len(samples) < 21 and (len(samples) < 3 or time.perf_counter() - start < 1):
        t = time.perf_counter()
        call()
        samples.append(time.perf_counter() - t)
    return statistics.median(samples) * 1e6


for line in open(args.cases):
    if not line.strip() or line.startswith("#"):
        continue
    name, product, *sizes = line.split()
    if not re.search(args.only, name):
        continue
    batch, x_blocks, y_blocks, x_size, y_size, x_window, y_window = map(int, sizes)
    for dtype in args.dtype.split(","):
        kind = np.float32 if dtype == "f32" else np.float64
        rng = np.random.default_rng(20261121)
        x, y = rng.integers(0, x_blocks, (batch, x_window)), rng.integers(0, y_blocks, (batch, y_window))
        w = rng.random((x_blocks, y_blocks, x_size, y_size), dtype=kind)
        h, o = rng.random((batch, x_window, x_size), dtype=kind), rng.random((batch, y_window, y_size), dtype=kind)
        forms = (outer_loops, outer_gather) if product == "outer" else (gemv_loops, gemv_gather)
        operands = (h, w.transpose(1, 0, 3, 2), o, y, x) if product == "back" else (o, w, h, x, y)
        changed = 1 if product == "outer" else 0
        results = []
        for form in forms:
            copies = list(operands)
            copies[changed] = operands[changed].copy()
            form(*copies)
            results.append(copies[changed])
        if not np.allclose(*results, rtol=1e-4):
            raise ValueError(f"{name}: the two forms differ")
        times = [median_us(lambda: form(*operands)) for form in forms]
        print(f"{name:20} {dtype} {args.threads} loops {times[0]:12.1f} us   gather {times[1]:12.1f} us", flush=True)
