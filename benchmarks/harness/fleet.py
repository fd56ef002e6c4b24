"""Servers that are measured side by side: all started, one awake at a time."""

from __future__ import annotations

import contextlib
import http.client
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeVar

import numpy as np

from benchmarks.harness.batches import Refused
from benchmarks.harness.ledger import ScoresLost, Told, stored_rows
from benchmarks.harness.load import LoadFailed
from benchmarks.harness.models import NotFitted
from benchmarks.harness.ours import OURS
from benchmarks.harness.process import NotStarted, ServerProcess
from benchmarks.harness.say import say
from benchmarks.harness.servers import RECORD, Server
from benchmarks.harness.workbench import NotInstalled, Workbench

T = TypeVar("T")
_CHECKED_RECORDS = 20
# Solvers stop at slightly different points, and every release of a library has its own.
_TOLERANCE = 0.01


class Disagrees(Exception):
    """A server answers other probabilities than scikit-learn."""


# What may happen to one server without ending the run.
TROUBLE = (
    Disagrees,
    LoadFailed,
    NotFitted,
    NotInstalled,
    NotStarted,
    Refused,
    OSError,
    RuntimeError,
    LookupError,
    ValueError,
    TypeError,
    subprocess.SubprocessError,
    http.client.HTTPException,
)


class Fleet:
    """Starts servers one by one on entry, checks their answers, and puts them to sleep.

    Parameters
    ----------
    bench : Workbench
        Data and models.
    servers : iterable of Server
        Those that do not start are left out, see `problems`.
    algorithm : str
        The model that all of them serve.
    """

    def __init__(self, bench: Workbench, servers: Iterable[Server], algorithm: str) -> None:
        self.problems: dict[str, str] = {}
        self.processes: dict[str, ServerProcess] = {}
        self._bench, self._servers, self._algorithm = bench, tuple(servers), algorithm
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Fleet:
        for server in self._servers:
            try:
                self._start(server)
            except TROUBLE as error:
                self.note(server.name, error)
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    def note(self, name: str, error: Exception) -> None:
        """Write down why a server takes no further part."""
        self.problems[name] = f"{type(error).__name__}: {error}"
        self.processes.pop(name, None)
        say(f"{name} is left out: {self.problems[name]}")

    @contextlib.contextmanager
    def acknowledging(self, process: ServerProcess) -> Iterator[Told]:
        """Hold what the block says was acknowledged against the ledger, if it is ours."""
        told = Told()
        yield told
        if process.server is OURS:
            database = process.folder / "crispml.db"
            stored = stored_rows(database)
            self._bench.proof.add(
                database, acknowledged=told.acknowledged, stored=stored, cut=told.cut
            )

    def _start(self, server: Server) -> None:
        python = self._bench.python(server)
        folder = self._bench.folder(server, self._algorithm)
        say(f"starting {server.name} with {self._algorithm}")
        self._stack.callback(self._bench.discard, server, folder)
        process = self._stack.enter_context(ServerProcess(server, python, folder))
        if server.forms:
            with self.acknowledging(process) as told:
                told.add(acknowledged=self._agree(process))
        process.sleep()
        self.processes[server.name] = process

    def _agree(self, process: ServerProcess) -> int:
        """Compare single records with scikit-learn; return how many were sent."""
        form = process.server.forms[RECORD]
        records = self._bench.rows(_CHECKED_RECORDS)
        found = []
        with process.connect() as connection:
            for row in range(_CHECKED_RECORDS):
                answer = connection.send(form, form.encode(records[row : row + 1]))
                found.append(float(form.decode(answer.body)[0]))
        check(np.array(found), self._bench.expected(self._algorithm, _CHECKED_RECORDS))
        return _CHECKED_RECORDS


def check(found: np.ndarray, expected: np.ndarray) -> None:
    """Raise `Disagrees` when probabilities are not those of the model."""
    if found.shape != expected.shape:
        raise Disagrees(f"{found.size} probabilities came back for {expected.size} records")
    difference = float(np.abs(found - expected).mean())
    if not difference <= _TOLERANCE:
        raise Disagrees(f"the probabilities differ by {difference:.3g} on average")


def interleave(
    turns: Mapping[str, Callable[[], T]], rounds: int, note: Callable[[str, Exception], None]
) -> dict[str, list[T]]:
    """Give each its turn, again and again; one that fails has no further turn.

    Interleaved, so that a slow minute of the machine hits all of them.
    """
    found: dict[str, list[T]] = {name: [] for name in turns}
    for number in range(1, rounds + 1):
        for name in list(found):
            try:
                found[name].append(turns[name]())
            except ScoresLost:
                raise
            except TROUBLE as error:
                note(name, error)
                del found[name]
        say(f"round {number} of {rounds} is done")
    return found
