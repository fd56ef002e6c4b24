"""From the request to score to its answer, for whatever the hot path leaves."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from crispml_core.domain.errors import InvalidInput, NotFound, TooLarge
from crispml_core.domain.use_case import UseCase
from crispml_core.rest.content import JSON
from crispml_core.rest.formats.answers import ScoreAnswer, score_answer, whole_answer
from crispml_core.rest.formats.body import RecordBody
from crispml_core.rest.formats.compression import (
    SMALLEST_COMPRESSED,
    Compressor,
    accepted_encoding,
    compress,
)
from crispml_core.rest.formats.facts import fact_headers
from crispml_core.rest.formats.media import record_media, score_media
from crispml_core.rest.preferences import checked_key, request_fingerprint
from crispml_core.rest.request_id import request_id_of
from crispml_core.rest.spooled import Spooled, spooled
from crispml_core.rest.strict_json import parse_json
from crispml_core.rest.tracing import traceparent_of
from crispml_core.serving.answering import COLUMN_ROWS
from crispml_core.serving.engine import ScoringEngine
from crispml_core.serving.record_decoder import RecordDecoder, Records
from crispml_core.serving.scored import ScoreCall, Scored
from crispml_core.tables.records import from_records
from crispml_scoring.batch_jobs import batch_body, submit_batch
from crispml_scoring.parts import parts_of
from crispml_scoring.record_decoders import decoder_of
from crispml_scoring.requests import ScoreOptions, ScoreRequest, score_request

if TYPE_CHECKING:
    import pyarrow as pa

# Validated batches of a body are kept for scoring up to so many rows; beyond, it is read again.
KEPT_ROWS = 131_072
# A JSON body of at least so many bytes is parsed in a thread.
_LARGE_BODY = 16_384


async def score_records(
    request: Request, use_case: str, options: ScoreOptions, key: str | None
) -> Response:
    """Answer a request to score records of any format."""
    parts = parts_of(request)
    if use_case not in parts.use_cases:
        raise NotFound("use case", parts.use_cases)
    found = parts.use_cases[use_case]
    media = record_media(request.headers.get("content-type", ""))
    answer_media = score_media(request.headers.get("accept"))
    encoding = accepted_encoding(request.headers.get("accept-encoding"))
    key = checked_key(key)
    limits = request.app.state.settings.server
    async with spooled(request, media, limits) as body:
        fingerprint = ""
        if key is not None:
            digest = request_fingerprint(request, await body.digest())
            fingerprint = parts.privacy.fingerprint(found, digest)
        call = _call(request, use_case, options, key, fingerprint)
        if media == JSON and (batch := batch_body(body.bytes())) is not None:
            return await submit_batch(request, found, batch, call)
        if media == JSON:
            scored = await _score_json(request, found, call, body)
            if len(scored.scores) < COLUMN_ROWS:
                return _whole(scored, answer_media, encoding)
            return await run_in_threadpool(_whole, scored, answer_media, encoding)
        content = RecordBody(
            body.content,
            media,
            found.schema,
            found.target.name,
            max_rows=limits.max_batch_rows,
            max_bytes=limits.max_upload_bytes,
        )
        batches = await run_in_threadpool(_checked, content)
        if batches is not None and len(batches) == 1:
            scored = await parts.engine.score(call, batches[0])
            return await run_in_threadpool(_whole, scored, answer_media, encoding)
        stream = _stream(parts.engine, call, content, batches, body.keep())
        return await _streamed(stream, answer_media, encoding)


def _call(
    request: Request, use_case: str, options: ScoreOptions, key: str | None, fingerprint: str
) -> ScoreCall:
    if options.alias is not None and options.model_version is not None:
        raise InvalidInput("alias, model_version: give one of them")
    return ScoreCall(
        use_case=use_case,
        alias=options.alias,
        version=options.model_version,
        request_id=request_id_of(request.scope),
        traceparent=traceparent_of(request.scope),
        idempotency_key=key,
        fingerprint=fingerprint,
        explain=options.explain,
        interval=options.interval,
    )


async def _score_json(
    request: Request, use_case: UseCase, call: ScoreCall, body: Spooled
) -> Scored:
    content = body.bytes()
    most = request.app.state.settings.server.max_records
    if len(content) < _LARGE_BODY:
        records, wanted = _parsed(use_case, content, most)
    else:
        records, wanted = await run_in_threadpool(_parsed, use_case, content, most)
    if wanted is not None and (wanted.alias or wanted.model_version):
        if call.alias or call.version:
            raise InvalidInput("alias, model_version: give them in the body or in the query")
        call = replace(call, alias=wanted.alias, version=wanted.model_version)
    return await parts_of(request).engine.score(call, records)


def _parsed(use_case: UseCase, content: bytes, most: int) -> tuple[Any, ScoreRequest | None]:
    """Return validated records, and the wrapping they came in, if there was one."""
    fast, wanted = _surely_valid(decoder_of(use_case), content)
    if fast is not None and len(fast):
        _refuse_too_many(len(fast), most)
        return fast, wanted
    wanted = score_request(parse_json(content), most)
    batch, findings = from_records(wanted.records, use_case.schema, target=use_case.target.name)
    findings.raise_if_any()
    return batch, wanted


def _surely_valid(
    decoder: RecordDecoder, content: bytes
) -> tuple[Records | None, ScoreRequest | None]:
    """Return the records that the fast way accepts, and the wrapping they came in."""
    if content[:1] == b"[":
        return decoder.many(content), None
    if (one := decoder.one(content)) is not None:
        return [one], None
    if (found := decoder.wrapped(content)) is None:
        return None, None
    wanted = ScoreRequest(records=[], alias=found.alias, model_version=found.model_version)
    return found.records, wanted


def _refuse_too_many(rows: int, most: int) -> None:
    if rows > most:
        raise TooLarge(f"records: send at most {most} in one request")


def _checked(content: RecordBody) -> list[pa.RecordBatch] | None:
    """Check all of a body; return its batches if they are few, else None."""
    kept: list[pa.RecordBatch] | None = []
    rows = 0
    for batch in content.batches():
        rows += len(batch)
        if rows > KEPT_ROWS:
            kept = None
        if kept is not None:
            kept.append(batch)
    return kept


async def _stream(
    engine: ScoringEngine,
    call: ScoreCall,
    content: RecordBody,
    batches: Sequence[pa.RecordBatch] | None,
    body: Spooled,
) -> AsyncIterator[Scored]:
    """Score a checked body part by part, each part a group; the first version answers them all."""
    with body:
        parts = iter(batches) if batches is not None else content.batches()
        active, number = None, 0
        while (batch := await run_in_threadpool(next, parts, None)) is not None:
            part = replace(call, idempotency_key=_part_key(call.idempotency_key, number))
            if active is None:
                scored = await engine.score(part, batch)
                active = await engine.going_on(scored, call)
            else:
                scored = await engine.score_with(active, part, batch)
            number += 1
            yield scored


def _part_key(key: str | None, number: int) -> str | None:
    """Return the key of one part, so that a repeated request goes on where it stopped."""
    if key is None or number == 0:
        return key
    return f"{hashlib.sha256(key.encode()).hexdigest()}.{number}"


def _whole(scored: Scored, media: str, encoding: str) -> Response:
    content = whole_answer(scored, media)
    headers = fact_headers(scored)
    if encoding and len(content) > SMALLEST_COMPRESSED:
        content = compress(content, encoding)
        headers.append((b"content-encoding", encoding.encode()))
    response = Response(content, media_type=media)
    response.raw_headers.extend([*headers, _VARY])
    return response


async def _streamed(parts: AsyncIterator[Scored], media: str, encoding: str) -> Response:
    first = await anext(parts)
    answer: ScoreAnswer = score_answer(media)
    compressor = Compressor(encoding) if encoding else None

    def piece(write: Callable[[], bytes], *, is_last: bool = False) -> bytes:
        content = write()
        if compressor is None:
            return content
        return compressor.chunk(content) + (compressor.end() if is_last else b"")

    async def pieces() -> AsyncIterator[bytes]:
        yield await run_in_threadpool(piece, lambda: answer.begin(first) + answer.chunk(first))
        async for scored in parts:
            yield await run_in_threadpool(piece, partial(answer.chunk, scored))
        yield piece(answer.end, is_last=True)

    response = StreamingResponse(pieces(), media_type=media)
    response.raw_headers.extend([*fact_headers(first), _VARY])
    if encoding:
        response.raw_headers.append((b"content-encoding", encoding.encode()))
    return response


_VARY = (b"vary", b"accept, accept-encoding")
