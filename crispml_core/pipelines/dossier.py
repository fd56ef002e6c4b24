"""The dossier of a score: everything behind one answer, as of a moment.

What was stored after the moment is not in it, and nothing in it is reckoned from now, so that the
dossier of a moment is the same to the byte whenever it is asked for.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

import msgspec

from crispml_core.domain.errors import CrispMLError, InvalidInput, NotFound, StoreUnavailable
from crispml_core.domain.identifiers import utc_now
from crispml_core.domain.lineage import MAX_NODES, Direction, LineageGraph, NodeKind
from crispml_core.domain.models import ModelVersion
from crispml_core.domain.scores import ScoreGroup, chain_root
from crispml_core.domain.version_files import REPORT_FILE
from crispml_core.governance.approval import standing
from crispml_core.pipelines.dossier_events import (
    alerts_at,
    labels_as_of,
    later_scores,
    reports_about,
)
from crispml_core.pipelines.lineage.reader import LineageReader
from crispml_core.serving.privacy import Privacy
from crispml_core.serving.stored_inputs import verify_rows

SCHEMA_VERSION = 2


def dossier(
    reader: LineageReader,
    score_id: str,
    environment: str,
    at: datetime | None = None,
    privacy: Privacy | None = None,
) -> dict[str, Any]:
    """Return everything behind one score as JSON values.

    A part that cannot be had is None, and `missing` says why: the data sets of a version that came
    from elsewhere, a manifest that is damaged.

    Parameters
    ----------
    environment : str
        Where the score was made.
    at : datetime, optional
        As known at this moment; now by default.
    privacy : Privacy, optional
        Decrypts what is stored of the record, for somebody who may read it.

    Raises
    ------
    NotFound
        If there is no such score.
    InvalidInput
        If the moment lies before the score or in the future.
    """
    stores = reader.stores
    score = stores.ledger.get(score_id)
    at = _moment(at, score.scored_at)
    group = stores.ledger.group(score.group_id)
    missing: list[str] = []
    manifest: ModelVersion | None = None
    version = approval = None
    try:
        manifest = stores.models.get(score.model, score.version)
        version = _version(reader, manifest)
        approval = _approval(reader, manifest, version["digest"], environment, score.scored_at, at)
    except StoreUnavailable:
        raise
    except CrispMLError as error:
        missing.append(f"version: {error.message}")
    causes = reader.graph(
        NodeKind.SCORE, score_id, direction=Direction.UP, depth=12, limit=MAX_NODES
    )
    graph = _as_of(causes, at, None if manifest is None else manifest.lineage.run)
    found = {
        "schema_version": SCHEMA_VERSION,
        "kind": "dossier",
        "at": at,
        "environment": environment,
        "score": score,
        "input": (privacy or Privacy()).shown(stores.use_cases, group, score.row),
        "group": _group(group),
        "chain": _chain(group, score.row),
        "version": version,
        "approval": approval,
        "code": None if manifest is None else _code(manifest),
        "data_sets": [] if manifest is None else _data_sets(reader, manifest, missing),
        "alias": next(
            (
                {"id": node.id, "moved_at": node.moment, **node.facts}
                for node in graph.nodes
                if node.kind is NodeKind.ALIAS
            ),
            None,
        ),
        "alerts": alerts_at(stores.findings, score.use_case, score.scored_at, at),
        "labels": labels_as_of(stores, score, at),
        "later_scores": later_scores(stores.ledger, score, at),
        "reports": reports_about(stores.reports, score, at),
        "lineage": graph,
        "missing": missing,
    }
    content: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(found))
    return content


def _moment(at: datetime | None, scored_at: datetime) -> datetime:
    now = utc_now()
    if at is None:
        return max(now, scored_at)
    if at < scored_at:
        raise InvalidInput("at: the score was not made by then")
    if at > now:
        raise InvalidInput("at: nobody knows yet what will be known then; leave it out for now")
    return at


def _as_of(graph: LineageGraph, at: datetime, run: str | None) -> LineageGraph:
    """Return the causes as they were known.

    A period of an alias may have ended since. A later run may have made the same data again, and of
    many runs the oldest are not looked for: of runs only the one that made the version is told.
    """
    nodes = []
    for node in graph.nodes:
        if node.kind is NodeKind.RUN and node.id != run:
            continue
        until = node.facts.get("until")
        if until is not None and until > at:
            node = replace(node, facts={**node.facts, "until": None})
        nodes.append(node)
    kept = {(node.kind, node.id) for node in nodes}
    return replace(
        graph,
        nodes=tuple(nodes),
        edges=tuple(edge for edge in graph.edges if {edge.source, edge.target} <= kept),
        beyond=tuple(key for key in graph.beyond if key in kept),
    )


def _approval(
    reader: LineageReader,
    manifest: ModelVersion,
    digest: str,
    environment: str,
    scored_at: datetime,
    at: datetime,
) -> dict[str, Any]:
    """Return on which approval the version answered, and what was decided about it."""
    decisions = [
        one
        for one in reader.stores.approvals.decisions(manifest.model, manifest.version)
        if one.decided_at <= at
    ]
    report = next((file.sha256 for file in manifest.files if file.name == REPORT_FILE), "")
    before = [one for one in decisions if one.decided_at <= scored_at]
    held = standing(before, environment, digest, report)
    return {
        "held": None if held is None else held.approval_id,
        "decisions": [asdict(one) for one in decisions],
    }


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


def _version(reader: LineageReader, manifest: ModelVersion) -> dict[str, Any]:
    models = reader.stores.models
    signature = models.signature(manifest.model, manifest.version)
    return {
        "model": manifest.model,
        "version": manifest.version,
        "digest": models.digest(manifest.model, manifest.version),
        "signed_by": None if signature is None else signature.key_id,
        "signature": None if signature is None else b64encode(signature.value).decode(),
        "trained_by": manifest.trained_by,
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


def _code(manifest: ModelVersion) -> dict[str, Any]:
    return {
        "use_case": manifest.use_case,
        "version": manifest.use_case_version,
        "digest": manifest.use_case_digest,
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
