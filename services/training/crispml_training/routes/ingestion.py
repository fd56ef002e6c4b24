"""Method 1: from the source of the use case, or from a file in the body."""

from __future__ import annotations

from typing import Annotated, Any, cast

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.runs import Run
from crispml_core.ports.upload_store import Upload, UploadFormat, UploadStore
from crispml_core.rest.app import API
from crispml_core.rest.content import JSON, UPLOAD_FORMATS, check_content
from crispml_core.rest.docs import body
from crispml_core.rest.preferences import (
    Idempotency,
    IdempotencyKey,
    Prefer,
    checked_key,
    request_fingerprint,
)
from crispml_core.rest.requests import validated
from crispml_core.rest.routes.use_cases import use_case_of
from crispml_core.rest.runs import run_answer
from crispml_core.rest.strict_route import StrictRoute
from crispml_training.parts import parts_of
from crispml_training.requests import IngestionRequest, UploadQuery
from crispml_training.routes.methods import RUN_ANSWERS
from crispml_training.submit import enqueue, submit

METHOD = "data-ingestion"
# A chunk of the network is some 64 KiB; fewer and larger writes spare trips to the thread pool.
_WRITE_BYTES = 1 << 20
_FILE = {"type": "string", "format": "binary"}


def ingestion_router() -> APIRouter:
    """Return the route of method 1."""
    router = APIRouter(prefix=f"{API}/use-cases/{{use_case}}", route_class=StrictRoute)

    @router.post(
        f"/{METHOD}",
        status_code=202,
        tags=["DataIngestion"],
        summary="Ingest data",
        responses=RUN_ANSWERS,
        openapi_extra=body(
            {JSON: IngestionRequest.model_json_schema(), **dict.fromkeys(UPLOAD_FORMATS, _FILE)},
            "A selection of the source as JSON, or a data file; it is sent uncompressed.",
        ),
    )
    async def data_ingestion(
        request: Request,
        use_case: str,
        query: Annotated[UploadQuery, Query()],
        key: IdempotencyKey = None,
        prefer: Prefer = None,
    ) -> Response:
        """Read the source, or take the file in the body, into a raw data set.

        The query parameters describe an upload; a JSON body carries them itself.
        """
        media = check_content(request.headers, (JSON, *UPLOAD_FORMATS))
        if media == JSON:
            return await _from_source(request, use_case, query, key, prefer)
        use_case_of(request, use_case)
        upload_format = cast(UploadFormat, UPLOAD_FORMATS[media])
        return await _from_upload(request, use_case, query, key, prefer, upload_format)

    return router


async def _from_source(
    request: Request, use_case: str, query: UploadQuery, key: str | None, prefer: str | None
) -> Response:
    if query.model_fields_set:
        raise InvalidInput("query: put these options into the JSON body")
    wanted = validated(IngestionRequest, await request.json())
    promise = Idempotency(checked_key(key), request_fingerprint(request, await request.body()))
    return await submit(
        request, use_case, METHOD, wanted.parameters(), wanted.timeout_s, promise, prefer
    )


async def _from_upload(
    request: Request,
    use_case: str,
    query: UploadQuery,
    key: str | None,
    prefer: str | None,
    upload_format: UploadFormat,
) -> Response:
    key = checked_key(key)
    uploads: UploadStore = parts_of(request).uploads
    upload = await receive(request, uploads, upload_format)
    promise = Idempotency(key, request_fingerprint(request, upload.sha256.encode()))
    parameters: dict[str, Any] = {**query.parameters(), "upload_id": upload.id}
    run: Run | None = None
    try:
        run = await run_in_threadpool(
            enqueue, request, use_case, METHOD, parameters, query.timeout_s, promise
        )
    finally:
        # Refused, or a repeated request whose first upload is the one that counts.
        if run is None or run.parameters.get("upload_id") != upload.id:
            await run_in_threadpool(uploads.remove, upload.id)
    return await run_answer(request, run, prefer)


async def receive(request: Request, uploads: UploadStore, upload_format: UploadFormat) -> Upload:
    """Stream the body of a request to the volume; nothing is left of it when that fails."""
    writer = await run_in_threadpool(uploads.receive, upload_format)
    waiting = bytearray()
    try:
        async for chunk in request.stream():
            waiting += chunk
            if len(waiting) >= _WRITE_BYTES:
                await run_in_threadpool(writer.write, bytes(waiting))
                waiting.clear()
        await run_in_threadpool(writer.write, bytes(waiting))
        return await run_in_threadpool(writer.commit)
    except BaseException:
        writer.discard()
        raise
