"""The scoring protocol of MLflow, which is also the container contract of SageMaker."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from crispml_core.domain.errors import InvalidInput, NotFound
from crispml_core.domain.models import CHAMPION
from crispml_core.domain.use_case import UseCase
from crispml_core.rest.access.guarded_route import GuardedRoute
from crispml_core.rest.content import JSON
from crispml_core.rest.dialects.mlflow_request import (
    Params,
    invocation_media,
    read_frame,
    read_invocation,
)
from crispml_core.rest.dialects.mlflow_response import PING, check_method, predictions
from crispml_core.rest.docs import body
from crispml_core.rest.formats.body import RecordBody
from crispml_core.rest.formats.facts import fact_headers
from crispml_core.rest.formats.media import CSV, PARQUET
from crispml_core.rest.request_id import request_id_of
from crispml_core.rest.requests import RequestModel
from crispml_core.rest.spooled import Spooled, spooled
from crispml_core.rest.tracing import traceparent_of
from crispml_core.serving.answering import COLUMN_ROWS
from crispml_core.serving.scored import ScoreCall
from crispml_scoring.parts import parts_of
from crispml_scoring.record_decoders import column_reader_of
from crispml_scoring.requests import Name

INVOCATIONS = "/invocations"
_ANY: dict[str, Any] = {}
_BODY = body(
    {
        JSON: {
            "type": "object",
            "properties": {
                "dataframe_split": {"type": "object"},
                "dataframe_records": {"type": "array", "items": {"type": "object"}},
                "instances": {"type": "array", "items": _ANY},
                "inputs": _ANY,
                "params": {"type": "object"},
            },
        },
        CSV: {"type": "string"},
        PARQUET: {"type": "string", "format": "binary"},
    },
    "Exactly one of the four keys; or CSV with a header line; or Parquet.",
)


class InvocationQuery(RequestModel):
    """Which model is meant."""

    use_case: Name | None = None
    """Needed only where the service has several use cases."""


def invocation_router() -> APIRouter:
    """Return the routes of the protocol."""
    router = APIRouter(tags=["MLflow and SageMaker"], route_class=GuardedRoute)

    @router.get(
        "/ping",
        summary="Can the models serve?",
        response_class=Response,
        responses={503: {"description": "A use case has no version that serves."}},
    )
    @router.get("/health", summary="Can the models serve?", include_in_schema=False)
    def ping(request: Request) -> Response:
        """Answer 200 when every use case has a version that serves."""
        models = parts_of(request).engine.models
        is_ready = all(models.find(name, CHAMPION) for name in models.status())
        return Response(PING, 200 if is_ready else 503)

    @router.post(INVOCATIONS, summary="Score records", openapi_extra=_BODY)
    async def invocations(request: Request, query: Annotated[InvocationQuery, Query()]) -> Response:
        """Score records; the scores are durable like all others, their ids are in the headers."""
        use_case = _use_case(request, query.use_case)
        media = invocation_media(request.headers.get("content-type", ""))
        limits = request.app.state.settings.server
        async with spooled(request, media, limits) as content:
            read = _read_json if media == JSON else _read_file
            records, params = await run_in_threadpool(read, use_case, content, media, limits)
            check_method(params.predict_method, use_case.target.classes)
            scored = await parts_of(request).engine.score(
                ScoreCall(
                    use_case=use_case.name,
                    alias=None if params.version else params.alias,
                    version=params.version,
                    request_id=request_id_of(request.scope),
                    traceparent=traceparent_of(request.scope),
                    explain=params.explain,
                    interval=params.interval,
                ),
                records,
            )
        answer = await run_in_threadpool(predictions, scored, params.predict_method)
        response = Response(answer, media_type=JSON)
        response.raw_headers.extend(fact_headers(scored))
        return response

    return router


def _use_case(request: Request, name: str | None) -> UseCase:
    use_cases = parts_of(request).use_cases
    if name is None:
        if len(use_cases) != 1:
            raise InvalidInput(f"use_case: say which one in the query: {', '.join(use_cases)}")
        return next(iter(use_cases.values()))
    if name not in use_cases:
        raise NotFound("use case", use_cases)
    return use_cases[name]


def _read_json(use_case: UseCase, content: Spooled, media: str, limits: Any) -> tuple[Any, Params]:
    invocation = read_invocation(content.bytes())
    checked = read_frame(invocation, column_reader_of(use_case), limits.max_records)
    records = checked.rows() if len(checked) < COLUMN_ROWS else checked.batch()
    return records, invocation.params


def _read_file(use_case: UseCase, content: Spooled, media: str, limits: Any) -> tuple[Any, Params]:
    import pyarrow as pa

    records = RecordBody(
        content.content,
        media,
        use_case.schema,
        use_case.target.name,
        max_rows=limits.max_records,
        max_bytes=limits.max_upload_bytes,
    )
    return pa.concat_batches(list(records.batches())), Params()
