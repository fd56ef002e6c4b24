"""The lineage graph, which both services read."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from crispml_core.domain.lineage import (
    MAX_DEPTH,
    MAX_NODES,
    Direction,
    LineageGraph,
    NodeKind,
)
from crispml_core.rest.access.guarded_route import GuardedRoute
from crispml_core.rest.answers import answer
from crispml_core.rest.app import API, parts_of
from crispml_core.rest.requests import RequestModel
from crispml_core.rest.turns import DRAWING


class LineageQuery(RequestModel):
    """Which part of the graph is wanted."""

    direction: Direction = Direction.BOTH
    """`up` to the causes, `down` to what came of it, or `both`."""

    depth: int = Field(10, ge=1, le=MAX_DEPTH)
    """How many edges to go."""

    limit: int = Field(200, ge=1, le=MAX_NODES)
    """Most nodes in the answer."""


def lineage_router() -> APIRouter:
    """Return the route of the lineage graph."""
    router = APIRouter(prefix=f"{API}/lineage", tags=["lineage"], route_class=GuardedRoute)

    @router.get(
        "/{kind}/{node_id}",
        summary="What came from what?",
        dependencies=[DRAWING],
        response_model=LineageGraph,
    )
    def get_lineage(
        request: Request,
        kind: NodeKind,
        node_id: str,
        query: Annotated[LineageQuery, Query()],
    ) -> Response:
        """Return the causes of one thing, and what came of it, as nodes and edges.

        An id is written as the kind says: `MODEL:VERSION` for a version, `MODEL:ALIAS:SEQUENCE` for
        a period of an alias, `MODEL:VERSION:YYYY-MM` for the scores of a month, `USE_CASE.KIND` for
        a source.
        """
        lineage = parts_of(request).lineage()
        return answer(
            lineage.graph(
                kind,
                node_id,
                direction=query.direction,
                depth=query.depth,
                limit=query.limit,
            )
        )

    return router
