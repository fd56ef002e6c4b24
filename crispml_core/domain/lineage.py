"""Lineage: one graph from the source of the data to the reports about the scores, both ways.

An edge points from a cause to what came of it. Millions of scores are one node per month and
version; a single score is a node of its own when it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

MAX_DEPTH, MAX_NODES = 30, 1000


class NodeKind(StrEnum):
    """What a node stands for, and how its id is written.

    ``source``: USE_CASE.KIND. ``version``: MODEL:VERSION. ``alias``: a period in which an alias
    pointed at one version, MODEL:ALIAS:SEQUENCE. ``scores``: those of a version in a month,
    MODEL:VERSION:YYYY-MM. ``artefact``: a curation or a fitted model. ``report``: a training report
    or a verification report. The others have the id that they have everywhere.
    """

    SOURCE = "source"
    DATASET = "dataset"
    ARTEFACT = "artefact"
    VERSION = "version"
    ALIAS = "alias"
    SCORES = "scores"
    SCORE = "score"
    LABEL = "label"
    REPORT = "report"
    RUN = "run"


class Direction(StrEnum):
    """Towards the causes, towards what came of it, or both."""

    UP = "up"
    DOWN = "down"
    BOTH = "both"


NodeKey = tuple[NodeKind, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One thing of the graph.

    Parameters
    ----------
    name : str
        For people.
    moment : datetime or None
        When it came to be; for scores the first of them.
    link : str or None
        Its address below ``/api/v1``; None when it has none of its own, or is gone.
    service : str
        Which service has that address: ``training`` or ``scoring``.
    facts : dict
        What a reader wants to know at once; no value of a record.
    """

    kind: NodeKind
    id: str
    name: str
    moment: datetime | None = None
    link: str | None = None
    service: str = "training"
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> NodeKey:
        """What identifies the node."""
        return self.kind, self.id


@dataclass(frozen=True, slots=True)
class Edge:
    """From a cause to what came of it.

    Parameters
    ----------
    type : str
        What happened: ``read``, ``derived``, ``fitted``, ``evaluated``, ``published``, ``pointed``,
        ``answered``, ``labelled``, ``corrected``, ``verified``, ``used`` or ``made`` (by a run).
    source, target : tuple of NodeKind and str
        Kind and id of the two nodes.
    """

    type: str
    source: NodeKey
    target: NodeKey


@dataclass(frozen=True, slots=True, kw_only=True)
class LineageGraph:
    """The part of the graph around one node.

    Parameters
    ----------
    nodes : tuple of Node
        The start first, then by distance.
    beyond : tuple of NodeKey
        Nodes at the edge of `depth` whose further neighbours were not looked for.
    truncated : bool
        Whether there were more nodes than asked for.
    """

    start: NodeKey
    direction: Direction
    depth: int
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    beyond: tuple[NodeKey, ...] = ()
    truncated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreCount:
    """How many scores a version gave in a month (UTC) under one alias.

    Parameters
    ----------
    alias : str or None
        The alias that was asked for; None where the version was named itself.
    month : str
        As ``2026-03``.
    """

    version: str
    alias: str | None
    month: str
    scores: int
    first: datetime
    last: datetime


Neighbours = Callable[[Node], Iterable[tuple[str, Node]]]
"""Gives the neighbours of a node in one direction, each with the type of its edge."""


def walk(
    start: Node, up: Neighbours, down: Neighbours, direction: Direction, depth: int, limit: int
) -> LineageGraph:
    """Walk from a node, nearest nodes first.

    Both directions are walked on their own: the causes of a node and what came of it, and not what
    else came of its causes.

    Parameters
    ----------
    depth : int
        How many edges to go, 1 to `MAX_DEPTH`.
    limit : int
        How many nodes to return at most, 1 to `MAX_NODES`.
    """
    nodes = {start.key: start}
    edges: dict[Edge, None] = {}
    beyond: list[NodeKey] = []
    truncated = False
    for way, neighbours in ((Direction.UP, up), (Direction.DOWN, down)):
        if direction not in (way, Direction.BOTH):
            continue
        seen, frontier = {start.key}, [start]
        for _ in range(depth):
            following: list[Node] = []
            for node in frontier:
                for kind, other in neighbours(node):
                    if other.key not in nodes and len(nodes) >= limit:
                        truncated = True
                        continue
                    known = nodes.setdefault(other.key, other)
                    pair = (other.key, node.key) if way is Direction.UP else (node.key, other.key)
                    edges[Edge(kind, *pair)] = None
                    if other.key not in seen:
                        seen.add(other.key)
                        following.append(known)
            frontier = following
        beyond += [node.key for node in frontier]
    return LineageGraph(
        start=start.key,
        direction=direction,
        depth=depth,
        nodes=tuple(nodes.values()),
        edges=tuple(edges),
        beyond=tuple(dict.fromkeys(beyond)),
        truncated=truncated,
    )
