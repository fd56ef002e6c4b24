"""Where a version comes from and what came of it, as a graph and as a table."""

from __future__ import annotations

from htmltools import Tag, TagChild, TagList, tags
from shiny import render, ui

from crispml_console.pages.models.opened import Opened
from crispml_console.parts import states
from crispml_console.parts.graph import Vertex, graph
from crispml_console.parts.layout import card
from crispml_console.parts.page import Place, link
from crispml_console.parts.tables import Column, table
from crispml_console.parts.words import amount, moment
from crispml_console.service.call import training
from crispml_core.client import LineageGraph, Node, NodeKind
from crispml_core.client.training import TrainingClient

_DEPTH, _NODES = 12, 120


def body(place: Place) -> TagChild:
    """Return what stands there before a service was asked."""
    return card("Lineage", ui.output_ui("graph"))


def serve(opened: Opened) -> None:
    """Fill the output."""
    use_case = opened.visit.place.use_case
    node = f"{opened.model}:{opened.name}"
    asked = opened.visit.asked(
        training(TrainingClient.lineage, NodeKind.VERSION, node, depth=_DEPTH, limit=_NODES)
    )

    @render.ui
    def graph() -> TagChild:
        return states.shown(asked(), lambda found: _drawn(use_case, found))


def _drawn(use_case: str, found: LineageGraph) -> TagList:
    # A run made nearly everything and would be tied to all of it; the table names it instead.
    nodes = [node for node in found.nodes if node.kind is not NodeKind.RUN]
    vertices = [
        Vertex(
            key=_key(node),
            title=_title(node, use_case),
            note=_note(node),
            hint=f"{node.name}, {node.id}",
            kind=f"of-{node.kind.value}",
            href=href_of(node, use_case),
        )
        for node in nodes
    ]
    edges = [
        (_joined(edge.source), _joined(edge.target), edge.type)
        for edge in found.edges
        if edge.type != "made"
    ]
    return TagList(
        tags.p("There is more than is shown here.", class_="notice") if found.truncated else None,
        graph(
            "What the version was made from, above, and what came of it, below",
            vertices,
            edges,
            start=_joined(found.start),
        ),
        tags.details(tags.summary("All of it as a table"), _table(use_case, found)),
    )


def href_of(node: Node, use_case: str) -> str | None:
    """Return the page of the console that shows a node; None where no page does."""
    kind, facts = node.kind, node.facts
    if kind is NodeKind.VERSION:
        return link("models", use_case=use_case, version=node.id.partition(":")[2])
    if kind is NodeKind.ALIAS:
        return link("models", use_case=use_case)
    if kind is NodeKind.RUN:
        return link("cycle", use_case=use_case, run=node.id)
    if kind is NodeKind.DATASET:
        return link("cycle", use_case=use_case, dataset=node.id)
    if kind is NodeKind.SCORES:
        return link("scores", use_case=use_case, version=node.id.split(":")[1])
    if kind is NodeKind.SCORE:
        return link("scores", use_case=use_case, score=node.id)
    if kind is NodeKind.REPORT and facts.get("kind") != "training report":
        return link("truth", use_case=use_case, report=node.id)
    return None


def _title(node: Node, use_case: str) -> str:
    if node.kind is NodeKind.VERSION:
        return node.id.partition(":")[2]
    if node.kind is NodeKind.SCORES:
        return f"scores of {node.id.rpartition(':')[2]}"
    return node.name.removesuffix(f" of {use_case}").replace("_", " ")


def _note(node: Node) -> str:
    facts = node.facts
    if "rows" in facts:
        return amount(facts["rows"], "row")
    if "scores" in facts:
        return amount(facts["scores"], "score")
    if node.kind is NodeKind.SOURCE:
        return node.id
    if node.kind is NodeKind.VERSION:
        return str(facts.get("algorithm", "")).replace("_", " ")
    if node.kind is NodeKind.ALIAS:
        return "until now" if facts.get("until") is None else "ended"
    return "" if node.moment is None else f"{node.moment:%Y-%m-%d %H:%M} UTC"


def _table(use_case: str, found: LineageGraph) -> Tag:
    made_by = {edge.target: edge.source[1] for edge in found.edges if edge.type == "made"}

    def name(node: Node) -> TagChild:
        href = href_of(node, use_case)
        return tags.a(node.name, href=href) if href else node.name

    def run(node: Node) -> TagChild:
        run_id = made_by.get(node.key)
        return run_id and tags.a(run_id, href=link("cycle", use_case=use_case, run=run_id))

    return table(
        "What the version was made from and what came of it",
        [
            Column[Node]("Kind", lambda node: node.kind.value),
            Column("Name", name),
            Column("When", lambda node: moment(node.moment)),
            Column("Made by the run", run),
            Column("Id", lambda node: tags.code(node.id)),
        ],
        found.nodes,
    )


def _key(node: Node) -> str:
    return _joined(node.key)


def _joined(key: tuple[NodeKind, str]) -> str:
    return f"{key[0].value}:{key[1]}"
