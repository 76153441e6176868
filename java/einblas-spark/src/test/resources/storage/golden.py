#!/usr/bin/env python3
"""Writes the golden arrays of the storage tests: files as Base64, values as little-endian row-major bytes.

golden.py npy > npy.json     with NumPy 2.4.6
golden.py 2 > zarr2.json     with zarr-python 2.13.6 (Debian 12), numcodecs 0.11
golden.py 3 > zarr3.json     with zarr-python 3.0.10
"""

import base64
import io
import json
import pathlib
import sys
import tempfile

import numpy as np

TYPES = {
    "F32": "<f4", "F64": "<f8", "I32": "<i4", "I64": "<i8", "F16": "<f2", "I8": "|i1", "U8": "|u1",
    "I16": "<i2", "BOOL": "|b1", "C64": "<c8", "C128": "<c16", "BF16": "|V2",
}


def values(name, shape):
    size = int(np.prod(shape, dtype=np.int64))
    n = np.arange(size, dtype=np.int64) * 37 % 101 - 50
    if name == "BOOL":
        a = n % 3 == 0
    elif name == "BF16":
        a = ((n.astype("<f4") / 4).view("<u4") >> 16).astype("<u2").view("V2")
    elif name == "U8":
        a = (n + 50).astype("u1")
    elif name.startswith("C"):
        a = (n / 4 + 1j * n[::-1]).astype(TYPES[name])
    elif name.startswith("F"):
        a = (n / 4).astype(TYPES[name])
    else:
        a = n.astype(TYPES[name])
    return a.reshape(shape)


def text(data):
    return base64.b64encode(bytes(data)).decode()


def little(a, name):
    return text(np.ascontiguousarray(a).astype(TYPES[name]).tobytes())


def npy():
    for name in TYPES:
        for order in "CF":
            for big in [False, True] if np.dtype(TYPES[name]).itemsize > 1 and name != "BF16" else [False]:
                a = np.asarray(values(name, (3, 4, 5)), order=order)
                stored = a.astype(a.dtype.newbyteorder(">")) if big else a
                yield one(f"{name} {order}{' big' * big}", name, stored, a, (1, 0))
    for version in [(1, 0), (2, 0), (3, 0)]:
        a = values("F32", (7,))
        yield one(f"version {version[0]}", "F32", a, a, version)
    for shape in [(), (0, 3), (1, 1, 1)]:
        a = values("F64", shape)
        yield one(f"shape {shape}", "F64", a, a, (1, 0))


def one(case, name, stored, a, version):
    out = io.BytesIO()
    np.lib.format.write_array(out, stored, version=version)
    return dict(case=case, dtype=name, shape=a.shape, chunk=[max(1, (n + 1) // 2) for n in a.shape],
                files={"a.npy": text(out.getvalue())}, values=little(a, name))


def folder(case, name, shape, chunk, make, part=None):
    """make(path) creates the array; part is what is written of it, the rest stays the fill value."""
    with tempfile.TemporaryDirectory() as d:
        path = pathlib.Path(d) / "a"
        z = make(str(path))
        if part is None:
            z[...] = values(name, shape)
        else:
            z[part] = values(name, shape)[part]
        files = {str(f.relative_to(path)): text(f.read_bytes())
                 for f in sorted(path.rglob("*")) if f.is_file()}
        return dict(case=case, dtype=name, shape=shape, chunk=chunk, files=files, values=little(z[...], name))


def zarr2():
    import zarr
    from numcodecs import GZip, Zlib, Zstd, Blosc, Delta

    def case(case, name, shape=(5, 3), chunk=(2, 2), part=None, dtype=None, **more):
        more = {"compressor": None, "fill_value": None, **more}
        made = folder(case, name, shape, chunk, lambda p: zarr.open_array(
            p, mode="w", shape=shape, chunks=chunk, dtype=dtype or TYPES[name], **more), part)
        return made

    for name in TYPES:
        yield case(f"{name} raw", name)
        if np.dtype(TYPES[name]).itemsize > 1 and name != "BF16":
            yield case(f"{name} big F zstd", name, dtype=TYPES[name].replace("<", ">"), order="F", compressor=Zstd(3))
    for codec in [Zlib(1), GZip(1), Zstd(1)]:
        yield case(f"{codec.codec_id} slash", "F64", compressor=codec, dimension_separator="/", shape=(4, 5, 3), chunk=(2, 5, 2))
    yield case("order F", "I16", shape=(4, 5, 3), chunk=(2, 3, 2), order="F", compressor=GZip(5))
    yield case("chunk beyond", "I32", shape=(3,), chunk=(8,), compressor=Zlib(9))
    yield case("scalar", "F64", shape=(), chunk=())
    yield case("empty", "F32", shape=(0, 3), chunk=(1, 2))
    fills = [("F32", float("nan")), ("F64", float("inf")), ("F16", float("-inf")), ("F64", 0.1), ("F16", 0.1), ("I64", -5),
             ("U8", 255), ("BOOL", True), ("C64", 1 + 2j), ("C128", complex("nan+infj"))]
    for name, fill in fills:
        yield case(f"{name} fill {fill}", name, part=slice(0, 2), fill_value=fill, compressor=Zstd(1))
    for why, more in [("blosc", dict(compressor=Blosc())), ("filters", dict(filters=[Delta("<i4")]))]:
        refused = case(why, "I32", **more)
        refused["refused"] = why
        yield refused


def zarr3():
    import zarr
    from zarr.codecs import BloscCodec, BytesCodec, Crc32cCodec, GzipCodec, TransposeCodec, ZstdCodec

    def case(case, name, shape=(5, 3), chunk=(2, 2), part=None, **more):
        more = {"compressors": None, "filters": None, **more}
        return folder(case, name, shape, chunk, lambda p: zarr.create_array(
            p, shape=shape, chunks=chunk, dtype=TYPES[name], zarr_format=3, **more), part)

    names = [name for name in TYPES if name != "BF16"]
    for name in names:
        yield case(f"{name} raw", name)
        if np.dtype(TYPES[name]).itemsize > 1:
            yield case(f"{name} big zstd", name, serializer=BytesCodec(endian="big"), compressors=[ZstdCodec(level=3)])
    chains = {
        "gzip": [GzipCodec(level=5)], "zstd": [ZstdCodec()], "crc32c": [Crc32cCodec()],
        "zstd crc32c": [ZstdCodec(), Crc32cCodec()], "crc32c gzip": [Crc32cCodec(), GzipCodec()],
        "gzip zstd": [GzipCodec(), ZstdCodec()],
    }
    for chain, codecs in chains.items():
        yield case(chain, "F64", compressors=codecs, shape=(4, 5, 3), chunk=(2, 5, 2))
    yield case("transpose", "I16", shape=(4, 5, 3), chunk=(2, 3, 1), filters=[TransposeCodec(order=(2, 0, 1))])
    yield case("transpose twice", "I64", shape=(4, 5, 3), chunk=(2, 3, 2), compressors=[ZstdCodec()],
               filters=[TransposeCodec(order=(2, 0, 1)), TransposeCodec(order=(1, 0, 2))])
    for name in ["default", "v2"]:
        for separator in "./":
            yield case(f"names {name} {separator}", "U8", chunk_key_encoding=dict(name=name, separator=separator))
    yield case("chunk beyond", "I32", shape=(3,), chunk=(8,), compressors=[GzipCodec()])
    yield case("scalar", "F64", shape=(), chunk=())
    yield case("empty", "F32", shape=(0, 3), chunk=(1, 2))
    fills = [("F32", float("nan")), ("F64", float("inf")), ("F16", float("-inf")), ("F64", 0.1), ("F16", 0.1), ("I64", -5),
             ("U8", 255), ("BOOL", True), ("C64", 1 + 2j), ("C128", complex("nan+infj"))]
    for name, fill in fills:
        yield case(f"{name} fill {fill}", name, part=slice(0, 2), fill_value=fill, attributes={"scale": float("nan")})
    for why, more in [("blosc", dict(compressors=[BloscCodec()])), ("sharding_indexed", dict(shards=(4, 4)))]:
        refused = case(why, "I32", **more)
        refused["refused"] = why
        yield refused


cases = {"npy": npy, "2": zarr2, "3": zarr3}[sys.argv[1]]()
print("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]")
