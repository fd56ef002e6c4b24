"""Gathering what a model card is made from: the documents of the routes, as those answer them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import urlencode

import msgspec

from crispml_core.domain.errors import NotFound, RegistryDamaged
from crispml_core.domain.identifiers import utc_now
from crispml_core.domain.models import ArtefactKind, ModelVersion, PublishedVersion
from crispml_core.monitoring.drift.windows import whole_hours
from crispml_core.pipelines.catalogue import Catalogue
from crispml_core.pipelines.drift import DEFAULT_PERIOD
from crispml_core.pipelines.lineage.stores import LineageStores
from crispml_core.pipelines.monitoring.stores import ReadDrift
from crispml_core.reporting.cards import CardInput, card_content
from crispml_core.reporting.citations import Document

API = "/api/v1"
SHOWN_MOVES = 50  # one page of the history of an alias
SHOWN_REPORTS = 20
_LOOKED_AT = 500


def model_card(
    stores: LineageStores,
    catalogue: Catalogue,
    model: str,
    version: str,
    *,
    drift: ReadDrift | None = None,
) -> dict[str, Any]:
    """Return the card of a version; see `crispml_core.reporting.cards.card_content`.

    Parameters
    ----------
    drift : callable, optional
        Gives the drift of a period; the card has that of the last 30 days, in whole hours.

    Raises
    ------
    NotFound
        If there is no such version.
    """
    manifest = stores.models.get(model, version)
    use_case = stores.use_cases.get(manifest.use_case)
    lineage = manifest.lineage
    return card_content(
        CardInput(
            version=_document(
                f"/models/{model}/versions/{version}",
                PublishedVersion.of(manifest, stores.models.digest(model, version)),
            ),
            report=_found(lambda: _report(stores, manifest)),
            datasets=[
                document
                for name in (lineage.raw, lineage.prepared, lineage.curated)
                if (document := _found(partial(_dataset, catalogue, name))) is not None
            ],
            run=_found(lambda: _document(f"/runs/{lineage.run}", stores.runs.get(lineage.run))),
            aliases=[
                _document(
                    f"/models/{model}/aliases/{alias}/history",
                    {"items": stores.aliases.history(model, alias)[:SHOWN_MOVES]},
                )
                for alias in sorted(stores.aliases.newest(model))
            ],
            verifications=_verifications(stores, manifest),
            drift=None if drift is None else _drift(drift, manifest),
            decisions=stores.approvals.decisions(model, version),
            purpose=None if use_case is None else use_case.description or None,
            fields=() if use_case is None else use_case.fields,
            same_definition=use_case is not None and use_case.digest == manifest.use_case_digest,
        )
    )


def _document(path: str, value: Any, service: str = "training") -> Document:
    content = msgspec.json.decode(msgspec.json.encode(value))
    return Document(service=service, path=API + path, content=content)


def _found(get: Callable[[], Document]) -> Document | None:
    try:
        return get()
    except NotFound:
        return None


def _dataset(catalogue: Catalogue, name: str) -> Document:
    return _document(f"/datasets/{name}", catalogue.get(name))


def _report(stores: LineageStores, manifest: ModelVersion) -> Document:
    artefact = stores.artefacts.get(manifest.lineage.report, ArtefactKind.REPORT)
    return _document(
        f"/reports/{artefact.id}",
        {
            "id": artefact.id,
            "use_case": artefact.use_case,
            "created_at": artefact.created_at,
            "content": msgspec.json.decode(stores.artefacts.read(artefact.id, "report.json")),
        },
    )


def _drift(drift: ReadDrift, manifest: ModelVersion) -> Document | None:
    now = utc_now()
    start, end = whole_hours(now - DEFAULT_PERIOD, now)
    period = {"from": f"{start:%Y-%m-%dT%H:%M:%SZ}", "to": f"{end:%Y-%m-%dT%H:%M:%SZ}"}
    asked = period | {"version": manifest.version}
    path = f"/use-cases/{manifest.use_case}/drift?{urlencode(asked)}"
    try:
        found = drift(
            manifest.use_case, start=start, end=end, version=manifest.version, window="day"
        )
    except (NotFound, RegistryDamaged):
        return None
    return _document(path, found, "scoring")


def _verifications(stores: LineageStores, manifest: ModelVersion) -> list[Document]:
    found = [
        _document(f"/reports/{report.id}", report, "scoring")
        for report in stores.reports.find(use_case=manifest.use_case, limit=_LOOKED_AT)
        if manifest.version in {row.get("version") for row in report.content.get("versions", ())}
    ]
    return found[:SHOWN_REPORTS]
