"""Opens every door of the services to a corpus of hostile files, with an audit hook armed.

Run as a program: the hook cannot be taken off again. It writes one line of JSON per case.
"""

from __future__ import annotations

import io
import json
import os
import pickle
import sys
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.faults.world import USE_CASE, World, make_world
from crispml_core.adapters.signing import TrustedKeys
from crispml_core.adapters.sources import build_source
from crispml_core.adapters.volume.batch_input import ParquetInput
from crispml_core.bootstrap.training import TrainingParts
from crispml_core.domain.compiled import OnnxCore
from crispml_core.domain.errors import CrispMLError
from crispml_core.domain.signatures import Signature
from crispml_core.domain.sources import Selection
from crispml_core.monitoring.drift.reference import Reference
from crispml_core.rest.formats.body import RecordBody
from crispml_core.rest.formats.media import ARROW, CSV, NDJSON, PARQUET
from crispml_core.rest.strict_json import parse_json
from crispml_core.serving.compiled.encoding import decode_plan, encode_plan
from crispml_core.use_cases.loader import load_use_case
from tests.e2e.malicious import payloads
from tests.e2e.malicious.guard import Guard, Violation
from tests.unit.pipelines.bundles.test_bad_bundles import edited, forged, packed, resealed

MEDIA = {"csv": CSV, "ndjson": NDJSON, "parquet": PARQUET, "arrow": ARROW}


@dataclass(frozen=True)
class Case:
    """A hostile file, the door that it comes through, and what an error must name."""

    name: str
    door: str
    content: bytes
    names: str


class Doors:
    """Everything that takes files or bodies from outside."""

    def __init__(self, parts: TrainingParts, folder: Path) -> None:
        self._parts, self._folder = parts, folder
        self._use_case = parts.use_cases[USE_CASE]
        self.doors: dict[str, Callable[[bytes], object]] = {
            "bundle": lambda content: parts.bundles.take_in(io.BytesIO(content)),
            "json": parse_json,
            "reference": Reference.from_bytes,
            "signature": Signature.decode,
            "key": lambda content: self._key(content),
            "yaml": lambda content: load_use_case(str(self._file("hostile.yaml", content))),
            "batch": lambda content: ParquetInput([self._file("batch.parquet", content)]).rows,
            "upload-csv": lambda content: self._ingest("csv", content),
            "upload-parquet": lambda content: self._ingest("parquet", content),
            "control": pickle.loads,
        }
        for name, media in MEDIA.items():
            self.doors[f"body-{name}"] = lambda content, media=media: self._body(content, media)

    def _file(self, name: str, content: bytes) -> Path:
        file = self._folder / name
        file.write_bytes(content)
        return file

    def _key(self, content: bytes) -> None:
        self._file("hostile.pem", content)
        TrustedKeys(self._folder).verify(b"x", Signature("0" * 64, bytes(64)))

    def _body(self, content: bytes, media: str) -> int:
        schema = self._use_case.schema
        return RecordBody(content, media, schema, max_rows=1000, max_bytes=1 << 24).count()

    def _ingest(self, kind: Any, content: bytes) -> int:
        writer = self._parts.uploads.receive(kind)
        writer.write(content)
        source = build_source(self._use_case, {}, self._parts.uploads.path(writer.commit().id))
        return sum(batch.num_rows for batch in source.read(Selection()))


def corpus(members: dict[str, bytes], outside: Path) -> Iterator[Case]:
    """Yield all cases; `members` are those of a good bundle."""
    hostile = [*payloads.pickles(outside), *payloads.json_bombs()]
    for name, content in hostile:
        for file in ("model.skops", "compiled.bin", "golden.json", "manifest.json"):
            named = "manifest" if file == "manifest.json" else file
            yield Case(f"{file}-{name}", "bundle", forged(members, file, content), named)
        for file in ("approvals.json", "gates.json", "lineage.json"):
            yield Case(f"{file}-{name}", "bundle", resealed({**members, file: content}), file)
        index = packed({**members, "bundle.json": content})
        yield Case(f"bundle.json-{name}", "bundle", index, "bundle.json")
        yield Case(f"bundle-{name}", "bundle", content + bytes(512), "bundle")
        yield Case(f"json-{name}", "json", content, "")
        yield Case(f"reference-{name}", "reference", content, "reference")
        yield Case(f"signature-{name}", "signature", content, "signature")
        yield Case(f"key-{name}", "key", content, "hostile.pem")
        yield Case(f"batch-{name}", "batch", content, "Parquet")
        yield Case(f"upload-parquet-{name}", "upload-parquet", content, "Parquet")
        yield Case(f"upload-csv-{name}", "upload-csv", content, "")
        for kind in MEDIA:
            yield Case(f"body-{kind}-{name}", f"body-{kind}", content, "")
    for name, content in payloads.skops_files(outside):
        bundle = forged(members, "model.skops", content)
        yield Case(f"skops-{name}", "bundle", bundle, "model.skops")
        trusting = json.loads(members["version/manifest.json"])["trusted_types"]
        trusting += ["posix.system", "builtins.eval", "subprocess.Popen", "os.system"]
        bundle = forged(
            {
                **members,
                "version/manifest.json": edited(trusted_types=trusting)(
                    members["version/manifest.json"]
                ),
            },
            "model.skops",
            content,
        )
        yield Case(f"skops-trusting-{name}", "bundle", bundle, "model.skops")
    plan = decode_plan(members["version/compiled.bin"])
    for name, graph in payloads.graphs(outside):
        changed = replace(
            plan,
            linear=None,
            trees=None,
            deep=None,
            onnx=OnnxCore(graph=graph, output="Y", dtype="float64"),
        )
        compiled = json.loads(members["version/manifest.json"])["compiled"] | {"kind": "onnx"}
        manifest = edited(compiled=compiled)(members["version/manifest.json"])
        bundle = forged(
            {**members, "version/manifest.json": manifest}, "compiled.bin", encode_plan(changed)
        )
        yield Case(f"onnx-{name}", "bundle", bundle, "compiled.bin")
    for name, content in (("deep", b"\x91" * 200_000), ("long", b"\xdd\xff\xff\xff\xff")):
        bundle = forged(members, "compiled.bin", content)
        yield Case(f"compiled-{name}", "bundle", bundle, "compiled.bin")
    for name, content in payloads.archives(members, outside):
        yield Case(f"tar-{name}", "bundle", content, "")
    for number, path in enumerate(
        ("../../../outside/written", str(outside / "written"), "a/b", "..", "", "x\0y", "manifest")
    ):
        yield Case(f"manifest-path-{number}", "bundle", _with_path(members, path), "manifest")
    for number, version in enumerate(("../../outside", "/outside", "..", "a/b", "")):
        index = edited(version=version)(members["bundle.json"])
        yield Case(
            f"index-path-{number}", "bundle", packed({**members, "bundle.json": index}), "version"
        )
    for name, kind, content in payloads.tables(outside):
        door = "upload-parquet" if kind == "parquet" else "body-arrow"
        yield Case(f"{door}-{name}", door, content, "")
        if kind == "parquet":
            yield Case(f"body-parquet-{name}", "body-parquet", content, "")
            yield Case(f"batch-{name}", "batch", content, "")
    yaml = payloads.YAML.format(outside=outside).encode()
    yield Case("yaml-apply", "yaml", yaml, "hostile.yaml")


def _with_path(members: dict[str, bytes], path: str) -> bytes:
    manifest = json.loads(members["version/manifest.json"])
    manifest["files"][0]["name"] = path
    return forged(members, "manifest.json", json.dumps(manifest).encode())


def _warm(doors: Doors, world: World, bundle: bytes, reference: bytes) -> None:
    """Let everything be imported that good files need."""
    import pyarrow.csv
    import pyarrow.parquet

    for name, content in (
        ("bundle", bundle),
        ("json", b"{}"),
        ("reference", reference),
        ("upload-csv", (world.definition.parent / "orders.csv").read_bytes()),
        ("body-ndjson", b'{"order_id": "1", "amount": 1, "items": 1, "channel": "web"}\n'),
        ("body-csv", b"order_id,amount,items,channel\n1,1,1,web\n"),
    ):
        doors.doors[name](content)
    table = pyarrow.csv.read_csv(world.definition.parent / "orders.csv")
    file = io.BytesIO()
    pyarrow.parquet.write_table(table, file)
    for name in ("upload-parquet", "batch"):
        doors.doors[name](file.getvalue())


def _ask(door: Callable[[bytes], object], content: bytes) -> dict[str, Any]:
    try:
        door(content)
    except CrispMLError as error:
        return {"refused": error.message}
    except Violation as error:
        return {"stopped": str(error)}
    except BaseException as error:
        return {"unforeseen": repr(error)[:300]}
    return {"taken": True}


def main(folder: Path) -> None:
    """Make a world below the folder, and let the corpus come through its doors."""
    outside, cwd, files = (folder / name for name in ("outside", "cwd", "files"))
    for path in (outside, cwd, files):
        path.mkdir()
    os.chdir(cwd)
    world = make_world(folder / "world")
    source = world.training()
    bundle = b"".join(source.bundles.export(USE_CASE, world.versions[0]).chunks)
    with tarfile.open(fileobj=io.BytesIO(bundle)) as archive:
        members = {entry.name: archive.extractfile(entry).read() for entry in archive}  # type: ignore[union-attr]
    source.close()
    target = world.another(folder / "target")
    parts = target.training()
    doors = Doors(parts, files)
    _warm(doors, world, bundle, members["version/reference.json"])
    other = world.another(folder / "empty").training()
    doors.doors["bundle"] = lambda content: other.bundles.take_in(io.BytesIO(content))
    cases = list(corpus(members, outside))
    cases.append(Case("control", "control", next(payloads.pickles(outside))[1], ""))
    import onnxruntime  # noqa: F401 - what executes graphs, imported by the first good one

    registry = folder / "empty" / "registry"
    guard = Guard((folder / "target", registry, files), (folder / "target", registry, files))
    guard.arm()
    found = []
    for case in cases:
        said = _ask(doors.doors[case.door], case.content)
        left = [path.name for path in registry.rglob("*") if path.is_file()]
        found.append(
            {"name": case.name, "names": case.names, "noted": guard.take(), "left": left, **said}
        )
    for entry in found:
        print(json.dumps(entry))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
