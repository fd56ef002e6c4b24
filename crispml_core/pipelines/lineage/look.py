"""Looking up the nodes of one lineage graph; what was read is remembered until it is drawn."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import Any, TypeVar

from crispml_core.domain.datasets import DataSet
from crispml_core.domain.errors import InvalidInput, NotFound
from crispml_core.domain.labels import StoredLabel
from crispml_core.domain.lineage import Node, NodeKind
from crispml_core.domain.models import Artefact, ArtefactKind, ModelVersion
from crispml_core.domain.reports import VerificationReport
from crispml_core.domain.runs import Run
from crispml_core.pipelines.lineage import nodes
from crispml_core.pipelines.lineage.stores import LineageStores

T = TypeVar("T")
_RUNS = 2_000
_REPORTS = 1_000
_PAGE = 500


class Look:
    """One look at the stores.

    Runs and reports are looked for among the newest: `_RUNS` and `_REPORTS` of a use case.
    """

    def __init__(self, stores: LineageStores) -> None:
        self.stores = stores
        # Bound to this look: the next one reads again.
        self.datasets = cache(lambda use_case: stores.datasets.find(use_case))
        self.artefacts = cache(lambda use_case: stores.artefacts.find(use_case))
        self.versions: Callable[[str], list[ModelVersion]] = cache(
            lambda model: list(stores.models.versions(model))
        )
        self.periods = cache(self._periods)
        self.runs = cache(self._runs)
        self.reports = cache(self._reports)
        self.counts = cache(lambda model: stores.counts.by_month(model))

    def node(self, kind: NodeKind, identifier: str) -> Node | None:
        """Return one node, or None."""
        with suppress(NotFound, InvalidInput):
            return _FINDERS[kind](self, identifier)
        return None

    def source(self, dataset: DataSet) -> Node:
        """Return the source that raw data were read from."""
        said = dataset.parameters.get("source")
        return nodes.source_node(dataset.use_case, str(said or nodes.DECLARED))

    def dataset(self, identifier: str) -> Node:
        """Return a data set; one that is named and not there is a node all the same."""
        return self.node(NodeKind.DATASET, identifier) or nodes.gone_node(
            NodeKind.DATASET, identifier, "a data set"
        )

    def artefact(self, identifier: str) -> Artefact | None:
        """Return an artefact, or None."""
        with suppress(NotFound):
            return self.stores.artefacts.get(identifier)
        return None

    def parent(self, identifier: str) -> Node:
        """Return what an artefact was made from, which is another artefact or a data set."""
        artefact = self.artefact(identifier)
        return nodes.artefact_node(artefact) if artefact else self.dataset(identifier)

    def version(self, model: str, version: str) -> Node:
        """Return a version; one that is named and not there is a node all the same."""
        name = f"{model}:{version}"
        return self.node(NodeKind.VERSION, name) or nodes.gone_node(
            NodeKind.VERSION, name, "a version"
        )

    def run(self, identifier: str) -> Node | None:
        """Return a run, or None when it is not there."""
        return self.node(NodeKind.RUN, identifier) if identifier else None

    def scores(self, model: str, **which: Any) -> list[Node]:
        """Return the scores of a model by version and month."""
        found: dict[tuple[str, str], list[Any]] = {}
        counts = self.stores.counts.by_month(model, **which) if which else self.counts(model)
        for count in counts:
            found.setdefault((count.version, count.month), []).append(count)
        # A node is the same from wherever it is seen: its counts are those of the whole month.
        whole = self.counts(model)
        return [
            nodes.scores_node(
                model, [count for count in whole if (count.version, count.month) == key]
            )
            for key in found
        ]

    def labels(self, use_case: str, score_id: str, record_key: str) -> list[StoredLabel]:
        """Return the labels of a score, under its own id and under its record key."""
        labels = self.stores.labels
        found = [
            *labels.find(use_case=use_case, score_id=score_id, limit=_PAGE),
            *labels.find(use_case=use_case, record_key=record_key, limit=_PAGE),
        ]
        return list({label.label_id: label for label in found}.values())

    def label(self, identifier: str) -> StoredLabel:
        """Return one label, or raise `NotFound`."""
        # Labels are listed by their ids, newest first: this one is the first of those up to it.
        found = self.stores.labels.find(limit=1, before=f"{identifier}~")
        if not found or found[0].label_id != identifier:
            raise NotFound("label")
        return found[0]

    def _periods(self, model: str) -> list[Node]:
        """Return the periods of every alias of a model, oldest first."""
        aliases = self.stores.aliases
        found = []
        for alias in aliases.newest(model):
            until = None
            for event in aliases.history(model, alias):
                if event.version:
                    found.append(nodes.alias_node(event, until))
                until = event.moved_at
        return sorted(found, key=lambda node: (node.moment, node.id))

    def _runs(self, use_case: str) -> list[Run]:
        return _all(
            lambda before: self.stores.runs.find(use_case=use_case, limit=_PAGE, before=before),
            lambda run: run.id,
            _RUNS,
        )

    def _reports(self, use_case: str) -> list[VerificationReport]:
        return _all(
            lambda before: self.stores.reports.find(use_case=use_case, limit=_PAGE, before=before),
            lambda report: report.id,
            _REPORTS,
        )


def _all(page: Callable[[str | None], list[T]], name: Callable[[T], str], most: int) -> list[T]:
    found: list[T] = []
    while len(found) < most:
        items = page(name(found[-1]) if found else None)
        found += items
        if len(items) < _PAGE:
            break
    return found


def split(identifier: str, parts: int) -> list[str]:
    """Take an id apart that is written with colons, or raise `InvalidInput`."""
    found = identifier.split(":", parts - 1)
    if len(found) != parts or not all(found):
        raise InvalidInput(f"the id must have {parts} parts with colons between them")
    return found


def _source(look: Look, identifier: str) -> Node | None:
    use_case = identifier.rpartition(".")[0]
    found = [look.source(dataset) for dataset in look.datasets(use_case) if not dataset.parents]
    return next((node for node in found if node.id == identifier), None)


def _artefact(look: Look, identifier: str) -> Node | None:
    artefact = look.artefact(identifier)
    if artefact is None or artefact.kind is ArtefactKind.REPORT:
        return None
    return nodes.artefact_node(artefact)


def _report(look: Look, identifier: str) -> Node:
    artefact = look.artefact(identifier)
    if artefact is not None and artefact.kind is ArtefactKind.REPORT:
        return nodes.artefact_node(artefact)
    return nodes.verification_node(look.stores.reports.get(identifier))


def _scores(look: Look, identifier: str) -> Node | None:
    model, *_ = split(identifier, 3)
    return next((node for node in look.scores(model) if node.id == identifier), None)


def _alias(look: Look, identifier: str) -> Node | None:
    model, *_ = split(identifier, 3)
    return next((node for node in look.periods(model) if node.id == identifier), None)


_FINDERS: dict[NodeKind, Callable[[Look, str], Node | None]] = {
    NodeKind.SOURCE: _source,
    NodeKind.DATASET: lambda look, name: nodes.dataset_node(look.stores.datasets.get(name)),
    NodeKind.ARTEFACT: _artefact,
    NodeKind.VERSION: lambda look, name: nodes.version_node(
        look.stores.models.get(*split(name, 2))
    ),
    NodeKind.ALIAS: _alias,
    NodeKind.SCORES: _scores,
    NodeKind.SCORE: lambda look, name: nodes.score_node(look.stores.ledger.get(name)),
    NodeKind.LABEL: lambda look, name: nodes.label_node(look.label(name)),
    NodeKind.REPORT: _report,
    NodeKind.RUN: lambda look, name: nodes.run_node(look.stores.runs.get(name)),
}
