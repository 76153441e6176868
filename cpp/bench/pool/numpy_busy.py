#!/usr/bin/env python3
"""NumPy (OpenBLAS's threads) beside busy processes: numpy_busy.py [1,2,4]. The cases of `einblas_bench --busy` that it has."""
import multiprocessing
import os
import sys
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", str(len(os.sched_getaffinity(0))))
import numpy as np  # noqa: E402


def spin():
    while True:
        pass


def cases():
    f = np.float32
    for n in (128, 256, 512):
        a, b, c = (np.ones((n, n), f) for _ in range(3))
        yield f"gemm_{n}", lambda a=a, b=b, c=c: np.matmul(a, b, out=c)
    a, b = np.ones((24, 24, 16, 24), f), np.ones((16, 16, 16, 24), f)
    yield "tccg_abcijk_ijma_mkbc", lambda a=a, b=b: np.einsum("amji,cbkm->kjicba", a, b, optimize=True)


def main():
    print(f"NumPy {np.__version__}, {os.environ['OPENBLAS_NUM_THREADS']} threads, microseconds")
    for neighbours in [int(n) for n in (sys.argv[1] if len(sys.argv) > 1 else "1,2,4").split(",")]:
        others = [multiprocessing.Process(target=spin, daemon=True) for _ in range(neighbours)]
        for p in others:
            p.start()
        for name, call in cases():
            call()
            took, end = [], time.perf_counter() + 1.2
            while time.perf_counter() < end or len(took) < 30:
                start = time.perf_counter()
                call()
                took.append(1e6 * (time.perf_counter() - start))
            took.sort()
            print(f"{name:27} f32 {neighbours:5} median {took[len(took) // 2]:10.1f} 99 % {took[len(took) * 99 // 100]:10.0f}", flush=True)
        for p in others:
            p.kill()


main()
