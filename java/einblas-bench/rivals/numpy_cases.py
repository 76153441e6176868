#!/usr/bin/env python3
"""Times the catalogue's cases in NumPy: in its best form (into a given result, in the requested layout) and its usual one.

usage: numpy_cases.py CATALOGUE... [--threads N] [--dtype F32,F64] [--only NAME-REGEX]
       numpy_cases.py CATALOGUE... [--threads N] --serve
       numpy_cases.py CATALOGUE... [--threads N] [--dtype F32] [--only NAME-REGEX] --busy 1,2,4 [--seconds S]
Prints the lines of a results file (java/einblas-bench, Result.java says what they are). --serve takes lines
"CASE DTYPE THREADS REFERENCE MILLISECONDS STYLES" (tabs between), as Worker.java does, and compares with einblas's reference.
--busy times single calls of the best form beside so many processes that compute without a pause, as `einblas_bench --busy` does.
Needs numpy; the threads of its OpenBLAS are set before it loads.
"""
import argparse
import math
import os
import re
import subprocess
import sys
import time

parser = argparse.ArgumentParser()
parser.add_argument("catalogues", nargs="+")
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--dtype", default="F32,F64")
parser.add_argument("--only", default="")
parser.add_argument("--serve", action="store_true")
parser.add_argument("--scipy", action="store_true", help="the sparse products of structured.py, by SciPy")
parser.add_argument("--busy", default="")
parser.add_argument("--seconds", type=float, default=1.2)
args = parser.parse_args()
for variable in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    os.environ.pop(variable, None)
os.environ["OPENBLAS_NUM_THREADS"] = str(args.threads)

import numpy as np  # noqa: E402  (after the environment)

import structured  # noqa: E402

PARTS = 1024
LOOPS = "einsum(out=)"
MIX = 2654435761
MOST_OPERATIONS = 2e9
LOOP_SECONDS = 1e-10  # an operation of einsum's own loops takes at least that long
VERSION = structured.scipy_version() if args.scipy else "NumPy " + np.__version__


def read_cases():
    cases, plans = {}, set()
    for catalogue in args.catalogues:
        for line in open(catalogue):
            if line.strip() and not line.startswith("#"):
                name, group, equation, *lengths = line.split()
                cases[name] = (equation, {p[0]: int(p[2:]) for p in lengths})
                if group == "plan":
                    plans.add(name)
    return cases, plans


def operand(number, shape, kind):
    """Values.java's values."""
    size = int(np.prod(shape, dtype=np.int64))
    index = np.arange(size, dtype=np.uint32)
    bits = (index * np.uint32(MIX) + np.uint32(40503 * (number + 1))) >> np.uint32(22)
    return (bits.astype(kind) / kind(1024) + kind(0.5)).reshape(shape)


def scale(term, result, lengths):
    """Catalogue.java's scale of a plan's operand."""
    bits = 0.0
    for label in term:
        if label not in result:
            bits += math.log(lengths[label]) / math.log(2)
    return math.ldexp(1.0, -round(bits / 2))


def operands_of(name, kind):
    equation, lengths = CASES[name]
    left, right = equation.split("->")
    made = [operand(i, [lengths[l] for l in term], kind) for i, term in enumerate(left.split(","))]
    if name in PLANS:
        for x, term in zip(made, left.split(",")):
            x *= kind(scale(term, right, lengths))
    return made


def fingerprint(result):
    """Fingerprint.java's numbers."""
    flat = np.ascontiguousarray(result).reshape(-1)
    size = flat.size
    stretch = max(1, -(-size // PARTS))
    weights = 1 + np.arange(stretch) % 7 * 0.125
    sums = []
    for p in range(PARTS):
        part = flat[p * stretch:(p + 1) * stretch].astype(np.float64)
        sums.append(float(part @ weights[:part.size]))
    return sums + [float(flat[p * MIX % size]) for p in range(PARTS)]


def roundings(equation, lengths):
    left, right = equation.split("->")
    terms = 1.0
    for label, length in lengths.items():
        if label not in right:
            terms *= length
    return terms + len(left.split(","))


def verify(result, most, kind, reference):
    tolerance = min(1e-3, 2 * most * float(np.finfo(kind).eps))
    for p, (mine, theirs) in enumerate(zip(fingerprint(result), (float(x) for x in open(reference)))):
        if not abs(mine - theirs) <= tolerance * abs(theirs):
            raise ValueError(f"part {p} of the result is {mine}, einblas's is {theirs}")


def refuse_endless(equation, operands):
    """optimize=True leaves what exceeds its memory limit to one loop nest, which may take years."""
    for line in np.einsum_path(equation, *operands, optimize=True)[1].split("\n"):
        if "Optimized FLOP" in line and float(line.split(":")[1]) > MOST_OPERATIONS:
            raise ValueError("optimize=True would take" + line.split(":")[1] + " operations")


def best_forms(equation, operands, out):
    """Every way to fill a given result; the fastest counts."""
    left, right = equation.split("->")
    terms = left.split(",")
    if len(terms) > 2:
        # optimize=True makes no intermediate larger than the largest operand: without that limit, and found beforehand.
        path = np.einsum_path(equation, *operands, optimize=("greedy", 10**15))[0]
        yield "einsum(path, out=)", lambda: np.einsum(equation, *operands, out=out, optimize=path)
        refuse_endless(equation, operands)
        yield "einsum(optimize, out=)", lambda: np.einsum(equation, *operands, out=out, optimize=True)
        return
    yield "einsum(optimize, out=)", lambda: np.einsum(equation, *operands, out=out, optimize=True)
    if equation in ("ab,bc->ac", "bik,bkj->bij", "ij,jk->ik", "ij,j->i"):
        yield "matmul(out=)", lambda: np.matmul(*operands, out=out)
    if equation == "ij,i->j":
        yield "matmul(out=)", lambda: np.matmul(operands[1], operands[0], out=out)
    if equation == "rd,od->ro":
        yield "matmul(out=)", lambda: np.matmul(operands[0], operands[1].T, out=out)
    if len(terms) == 2 and set(terms[0]) | set(terms[1]) == set(right):
        views = []
        for term, tensor in zip(terms, operands):
            index = tuple(slice(None) if label in term else None for label in right)
            order = [term.index(label) for label in right if label in term]
            views.append(tensor.transpose(order)[index])
        yield "multiply(out=)", lambda: np.multiply(*views, out=out)
    if len(terms) == 1 and len(set(terms[0])) == len(terms[0]):
        if set(terms[0]) == set(right):
            order = [terms[0].index(label) for label in right]
            yield "copyto", lambda: np.copyto(out, operands[0].transpose(order))
        elif "".join(label for label in terms[0] if label in right) == right:
            axes = tuple(i for i, label in enumerate(terms[0]) if label not in right)
            yield "sum(out=)", lambda: np.sum(operands[0], axis=axes, out=out)
    yield LOOPS, lambda: np.einsum(equation, *operands, out=out)


def seconds(call, budget):
    """Samples, sorted; at least three, each of a fortieth of the budget or one call."""
    call()
    t = time.perf_counter()
    call()
    once = time.perf_counter() - t
    repeat = max(1, int(budget / 40 / max(once, 1e-7)))
    samples = [once] if once > budget / 4 else []
    least = 2 if once > 5 * budget else 3  # as Trial.java
    start = time.perf_counter()
    while len(samples) < 64 and (len(samples) < least or time.perf_counter() - start < budget):
        t = time.perf_counter()
        for _ in range(repeat):
            call()
        samples.append((time.perf_counter() - t) / repeat)
    return sorted(samples)


def row(style, form, name, dtype, threads, samples, size, error=""):
    low, median, high = (1e6 * np.quantile(samples, (0.25, 0.5, 0.75))) if samples else (0, 0, 0)
    least = samples[0] * 1e6 if samples else 0
    return "\t".join(["scipy" if args.scipy else "numpy", VERSION, style, form, name, dtype, str(threads), f"{median:.4f}",
                      f"{low:.4f}", f"{high:.4f}", f"{least:.4f}", str(len(samples)), "0", f"{size:.6g}", "0", "", "0", error])


def fastest_form(forms, check, budget, operations=0.0):
    """The form with the least time in a short trial, as (time, form, call); or none, and why the last one failed."""
    fastest = None
    error = ""
    while True:
        try:
            form, call = next(forms)
        except StopIteration:
            return fastest, error
        except ValueError as e:
            return fastest, str(e)
        if form == LOOPS and fastest is not None and operations * LOOP_SECONDS > 2 * fastest[0]:
            continue
        try:
            t = time.perf_counter()
            call()
            first = time.perf_counter() - t
            check()
            if fastest is not None and first > 20 * fastest[0]:
                continue
            trial = seconds(call, budget / 4)[0]
        except (ValueError, MemoryError) as e:
            error = f"{form}: {' '.join(str(e).split())}"
            continue
        if fastest is None or trial < fastest[0]:
            fastest = (trial, form, call)


def measure_structured(name, dtype, threads, reference, budget, styles):
    """A row of the best form, or none."""
    kind = np.float32 if dtype == "F32" else np.float64
    case = structured.Case(name, STRUCTURED[name], kind, operand)
    forms = case.scipy_forms() if args.scipy else case.numpy_forms()
    if "BEST" not in styles or not forms:
        return
    for form, call in forms:
        case.reset()
        call()
        if reference:
            try:
                verify(case.out, case.roundings(), kind, reference)
            except ValueError as e:
                yield row("BEST", form, name, dtype, threads, [], 0, str(e))
                return
    fastest, error = fastest_form(iter(forms), lambda: None, budget)
    if fastest is None:
        yield row("BEST", "", name, dtype, threads, [], 0, error)
    else:
        yield row("BEST", fastest[1], name, dtype, threads, seconds(fastest[2], budget), 0)


def measure(name, dtype, threads, reference, budget, styles="BEST,USUAL"):
    """A row for each style."""
    equation, lengths = CASES[name]
    kind = np.float32 if dtype == "F32" else np.float64
    right = equation.split("->")[1]
    operands = operands_of(name, kind)
    out = np.zeros([lengths[l] for l in right], dtype=kind)
    size = out.nbytes + sum(x.nbytes for x in operands)
    most = roundings(equation, lengths)
    if "BEST" in styles:
        fastest, error = fastest_form(
            best_forms(equation, operands, out),
            lambda: verify(out, most, kind, reference) if reference else None,
            budget,
            float(np.prod([float(n) for n in lengths.values()])),
        )
    if "BEST" not in styles:
        pass
    elif fastest is None:
        yield row("BEST", "", name, dtype, threads, [], size, error)
    else:
        yield row("BEST", fastest[1], name, dtype, threads, seconds(fastest[2], budget), size)
    if "USUAL" not in styles:
        return
    try:
        refuse_endless(equation, operands)
        result = np.einsum(equation, *operands, optimize=True)
        verify(result, most, kind, reference) if reference else None
        view = "" if result.flags.c_contiguous else " (a view: not in the requested layout)"
        del result
        samples = seconds(lambda: np.einsum(equation, *operands, optimize=True), budget)
        yield row("USUAL", "einsum(optimize)" + view, name, dtype, threads, samples, size)
    except (ValueError, MemoryError) as e:
        yield row("USUAL", "", name, dtype, threads, [], size, " ".join(str(e).split()))


def timed(call):
    t = time.perf_counter()
    call()
    return time.perf_counter() - t


def quick_form(equation, operands, out):
    """The best form by five calls each, without einsum's own loops where they would take seconds."""
    operations = float(np.prod([float(n) for n in dict(zip(equation.replace(",", "").split("->")[0],
                                                          [n for x in operands for n in x.shape])).values()]))
    fastest = None
    for form, call in best_forms(equation, operands, out):
        if form == "einsum(out=)" and operations > 2e8:
            continue
        call()
        t = min(timed(call) for _ in range(5))
        if fastest is None or t < fastest[0]:
            fastest = (t, form, call)
    return fastest[1:]


def busy(name, dtype, neighbours):
    equation, lengths = CASES[name]
    kind = np.float32 if dtype == "F32" else np.float64
    right = equation.split("->")[1]
    operands = operands_of(name, kind)
    out = np.zeros([lengths[l] for l in right], dtype=kind)
    form, call = quick_form(equation, operands, out)
    took = []
    begin = end = time.perf_counter()
    while end - begin < args.seconds or (len(took) < 30 and end - begin < 4 * args.seconds):
        call()
        t, end = end, time.perf_counter()
        took.append(1e6 * (end - t))
    took.sort()
    median, tail = took[len(took) // 2], took[len(took) * 99 // 100]
    late = tail > 3 * median + 4000  # a slice of the scheduler
    print(f"{name:27} {dtype.lower()} {neighbours:5} {median:10.1f} {tail:8.0f}  {len(took)} calls"
          f"{' TAIL' if late else ''}  {form}", flush=True)
    return late


def all_busy():
    print(f"{VERSION}, {args.threads} threads: busy processes, median, 99 % (us)", flush=True)
    for neighbours in map(int, args.busy.split(",")):
        running = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(neighbours)]
        try:
            chosen = [(n, d) for n in CASES if re.search(args.only, n) for d in args.dtype.split(",")]
            late = sum(busy(n, d, neighbours) for n, d in chosen)
            print(f"of {len(chosen)}: 99 % above 3 medians and a slice of 4 ms: {late}", flush=True)
        finally:
            for process in running:
                process.kill()
                process.wait()


CASES, PLANS = read_cases()
STRUCTURED = structured.cases(os.path.dirname(args.catalogues[0]))
if args.busy:
    all_busy()
elif args.serve:
    for line in sys.stdin:
        name, dtype, threads, reference, millis, styles = line.rstrip("\n").split("\t")
        how = measure_structured if name in STRUCTURED else measure
        for result in how(name, dtype, int(threads), reference, int(millis) / 1000, styles):
            print("row\t" + result)
        print("done", flush=True)
else:
    print("\t".join(["implementation", "version", "style", "form", "case", "dtype", "threads", "median_us", "q1_us", "q3_us", "min_us",
                     "samples", "flops", "bytes", "bound_us", "limit", "round", "error"]))
    for name in CASES:
        if re.search(args.only, name):
            for dtype in args.dtype.split(","):
                for result in measure(name, dtype, args.threads, None, 0.2):
                    print(result, flush=True)
