"""Writing a bundle: a version as it is, and the evidence about it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import msgspec

from crispml_core.domain.bundles import (
    APPROVALS,
    FORMAT,
    FORMAT_VERSION,
    GATES,
    INDEX,
    LINEAGE,
    MANIFEST_MEMBER,
    SEAL,
    SIGNATURE,
    VERSION_PREFIX,
    Approval,
    BundleIndex,
)
from crispml_core.domain.datasets import StoredFile
from crispml_core.domain.errors import CrispMLError, NotFound
from crispml_core.domain.models import ModelVersion
from crispml_core.domain.use_case import UseCase
from crispml_core.governance.gates import check_gates
from crispml_core.pipelines.stores import TrainingStores
from crispml_core.ports.bundle_format import BundleFormat
from crispml_core.ports.run_store import RunStore
from crispml_core.ports.signer import Signer

_Content = Callable[[], Iterable[bytes]]


@dataclass(frozen=True, slots=True)
class OutgoingBundle:
    """A bundle that is ready to be sent.

    Parameters
    ----------
    name : str
        A file name for it.
    digest : str
        SHA-256 of its index.
    size : int
        Bytes in all.
    chunks : iterator of bytes
        The bytes, once.
    """

    name: str
    digest: str
    size: int
    chunks: Iterator[bytes]


def export_bundle(
    stores: TrainingStores,
    runs: RunStore,
    container: BundleFormat,
    use_case: UseCase | None,
    model: str,
    version: str,
    signer: Signer | None = None,
) -> OutgoingBundle:
    """Pack a version; the same content gives the same bytes, and the same key the same signature.

    Raises
    ------
    NotFound
        If there is no such version.
    RegistryDamaged
        If a file of the version is not what its manifest says; before the first byte is sent.
    """
    manifest, digest = stores.models.get(model, version), stores.models.digest(model, version)
    gates = (
        check_gates(use_case.gates, manifest.kpis.get("test", {})) if use_case is not None else ()
    )
    small = {
        APPROVALS: approvals_of(stores, model, version, digest),
        GATES: [gate.to_dict() for gate in gates],
        LINEAGE: _lineage(stores, runs, manifest),
    }
    contents: dict[str, bytes] = {name: _json(value) for name, value in small.items()}
    contents[MANIFEST_MEMBER] = stores.models.manifest_bytes(model, version)
    for file in manifest.files:
        for _ in stores.models.chunks(model, version, file.name):
            pass  # a damaged file must be found before the answer begins
    members = [_described(name, content) for name, content in contents.items()]
    members += [replace(file, name=f"{VERSION_PREFIX}{file.name}") for file in manifest.files]
    index = _json(
        BundleIndex(
            format=FORMAT,
            format_version=FORMAT_VERSION,
            environment=stores.rules.environment,
            model=model,
            version=version,
            digest=digest,
            use_case=manifest.use_case,
            use_case_version=manifest.use_case_version,
            use_case_digest=manifest.use_case_digest,
            members=tuple(members),
        )
    )
    bundle = hashlib.sha256(index).hexdigest()
    head = {INDEX: index}
    if signer is not None:
        head[SIGNATURE] = signer.sign(index).encode()
    seal = seal_of(bundle)

    def packed() -> Iterator[tuple[str, int, Iterable[bytes]]]:
        for name, content in (head | contents).items():
            yield name, len(content), (content,)
        for file in manifest.files:
            chunks = stores.models.chunks(model, version, file.name)
            yield f"{VERSION_PREFIX}{file.name}", file.size, chunks
        yield SEAL, len(seal), (seal,)

    sizes = [(name, len(content)) for name, content in head.items()]
    sizes += [(member.name, member.size) for member in members]
    size = container.size([*sizes, (SEAL, len(seal))])
    return OutgoingBundle(f"{model}-{version}.bundle.tar", bundle, size, container.pack(packed()))


def seal_of(bundle: str) -> bytes:
    """Return the last member, which `sha256sum --check` reads."""
    return f"{bundle}  {INDEX}\n".encode()


def approvals_of(stores: TrainingStores, model: str, version: str, digest: str) -> list[Approval]:
    """Return every move of an alias that binds these bytes, here and where they come from."""
    own = [Approval.of(event) for event in stores.aliases.moves_to(model, version)]
    found = [*stores.imports.approvals(model, version), *own]
    bound = (approval for approval in found if approval.digest == digest)
    return sorted(bound, key=lambda one: (one.moved_at, one.environment, one.sequence))


def _lineage(stores: TrainingStores, runs: RunStore, manifest: ModelVersion) -> Mapping[str, Any]:
    """Return the facts behind a version; those that came with it when it was imported."""
    for record in reversed(stores.imports.find(model=manifest.model, version=manifest.version)):
        imported: Mapping[str, Any] = record.evidence["lineage"]
        return imported
    lineage = manifest.lineage
    datasets = []
    for dataset_id in (lineage.raw, lineage.prepared, lineage.curated):
        try:
            dataset = stores.datasets.get(dataset_id)
        except CrispMLError:
            continue  # the ids are in the manifest in any case
        # A profile holds values of records, which stay in their environment.
        datasets.append(asdict(replace(dataset, profile={})))
    try:
        run: dict[str, Any] | None = asdict(runs.get(lineage.run))
    except NotFound:
        run = None
    kept = ("id", "method", "parameters", "created_at", "started_at", "finished_at", "steps")
    return {
        "ids": asdict(lineage),
        "datasets": datasets,
        "run": None if run is None else {name: run[name] for name in kept},
    }


def _json(value: Any) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value, order="deterministic"), indent=2) + b"\n"


def _described(name: str, content: bytes) -> StoredFile:
    return StoredFile(name, len(content), hashlib.sha256(content).hexdigest())
