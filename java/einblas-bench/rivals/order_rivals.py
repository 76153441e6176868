#!/usr/bin/env python3
"""Orders of a contraction by opt_einsum, and runs of an order in NumPy, for einblas-bench --orders.

usage: order_rivals.py search|run < JOB.json
JOB is {"labels": [[0, 1], ...], "output": [...], "sizes": [...], "dtype": "float64", "pairs": [[0, 1], ...], "seconds": 10}:
pairs are slots, operands being 0 to n-1 and the result of pair i n+i. search prints {"seconds": ..., "path": [...]}, whose
path is linear; run prints {"seconds": ...}, a median with one thread.
"""
import json
import os
import statistics
import sys
import time

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"
for variable in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    os.environ.pop(variable, None)
job = json.load(sys.stdin)


def search():
    import opt_einsum

    # Labels as letters, as opt_einsum's own front door has them.
    letters = [opt_einsum.get_symbol(i) for i in range(len(job["sizes"]))]
    inputs = [frozenset(letters[l] for l in own) for own in job["labels"]]
    output = frozenset(letters[l] for l in job["output"])
    start = time.perf_counter()
    path = opt_einsum.paths.auto(inputs, output, dict(zip(letters, job["sizes"])))
    return {"seconds": time.perf_counter() - start, "path": [list(step) for step in path]}


def steps():
    """Each pair as an equation of its own over few letters, as NumPy has only 52."""
    import string

    n = len(job["labels"])
    labels = {i: list(own) for i, own in enumerate(job["labels"])}
    users = {}
    for own in job["labels"] + [job["output"]]:
        for label in set(own):
            users[label] = users.get(label, 0) + 1
    for i, (a, b) in enumerate(job["pairs"]):
        both = labels.pop(a), labels.pop(b)
        for own in both:
            for label in set(own):
                users[label] -= 1
        union = list(dict.fromkeys(both[0] + both[1]))
        last = i == len(job["pairs"]) - 1
        result = job["output"] if last else [label for label in union if users[label] > 0]
        for label in set(result):
            users[label] += 1
        labels[n + i] = result
        letter = dict(zip(union, string.ascii_letters))
        if len(union) > len(string.ascii_letters):
            raise SystemExit("a step of more than 52 labels")
        left, right, out = ("".join(letter[label] for label in own) for own in (*both, result))
        yield a, b, n + i, f"{left},{right}->{out}"


def run():
    import numpy as np

    rng = np.random.default_rng(0)
    operands = {}
    for i, own in enumerate(job["labels"]):
        shape = [job["sizes"][label] for label in own]
        operands[i] = (rng.random(shape) + 0.5).astype(job["dtype"])
    todo = list(steps())
    times = []
    end = time.perf_counter() + job["seconds"]
    with np.errstate(all="ignore"):
        while len(times) < 5 and (not times or time.perf_counter() < end):
            tensors = dict(operands)
            start = time.perf_counter()
            for a, b, out, equation in todo:
                tensors[out] = np.einsum(equation, tensors.pop(a), tensors.pop(b), optimize=True)
            times.append(time.perf_counter() - start)
    return {"seconds": statistics.median(times)}


print(json.dumps({"search": search, "run": run}[sys.argv[1]]()))
