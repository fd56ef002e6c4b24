"""Method 8, and the labels it stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from crispml_core.domain.scores import LabelReceipt, StoredLabel, Verdict
from crispml_core.rest.answers import answer
from crispml_core.rest.app import API
from crispml_core.rest.docs import json_body
from crispml_core.rest.pagination import Page, PageQuery, page_answer
from crispml_core.rest.preferences import Idempotency, IdempotencyHeader
from crispml_core.rest.strict_route import StrictRoute
from crispml_scoring.parts import parts_of
from crispml_scoring.requests import label_rows

_LABEL = {
    "type": "object",
    "additionalProperties": False,
    "required": ["label"],
    "properties": {
        "label": {"anyOf": [{"type": "string"}, {"type": "number"}, {"type": "boolean"}]},
        "score_id": {"type": "string", "description": "The score, or:"},
        "record_key": {"type": "string", "description": "the business key of the record."},
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
_BODY = {
    "anyOf": [
        _LABELS,
        {"type": "object", "required": ["labels"], "properties": {"labels": _LABELS}},
    ],
    "example": {"labels": [{"record_key": "A-17", "label": "good"}]},
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
    counts: dict[str, int]
    rows: list[LabelRow]


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
        response_model=LabelAnswer,
        openapi_extra=json_body(_BODY, "A list of labels, or an object with it."),
    )
    async def new_data_label(
        request: Request, use_case: str, promise: IdempotencyHeader
    ) -> Response:
        """Store labels in one transaction and say what became of each.

        `accepted`: the first truth of its record. `duplicate`: known already, nothing is stored.
        `superseded`: it corrects an earlier truth, which stays in the history. `unknown`: no score
        of that record yet; the label waits for one.
        """
        body = await request.json()
        receipt = await run_in_threadpool(_label, request, use_case, body, promise)
        return answer(_answer_of(receipt))

    @router.get("/labels", tags=["labels"], summary="List labels", response_model=Page[StoredLabel])
    def list_labels(request: Request, query: Annotated[LabelsQuery, Query()]) -> Response:
        """Return labels with their history, newest first."""
        found = parts_of(request).labels.find(
            use_case=query.use_case,
            score_id=query.score_id,
            record_key=query.record_key,
            limit=query.limit + 1,
            before=query.before,
        )
        more = len(found) > query.limit
        return page_answer(request, found[: query.limit], lambda label: label.label_id, more)

    return router


def _label(request: Request, use_case: str, body: object, promise: Idempotency) -> LabelReceipt:
    scoring = parts_of(request).scoring
    assert scoring is not None
    return scoring.label(
        use_case,
        label_rows(body, request.app.state.settings.server.max_records),
        idempotency_key=promise.key,
        fingerprint=promise.fingerprint,
    )


def _answer_of(receipt: LabelReceipt) -> LabelAnswer:
    verdicts = zip(receipt.verdicts, receipt.label_ids, strict=True)
    return LabelAnswer(
        import_id=receipt.import_id,
        use_case=receipt.use_case,
        received_at=receipt.received_at,
        counts={verdict.value: receipt.counts.get(verdict.value, 0) for verdict in Verdict},
        rows=[
            LabelRow(row=row, verdict=verdict, label_id=label_id)
            for row, (verdict, label_id) in enumerate(verdicts)
        ],
    )
