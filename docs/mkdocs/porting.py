#!/usr/bin/python3
"""Computes the left-hand sides of docs/site/porting.md, and stores inputs and results for SitePortingTest.

Needs NumPy and PyTorch (Debian: python3-numpy python3-torch). Run it after a change of the page.
einops, opt_einsum and ND4J are computed by what they mean in NumPy: MEANING.
"""

import json
import re
import tempfile
from pathlib import Path

import numpy as np
import torch

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/site/porting.md"
STORE = ROOT / "java/einblas/src/test/resources/site/porting.json"

GEMM = "a @ b"
THREE = "a @ b @ a"
MEANING = {
    "rearrange(t, 'a b c -> c a b')": "t.transpose(2, 0, 1)",
    "rearrange(t, 'a b c -> (a b) c')": "t.reshape(6, 4)",
    "rearrange(t, 'a b (h d) -> a h b d', h=2)": "t.reshape(2, 3, 2, 2).transpose(0, 2, 1, 3)",
    "rearrange(t, 'a b c -> b (a c)')": "t.transpose(1, 0, 2).reshape(3, 8)",
    "reduce(t, 'a b c -> a c', 'sum')": "t.sum(axis=1)",
    "repeat(v, 'j -> i j', i=2)": "np.tile(v, (2, 1))",
    "einsum(a, b, 'i j, j k -> i k')": GEMM,
    "contract('ij,jk,kl->il', a, b, a)": THREE,
    "contract_expression('ij,jk->ik', (2, 3), (3, 2))(a, b)": GEMM,
    "contract_expression('ij,jk->ik', a, (3, 2), constants=[0])(b)": GEMM,
    "contract('ij,jk,kl->il', a, b, a, optimize='greedy')": THREE,
    "contract('ij,jk,kl->il', a, b, a, optimize=[(1, 2), (0, 1)])": "a @ (b @ a)",
    "contract('ij,jk->ik', a, b, memory_limit=1000)": GEMM,
    "len(contract_path('ij,jk,kl->il', a, b, a)[0])": "2",
    "Nd4j.zeros(2, 3)": "np.zeros((2, 3), np.float32)",
    "Nd4j.create(new double[] {1, 2, 3, 4}, 2, 2)": "np.array([[1.0, 2.0], [3.0, 4.0]])",
    "a.mmul(b)": GEMM,
    "a.mmuli(b, out)": GEMM,
    "Nd4j.matmul(x, y)": "x @ y",
    "Nd4j.tensorMmul(a, t, new int[][] {{0, 1}, {0, 1}})": "np.tensordot(a, t, 2)",
    "a.transpose()": "a.T",
    "a.getRow(1)": "a[1]",
    "a.getColumn(1)": "a[:, 1]",
    "a.getDouble(1, 2)": "a[1, 2]",
    "a.dup()": "a",
    "a.castTo(DataType.FLOAT)": "a.astype(np.float32)",
    "a.sum(0)": "a.sum(axis=0)",
    "reduce(t, 'a b c -> a b', 'max')": "t.max(axis=-1)",
    "reduce(t, 'a b c -> b', 'mean')": "t.mean(axis=(0, -1))",
    "a.add(c)": "a + c",
    "a.mul(2)": "a * 2",
    "Transforms.exp(a)": "np.exp(a)",
    "Nd4j.argMax(a, 1)": "np.argmax(a, axis=1)",
    "Nd4j.concat(0, a, c)": "np.concatenate([a, c])",
    "a.length()": "a.size",
    "t.permute(2, 0, 1)": "t.transpose(2, 0, 1)",
}


def inputs():
    r = np.random.default_rng(17)
    some = {name: r.integers(-8, 9, shape) / 4 for name, shape in SHAPES.items()}
    some["s"] += 4 * np.eye(3)
    some["z"] = r.integers(-4, 5, (2, 2)) + 1j * r.integers(-4, 5, (2, 2))
    some["g"] = r.integers(-9, 10, (2, 3))
    return some


SHAPES = dict(a=(2, 3), b=(3, 2), c=(2, 3), s=(3, 3), u=(2,), v=(3,), w=(3,), x=(4, 2, 3), y=(4, 3, 2), t=(2, 3, 4), out=(2, 2))


def stored(value):
    if isinstance(value, str):
        return {"text": value}
    of_tensor = isinstance(value, (np.ndarray, np.generic))
    array = np.asarray(value)
    flat = np.ascontiguousarray(array).reshape(-1)
    if np.iscomplexobj(flat):
        flat = flat.view(np.float64)
    row = {"shape": list(array.shape), "data": [float(f) for f in flat]}
    if of_tensor:
        row["dtype"] = array.dtype.str[1:]
    return row


def compute(library, left, file):
    names = inputs()
    if library == "PyTorch":
        names = {k: torch.from_numpy(v) for k, v in names.items()}
        code = left
    else:
        code = left if library == "NumPy" else MEANING[left]
    names |= {"np": np, "torch": torch, "file": file}
    try:
        value = eval(code, names)
        if "out=" in code or code.startswith(("np.add.at(out", "out.")):
            value = names["out"]
    except SyntaxError:
        exec(code, names)
        value = names["out"]
    if isinstance(value, torch.Tensor):
        value = value.detach().numpy()
    return stored(value)


def main():
    rows = []
    library = None
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "a.npy"
        np.save(file, inputs()["a"])
        for line in PAGE.read_text().splitlines():
            if line.startswith("## "):
                library = line[3:]
            cells = re.fullmatch(r"\| `(.+?)` \| `(.+?)` \|", line)
            if cells:
                left = cells.group(1)
                rows.append({"library": library, "left": left, **compute(library, left, file)})
    store = {"numpy": np.__version__, "torch": torch.__version__, "inputs": {k: stored(v) for k, v in inputs().items()}, "rows": rows}
    STORE.parent.mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(json.dumps(r) for r in rows)
    head = json.dumps({k: v for k, v in store.items() if k != "rows"})[:-1]
    STORE.write_text(f'{head}, "rows": [\n{lines}\n]}}\n')
    print(f"{len(rows)} rows in {STORE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
