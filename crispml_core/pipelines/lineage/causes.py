"""Towards the causes: what something was made from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from crispml_core.domain.errors import NotFound
from crispml_core.domain.lineage import Node, NodeKind
from crispml_core.domain.runs import REPRODUCE, Run
from crispml_core.pipelines.lineage import nodes
from crispml_core.pipelines.lineage.look import Look, split

Neighbour = tuple[str, Node]


class Causes:
    """What a node of the lineage graph was made from."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self._of: dict[NodeKind, Callable[[str], Iterator[Neighbour]]] = {
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
        """Yield the causes of a node, each with the type of its edge."""
        if node.kind in self._of and not node.facts.get("gone"):
            with suppress(NotFound):  # it went away while we looked
                yield from self._of[node.kind](node.id)

    def _dataset(self, name: str) -> Iterator[Neighbour]:
        dataset = self._look.stores.datasets.get(name)
        if not dataset.parents:
            yield "read", self._look.source(dataset)
        for parent in dataset.parents:
            yield "derived", self._look.parent(parent)
        for run in self._look.runs(dataset.use_case):
            if name in outputs_of(run):
                yield "made", nodes.run_node(run)

    def _artefact(self, name: str) -> Iterator[Neighbour]:
        artefact = self._look.stores.artefacts.get(name)
        for parent in artefact.parents:
            yield "fitted", self._look.parent(parent)
        yield from self._made_by(artefact.run_id)

    def _version(self, name: str) -> Iterator[Neighbour]:
        manifest = self._look.stores.models.get(*split(name, 2))
        lineage = manifest.lineage
        found = [(kind, self._look.artefact(kind)) for kind in (lineage.model, lineage.report)]
        for _, artefact in found:
            if artefact is not None:
                yield "published", nodes.artefact_node(artefact)
        if found[0][1] is None:
            # Of a version that came from elsewhere, or whose artefacts were swept: its manifest
            # still names the data.
            yield "fitted", self._look.dataset(lineage.curated)
            yield "fitted", self._look.dataset(lineage.raw)
        yield from self._made_by(lineage.run)

    def _alias(self, name: str) -> Iterator[Neighbour]:
        node = self._look.node(NodeKind.ALIAS, name)
        if node is not None:
            yield "pointed", self._look.version(split(name, 3)[0], node.facts["version"])

    def _scores(self, name: str) -> Iterator[Neighbour]:
        model, version, month = split(name, 3)
        yield "answered", self._look.version(model, version)
        start, end = nodes.month_of(month)
        for period in self._look.periods(model):
            until = period.facts["until"]
            assert period.moment is not None
            if (
                period.facts["version"] == version
                and period.moment < end
                and (until is None or until > start)
            ):
                yield "answered", period

    def _score(self, name: str) -> Iterator[Neighbour]:
        score = self._look.stores.ledger.get(name)
        yield "answered", self._look.version(score.model, score.version)
        alias = self._look.stores.ledger.group(score.group_id).alias
        if alias is None:
            return
        event = self._look.stores.aliases.current(score.model, alias, score.scored_at)
        if event is not None and event.version == score.version:
            period = f"{score.model}:{alias}:{event.sequence}"
            found = self._look.node(NodeKind.ALIAS, period)
            if found is not None:
                yield "answered", found

    def _label(self, name: str) -> Iterator[Neighbour]:
        label = self._look.label(name)
        if label.score_id is not None:
            found = self._look.node(NodeKind.SCORE, label.score_id)
            if found is not None:
                yield "labelled", found
        elif label.record_key is not None:
            for score in self._look.stores.ledger.find(
                use_case=label.use_case, record_key=label.record_key
            ):
                yield "labelled", nodes.score_node(score)
        if label.supersedes is not None:
            earlier = self._look.node(NodeKind.LABEL, label.supersedes)
            if earlier is not None:
                yield "corrected", earlier

    def _report(self, name: str) -> Iterator[Neighbour]:
        artefact = self._look.artefact(name)
        if artefact is not None:
            for parent in artefact.parents:
                yield "evaluated", self._look.parent(parent)
            yield from self._made_by(artefact.run_id)
            return
        report = self._look.stores.reports.get(name)
        for node in self._look.scores(report.use_case):
            _, version, month = split(node.id, 3)
            if covers(report.content, version, *nodes.month_of(month)):
                yield "verified", node

    def _run(self, name: str) -> Iterator[Neighbour]:
        run = self._look.stores.runs.get(name)
        for parameter in ("dataset_id", "curation_id", "model_id", "report_id"):
            value = run.parameters.get(parameter)
            if isinstance(value, str):
                yield "used", self._look.parent(value)
        model, version = run.parameters.get("model"), run.parameters.get("version")
        if isinstance(model, str) and isinstance(version, str):
            yield "used", self._look.version(model, version)

    def _made_by(self, run_id: str) -> Iterator[Neighbour]:
        run = self._look.run(run_id)
        if run is not None:
            yield "made", run


def outputs_of(run: Run) -> set[str]:
    """Return the ids of what a run made, versions with their model before a colon.

    A run that makes a version again keeps nothing.
    """
    if run.method == REPRODUCE:
        return set()
    found: set[str] = set()
    for step in run.steps:
        output = step.output
        found |= {value for value in output.values() if isinstance(value, str)}
        if "version" in output and "model" in output:
            found.add(f"{output['model']}:{output['version']}")
    return found


def covers(content: Mapping[str, Any], version: str, start: datetime, end: datetime) -> bool:
    """Say whether a verification report counted scores of a version from [start, end)."""
    if version not in {row.get("version") for row in content.get("versions", ())}:
        return False
    window = content.get("window") or {}
    first, last = (
        None if window.get(name) is None else datetime.fromisoformat(window[name])
        for name in ("start", "end")
    )
    return (first is None or first < end) and (last is None or last > start)
