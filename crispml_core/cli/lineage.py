"""``crispml lineage``: what came from what."""

from __future__ import annotations

from collections.abc import Sequence

import click

from crispml_core.cli.lineage_export import export
from crispml_core.cli.output import text
from crispml_core.cli.verb import DefaultGroup, ServiceVerb, Session
from crispml_core.domain.lineage import (
    MAX_DEPTH,
    MAX_NODES,
    Direction,
    LineageGraph,
    Node,
    NodeKey,
    NodeKind,
)


@click.group(
    "lineage", cls=DefaultGroup, epilog="Example: crispml lineage version german_credit:VERSION"
)
def lineage() -> None:
    """Show what came from what.

    Without a command: crispml lineage KIND ID.
    """


@lineage.command("show", cls=ServiceVerb, example="crispml lineage version german_credit:VERSION")
@click.argument("kind", type=click.Choice([kind.value for kind in NodeKind]))
@click.argument("node_id", metavar="ID")
@click.option(
    "--direction",
    type=click.Choice([direction.value for direction in Direction]),
    default=Direction.BOTH.value,
    show_default=True,
    help="To the causes, to what came of it, or both.",
)
@click.option(
    "--depth", type=click.IntRange(1, MAX_DEPTH), default=10, show_default=True, help="Edges to go."
)
@click.option(
    "--limit", type=click.IntRange(1, MAX_NODES), default=200, show_default=True, help="Most nodes."
)
@click.pass_obj
def show(session: Session, kind: str, node_id: str, direction: str, depth: int, limit: int) -> None:
    """Print the causes of something, and what came of it, as trees.

    An id is that of the thing; MODEL:VERSION for a version, MODEL:ALIAS:SEQUENCE for a period of an
    alias, MODEL:VERSION:YYYY-MM for the scores of a month, USE_CASE.KIND for a source.
    """
    found = session.client.training.lineage(
        NodeKind(kind), node_id, direction=Direction(direction), depth=depth, limit=limit
    )
    if session.out.emit(found):
        return
    for way, title in ((Direction.UP, "made from"), (Direction.DOWN, "what came of it")):
        if found.direction in (way, Direction.BOTH):
            session.out.line(f"{title}:")
            for line in tree(found, way):
                session.out.line(line)
            session.out.line()
    if found.truncated:
        session.out.line("there is more; raise --limit")
    if found.beyond:
        session.out.line("there may be more behind the last nodes; raise --depth")


lineage.add_command(export)


def tree(graph: LineageGraph, way: Direction) -> list[str]:
    """Return the lines of the tree of a graph in one direction.

    A node that was printed with what hangs on it is printed by its name alone the next time.
    """
    nodes = {node.key: node for node in graph.nodes}
    children: dict[NodeKey, list[tuple[str, NodeKey]]] = {}
    for edge in graph.edges:
        pair = (edge.source, edge.target)
        parent, child = pair if way is Direction.DOWN else pair[::-1]
        children.setdefault(parent, []).append((edge.type, child))
    lines = [_line(nodes[graph.start])]
    seen = {graph.start}

    def hang(key: NodeKey, indent: str) -> None:
        below: Sequence[tuple[str, NodeKey]] = children.get(key, [])
        for number, (kind, child) in enumerate(below, 1):
            last = number == len(below)
            known = child in seen and child in children
            seen.add(child)
            mark = " …" if known else ""
            lines.append(f"{indent}{'└─' if last else '├─'} {kind}: {_line(nodes[child])}{mark}")
            if not known:
                hang(child, indent + ("   " if last else "│  "))

    hang(graph.start, "")
    return lines


def _line(node: Node) -> str:
    moment = f", {text(node.moment)}" if node.moment else ""
    return f"{node.kind.value} {node.id} ({node.name}{moment})"
