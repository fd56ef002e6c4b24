"""Very large batches: a request with a source and a sink becomes a run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from fastapi import FastAPI, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from crispml_core.bootstrap.batches import Batches
from crispml_core.bootstrap.timings import tell_of_run
from crispml_core.domain.errors import Forbidden, InvalidInput
from crispml_core.domain.identifiers import new_id, utc_now
from crispml_core.domain.runs import SCORING_METHODS, Run, RunStatus
from crispml_core.domain.use_case import UseCase
from crispml_core.governance.access import Permission
from crispml_core.pipelines.batches.requests import BatchJob
from crispml_core.ports.timing_log import TimingHub
from crispml_core.rest.access.caller import principal_of, who_asks
from crispml_core.rest.access.gate import Gate
from crispml_core.rest.requests import validated
from crispml_core.rest.runs import Runs, run_answer
from crispml_core.rest.strict_json import parse_json
from crispml_core.serving.active import Active
from crispml_core.serving.scored import ScoreCall
from crispml_core.settings import CrispMLSettings
from crispml_scoring.batch_requests import BatchRequest
from crispml_scoring.parts import parts_of

METHOD = SCORING_METHODS[0]
BATCH_ANSWERS: dict[int | str, dict[str, Any]] = {
    202: {"model": Run, "description": "A batch: the queued run, and `Location` to look for it."}
}
"""The `responses` of a route that takes a `BATCH_BODY`."""

# A body of more bytes holds records.
_LARGEST = 65_536


@asynccontextmanager
async def running(
    app: FastAPI,
    build: Callable[[CrispMLSettings], Batches],
    settings: CrispMLSettings,
    timings: TimingHub,
) -> AsyncIterator[None]:
    """Accept and execute batches while the app lives."""
    batches = await run_in_threadpool(build, settings)
    app.state.batches = batches
    app.state.runs = Runs(store=batches.runs, wake=batches.executor.wake)
    batches.executor.watch(partial(tell_of_run, timings))
    batches.executor.start()
    try:
        yield
    finally:
        await run_in_threadpool(batches.executor.stop)
        batches.close()


def batch_body(content: bytes) -> dict[str, Any] | None:
    """Return a JSON body that asks for a batch; None for records, whose values are no objects."""
    if len(content) > _LARGEST or not (b'"source"' in content or b'"sink"' in content):
        return None
    body = parse_json(content)
    if not isinstance(body, dict):
        return None
    return body if any(isinstance(body.get(name), dict) for name in ("source", "sink")) else None


async def submit_batch(
    request: Request, use_case: UseCase, body: dict[str, Any], call: ScoreCall
) -> Response:
    """Queue a batch and answer 202, or the run that the same key made before."""
    wanted = validated(BatchRequest, body)
    alias, version = wanted.alias or call.alias, wanted.model_version or call.version
    if alias is not None and version is not None:
        raise InvalidInput("alias, model_version: give one of them")
    if call.explain or call.interval is not None:
        raise InvalidInput("explain, interval: a batch has neither; ask for single records")
    if (wanted.source.parquet is None) == (wanted.source.sql is None):
        raise InvalidInput("source: give either parquet or sql")
    _check_reach(request, use_case, wanted)
    run = await run_in_threadpool(_known, request, use_case, call)
    if run is None:
        asked = ScoreCall(use_case=use_case.name, alias=alias, version=version)
        active = await parts_of(request).engine.active(asked)
        run = await run_in_threadpool(_enqueue, request, use_case, wanted, active, call)
    return await run_answer(request, run, request.headers.get("prefer"))


def _check_reach(request: Request, use_case: UseCase, wanted: BatchRequest) -> None:
    """Refuse places and connections that belong to all use cases to who may score some of them."""
    gate: Gate = request.app.state.gate
    if gate.lets(principal_of(request), Permission.SCORE, None):
        return
    why = "your roles are for some use cases only"
    if wanted.source.sql is not None:
        raise Forbidden(f"source.sql: {why}, and a connection reads the data of all of them")
    places = {"source.parquet": wanted.source.parquet, "sink.parquet": wanted.sink.parquet}
    for what, place in places.items():
        if place is not None and not place.startswith(f"{use_case.name}/"):
            raise Forbidden(f"{what}: {why}: name a place below {use_case.name}/")


def _known(request: Request, use_case: UseCase, call: ScoreCall) -> Run | None:
    if call.idempotency_key is None:
        return None
    runs = request.app.state.batches.runs
    found: Run | None = runs.replay(use_case.name, METHOD, call.idempotency_key, call.fingerprint)
    return found


def _enqueue(
    request: Request, use_case: UseCase, wanted: BatchRequest, active: Active, call: ScoreCall
) -> Run:
    batches: Batches = request.app.state.batches
    settings: CrispMLSettings = request.app.state.settings
    sql, served = wanted.source.sql, active.served
    job = BatchJob(
        parquet=wanted.source.parquet,
        query=None if sql is None else sql.query,
        connection=None if sql is None else sql.connection,
        sink=wanted.sink.parquet,
        chunk_rows=wanted.chunk_rows or settings.batch.chunk_rows,
        version=served.version,
        alias=served.alias,
        fallback=served.fallback,
    )
    batches.check(use_case, job)
    run = Run(
        id=str(new_id()),
        use_case=use_case.name,
        method=METHOD,
        status=RunStatus.QUEUED,
        parameters=job.parameters(),
        created_at=utc_now(),
        timeout_s=wanted.timeout_s or settings.runs.timeout_s,
        request_id=call.request_id,
        requested_by=who_asks(request),
    )
    queued = batches.runs.enqueue(
        run,
        exclusive_key=job.exclusive_key,
        idempotency_key=call.idempotency_key,
        fingerprint=call.fingerprint,
    )
    batches.executor.wake()
    return queued
