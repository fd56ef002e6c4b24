"""Registered models: their versions, and where their aliases point and pointed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from crispml_core.domain.errors import NotFound
from crispml_core.domain.models import AliasEvent, ModelVersion, PublishedVersion
from crispml_core.governance.access import Permission
from crispml_core.rest.access.caller import visible_to
from crispml_core.rest.access.guarded_route import GuardedRoute
from crispml_core.rest.answers import answer
from crispml_core.rest.app import API, parts_of
from crispml_core.rest.pagination import Page, PageQuery, whole_answer
from crispml_core.rest.requests import Moment, RequestModel


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelView:
    """A registered model and where its aliases point."""

    name: str
    aliases: dict[str, str]
    latest_version: str | None
    versions: int


class AtQuery(RequestModel):
    """The moment to answer for."""

    at: Moment | None = Field(None)
    """Where the alias pointed at this moment; now when it is left out."""


def model_router() -> APIRouter:
    """Return the read-only routes of models, versions and aliases."""
    router = APIRouter(prefix=f"{API}/models", route_class=GuardedRoute)

    @router.get("", summary="List the models", tags=["models"], response_model=Page[ModelView])
    def list_models(request: Request, query: Annotated[PageQuery, Query()]) -> Response:
        """Return the registered models that the caller may see, by name."""
        seen = visible_to(request, Permission.DESCRIBE)
        names = [name for name in parts_of(request).models.models() if seen is None or name in seen]
        return whole_answer(request, names, str, query, lambda name: _view(request, name))

    @router.get("/{model}", summary="Describe a model", tags=["models"], response_model=ModelView)
    def get_model(request: Request, model: str) -> Response:
        """Return the aliases and the latest version of a model."""
        return answer(_view(request, model))

    @router.get(
        "/{model}/versions",
        summary="List the versions of a model",
        tags=["models"],
        response_model=Page[PublishedVersion],
    )
    def list_versions(
        request: Request, model: str, query: Annotated[PageQuery, Query()]
    ) -> Response:
        """Return the manifests of the versions, newest first."""
        return whole_answer(
            request,
            _versions(request, model),
            lambda item: item.version,
            query,
            lambda item: _published(request, item),
        )

    @router.get(
        "/{model}/versions/{version}",
        summary="Describe a version",
        tags=["models"],
        response_model=PublishedVersion,
    )
    def get_version(request: Request, model: str, version: str) -> Response:
        """Return the manifest of a version and its digest, which stands for all of its bytes."""
        return answer(_published(request, parts_of(request).models.get(model, version)))

    @router.get(
        "/{model}/aliases",
        summary="List the aliases of a model",
        tags=["aliases"],
        response_model=Page[AliasEvent],
    )
    def list_aliases(
        request: Request, model: str, query: Annotated[PageQuery, Query()]
    ) -> Response:
        """Return the newest move of every alias, by name."""
        moves = sorted(
            parts_of(request).aliases.aliases(model).values(), key=lambda move: move.alias
        )
        return whole_answer(request, moves, lambda move: move.alias, query)

    @router.get(
        "/{model}/aliases/{alias}",
        summary="Where does an alias point?",
        tags=["aliases"],
        response_model=AliasEvent,
    )
    def get_alias(
        request: Request, model: str, alias: str, query: Annotated[AtQuery, Query()]
    ) -> Response:
        """Return the newest move, or the newest until a moment; the ETag is its version."""
        move = parts_of(request).aliases.current(model, alias, query.at)
        if move is None:
            raise NotFound("alias", parts_of(request).aliases.aliases(model))
        return alias_answer(move)

    @router.get(
        "/{model}/aliases/{alias}/history",
        summary="Where did an alias point?",
        tags=["aliases"],
        response_model=Page[AliasEvent],
    )
    def get_alias_history(
        request: Request, model: str, alias: str, query: Annotated[PageQuery, Query()]
    ) -> Response:
        """Return every move of an alias, newest first."""
        moves = parts_of(request).aliases.history(model, alias)
        if not moves:
            raise NotFound("alias", parts_of(request).aliases.aliases(model))
        return whole_answer(request, moves, lambda move: str(move.sequence), query)

    return router


def alias_answer(move: AliasEvent) -> Response:
    """Answer with an alias move and the ETag that the next move names in ``If-Match``."""
    return answer(move, headers={"ETag": f'"{move.version}"'})


def _versions(request: Request, model: str) -> list[ModelVersion]:
    models = parts_of(request).models
    versions = models.versions(model)
    if not versions:
        raise NotFound("model", models.models())
    return versions


def _published(request: Request, manifest: ModelVersion) -> PublishedVersion:
    digest = parts_of(request).models.digest(manifest.model, manifest.version)
    return PublishedVersion.of(manifest, digest)


def _view(request: Request, model: str) -> ModelView:
    versions = _versions(request, model)
    moves = parts_of(request).aliases.aliases(model)
    return ModelView(
        name=model,
        aliases={alias: move.version for alias, move in sorted(moves.items())},
        latest_version=versions[0].version,
        versions=len(versions),
    )
