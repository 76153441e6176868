#!/usr/bin/env python3
# Rival: chains of Kronecker factors in NumPy beside einblas_bench kron, case by case in turns.
"""numpy_kron.py [--threads N] [--dtype F32|F64] BENCH [CASE...]

BENCH is build/release/einblas_bench. A case is ROWSxORDER^COUNT: X (rows x order^count) times the Kronecker product of
count square factors. NumPy does the shuffle algorithm (GPyTorch's linear_operator, and what FastKron compares itself with): for each
factor from the last on, one matmul over the last axis and a transposed copy.
"""
import argparse
import os
import re
import subprocess
import time

CASES = """16x8^2 1024x8^2 16x8^3 1024x8^3 16x8^4 256x8^4 16x8^6 16x16^2 1024x16^2 16x16^3 256x16^3 16x16^4 16x32^2 1024x32^2 16x32^3
256x32^3 16x64^2 1024x64^2 16x64^3 16x128^2 1024x128^2 16x128^3 16x4^6 1024x4^6 16x2^10 1024x2^10""".split()


def shuffle(np, x, factors):
    rows, columns = x.shape
    for f in reversed(factors):
        y = x.reshape(rows, columns // len(f), len(f)) @ f
        x = np.ascontiguousarray(y.transpose(0, 2, 1)).reshape(rows, columns)
    return x


def built(np, x, factors):
    k = np.ones((1, 1), x.dtype)
    for f in factors:
        k = np.kron(k, f)
    return x @ k


def fastest(run):
    run()
    best, end = float("inf"), time.perf_counter() + 0.3
    while True:
        start = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - start)
        if time.perf_counter() > end:
            return best


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--threads", type=int, default=1)
    arguments.add_argument("--dtype", default="F32")
    arguments.add_argument("bench")
    arguments.add_argument("case", nargs="*", default=CASES)
    given = arguments.parse_args()
    os.environ["OPENBLAS_NUM_THREADS"] = str(given.threads)
    for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
        os.environ.pop(name, None)
    import numpy as np

    random = np.random.default_rng(20261121)
    small = [random.random((8, 8)) for _ in range(3)]
    x = random.random((5, 512))
    assert np.allclose(shuffle(np, x, small), built(np, x, small))
    dtype = {"F32": np.float32, "F64": np.float64}[given.dtype]
    limits = ""
    for case in given.case:
        rows, order, count = map(int, re.fullmatch(r"(\d+)x(\d+)\^(\d+)", case).groups())
        own = subprocess.run(
            [given.bench, "kron", "--threads", str(given.threads), "--dtype", given.dtype, "^" + re.escape(case) + "$"],
            check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
        if not limits:
            limits = "\n".join(own[:-1])
            print(limits)
        fields = re.search(r"([0-9.]+) us .* ([0-9.]+) % of P +([0-9.]+) % of the bound \((\w+)\)", own[-1])
        micros, peak, bound, by = float(fields[1]), fields[2], fields[3], fields[4]
        x = random.random((rows, order**count)).astype(dtype)
        factors = [random.random((order, order)).astype(dtype) for _ in range(count)]
        rival = 1e6 * fastest(lambda: shuffle(np, x, factors))
        print(f"{case:12} {given.dtype} {given.threads}  einblas {micros:10.1f} us, {peak} % of P, {bound} % of the bound"
              f" ({by}); numpy {rival:10.1f} us, {rival / micros:.1f} times", flush=True)


if __name__ == "__main__":
    main()
