"""Bytes that do harm where somebody is careless with them."""

from __future__ import annotations

import io
import json
import os
import pickle
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import skops.io
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler


class Harm:
    """Leaves a file outside when it is unpickled."""

    def __init__(self, outside: Path) -> None:
        self._command = f"touch {outside}/executed-{os.urandom(4).hex()}"

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (self._command,)


def pickles(outside: Path) -> Iterator[tuple[str, bytes]]:
    """Yield pickles of the oldest and the newest protocol."""
    for protocol in (0, 2, 5):
        yield f"pickle-{protocol}", pickle.dumps(Harm(outside), protocol)


def json_bombs() -> Iterator[tuple[str, bytes]]:
    """Yield JSON that is nested or long without end."""
    yield "deep-lists", b"[" * 200_000
    yield "deep-objects", b'{"a":' * 200_000
    yield "deep-and-closed", b"[" * 50_000 + b"]" * 50_000
    yield "digits", b"9" * 1_000_000
    yield "half-a-text", b'"\xff\xfe\xfa'


def skops_files(outside: Path) -> Iterator[tuple[str, bytes]]:
    """Yield archives that skops could read, with types that are not permitted, and worse ones."""
    yield "system", skops.io.dumps(FunctionTransformer(func=os.system))
    nested = ColumnTransformer([("a", make_pipeline(FunctionTransformer(func=eval)), ["x"])])
    yield "nested-eval", skops.io.dumps(Pipeline([("outer", Pipeline([("inner", nested)]))]))
    good = skops.io.dumps(StandardScaler())
    yield "popen", _with_schema(good, _typed("subprocess", "Popen"))
    yield (
        "a-test-of-sklearn",
        _with_schema(
            good, _typed("sklearn.utils._testing", "assert_run_python_script_without_output")
        ),
    )
    yield "unknown-module", _with_schema(good, _typed("evil_module_of_the_corpus", "Harm"))
    yield "unknown-loader", _with_schema(good, lambda node: node | {"__loader__": "PickleNode"})
    yield "method-of-os", _with_schema(good, _method)
    for name in ("../../../../escaped", str(outside / "absolute"), "..\\..\\escaped"):
        yield f"slip-{len(name)}", _with_member(good, name, b"x")
    yield "file-elsewhere", _with_schema(skops.io.dumps(np.arange(3)), _file_elsewhere(outside))
    yield "pickled-array", _with_pickled_array(outside)
    yield "bomb", _deflated(64 << 20)
    yield "overlapping", _overlapping(good)
    yield "lying-size", _lying(good)
    yield "link", _linked(good)
    for name, content in json_bombs():
        yield f"schema-{name}", _zip({"schema.json": content})
    for name, content in pickles(outside):
        yield f"schema-{name}", _zip({"schema.json": content})


def graphs(outside: Path) -> Iterator[tuple[str, bytes]]:
    """Yield ONNX graphs whose weights lie in other files."""
    from onnx import TensorProto, helper

    canary = outside.parent / "canary.bin"
    canary.write_bytes(bytes(64))
    cwd = Path("canary.bin")
    cwd.write_bytes(bytes(64))
    for name, location in (
        ("absolute", str(canary)),
        ("parent", "../canary.bin"),
        ("here", "canary.bin"),
        ("device", "/dev/zero"),
    ):
        weights = TensorProto(name="W", data_type=TensorProto.DOUBLE, dims=[4, 1])
        weights.data_location = TensorProto.EXTERNAL
        for key, value in (("location", location), ("offset", "0"), ("length", "32")):
            entry = weights.external_data.add()
            entry.key, entry.value = key, value
        ends = [
            helper.make_tensor_value_info(end, TensorProto.DOUBLE, [None, width])
            for end, width in (("X", 4), ("Y", 1))
        ]
        node = helper.make_node("MatMul", ["X", "W"], ["Y"])
        graph = helper.make_graph([node], "g", ends[:1], ends[1:], [weights])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
        model.ir_version = 8
        yield f"external-{name}", model.SerializeToString()
    yield "no-graph", b"\x08\x08" + b"\xff" * 100


def archives(members: dict[str, bytes], outside: Path) -> Iterator[tuple[str, bytes]]:
    """Yield tar files that lead elsewhere, in the place of a bundle with these members."""
    target = str(outside / "written")
    for name, kind in (
        ("symlink", tarfile.SYMTYPE),
        ("hardlink", tarfile.LNKTYPE),
        ("device", tarfile.CHRTYPE),
        ("block-device", tarfile.BLKTYPE),
        ("fifo", tarfile.FIFOTYPE),
        ("folder", tarfile.DIRTYPE),
        ("sparse", tarfile.GNUTYPE_SPARSE),
    ):
        for place in ("bundle.json", "version/model.skops"):
            entry = tarfile.TarInfo(place)
            entry.type, entry.linkname = kind, target
            yield f"{name}-{place.rpartition('/')[2]}", _tar(members, {place: entry})
    for number, path in enumerate(
        ("../written", "/written", target, "version/../../written", "version//written", "./written")
    ):
        for place in ("bundle.json", "version/model.skops"):
            yield (
                f"path-{number}-{place.rpartition('/')[2]}",
                _tar(members, {place: tarfile.TarInfo(path[:99])}),
            )
    yield "pax", _tar(members, {}, format=tarfile.PAX_FORMAT, pax_headers={"path": target})
    yield "gnu-long-name", _tar({"a" * 200: b"x", **members}, {}, format=tarfile.GNU_FORMAT)
    import gzip

    yield "compressed", gzip.compress(_tar(members, {}))
    yield "zip", _zip(members)
    huge = tarfile.TarInfo("bundle.json")
    huge.size = 8**11 - 1
    yield "lying-size", huge.tobuf(tarfile.USTAR_FORMAT) + b"x" * 2048


def tables(outside: Path) -> Iterator[tuple[str, str, bytes]]:
    """Yield Parquet files and Arrow streams whose types bring a pickle, by their format."""
    for number, (_, content) in enumerate(pickles(outside)):
        metadata = {
            b"ARROW:extension:name": b"arrow.py_extension_type",
            b"ARROW:extension:metadata": content,
        }
        schema = pa.schema([pa.field("amount", pa.float64(), metadata=metadata)])
        table = pa.table([pa.array([1.0])], schema=schema)
        table = table.replace_schema_metadata({b"pandas": content, b"ARROW:schema": content})
        file = io.BytesIO()
        pq.write_table(table, file)
        yield f"extension-{number}", "parquet", file.getvalue()
        stream = io.BytesIO()
        with pa.ipc.new_stream(stream, table.schema) as writer:
            writer.write_table(table)
        yield f"extension-{number}", "arrow", stream.getvalue()


YAML = """\
!!python/object/apply:os.system ["touch {outside}/executed-by-yaml"]
"""


def _typed(module: str, name: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda node: node | {"__module__": module, "__class__": name}


def _method(node: dict[str, Any]) -> dict[str, Any]:
    return node | {
        "__class__": "method",
        "__module__": "builtins",
        "__loader__": "MethodNode",
        "content": {"func": "system", "obj": _typed("os", "system")(dict(node))},
    }


def _file_elsewhere(outside: Path) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda node: node | {"file": f"../../../../..{outside.parent}/canary.bin"}


def _entries(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _zip(entries: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, content in entries.items():
            archive.writestr(zipfile.ZipInfo(name), content, compress_type=method)
    return target.getvalue()


def _with_member(good: bytes, name: str, content: bytes) -> bytes:
    schema = json.loads(_entries(good)["schema.json"])
    schema["file"] = name
    return _zip({"schema.json": json.dumps(schema).encode(), name: content})


def _with_schema(good: bytes, change: Callable[[dict[str, Any]], dict[str, Any]]) -> bytes:
    entries = _entries(good)
    schema = change(json.loads(entries["schema.json"]))
    return _zip({**entries, "schema.json": json.dumps(schema).encode()})


def _with_pickled_array(outside: Path) -> bytes:
    entries = _entries(skops.io.dumps(np.arange(3)))
    (name,) = (name for name in entries if name.endswith(".npy"))
    target = io.BytesIO()
    harm = np.empty(1, dtype=object)
    harm[0] = Harm(outside)
    np.save(target, harm, allow_pickle=True)
    return _zip({**entries, name: target.getvalue()})


def _deflated(size: int) -> bytes:
    return _zip({"schema.json": b" " * size}, zipfile.ZIP_DEFLATED)


def _overlapping(good: bytes) -> bytes:
    """Many entries of the directory point at one content, so it seems to be much more."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(zipfile.ZipInfo("schema.json"), b"[" * (1 << 20))
        (first,) = archive.filelist
        for number in range(1000):
            copy = zipfile.ZipInfo(f"{number}.npy")
            copy.header_offset, copy.CRC = first.header_offset, first.CRC
            copy.file_size = copy.compress_size = first.file_size
            archive.filelist.append(copy)
    return target.getvalue()


def _lying(good: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(zipfile.ZipInfo("schema.json"), b"{}")
        archive.filelist[0].file_size = 1 << 40
        archive.filelist[0].compress_size = 1 << 40
    return target.getvalue()


def _linked(good: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        link = zipfile.ZipInfo("schema.json")
        link.create_system, link.external_attr = 3, 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    return target.getvalue()


def _tar(
    members: dict[str, bytes],
    entries: dict[str, tarfile.TarInfo],
    format: int = tarfile.USTAR_FORMAT,  # noqa: A002 - as tarfile calls it
    pax_headers: dict[str, str] | None = None,
) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=format) as archive:
        for name, content in members.items():
            entry = entries.get(name, tarfile.TarInfo(name))
            entry.pax_headers = pax_headers or {}
            if entry.isreg():
                entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content) if entry.isreg() else None)
    return target.getvalue()
