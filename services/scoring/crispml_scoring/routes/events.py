"""What happened in scoring besides scores."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from crispml_core.domain.events import EventKind, ServingEvent
from crispml_core.rest.app import API
from crispml_core.rest.pagination import Page, PageQuery, found_answer
from crispml_core.rest.strict_route import StrictRoute
from crispml_scoring.parts import parts_of


class EventsQuery(PageQuery):
    """Which events are wanted."""

    use_case: str | None = None
    """Only those of this use case."""

    kind: EventKind | None = None
    """Only those of this kind."""


def event_router() -> APIRouter:
    """Return the route of events."""
    router = APIRouter(prefix=API, route_class=StrictRoute)

    @router.get(
        "/serving-events",
        tags=["events"],
        summary="List refusals, failures and changes of what serves",
        response_model=Page[ServingEvent],
    )
    def list_events(request: Request, query: Annotated[EventsQuery, Query()]) -> Response:
        """Return events, newest first; none of them holds what a caller sent."""
        found = parts_of(request).events.find(
            use_case=query.use_case,
            kind=query.kind,
            limit=query.limit + 1,
            before=query.before,
        )
        return found_answer(request, found, lambda event: event.event_id, query)

    return router
