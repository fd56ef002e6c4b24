"""From the request to import labels to its answer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial

import anyio
import msgspec
from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from crispml_core.domain.errors import NotFound
from crispml_core.domain.identifiers import utc_now
from crispml_core.domain.labels import ImportedLabels
from crispml_core.rest.answers import answer
from crispml_core.rest.content import JSON
from crispml_core.rest.formats.compression import Compressor, accepted_encoding
from crispml_core.rest.formats.label_body import LabelBody
from crispml_core.rest.formats.media import label_media, score_media
from crispml_core.rest.formats.verdict_answer import verdict_pieces
from crispml_core.rest.preferences import checked_key, request_fingerprint
from crispml_core.rest.spooled import Spooled, spooled
from crispml_core.rest.turns import threads_for
from crispml_scoring.parts import parts_of
from crispml_scoring.requests import LabelOptions

# Each may take minutes; the database stores one after the other anyway.
MOST_IMPORTS = 4


async def import_labels(
    request: Request, use_case: str, options: LabelOptions, key: str | None
) -> Response:
    """Answer a request to import labels of any format."""
    parts = parts_of(request)
    if use_case not in parts.use_cases:
        raise NotFound("use case", parts.use_cases)
    media = label_media(request.headers.get("content-type", ""))
    answer_media = score_media(request.headers.get("accept"))
    encoding = accepted_encoding(request.headers.get("accept-encoding"))
    key = checked_key(key)
    limits = request.app.state.settings.server
    async with spooled(request, media, limits) as body:
        fingerprint = request_fingerprint(request, await body.digest()) if key else ""
        fingerprint = parts.privacy.fingerprint(parts.use_cases[use_case], fingerprint)
        read = partial(_import, request, use_case, body, media, options)
        turns = threads_for(request.app.state, "imports", MOST_IMPORTS)
        done = await anyio.to_thread.run_sync(read, key, fingerprint, limiter=turns)
    if not options.rows:
        return answer(done, headers=_facts(done))
    pages = parts.labels.verdicts(done.import_id)
    pieces = _sent(verdict_pieces(done, pages, answer_media), encoding)
    response = StreamingResponse(pieces, media_type=answer_media, headers=_facts(done))
    response.headers["Vary"] = "accept, accept-encoding"
    if encoding:
        response.headers["Content-Encoding"] = encoding
    return response


def _import(
    request: Request,
    use_case: str,
    body: Spooled,
    media: str,
    options: LabelOptions,
    key: str | None,
    fingerprint: str,
) -> ImportedLabels:
    parts, limits = parts_of(request), request.app.state.settings.server
    assert parts.scoring is not None
    labels = LabelBody(
        body.content,
        media,
        parts.use_cases[use_case],
        options.dialect,
        max_rows=limits.max_records if media == JSON else limits.max_batch_rows,
        max_bytes=limits.max_upload_bytes,
    )
    began = utc_now()
    done = parts.scoring.label(use_case, labels, idempotency_key=key, fingerprint=fingerprint)
    if done.received_at >= began:  # else a key brought back what was counted before
        request.app.state.on_labels(use_case, done.counts)
    return done


def _facts(done: ImportedLabels) -> dict[str, str]:
    """Return what stands before the rows in JSON as headers."""
    return {
        "CrispML-Import-Id": done.import_id,
        "CrispML-Received-At": done.received_at.isoformat(),
        "CrispML-Counts": msgspec.json.encode(done.counts).decode(),
    }


async def _sent(pieces: Iterator[bytes], encoding: str) -> AsyncIterator[bytes]:
    """Yield an answer as it is sent; each piece is made in a thread, because it is read there."""
    compressor = Compressor(encoding) if encoding else None
    chunk: Callable[[bytes], bytes] = compressor.chunk if compressor else bytes

    def following() -> bytes | None:
        piece = next(pieces, None)
        return None if piece is None else chunk(piece)

    while (piece := await run_in_threadpool(following)) is not None:
        if piece:
            yield piece
    if compressor is not None:
        yield compressor.end()
