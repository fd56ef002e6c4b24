"""Load that does not wait for the server: requests come as they would from many callers.

``wrk`` sends the next request when the one before was answered, so a slow server gets less to do,
and the slowest answers are underrated. Here each request has its moment, drawn from a Poisson
process before the load begins, and its answer is timed from that moment on.
"""

from __future__ import annotations

import select
import socket
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.harness.load import LoadFailed

_CONNECTIONS, _GRACE_S, _READ = 256, 10.0, 65_536
_OK, _END, _LENGTH = b"HTTP/1.1 200", b"\r\n\r\n", b"content-length:"


@dataclass(frozen=True, slots=True)
class OpenLoad:
    """What came back, by the moments at which requests were due.

    Parameters
    ----------
    latencies_ms : numpy.ndarray
        Of each request, from the moment it was due to the last byte of its answer.
    late_ms : float
        How late the client itself sent 99 of 100 requests at most.
    """

    seconds: float
    latencies_ms: np.ndarray
    late_ms: float

    @property
    def requests_per_s(self) -> float:
        """Answers per second."""
        return self.latencies_ms.size / self.seconds

    def quantile_ms(self, share: float) -> float:
        """Return what a share of the requests took at most."""
        return float(np.quantile(self.latencies_ms, share))


def request(host: str, path: str, headers: dict[str, str], body: bytes) -> bytes:
    """Return a POST as it goes over the wire."""
    lines = [f"POST {path} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines += [f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


def run_open_loop(
    address: tuple[str, int], requests: Sequence[bytes], *, rate: float, seconds: float, seed: int
) -> OpenLoad:
    """Send requests at a rate for a time, and return how long each took.

    Raises
    ------
    LoadFailed
        If a request is refused, a connection ends, or answers are still missing after a while.
    """
    chance = np.random.default_rng(seed)
    gaps = chance.exponential(1 / rate, int(rate * seconds * 1.2) + 100)
    due = np.cumsum(gaps)
    due = due[due < seconds]
    client = _Client(address, requests)
    try:
        return client.run(due.tolist(), seconds)
    finally:
        client.close()


class _Client:
    """Connections of which each has at most one request on its way."""

    def __init__(self, address: tuple[str, int], requests: Sequence[bytes]) -> None:
        self._requests = requests
        self._poll = select.epoll()
        self._sockets: dict[int, socket.socket] = {}
        self._due: dict[int, float] = {}
        self._parts: dict[int, bytes] = {}
        self._free: deque[int] = deque()
        for _ in range(_CONNECTIONS):
            made = socket.create_connection(address)
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            made.setblocking(False)
            self._sockets[made.fileno()] = made
            self._poll.register(made.fileno(), select.EPOLLIN)
            self._free.append(made.fileno())

    def close(self) -> None:
        """Close all connections."""
        self._poll.close()
        for each in self._sockets.values():
            each.close()

    def run(self, due: list[float], seconds: float) -> OpenLoad:
        """Send everything when it is due, and read until all is answered."""
        taken, late, turn = [], [], 0
        began = time.perf_counter()
        while turn < len(due) or self._due:
            now = time.perf_counter() - began
            while turn < len(due) and due[turn] <= now and self._free:
                self._send(self._free.popleft(), turn, due[turn])
                late.append(now - due[turn])
                turn += 1
            if now > seconds + _GRACE_S:
                raise LoadFailed(f"{len(due) - len(taken)} requests were not answered in time")
            sends = turn < len(due) and self._free
            for number in self._answers(max(0.0, due[turn] - now) if sends else _GRACE_S):
                if self._is_whole(number):
                    taken.append(time.perf_counter() - began - self._due.pop(number))
                    self._free.append(number)
        spent = max(seconds, time.perf_counter() - began)
        return OpenLoad(spent, np.array(taken) * 1e3, float(np.quantile(late, 0.99) * 1e3))

    def _answers(self, wait_s: float) -> list[int]:
        """Return the connections on which something comes within a time.

        `epoll` sleeps whole milliseconds, `select` on it as long as it is told.
        """
        select.select([self._poll], [], [], wait_s)
        return [number for number, _ in self._poll.poll(0)]

    def _send(self, number: int, turn: int, due: float) -> None:
        content = self._requests[turn % len(self._requests)]
        if self._sockets[number].send(content) != len(content):
            raise LoadFailed("a request did not fit into the buffer of its connection")
        self._due[number], self._parts[number] = due, b""

    def _is_whole(self, number: int) -> bool:
        got = self._sockets[number].recv(_READ)
        if not got:
            raise LoadFailed("the server closed a connection")
        answer = self._parts[number] + got
        self._parts[number] = answer
        head, end, body = answer.partition(_END)
        if not end:
            return False
        if not head.startswith(_OK):
            raise LoadFailed(f"a request was refused: {head[:200]!r}")
        length = head.lower().partition(_LENGTH)[2].partition(b"\r\n")[0]
        return len(body) >= int(length)
