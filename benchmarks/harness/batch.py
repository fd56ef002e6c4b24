"""Many records in one request: Parquet, JSON records, and the Open Inference Protocol."""

from __future__ import annotations

import contextlib
import statistics
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from benchmarks.adult.models import ALGORITHMS
from benchmarks.harness.fleet import TROUBLE, Fleet, check, interleave
from benchmarks.harness.inprocess import InProcess
from benchmarks.harness.places import HOME
from benchmarks.harness.process import ServerProcess
from benchmarks.harness.servers import PARQUET, Form, Server
from benchmarks.harness.workbench import Workbench

IN_PROCESS = "predict_proba"
_ALGORITHM = ALGORITHMS[0]
# A turn takes some tenths of a second at least, whatever the size of the batch.
_ROWS_PER_TURN = 100_000


def measure_batch(
    bench: Workbench, form: str, counts: Iterable[int], servers: Iterable[Server]
) -> dict[str, Any]:
    """Return rows per second by server and number of rows; for Parquet in process too."""
    figures: dict[str, Any] = {}
    with Fleet(bench, servers, _ALGORITHM) as fleet:
        for count in counts:
            with contextlib.ExitStack() as stack:
                turns: dict[str, Callable[[], list[float]]] = {
                    name: partial(_turn, fleet, process, process.server.forms[form], *body)
                    for name, process in list(fleet.processes.items())
                    if (body := _first(bench, fleet, process, form, count))
                }
                if form == PARQUET:
                    turns[IN_PROCESS] = stack.enter_context(_in_process(bench, count))
                found = interleave(turns, bench.sizes.rounds, fleet.note)
            for name, rounds in found.items():
                figures.setdefault(name, {})[str(count)] = summarize(rounds, count)
        problems = fleet.problems
    return figures | {
        name: {**figures.get(name, {}), "error": problem} for name, problem in problems.items()
    }


def summarize(rounds: list[list[float]], count: int) -> dict[str, Any]:
    """Return the rows per second of the median round; a round is the median of its requests."""
    seconds = [statistics.median(turn) for turn in rounds]
    return {
        "rows_per_s": round(count / statistics.median(seconds)),
        "seconds": [round(value, 4) for value in seconds],
    }


def _first(
    bench: Workbench, fleet: Fleet, process: ServerProcess, name: str, count: int
) -> tuple[bytes, int] | None:
    """Send the batch once and check every probability; return the body, or None."""
    form = process.server.forms[name]
    body = form.encode(bench.rows(count))
    try:
        with process.awake(), fleet.acknowledging(process) as told:
            with process.connect() as connection:
                answer = connection.send(form, body)
            check(form.decode(answer.body), bench.expected(_ALGORITHM, count))
            told.add(acknowledged=count)
    except TROUBLE as error:
        fleet.note(process.server.name, error)
        return None
    return body, count


def _turn(fleet: Fleet, process: ServerProcess, form: Form, body: bytes, count: int) -> list[float]:
    seconds = []
    with (
        process.awake(),
        fleet.acknowledging(process) as told,
        process.connect() as connection,
    ):
        for _ in range(max(1, _ROWS_PER_TURN // count)):
            answer = connection.send(form, body)
            told.add(acknowledged=count)
            seconds.append(answer.seconds)
    return seconds


@contextlib.contextmanager
def _in_process(bench: Workbench, count: int) -> Iterator[Callable[[], list[float]]]:
    file = HOME / "requests" / f"rows-{count}.parquet"
    file.parent.mkdir(parents=True, exist_ok=True)
    bench.rows(count).to_parquet(file, index=False)
    with InProcess(bench.reference(_ALGORITHM) / "model.joblib", file) as predicting:
        yield lambda: [predicting.seconds()]
