"""Method 7, and the scores it stored."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from crispml_core.domain.scores import Score
from crispml_core.rest.answers import answer
from crispml_core.rest.app import API
from crispml_core.rest.content import JSON
from crispml_core.rest.docs import body
from crispml_core.rest.formats.media import ARROW, CSV, NDJSON, PARQUET
from crispml_core.rest.pagination import Page, PageQuery, found_answer
from crispml_core.rest.preferences import IdempotencyKey
from crispml_core.rest.requests import Moment
from crispml_core.rest.strict_route import StrictRoute
from crispml_scoring.batch_jobs import BATCH_ANSWERS
from crispml_scoring.batch_requests import BATCH_BODY
from crispml_scoring.parts import parts_of
from crispml_scoring.requests import ScoreOptions, ScoreRequest
from crispml_scoring.score_records import score_records

_RECORD = {"type": "object", "description": "One record, by field name."}
_FILE = {"type": "string", "format": "binary"}
_BODIES: dict[str, dict[str, Any]] = {
    JSON: {
        "anyOf": [
            _RECORD,
            {"type": "array", "items": _RECORD},
            ScoreRequest.model_json_schema(),
            BATCH_BODY,
        ]
    },
    NDJSON: {"type": "string", "description": "One record per line."},
    CSV: {"type": "string", "description": "A header line with the names of the fields."},
    PARQUET: _FILE,
    ARROW: _FILE,
}
_ANSWERS: dict[str, Any] = {
    media: {"schema": _BODIES[media]} for media in (NDJSON, CSV, PARQUET, ARROW)
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredRecord:
    """The answer for one record, in the order of the request."""

    score_id: str
    record_key: str
    prediction: str | float
    probability: float | None
    probabilities: dict[str, float]
    segments: dict[str, str]
    details: dict[str, Any] = field(default_factory=dict)
    version: str | None = None
    """Where a challenger answers a share of the records: the version behind this score."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreAnswer:
    """The scores of a request, and the model version that gave them."""

    use_case: str
    model: str
    version: str
    alias: str | None
    group_id: str
    durability: str
    fallback: bool
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
        responses={200: {"model": ScoreAnswer, "content": _ANSWERS}, **BATCH_ANSWERS},
        openapi_extra=body(_BODIES, "Records; JSON may wrap them in an object with the version."),
    )
    async def new_data_score(
        request: Request,
        use_case: str,
        options: Annotated[ScoreOptions, Query()],
        key: IdempotencyKey = None,
    ) -> Response:
        """Answer each record; when this returns 200, every score is durable.

        The answer comes in the format of `Accept`. A body may be compressed with gzip or zstd. A
        large batch is checked as a whole before its first score, and answered while it is scored.
        A JSON object with `source` and `sink` starts a batch in the background instead: 202 and a
        run; `Prefer: wait=SECONDS` answers with the finished run.
        """
        return await score_records(request, use_case, options, key)

    @router.get("/scores", tags=["scores"], summary="List scores", response_model=Page[Score])
    def list_scores(request: Request, query: Annotated[ScoresQuery, Query()]) -> Response:
        """Return stored scores of a window, newest first."""
        parts = parts_of(request)
        key = parts.privacy.stored_key(parts.use_cases, query.use_case, query.record_key)
        found = parts.ledger.find(
            use_case=query.use_case,
            version=query.version,
            record_key=key,
            start=query.start,
            end=query.end,
            limit=query.limit + 1,
            before=query.before,
        )
        return found_answer(request, found, lambda score: score.score_id, query)

    @router.get("/scores/{score_id}", tags=["scores"], summary="Read a score", response_model=Score)
    def get_score(request: Request, score_id: str) -> Response:
        """Return one stored score."""
        return answer(parts_of(request).ledger.get(score_id))

    return router
