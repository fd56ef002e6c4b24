"""To which use case a node of the lineage graph belongs; a graph never leaves it."""

from __future__ import annotations

from collections.abc import Callable

from crispml_core.domain.errors import NotFound
from crispml_core.domain.lineage import NodeKind
from crispml_core.pipelines.lineage.look import Look
from crispml_core.pipelines.lineage.stores import LineageStores


def owner_of(stores: LineageStores, kind: str, identifier: str) -> str:
    """Return the name of the use case of a node, without drawing its graph.

    Raises
    ------
    NotFound
        If there is no such kind, or the node is in no store. An id that begins with the name of a
        model is not looked up: whether the rest of it exists is for the graph to say.
    """
    find = _OWNERS.get(kind)
    if find is None:
        raise NotFound("node")
    return find(stores, identifier)


def _first_part(stores: LineageStores, identifier: str) -> str:
    return identifier.partition(":")[0]


def _report(stores: LineageStores, identifier: str) -> str:
    try:
        return stores.artefacts.get(identifier).use_case
    except NotFound:
        return stores.reports.get(identifier).use_case


_OWNERS: dict[str, Callable[[LineageStores, str], str]] = {
    NodeKind.SOURCE: lambda stores, name: name.rpartition(".")[0],
    NodeKind.DATASET: lambda stores, name: stores.datasets.get(name).use_case,
    NodeKind.ARTEFACT: lambda stores, name: stores.artefacts.get(name).use_case,
    NodeKind.VERSION: _first_part,
    NodeKind.ALIAS: _first_part,
    NodeKind.SCORES: _first_part,
    NodeKind.SCORE: lambda stores, name: stores.ledger.get(name).use_case,
    NodeKind.LABEL: lambda stores, name: Look(stores).label(name).use_case,
    NodeKind.REPORT: _report,
    NodeKind.RUN: lambda stores, name: stores.runs.get(name).use_case,
}
