"""Loads of a scoring process, each with the groups that it made and the processor time it took."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

import numpy as np
from sqlalchemy import func, select

from benchmarks.harness.load import LoadFailed, Requests, run_wrk
from benchmarks.harness.open_loop import request, run_open_loop
from benchmarks.harness.ours import OURS
from benchmarks.harness.places import CLIENT_CORE, HOST
from benchmarks.harness.quiet import Others, is_quiet, own_cpu_s
from benchmarks.harness.servers import RECORD
from benchmarks.stores.requests import Running
from crispml_core.adapters.sql.databases.engine import make_engine, reading
from crispml_core.adapters.sql.schema.tables import score_groups

_LOOK_S, _AWAY_S = 0.5, 15.0
# Share of both cores that others may have had in a load that counts.
MOST_OTHERS = 0.1


@dataclass(frozen=True, slots=True)
class Turn:
    """One load.

    Parameters
    ----------
    others : float
        Share of both cores that others took meanwhile.
    latencies_ms : numpy.ndarray
        Of an open loop; empty for ``wrk``, which waits for answers.
    """

    requests: int
    groups: int
    seconds: float
    service_cpu_s: float
    database_cpu_s: float
    others: float
    latencies_ms: np.ndarray

    @property
    def size(self) -> float:
        """Requests of a group."""
        return self.requests / self.groups

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.requests / self.seconds

    @property
    def cpu_us(self) -> float:
        """Processor time of the service for a request."""
        return self.service_cpu_s / self.requests * 1e6

    @property
    def database_cpu_us(self) -> float:
        """Processor time of the database server for a request."""
        return self.database_cpu_s / self.requests * 1e6

    @property
    def wait_us(self) -> float:
        """What a group waits for; only under a load that leaves the process nothing else to do."""
        return max(0.0, self.seconds - self.service_cpu_s) / self.groups * 1e6


@dataclass(slots=True)
class Loader:
    """Loads one service.

    Parameters
    ----------
    file : Requests
        For ``wrk``.
    bodies : sequence of bytes
        For the open loop.
    seconds : float
        How long a load lasts.
    until : float
        By the monotonic clock, until when a quiet moment is waited for.
    """

    running: Running
    file: Requests
    bodies: Sequence[bytes]
    seconds: float
    until: float
    _seed: int = 0

    def closed(self, connections: int) -> Turn:
        """Keep connections busy while others leave the machine alone."""
        return self._quietly(partial(self._wrk, connections))

    def keep_busy(self, connections: int) -> Turn:
        """Keep connections busy, whatever others do."""
        return self._turn(partial(self._wrk, connections))

    def open(self, rate: float) -> Turn:
        """Let requests come at a rate."""
        form = OURS.forms[RECORD]
        wire = [request(HOST, form.path, form.headers, body) for body in self.bodies]
        address = HOST, int(urlsplit(self.running.process.url).port or 0)

        def load() -> tuple[int, float, np.ndarray]:
            self._seed += 1
            done = run_open_loop(address, wire, rate=rate, seconds=self.seconds, seed=self._seed)
            return done.latencies_ms.size, done.seconds, done.latencies_ms

        return self._quietly(load)

    def _wrk(self, connections: int) -> tuple[int, float, np.ndarray]:
        url = self.running.process.url
        done = run_wrk(url, self.file, connections=connections, seconds=self.seconds)
        return done.requests, done.seconds, np.array([])

    def _quietly(self, load: Callable[[], tuple[int, float, np.ndarray]]) -> Turn:
        """Return a turn that others left alone, or the least disturbed one when time is over."""
        best: Turn | None = None
        while True:
            while not is_quiet(_LOOK_S) and time.monotonic() < self.until:
                pass
            turn = self._turn(load)
            best = turn if best is None or turn.others < best.others else best
            if best.others <= MOST_OTHERS or time.monotonic() >= self.until:
                return best

    def _turn(self, load: Callable[[], tuple[int, float, np.ndarray]]) -> Turn:
        process, database = self.running.process, self.running.database
        database.move_to(CLIENT_CORE)  # where it stands for a machine of its own
        with process.awake():
            self._let_it_commit()
            groups, spent = self._groups(), (process.cpu_s(), database.cpu_s())
            others = Others(lambda: own_cpu_s() + process.cpu_s() + database.cpu_s())
            requests, seconds, latencies = load()
            share = others.share()
            now = process.cpu_s(), database.cpu_s()
            groups = self._groups() - groups
        return Turn(
            requests, groups, seconds, now[0] - spent[0], now[1] - spent[1], share, latencies
        )

    def _let_it_commit(self) -> None:
        """Send single records until each is a group of the ledger.

        A service that slept may take its database to be away, and writes to the journal first.
        """
        form, ends = OURS.forms[RECORD], time.monotonic() + _AWAY_S
        with self.running.process.connect() as connection:
            while time.monotonic() < ends:
                before = self._groups()
                connection.send(form, self.bodies[0])
                if self._groups() == before + 1:
                    return
                time.sleep(_LOOK_S)
        raise LoadFailed("the service does not come back to its database")

    def _groups(self) -> int:
        """Return how many groups the ledger has; metrics may be told a moment later."""
        engine = make_engine(self.running.url)
        try:
            with reading(engine) as connection:
                counted = select(func.count()).select_from(score_groups)
                return int(connection.execute(counted).scalar_one())
        finally:
            engine.dispose()
