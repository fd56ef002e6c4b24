"""Asking a version about records where that costs the others least: here, or in a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, TypeAlias

from crispml_core.domain.errors import CrispMLError
from crispml_core.domain.scores import ScoreRows
from crispml_core.ports.scorer import Answers
from crispml_core.ports.tracer import Tracer
from crispml_core.serving.active import Active
from crispml_core.serving.batcher import Batcher
from crispml_core.serving.scored import ScoreCall
from crispml_core.serving.tracing import answer_span

if TYPE_CHECKING:
    import pyarrow as pa

# Up to so many records the event loop answers itself; a thread costs more than they do.
INLINE_ROWS = 16
# From so many records on, columns are faster than rows.
COLUMN_ROWS = 256
# How long the end of the process waits for a challenger.
_LAST_S = 0.5

Question: TypeAlias = "tuple[Active, list[tuple[Any, ...]]]"


class Answering:
    """Asks versions.

    Parameters
    ----------
    capacity : int
        How many requests may wait for a version without a compiled form.
    deadline_s : float
        How long a request may wait for it.
    tracer : Tracer, optional
        Follows requests that are traced.
    """

    def __init__(self, *, capacity: int, deadline_s: float, tracer: Tracer | None = None) -> None:
        self._capacity, self._deadline_s, self._tracer = capacity, deadline_s, tracer
        self._predictions = self._batcher("predictor")
        # Its own, made when it is needed: a slow challenger must not keep the champion waiting.
        self._challenged: Batcher[Question, Answers] | None = None
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="columns")

    @property
    def load(self) -> float:
        """How full the queue of the slow versions is, from 0 to 1."""
        return self._predictions.waiting / self._capacity

    async def run(
        self, active: Active, call: ScoreCall, records: Any, *, of_challenger: bool = False
    ) -> tuple[ScoreRows, Any]:
        """Return the scores of records and the inputs that may be stored.

        Parameters
        ----------
        of_challenger : bool
            Whether a challenger is asked, who waits for no other version and keeps none waiting.

        Raises
        ------
        CrispMLError
            Whatever the version raises; or `Overloaded`, `DeadlineExceeded`.
        """
        with answer_span(self._tracer, active, records):
            return await self._run(active, call, records, of_challenger=of_challenger)

    async def _run(
        self, active: Active, call: ScoreCall, records: Any, *, of_challenger: bool
    ) -> tuple[ScoreRows, Any]:
        loaded = active.loaded
        options: dict[str, Any] = {"request_id": call.request_id}
        if call.explain or call.interval is not None:
            options |= {"explain": call.explain, "level": call.interval}
        is_rows = isinstance(records, Sequence)
        if is_rows and len(records) <= INLINE_ROWS:
            if not loaded.scorer.is_fast:
                batcher = self._of_challenger() if of_challenger else self._predictions
                options["answers"] = await batcher.submit((active, list(records)))
            if not call.explain:  # reasons of a large ensemble take milliseconds
                return loaded.method.run(records, **options)
        elif is_rows and len(records) >= COLUMN_ROWS:
            records = await self.in_thread(_columns, active, records)
        scores, inputs = await self.in_thread(_run, active, records, options)
        return scores, inputs

    async def in_thread(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Return what a function returns, called in a thread."""
        loop = asyncio.get_running_loop()
        # The trace and the log of the thread are those of the request.
        run = copy_context().run
        return await loop.run_in_executor(self._pool, run, function, *arguments)

    def close(self) -> None:
        """Answer what waits, and take no more; a challenger that hangs is not waited for."""
        self._predictions.close()
        if self._challenged is not None:
            self._challenged.close(_LAST_S)

    def end_threads(self) -> None:
        """Let the threads end, after the last commit."""
        self._pool.shutdown()

    def _of_challenger(self) -> Batcher[Question, Answers]:
        if self._challenged is None:
            self._challenged = self._batcher("challenger")
        return self._challenged

    def _batcher(self, name: str) -> Batcher[Question, Answers]:
        return Batcher(_predict, capacity=self._capacity, deadline_s=self._deadline_s, name=name)


def _run(active: Active, records: Any, options: dict[str, Any]) -> Any:
    return active.loaded.method.run(records, **options)


def _columns(active: Active, records: Sequence[tuple[Any, ...]]) -> pa.RecordBatch:
    import pyarrow as pa

    from crispml_core.tables.schema import arrow_schema

    schema = arrow_schema(active.loaded.use_case.schema)
    columns = zip(*records, strict=True)
    arrays = [pa.array(column, kind) for column, kind in zip(columns, schema.types, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _predict(items: list[tuple[Active, list[tuple[Any, ...]]]]) -> list[Answers | Exception]:
    """Ask each version once about the records of all requests that wait for it."""
    rows: dict[int, list[tuple[Any, ...]]] = {}
    for active, records in items:
        rows.setdefault(id(active.loaded), []).extend(records)
    said: dict[int, Answers | Exception] = {}
    for active, _ in items:
        key = id(active.loaded)
        if key not in said:
            try:
                said[key] = active.loaded.scorer.answer_rows(rows[key])
            except CrispMLError as error:
                said[key] = error
    starts = dict.fromkeys(rows, 0)
    outcomes: list[Answers | Exception] = []
    for active, records in items:
        key = id(active.loaded)
        answers, first = said[key], starts[key]
        starts[key] = last = first + len(records)
        outcomes.append(
            answers if isinstance(answers, Exception) else _part(answers, slice(first, last))
        )
    return outcomes


def _part(answers: Answers, rows: slice) -> Answers:
    by_class = answers.by_class
    return Answers(
        answers.predictions[rows],
        answers.probabilities[rows],
        answers.segments[rows],
        None if by_class is None else by_class[rows],
    )
