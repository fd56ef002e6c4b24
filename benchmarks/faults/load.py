"""Clients on raw connections that remember every score they were told."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import msgspec

from benchmarks.faults.service import HOST, Service
from benchmarks.faults.world import ADMIN_KEY, SCORE, body


@dataclass(frozen=True, slots=True)
class Told:
    """One acknowledged score, as its client got it."""

    score_id: str
    record_key: str
    prediction: str
    probability: float
    version: str
    durability: str
    fallback: bool
    at: float


@dataclass(slots=True)
class Heard:
    """What the clients of a load heard.

    Parameters
    ----------
    told : list of Told
        The scores that were answered with 200.
    open_keys : set of str
        Keys whose answer never came whole.
    refused : list of (int, bytes)
        Status and body of every other answer.
    latencies : list of (float, float)
        Moment of the answer and seconds it took.
    """

    told: list[Told] = field(default_factory=list)
    open_keys: set[str] = field(default_factory=set)
    refused: list[tuple[int, bytes]] = field(default_factory=list)
    latencies: list[tuple[float, float]] = field(default_factory=list)
    broken: int = 0

    def durabilities(self) -> set[str]:
        """Return where scores went."""
        return {one.durability for one in self.told}

    def slowest(self, since: float = 0.0, until: float = float("inf")) -> float:
        """Return the longest time of an answer that came between two moments."""
        return max(
            (took for at, took in self.latencies if since <= at <= until), default=float("inf")
        )


class Load:
    """Sends single records over many connections until it is stopped or they break.

    Parameters
    ----------
    service : Service
        Where to.
    name : str
        Begins every record key, which no other load may use.
    connections : int
        How many requests are in flight at any time.
    pause_s : float
        How long a client rests between an answer and its next request.
    reconnects : bool
        Whether a client whose connection broke opens another one.
    """

    def __init__(
        self,
        service: Service,
        name: str,
        *,
        connections: int = 64,
        pause_s: float = 0.0,
        reconnects: bool = False,
    ) -> None:
        self.heard = Heard()
        self._port, self._name, self._connections = service.port, name, connections
        self._pause_s, self._reconnects = pause_s, reconnects
        self._numbers = count()
        self._stopped = False
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="load")

    def __enter__(self) -> Load:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def stop(self) -> Heard:
        """Let every client get its last answer, and return what they heard."""
        self._stopped = True
        self._thread.join()
        return self.heard

    @property
    def in_flight(self) -> int:
        """How many requests wait for their answer now."""
        return len(self.heard.open_keys)

    async def _run(self) -> None:
        await asyncio.gather(*(self._client() for _ in range(self._connections)))

    async def _client(self) -> None:
        while not self._stopped:
            try:
                reader, writer = await asyncio.open_connection(HOST, self._port)
            except OSError:
                if not self._reconnects:
                    return
                await asyncio.sleep(0.02)
                continue
            try:
                await self._talk(reader, writer)
            except (OSError, asyncio.IncompleteReadError):
                self.heard.broken += 1
                if not self._reconnects:
                    return
            finally:
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard = self.heard
        while not self._stopped:
            key = f"{self._name}-{next(self._numbers)}"
            content = body(key)
            began = time.monotonic()
            heard.open_keys.add(key)
            writer.write(_REQUEST % len(content) + content)
            status, answer = await _answer(reader)
            now = time.monotonic()
            heard.open_keys.discard(key)
            heard.latencies.append((now, now - began))
            if status == 200:
                heard.told.append(_told(answer, now))
            else:
                heard.refused.append((status, answer))
                await asyncio.sleep(0.01)
            if self._pause_s:
                await asyncio.sleep(self._pause_s)


_REQUEST = (
    b"POST " + SCORE.encode() + b" HTTP/1.1\r\nHost: scoring\r\n"
    b"Authorization: Bearer " + ADMIN_KEY.encode() + b"\r\n"
    b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
)


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        int(line.partition(b":")[2])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length:")
    )
    return int(head[9:12]), await reader.readexactly(length)


def _told(answer: bytes, at: float) -> Told:
    said: dict[str, Any] = msgspec.json.decode(answer)
    (score,) = said["scores"]
    return Told(
        score_id=score["score_id"],
        record_key=score["record_key"],
        prediction=score["prediction"],
        probability=score["probability"],
        version=said["version"],
        durability=said["durability"],
        fallback=said["fallback"],
        at=at,
    )


@contextlib.contextmanager
def under_load(service: Service, name: str, **options: Any) -> Iterator[Load]:
    """Run a load beside the block; it flows when the block begins."""
    with Load(service, name, **options) as load:
        wait_for(lambda: len(load.heard.latencies) >= 50)
        yield load


def wait_for(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait until a condition holds; it is looked at a thousand times a second."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s")
        time.sleep(0.001)
