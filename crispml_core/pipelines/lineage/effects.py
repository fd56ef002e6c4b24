"""Towards what came of something."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta

from crispml_core.domain.errors import NotFound
from crispml_core.domain.lineage import Node, NodeKind
from crispml_core.domain.scores import Score
from crispml_core.pipelines.lineage import nodes
from crispml_core.pipelines.lineage.causes import Neighbour, covers, outputs_of
from crispml_core.pipelines.lineage.look import Look, split


class Effects:
    """What came of a node of the lineage graph."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self._of: dict[NodeKind, Callable[[str], Iterator[Neighbour]]] = {
            NodeKind.SOURCE: self._source,
            NodeKind.DATASET: self._dataset,
            NodeKind.ARTEFACT: self._artefact,
            NodeKind.VERSION: self._version,
            NodeKind.ALIAS: self._alias,
            NodeKind.SCORES: self._scores,
            NodeKind.SCORE: self._score,
            NodeKind.LABEL: self._label,
            NodeKind.REPORT: self._report,
            NodeKind.RUN: self._run,
        }

    def of(self, node: Node) -> Iterator[Neighbour]:
        """Yield what came of a node, each with the type of its edge."""
        if not node.facts.get("gone"):
            with suppress(NotFound):  # it went away while we looked
                yield from self._of[node.kind](node.id)

    def _source(self, name: str) -> Iterator[Neighbour]:
        for dataset in self._look.datasets(name.rpartition(".")[0]):
            if not dataset.parents and self._look.source(dataset).id == name:
                yield "read", nodes.dataset_node(dataset)

    def _dataset(self, name: str) -> Iterator[Neighbour]:
        use_case = self._look.stores.datasets.get(name).use_case
        for dataset in self._look.datasets(use_case):
            if name in dataset.parents:
                yield "derived", nodes.dataset_node(dataset)
        yield from self._made_from(name, use_case, "fitted")
        for manifest in self._look.versions(use_case):
            # Otherwise the version is reached through its artefacts.
            if (
                name in (manifest.lineage.curated, manifest.lineage.raw)
                and self._look.artefact(manifest.lineage.model) is None
            ):
                yield "fitted", nodes.version_node(manifest)

    def _artefact(self, name: str) -> Iterator[Neighbour]:
        use_case = self._look.stores.artefacts.get(name).use_case
        yield from self._made_from(name, use_case, "fitted")
        for manifest in self._look.versions(use_case):
            if name == manifest.lineage.model:
                yield "published", nodes.version_node(manifest)

    def _version(self, name: str) -> Iterator[Neighbour]:
        model, version = split(name, 2)
        for period in self._look.periods(model):
            if period.facts["version"] == version:
                yield "pointed", period
        for node in self._look.scores(model):
            if split(node.id, 3)[1] == version:
                yield "answered", node

    def _alias(self, name: str) -> Iterator[Neighbour]:
        node = self._look.node(NodeKind.ALIAS, name)
        if node is None:
            return
        model, alias, _ = split(name, 3)
        for scores in self._look.scores(
            model,
            version=node.facts["version"],
            alias=alias,
            start=node.moment,
            end=node.facts["until"],
        ):
            yield "answered", scores

    def _scores(self, name: str) -> Iterator[Neighbour]:
        model, version, month = split(name, 3)
        for report in self._look.reports(model):
            if covers(report.content, version, *nodes.month_of(month)):
                yield "verified", nodes.verification_node(report)

    def _score(self, name: str) -> Iterator[Neighbour]:
        score = self._look.stores.ledger.get(name)
        for label in self._look.labels(score.use_case, name, score.record_key):
            yield "labelled", nodes.label_node(label)
        yield from self._reports_about(score)

    def _label(self, name: str) -> Iterator[Neighbour]:
        label = self._look.label(name)
        for later in self._look.labels(
            label.use_case, label.score_id or "", label.record_key or ""
        ):
            if later.supersedes == name:
                yield "corrected", nodes.label_node(later)
        scores = []
        if label.score_id is not None and self._look.node(NodeKind.SCORE, label.score_id):
            scores = [self._look.stores.ledger.get(label.score_id)]
        elif label.record_key is not None:
            scores = self._look.stores.ledger.find(
                use_case=label.use_case, record_key=label.record_key
            )
        for score in scores:
            for kind, node in self._reports_about(score):
                # A report that was made before the label came could not count it.
                if node.moment is not None and node.moment >= label.received_at:
                    yield kind, node

    def _report(self, name: str) -> Iterator[Neighbour]:
        artefact = self._look.artefact(name)
        if artefact is not None:
            for manifest in self._look.versions(artefact.use_case):
                if manifest.lineage.report == name:
                    yield "published", nodes.version_node(manifest)

    def _run(self, name: str) -> Iterator[Neighbour]:
        run = self._look.stores.runs.get(name)
        for output in sorted(outputs_of(run)):
            for kind in (NodeKind.DATASET, NodeKind.ARTEFACT, NodeKind.REPORT, NodeKind.VERSION):
                node = self._look.node(kind, output)
                if node is not None:
                    yield "made", node
                    break

    def _made_from(self, name: str, use_case: str, kind: str) -> Iterator[Neighbour]:
        for artefact in self._look.artefacts(use_case):
            if name in artefact.parents:
                node = nodes.artefact_node(artefact)
                yield "evaluated" if node.kind is NodeKind.REPORT else kind, node

    def _reports_about(self, score: Score) -> Iterator[Neighbour]:
        at = score.scored_at
        for report in self._look.reports(score.use_case):
            if report.created_at >= at and covers(
                report.content, score.version, at, at + timedelta(microseconds=1)
            ):
                yield "verified", nodes.verification_node(report)
