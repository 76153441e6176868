#!/usr/bin/env python3
"""Times the catalogue's cases in NumPy, in the form that is best for it and into a given result where it can.

usage: numpy_cases.py CATALOGUE [--threads N] [--dtype f32,f64] [NAME-REGEX...]
Prints: name, dtype, threads, best form, median microseconds. Needs numpy; threads are set for OpenBLAS before it loads.
"""
import argparse
import os
import re
import statistics
import sys
import time

parser = argparse.ArgumentParser()
parser.add_argument("catalogue")
parser.add_argument("--threads", type=int, default=0)
parser.add_argument("--dtype", default="f32,f64")
parser.add_argument("names", nargs="*")
args = parser.parse_intermixed_args()
for variable in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    os.environ.pop(variable, None)
if args.threads:
    os.environ["OPENBLAS_NUM_THREADS"] = str(args.threads)

import numpy as np  # noqa: E402  (after the environment)


def cases():
    for line in open(args.catalogue):
        if line.strip() and not line.startswith("#"):
            name, group, equation, *lengths = line.split()
            if not args.names or any(re.search(n, name) or n == group for n in args.names):
                yield name, equation, {p[0]: int(p[2:]) for p in lengths}


def forms(equation, operands, out):
    """Every way that NumPy users would write it; the fastest counts."""
    yield "einsum out=", lambda: np.einsum(equation, *operands, out=out)
    yield "einsum optimize out=", lambda: np.einsum(equation, *operands, out=out, optimize=True)
    left, right = equation.split("->")
    terms = left.split(",")
    if equation == "ab,bc->ac":
        yield "matmul out=", lambda: np.matmul(*operands, out=out)
    if equation == "bik,bkj->bij":
        yield "matmul out=", lambda: np.matmul(*operands, out=out)
    if equation == "rd,od->ro":
        yield "matmul out=", lambda: np.matmul(operands[0], operands[1].T, out=out)
    if len(terms) == 2 and set(terms[0]) | set(terms[1]) == set(right):
        views = []
        for term, operand in zip(terms, operands):
            index = tuple(slice(None) if label in term else None for label in right)
            order = [term.index(label) for label in right if label in term]
            views.append(operand.transpose(order)[index])
        yield "multiply out=", lambda: np.multiply(*views, out=out)
    if len(terms) == 1 and set(terms[0]) == set(right) and len(set(terms[0])) == len(terms[0]):
        order = [terms[0].index(label) for label in right]
        yield "copyto", lambda: np.copyto(out, operands[0].transpose(order))


def median_us(call):
    call()
    t = time.perf_counter()
    call()
    repeat = max(1, int(0.005 / max(time.perf_counter() - t, 1e-7)))
    samples = []
    start = time.perf_counter()
    while len(samples) < 11 and (len(samples) < 3 or time.perf_counter() - start < 3):
        t = time.perf_counter()
        for _ in range(repeat):
            call()
        samples.append((time.perf_counter() - t) / repeat)
    return statistics.median(samples) * 1e6


print("# numpy", np.__version__, "threads", args.threads or "all", file=sys.stderr)
for name, equation, lengths in cases():
    left, right = equation.split("->")
    for dtype in args.dtype.split(","):
        kind = np.float32 if dtype == "f32" else np.float64
        random = np.random.default_rng(1)
        operands = [random.random([lengths[l] for l in term], dtype=kind) for term in left.split(",")]
        out = np.zeros([lengths[l] for l in right], dtype=kind)
        best = None
        for form, call in forms(equation, operands, out):
            try:
                us = median_us(call)
            except ValueError:
                continue
            if best is None or us < best[0]:
                best = (us, form)
        print(f"{name:<27} {dtype} {args.threads or 0:2d} {best[1]:<20} {best[0]:12.3f} us", flush=True)
