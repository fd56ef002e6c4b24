"""Waiting for a run: live events where they come through, else looking again and again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import msgspec

from crispml_core.client.errors import ClientError, RunNotSucceeded, WaitTimedOut
from crispml_core.client.http import ServiceConnection, below
from crispml_core.domain.runs import Run, RunStatus

# The service sends a comment at least every 15 s; twice that without a byte is a dead connection.
_SILENCE_S = 30.0
_FIRST_LOOK_S, _LONGEST_LOOK_S = 0.1, 2.0


def follow(
    connection: ServiceConnection,
    run_id: str,
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Run]:
    """Yield the run on every change, the final state last.

    Server-sent events are read first. Where they fail (a proxy that buffers or cuts them, an older
    service), the run is polled, so that the caller sees the same states, only later.
    """
    last: Run | None = None
    for run in _looks(connection, run_id, sleep):
        if run != last:
            yield run
        last = run


def wait(
    connection: ServiceConnection,
    run: Run,
    *,
    on_progress: Callable[[Run], None] | None = None,
    timeout_s: float | None = None,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Run:
    """Wait until `run` ends and return it.

    Parameters
    ----------
    on_progress : callable, optional
        Called with the run on every change.
    timeout_s : float, optional
        How long to wait; the run itself goes on after that. The time is looked at on every event
        and every poll, so it is kept to within seconds.

    Raises
    ------
    RunNotSucceeded
        If it ended as failed or cancelled.
    WaitTimedOut
        If it has not ended in time.
    """
    deadline = None if timeout_s is None else clock() + timeout_s
    shown: Run | None = None
    for state in [run] if run.status.is_final else _looks(connection, run.id, sleep):
        if on_progress is not None and state != shown:
            on_progress(state)
        shown = state
        if deadline is not None and clock() > deadline and not state.status.is_final:
            raise WaitTimedOut(f"run {run.id} has not ended within {timeout_s:g} s; it goes on")
    ended = shown or run
    if ended.status is not RunStatus.SUCCEEDED:
        raise RunNotSucceeded(ended)
    return ended


def _looks(
    connection: ServiceConnection, run_id: str, sleep: Callable[[float], None]
) -> Iterator[Run]:
    """Yield the run on every event and every poll, changed or not, until it is final."""
    last: Run | None = None
    for run in _events(connection, run_id):
        yield run
        last = run
    pause = _FIRST_LOOK_S
    while last is None or not last.status.is_final:
        run = connection.get("/runs" + below(run_id), Run)
        yield run
        pause = min(pause * 2, _LONGEST_LOOK_S) if run == last else _FIRST_LOOK_S
        last = run
        if not run.status.is_final:
            sleep(pause)


def _events(connection: ServiceConnection, run_id: str) -> Iterator[Run]:
    """Yield the runs of the event stream while it lasts; a comment repeats the last one."""
    last: Run | None = None
    data: list[str] = []
    try:
        with connection.stream(
            "/runs" + below(run_id) + "/events", accept="text/event-stream", timeout_s=_SILENCE_S
        ) as response:
            for line in response.iter_lines():
                if line.startswith("data:"):
                    data.append(line[5:].removeprefix(" "))
                elif not line and data:
                    last, data = msgspec.json.decode("\n".join(data), type=Run), []
                    yield last
                elif line.startswith(":") and last is not None:
                    yield last
    except (ClientError, msgspec.MsgspecError):
        # Polling gives the better error, if there is one.
        return
