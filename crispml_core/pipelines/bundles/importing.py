"""Taking a bundle in: everything is verified before anything can be seen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import BinaryIO

from crispml_core.domain.bundles import (
    BundleImport,
    ImportOutcome,
)
from crispml_core.domain.errors import (
    Conflict,
    NotFound,
)
from crispml_core.domain.identifiers import utc_now
from crispml_core.domain.models import FALLBACK, ModelVersion
from crispml_core.domain.use_case import UseCase
from crispml_core.governance.gates import check_gates
from crispml_core.pipelines.bundles.authors import BundleAuthors, vouched
from crispml_core.pipelines.bundles.checks import check_definition, check_manifest, prove
from crispml_core.pipelines.bundles.contents import BundleContents
from crispml_core.pipelines.fallback import settle_fallback
from crispml_core.pipelines.stores import TrainingStores
from crispml_core.ports.bundle_format import BundleFormat


def import_bundle(
    stores: TrainingStores,
    container: BundleFormat,
    use_cases: Mapping[str, UseCase],
    file: BinaryIO,
    *,
    authors: BundleAuthors,
    imported_by: str = "",
) -> ImportOutcome:
    """Verify a bundle and publish the version in it, byte for byte.

    In prod the version becomes ``fallback``, if the rules allow it to answer; see
    `crispml_core.pipelines.fallback.settle_fallback`.

    Raises
    ------
    MalformedContent
        If the file is no bundle, or damaged.
    InvalidInput
        If it is not signed by the environment that it comes from, of another format, schema or
        definition of the use case, or if the version does not reproduce its golden records here.
    NotFound
        If its use case is not installed.
    Conflict
        If another version of this name is here.
    """
    contents = BundleContents(container, file, authors)
    index = contents.index
    use_case = use_cases.get(index.use_case)
    if use_case is None or index.model != use_case.name:
        raise NotFound("use case", use_cases)
    here = _digest_here(stores, index.model, index.version)
    if here not in (None, index.digest):
        raise Conflict("this model version exists with other bytes; versions never change")
    incoming = stores.models.receive(index.model, index.version)
    try:
        contents.unpack(incoming)
        manifest = incoming.get(index.model, index.version)
        check_definition(use_case, manifest)
        check_manifest(use_case, index, manifest)
        prove(use_case, incoming, manifest.version, stores.codec)
        approvals = vouched(contents.approvals, contents.author)
        # First the record: a version without one would pass for one that was trained here.
        stores.imports.add(
            BundleImport(
                bundle=contents.digest,
                model=index.model,
                version=index.version,
                digest=index.digest,
                environment=index.environment,
                imported_at=utc_now(),
                imported_by=imported_by,
                evidence={
                    "lineage": contents.lineage,
                    "gates": contents.gates,
                    "was_here": here is not None,
                    "key_id": contents.key_id,
                },
            ),
            approvals,
        )
        published = incoming.publish()
    finally:
        incoming.discard()
    gates = check_gates(use_case.gates, manifest.kpis.get("test", {}))
    notes = settle_fallback(stores, use_case, index.version)
    if len(approvals) < len(contents.approvals):
        notes += (f"approvals that {contents.author} cannot vouch for were left out",)
    fallback = stores.aliases.current(index.model, FALLBACK)
    return ImportOutcome(
        bundle=contents.digest,
        model=index.model,
        version=index.version,
        digest=index.digest,
        environment=index.environment,
        published=published,
        approvals=tuple(stores.imports.approvals(index.model, index.version)),
        gates=tuple(gate.to_dict() for gate in gates),
        libraries=_differing_libraries(stores, manifest),
        fallback=None if fallback is None else fallback.version,
        notes=notes,
    )


def _digest_here(stores: TrainingStores, model: str, version: str) -> str | None:
    try:
        return stores.models.raw_digest(model, version)
    except NotFound:
        return None


def _differing_libraries(
    stores: TrainingStores, manifest: ModelVersion
) -> dict[str, dict[str, str]]:
    here = stores.libraries()
    names = sorted({*manifest.libraries, *here})
    return {
        name: {"bundle": manifest.libraries.get(name, ""), "here": here.get(name, "")}
        for name in names
        if manifest.libraries.get(name) != here.get(name)
    }
