"""The loaded use cases: what a record must look like and what may be trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from crispml_core.domain.algorithms import Hyperparameter
from crispml_core.domain.errors import NotFound
from crispml_core.domain.fields import Field
from crispml_core.domain.targets import Gate, Segment, Target, Task
from crispml_core.domain.use_case import UseCase
from crispml_core.governance.access import Permission
from crispml_core.rest.access.caller import visible_to
from crispml_core.rest.access.guarded_route import GuardedRoute
from crispml_core.rest.answers import answer
from crispml_core.rest.app import API, parts_of
from crispml_core.rest.pagination import Page, PageQuery, whole_answer


@dataclass(frozen=True, slots=True, kw_only=True)
class AlgorithmView:
    """An algorithm without its code."""

    name: str
    description: str
    hyperparameters: tuple[Hyperparameter, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UseCaseView:
    """A use case without its code and without its source."""

    name: str
    version: str
    description: str
    task: Task
    target: Target
    record_key: str
    fields: tuple[Field, ...]
    algorithms: tuple[AlgorithmView, ...]
    segments: tuple[Segment, ...]
    gates: tuple[Gate, ...]
    digest: str


def view_of(use_case: UseCase) -> UseCaseView:
    """Return what a caller may see of a use case."""
    return UseCaseView(
        name=use_case.name,
        version=use_case.version,
        description=use_case.description,
        task=use_case.target.task,
        target=use_case.target,
        record_key=use_case.record_key,
        fields=use_case.fields,
        algorithms=tuple(
            AlgorithmView(
                name=algorithm.name,
                description=algorithm.description,
                hyperparameters=algorithm.hyperparameters,
            )
            for algorithm in use_case.algorithms
        ),
        segments=use_case.segments,
        gates=use_case.gates,
        digest=use_case.digest,
    )


def use_case_router() -> APIRouter:
    """Return the routes of use cases."""
    router = APIRouter(prefix=f"{API}/use-cases", tags=["use cases"], route_class=GuardedRoute)

    @router.get("", summary="List the use cases", response_model=Page[UseCaseView])
    def list_use_cases(request: Request, query: Annotated[PageQuery, Query()]) -> Response:
        """Return the use cases that this service has loaded and the caller may see, by name."""
        seen = visible_to(request, Permission.DESCRIBE)
        views = [
            view_of(case)
            for name, case in sorted(parts_of(request).use_cases.items())
            if seen is None or name in seen
        ]
        return whole_answer(request, views, lambda view: view.name, query)

    @router.get("/{use_case}", summary="Describe a use case", response_model=UseCaseView)
    def get_use_case(request: Request, use_case: str) -> Response:
        """Return the record schema, the algorithms and the gates of a use case."""
        return answer(view_of(use_case_of(request, use_case)))

    return router


def use_case_of(request: Request, name: str) -> UseCase:
    """Return a loaded use case, or raise `NotFound` that lists the loaded ones."""
    known = parts_of(request).use_cases
    if name not in known:
        raise NotFound("use case", known)
    return known[name]
