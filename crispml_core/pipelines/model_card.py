"""Gathering what a model card is made from: the documents of the routes, as those answer them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec

from crispml_core.domain.errors import NotFound
from crispml_core.domain.models import ArtefactKind, ModelVersion, PublishedVersion
from crispml_core.pipelines.catalogue import Catalogue
from crispml_core.pipelines.lineage.reader import LineageStores
from crispml_core.reporting.cards import CardInput, card_content
from crispml_core.reporting.citations import Document

API = "/api/v1"
SHOWN_MOVES = 50  # one page of the history of an alias
SHOWN_REPORTS = 20
_LOOKED_AT = 500


def model_card(
    stores: LineageStores, catalogue: Catalogue, model: str, version: str
) -> dict[str, Any]:
    """Return the card of a version; see `crispml_core.reporting.cards.card_content`.

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


def _verifications(stores: LineageStores, manifest: ModelVersion) -> list[Document]:
    found = [
        _document(f"/reports/{report.id}", report, "scoring")
        for report in stores.reports.find(use_case=manifest.use_case, limit=_LOOKED_AT)
        if manifest.version in {row.get("version") for row in report.content.get("versions", ())}
    ]
    return found[:SHOWN_REPORTS]
