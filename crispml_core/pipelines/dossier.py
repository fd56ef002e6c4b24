"""The dossier of a score: everything behind one answer, gathered from every store."""

from __future__ import annotations

from typing import Any

import msgspec

from crispml_core.domain.errors import CrispMLError, NotFound
from crispml_core.domain.lineage import Direction, NodeKind
from crispml_core.domain.models import ModelVersion
from crispml_core.domain.scores import ScoreGroup, chain_root
from crispml_core.pipelines.lineage.look import Look
from crispml_core.pipelines.lineage.reader import LineageReader
from crispml_core.serving.privacy import Privacy
from crispml_core.serving.stored_inputs import verify_rows

SCHEMA_VERSION = 1


def dossier(reader: LineageReader, score_id: str, privacy: Privacy | None = None) -> dict[str, Any]:
    """Return everything behind one score as JSON values.

    `privacy` decrypts what is stored of the record, for somebody who may read it.

    A part that cannot be had is None, and `missing` says why: the data sets of a version that came
    from elsewhere, a manifest that is damaged.

    Raises
    ------
    NotFound
        If there is no such score.
    """
    stores = reader.stores
    score = stores.ledger.get(score_id)
    group = stores.ledger.group(score.group_id)
    missing: list[str] = []
    manifest: ModelVersion | None = None
    digest = None
    try:
        manifest = stores.models.get(score.model, score.version)
        digest = stores.models.digest(score.model, score.version)
    except CrispMLError as error:
        missing.append(f"version: {error.message}")
    graph = reader.graph(NodeKind.SCORE, score_id, direction=Direction.BOTH, depth=12, limit=300)
    found = {
        "schema_version": SCHEMA_VERSION,
        "kind": "dossier",
        "score": score,
        "input": (privacy or Privacy()).shown(stores.use_cases, group, score.row),
        "group": _group(group),
        "chain": _chain(group, score.row),
        "version": None if manifest is None else _version(manifest, digest),
        "code": None if manifest is None else _code(reader, manifest),
        "data_sets": [] if manifest is None else _data_sets(reader, manifest, missing),
        "alias": next(
            (
                {"id": node.id, "moved_at": node.moment, **node.facts}
                for node in graph.nodes
                if node.kind is NodeKind.ALIAS
            ),
            None,
        ),
        "labels": Look(stores).labels(score.use_case, score_id, score.record_key),
        "reports": [
            {"id": node.id, "made_at": node.moment, **node.facts}
            for node in graph.nodes
            if node.kind is NodeKind.REPORT and node.service == "scoring"
        ],
        "lineage": graph,
        "missing": missing,
    }
    content: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(found))
    return content


def _group(group: ScoreGroup) -> dict[str, Any]:
    return {
        "group_id": group.group_id,
        "writer_id": group.writer_id,
        "sequence": group.sequence,
        "committed_at": group.created_at,
        "rows": group.rows,
        "alias": group.alias,
        "fallback": group.fallback,
    }


def _chain(group: ScoreGroup, row: int) -> dict[str, Any]:
    """Verify the place of the score in the hash chain: its own digest, and the root over all."""
    changed = verify_rows(group)
    follows = (
        chain_root(group.previous_root, group.writer_id, group.sequence, group.row_digests)
        == group.root
    )
    return {
        "row_digest": group.row_digests[32 * row : 32 * row + 32].hex(),
        "root": group.root.hex(),
        "previous_root": group.previous_root.hex(),
        "row_is_as_stored": row not in changed,
        "changed_rows_of_the_group": len(changed),
        "root_follows": follows,
        "verified": follows and row not in changed,
    }


def _version(manifest: ModelVersion, digest: str | None) -> dict[str, Any]:
    return {
        "model": manifest.model,
        "version": manifest.version,
        "digest": digest,
        "created_at": manifest.created_at,
        "algorithm": manifest.algorithm,
        "hyperparameters": manifest.hyperparameters,
        "seed": manifest.seed,
        "threshold": manifest.threshold,
        "compiled": manifest.compiled.kind,
        "libraries": manifest.libraries,
        "files": {file.name: file.sha256 for file in manifest.files},
        "kpis": manifest.kpis.get("test", {}),
        "run": manifest.lineage.run,
        "report": manifest.lineage.report,
    }


def _code(reader: LineageReader, manifest: ModelVersion) -> dict[str, Any]:
    loaded = reader.stores.use_cases.get(manifest.use_case)
    return {
        "use_case": manifest.use_case,
        "version": manifest.use_case_version,
        "digest": manifest.use_case_digest,
        "is_loaded": loaded is not None and loaded.digest == manifest.use_case_digest,
    }


def _data_sets(
    reader: LineageReader, manifest: ModelVersion, missing: list[str]
) -> list[dict[str, Any]]:
    found = []
    lineage = manifest.lineage
    for name in (lineage.raw, lineage.prepared, lineage.curated):
        try:
            dataset = reader.stores.datasets.get(name)
        except NotFound:
            missing.append(f"data set {name}: not in this registry")
            continue
        found.append(
            {
                "id": dataset.id,
                "stage": dataset.stage.value,
                "rows": dataset.rows,
                "content_digest": dataset.content_digest,
                "created_at": dataset.created_at,
                "source": dataset.parameters.get("source"),
            }
        )
    return found
