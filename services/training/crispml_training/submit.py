"""From a checked request to a queued run, and from a queued run to an answer."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from crispml_core.domain.identifiers import new_id, utc_now
from crispml_core.domain.runs import Run, RunStatus
from crispml_core.rest.access.caller import who_asks
from crispml_core.rest.preferences import Idempotency
from crispml_core.rest.request_id import request_id_of
from crispml_core.rest.runs import run_answer
from crispml_training.parts import parts_of


async def submit(
    request: Request,
    use_case: str,
    method: str,
    parameters: dict[str, Any],
    timeout_s: float | None,
    promise: Idempotency,
    prefer: str | None,
) -> Response:
    """Check the parameters, queue a run, wait for it if the caller prefers that, and answer."""
    run = await run_in_threadpool(
        enqueue, request, use_case, method, parameters, timeout_s, promise
    )
    return await run_answer(request, run, prefer)


def enqueue(
    request: Request,
    use_case: str,
    method: str,
    parameters: dict[str, Any],
    timeout_s: float | None,
    promise: Idempotency,
) -> Run:
    """Check the parameters and queue a run; every error comes before anything is stored."""
    parts = parts_of(request)
    pipelines = parts.pipelines_of(method)
    run = Run(
        id=str(new_id()),
        use_case=use_case,
        method=method,
        status=RunStatus.QUEUED,
        parameters=pipelines.check(use_case, method, parameters),
        created_at=utc_now(),
        timeout_s=timeout_s or request.app.state.settings.runs.timeout_s,
        request_id=request_id_of(request.scope),
        requested_by=who_asks(request),
    )
    queued = parts.runs.enqueue(
        run,
        exclusive_key=pipelines.exclusive_key(use_case, method),
        idempotency_key=promise.key,
        fingerprint=promise.fingerprint,
    )
    request.app.state.executor.wake()
    return queued
