"""Method 8, and the labels it stored."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from crispml_core.domain.labels import StoredLabel, Verdict
from crispml_core.rest.app import API
from crispml_core.rest.content import JSON
from crispml_core.rest.docs import body
from crispml_core.rest.formats.media import ARROW, CSV, JSON_LINES, NDJSON, PARQUET
from crispml_core.rest.pagination import Page, PageQuery, found_answer
from crispml_core.rest.preferences import IdempotencyKey
from crispml_core.rest.strict_route import StrictRoute
from crispml_scoring.label_records import import_labels
from crispml_scoring.parts import parts_of
from crispml_scoring.requests import LabelOptions

_LABEL = {
    "type": "object",
    "additionalProperties": False,
    "required": ["label"],
    "properties": {
        "label": {"anyOf": [{"type": "string"}, {"type": "number"}, {"type": "boolean"}]},
        "score_id": {"type": "string", "description": "The score, or:"},
        "record_key": {"type": "string", "description": "the business key of the record."},
        "scored_until": {
            "type": "string",
            "format": "date-time",
            "description": "Beside a key: only the last score that was made until then.",
        },
        "label_time": {"type": "string", "format": "date-time"},
        "source": {"type": "string", "description": "Who says so."},
        "propensity": {
            "type": "number",
            "exclusiveMinimum": 0,
            "maximum": 1,
            "description": "Logged probability that this case would get a label.",
        },
    },
}
_LABELS = {"type": "array", "items": _LABEL}
_JSON_BODY = {
    "anyOf": [
        _LABELS,
        {"type": "object", "required": ["labels"], "properties": {"labels": _LABELS}},
        {"type": "object", "description": "Records of another system, see `dialect`."},
    ],
    "example": {"labels": [{"record_key": "A-17", "label": "good"}]},
}
_FILE = {"type": "string", "format": "binary"}
_BODIES: dict[str, dict[str, Any]] = {
    JSON: _JSON_BODY,
    NDJSON: {"type": "string", "description": "One label per line."},
    JSON_LINES: {"type": "string", "description": "One label per line."},
    CSV: {"type": "string", "description": "A header line with the names of the entries."},
    PARQUET: _FILE,
    ARROW: _FILE,
}
_ANSWERS: dict[str, Any] = {
    NDJSON: {"schema": {"type": "string", "description": "One row per line."}},
    CSV: {"schema": {"type": "string", "description": "Columns row, verdict, label_id."}},
    PARQUET: {"schema": _FILE},
    ARROW: {"schema": _FILE},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelRow:
    """What became of one label."""

    row: int
    verdict: Verdict
    label_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelAnswer:
    """What became of an import: rows per verdict, and one verdict per row in order."""

    import_id: str
    use_case: str
    received_at: datetime
    row_count: int
    counts: dict[str, int]
    rows: list[LabelRow] = field(default_factory=list)


class LabelsQuery(PageQuery):
    """Which labels are wanted."""

    use_case: str | None = None
    """Only those of this use case."""

    score_id: str | None = None
    """Only those that name this score."""

    record_key: str | None = None
    """Only those that name this record."""


def label_router() -> APIRouter:
    """Return the routes of labels."""
    router = APIRouter(prefix=API, route_class=StrictRoute)

    @router.post(
        "/use-cases/{use_case}/new-data-label",
        tags=["NewDataLabel"],
        summary="Import ground truth",
        responses={200: {"model": LabelAnswer, "content": _ANSWERS}},
        openapi_extra=body(_BODIES, "Labels; JSON may wrap them in an object."),
    )
    async def new_data_label(
        request: Request,
        use_case: str,
        options: Annotated[LabelOptions, Query()],
        key: IdempotencyKey = None,
    ) -> Response:
        """Store labels in one transaction, however many, and say what became of each.

        `accepted`: the first truth of its record. `duplicate`: known already, nothing is stored.
        `superseded`: it corrects an earlier truth, which stays in the history. `unknown`: no score
        of that record yet; the label waits for one. The answer comes in the format of `Accept`,
        its facts are headers too. A body may be compressed with gzip or zstd. Ground truth records
        of SageMaker and feedback records of OpenScale are read as they are.
        """
        return await import_labels(request, use_case, options, key)

    @router.get("/labels", tags=["labels"], summary="List labels", response_model=Page[StoredLabel])
    def list_labels(request: Request, query: Annotated[LabelsQuery, Query()]) -> Response:
        """Return labels with their history, newest first."""
        parts = parts_of(request)
        key = parts.privacy.stored_key(parts.use_cases, query.use_case, query.record_key)
        found = parts.labels.find(
            use_case=query.use_case,
            score_id=query.score_id,
            record_key=key,
            limit=query.limit + 1,
            before=query.before,
        )
        return found_answer(request, found, lambda label: label.label_id, query)

    return router
