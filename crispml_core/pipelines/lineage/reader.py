"""The lineage graph over the stores: what came from what, looked up step by step."""

from __future__ import annotations

from crispml_core.domain.errors import InvalidInput, NotFound
from crispml_core.domain.lineage import (
    MAX_DEPTH,
    MAX_NODES,
    Direction,
    LineageGraph,
    Node,
    NodeKind,
    walk,
)
from crispml_core.pipelines.lineage.causes import Causes
from crispml_core.pipelines.lineage.effects import Effects
from crispml_core.pipelines.lineage.look import Look
from crispml_core.pipelines.lineage.stores import LineageStores


class LineageReader:
    """The lineage graph.

    Parameters
    ----------
    stores : LineageStores
        What it is drawn from.
    """

    def __init__(self, stores: LineageStores) -> None:
        self.stores = stores

    def graph(
        self,
        kind: str,
        identifier: str,
        *,
        direction: Direction = Direction.BOTH,
        depth: int = 10,
        limit: int = 200,
    ) -> LineageGraph:
        """Return the part of the graph around one node; see `crispml_core.domain.lineage.walk`.

        Raises
        ------
        NotFound
            If there is no such node.
        InvalidInput
            If the kind is unknown, the id is not one of that kind, or a bound is out of range.
        """
        if kind not in set(NodeKind):
            raise InvalidInput(f"kind must be one of {', '.join(NodeKind)}")
        for name, value, most in (("depth", depth, MAX_DEPTH), ("limit", limit, MAX_NODES)):
            if not 1 <= value <= most:
                raise InvalidInput(f"{name} must be a whole number from 1 to {most}")
        # Each look remembers what it read, so that one answer is of one moment as far as possible.
        look = Look(self.stores)
        start = self.node(look, NodeKind(kind), identifier)
        return walk(start, Causes(look).of, Effects(look).of, direction, depth, limit)

    def node(self, look: Look, kind: NodeKind, identifier: str) -> Node:
        """Return one node, or raise `NotFound`."""
        found = look.node(kind, identifier)
        if found is None:
            raise NotFound(kind.value)
        return found
