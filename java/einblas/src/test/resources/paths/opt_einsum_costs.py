# Records what opt_einsum's `auto` path costs, for PathCostTest: equation, lengths, FLOPs, seconds to plan.
# Run: python3 opt_einsum_costs.py MANIFEST.json > opt_einsum_costs.tsv   (needs opt_einsum and numpy)
import json, sys, time, random, collections
import opt_einsum as oe
from opt_einsum.helpers import flop_count

def cost(inputs, output, sizes, path):
    terms = [frozenset(t) for t in inputs]; out = frozenset(output); total = 0
    for pair in path:
        pair = sorted(pair, reverse=True)
        picked = [terms.pop(i) for i in pair]
        union = frozenset().union(*picked)
        keep = union & out.union(*terms)
        total += flop_count(union, bool(union - keep), len(picked), sizes)
        terms.append(keep)
    return total

def record(name, inputs, output, sizes):
    from opt_einsum.paths import auto
    sets = [frozenset(t) for t in inputs]; out = frozenset(output)
    best = 1e9
    for _ in range(5):
        start = time.perf_counter(); path = auto(sets, out, sizes); best = min(best, time.perf_counter() - start)
    shapes = ";".join("x".join(str(sizes[l]) for l in t) for t in inputs)
    labels = {l: i for i, l in enumerate(sorted({l for t in inputs for l in t}))}
    term = lambda t: ".".join(str(labels[l]) for l in t)
    print(name, ",".join(map(term, inputs)) + "->" + term(output), shapes, cost(inputs, output, sizes, path), "%.3g" % best, sep="\t")

def letters(name, equation, *dims):
    left, right = equation.replace(" ", "").split("->")
    terms = left.split(",")
    sizes = dims[0] if len(dims) == 1 and isinstance(dims[0], dict) else {c: dims[0] for c in set(left) - {","}}
    record(name, terms, right, sizes)

seen = set()
for case in json.load(open(sys.argv[1]))["cases"]:
    e = case.get("expression")
    if case["kind"] != "einsum" or len(case["inputs"]) < 3 or "..." in e: continue
    if "->" not in e:
        c = collections.Counter(e.replace(",", "").replace(" ", "")); e += "->" + "".join(sorted(k for k in c if c[k] == 1))
    e = e.replace(" ", ""); terms = e.split("->")[0].split(","); sizes = {}
    fits = True
    for t, i in zip(terms, case["inputs"]):
        if len(t) != len(i["shape"]): fits = False; break
        for l, n in zip(t, i["shape"]):
            if sizes.setdefault(l, n) != n: fits = False
    key = (e, tuple(sorted(sizes.items())))
    if fits and 0 not in sizes.values() and key not in seen:
        seen.add(key); record("corpus", terms, e.split("->")[1], sizes)

# opt_einsum's own published examples: README, docs and tests/test_paths.py
letters("readme", "pi,qj,ijkl,rk,sl->pqrs", 10)

for d in (8, 20, 30, 40): letters("four-index", "ea,fb,abcd,gc,hd->efgh", d)
letters("gemm", "ab,bc,cd->ad", {"a": 10, "b": 100, "c": 10, "d": 1000})
s = dict(zip("abcdefghijk", [9, 5, 9, 5, 4, 7, 3, 8, 6, 2, 5]))
for e in ["abc,bdef,fghj,cem,mhk,ljk->adgl", "abhe,hidj,jgba,hiab,gab", "ea,fb,gc,hd,abcd->efgh", "bdk,cgi,def,fgh,hij,jka->abc" ]:
    if "->" in e: letters("paths", e, dict(s, l=4, m=6))
letters("paths", "a,b,c,d,ab,bc,cd->", {"a": 10, "b": 20, "c": 30, "d": 40})
letters("paths", "i,j,ijk->k", {"i": 5, "j": 5, "k": 500})
letters("branch", "bca,cd,ed,ae,fb->f", {"a": 7, "b": 5, "c": 9, "d": 3, "e": 4, "f": 8})
letters("docs-greedy", "abc,dca,eb,cde->abcde".replace("->abcde", "->ae"), 12)
# chains of matrices of random lengths, matrix-product states, lattices, trees, random networks
rng = random.Random(1)
def graph(edges, out=0, low=2, high=9):
    terms = collections.defaultdict(list); sizes = {}
    for k, vs in enumerate(edges):
        sizes[k] = rng.randint(low, high)
        for v in vs: terms[v].append(k)
    open_ = []
    for o in range(out):
        k = len(sizes); sizes[k] = rng.randint(low, high); terms[rng.choice(list(terms))].append(k); open_.append(k)
    return [terms[v] for v in terms], open_, sizes
for n in (4, 6, 8, 10, 14, 16, 20, 30, 40, 50):
    sizes = {i: rng.choice((2, 4, 8, 16, 32, 64, 128)) for i in range(n + 1)}
    record("chain%d" % n, [[i, i + 1] for i in range(n)], [0, n], sizes)
for n in (4, 7, 10, 20, 30):
    # <psi|psi> of a matrix-product state: bonds 0..n-2 and 100.., physical 200..
    sizes = {}; terms = []
    for i in range(n):
        for base in (0, 100):
            t = [200 + i] + ([base + i - 1] if i else []) + ([base + i] if i < n - 1 else [])
            for l in t: sizes[l] = 2 if l >= 200 else 16
            terms.append(t)
    record("mps%d" % n, terms, [], sizes)
for r in (2, 3, 4, 5, 6, 8, 10):
    edges = [((i, j), (i + 1, j)) for i in range(r - 1) for j in range(r)] + [((i, j), (i, j + 1)) for i in range(r) for j in range(r - 1)]
    terms, out, sizes = graph(edges, 0, 2, 2 if r > 5 else 4); record("lattice%d" % r, terms, out, sizes)
for n in (6, 12, 24, 48):
    terms, out, sizes = graph([(rng.randrange(i), i) for i in range(1, n)], 2); record("tree%d" % n, terms, out, sizes)
for n in (5, 7, 9, 12, 15, 20, 25, 30, 40, 60, 100, 200, 400):
    for k in range(3):
        edges = [(rng.randrange(i), i) for i in range(1, n)] + [tuple(rng.sample(range(n), 2)) for _ in range(n // 2)]
        if k == 2: edges += [tuple(rng.sample(range(n), min(n, 4))) for _ in range(n // 6)]
        terms, out, sizes = graph(edges, min(4, k + 1), 2, 4 if n < 60 else 2); record("random%d" % n, terms, out, sizes)
