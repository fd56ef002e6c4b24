"""Method 7, and the scores it stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from crispml_core.domain.scores import Score
from crispml_core.pipelines.scoring import ScoreBatch
from crispml_core.rest.answers import answer
from crispml_core.rest.app import API, parts_of
from crispml_core.rest.docs import json_body
from crispml_core.rest.pagination import Page, PageQuery, page_answer
from crispml_core.rest.preferences import Idempotency, IdempotencyHeader
from crispml_core.rest.request_id import request_id_of
from crispml_core.rest.requests import Moment
from crispml_core.rest.strict_route import StrictRoute
from crispml_scoring.requests import ScoreRequest, score_request

_RECORD = {"type": "object", "description": "One record, by field name."}
_BODY = {"anyOf": [_RECORD, {"type": "array", "items": _RECORD}, ScoreRequest.model_json_schema()]}
# Every score is committed to the database before it is answered.
DURABILITY = "database"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredRecord:
    """The answer for one record, in the order of the request."""

    score_id: str
    record_key: str
    prediction: str | float
    probability: float | None
    probabilities: dict[str, float]
    segments: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreAnswer:
    """The scores of a request, and the model version that gave them."""

    use_case: str
    model: str
    version: str
    alias: str | None
    group_id: str
    durability: str
    scores: list[ScoredRecord]


class ScoresQuery(PageQuery):
    """Which scores are wanted."""

    use_case: str | None = None
    """Only those of this use case."""

    version: str | None = None
    """Only those of this model version."""

    record_key: str | None = None
    """Only those of this record."""

    start: Moment | None = Field(None, alias="from")
    """First moment of the window."""

    end: Moment | None = Field(None, alias="to")
    """First moment after the window."""


def score_router() -> APIRouter:
    """Return the routes of scores."""
    router = APIRouter(prefix=API, route_class=StrictRoute)

    @router.post(
        "/use-cases/{use_case}/new-data-score",
        tags=["NewDataScore"],
        summary="Score records",
        response_model=ScoreAnswer,
        openapi_extra=json_body(
            _BODY, "One record, a list of them, or an object with the version."
        ),
    )
    async def new_data_score(
        request: Request, use_case: str, promise: IdempotencyHeader
    ) -> Response:
        """Answer each record; when this returns 200, every score is durable."""
        batch = await run_in_threadpool(_score, request, use_case, await request.json(), promise)
        return answer(_answer_of(batch), headers=_replayed(batch))

    @router.get("/scores", tags=["scores"], summary="List scores", response_model=Page[Score])
    def list_scores(request: Request, query: Annotated[ScoresQuery, Query()]) -> Response:
        """Return stored scores of a window, newest first."""
        found = parts_of(request).ledger.find(
            use_case=query.use_case,
            version=query.version,
            record_key=query.record_key,
            start=query.start,
            end=query.end,
            limit=query.limit + 1,
            before=query.before,
        )
        more = len(found) > query.limit
        return page_answer(request, found[: query.limit], lambda score: score.score_id, more)

    @router.get("/scores/{score_id}", tags=["scores"], summary="Read a score", response_model=Score)
    def get_score(request: Request, score_id: str) -> Response:
        """Return one stored score."""
        return answer(parts_of(request).ledger.get(score_id))

    return router


def _score(request: Request, use_case: str, body: Any, promise: Idempotency) -> ScoreBatch:
    scoring = parts_of(request).scoring
    assert scoring is not None
    wanted = score_request(body, request.app.state.settings.server.max_records)
    return scoring.score(
        use_case,
        wanted.records,
        alias=wanted.alias or "champion",
        version=wanted.model_version,
        request_id=request_id_of(request.scope),
        idempotency_key=promise.key,
        fingerprint=promise.fingerprint,
    )


def _answer_of(batch: ScoreBatch) -> ScoreAnswer:
    group = batch.group
    return ScoreAnswer(
        use_case=group.use_case,
        model=group.model,
        version=group.version,
        alias=group.alias,
        group_id=group.group_id,
        durability=DURABILITY,
        scores=[
            ScoredRecord(
                score_id=score.score_id,
                record_key=score.record_key,
                prediction=score.prediction,
                probability=score.probability,
                probabilities=score.probabilities,
                segments=score.segments,
            )
            for score in batch.scores
        ],
    )


def _replayed(batch: ScoreBatch) -> dict[str, str]:
    return {"Idempotency-Replayed": "true"} if batch.replayed else {}
