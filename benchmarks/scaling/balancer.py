"""The balancer, which is told of replicas once they are ready."""

from __future__ import annotations

import csv
import http.client
import socket
import time
from collections.abc import Callable

from benchmarks.scaling.platform import CommandFailed, NotReady

_BACKEND, _PLACES = "scoring", range(1, 9)
_LOOK_S, _TIMEOUT_S = 0.2, 5.0
_PORT = 8102
_OK = 200

Say = Callable[[str], str]
"""Says a line to HAProxy, and returns its answer."""


class Balancer:
    """An HAProxy with places for replicas.

    Parameters
    ----------
    say : Say
        Speaks to its socket.
    """

    def __init__(self, say: Say) -> None:
        self._say = say
        self._places: dict[int, str] = {}

    def add(self, address: str) -> None:
        """Let a replica that is ready get requests."""
        free = next(place for place in _PLACES if place not in self._places)
        server = f"{_BACKEND}/replica{free}"
        self._tell(f"set server {server} addr {address} port {_PORT}")
        self._tell(f"set server {server} state ready")
        self._places[free] = address

    def remove(self, address: str) -> None:
        """Forget a replica that has ended; its own checks took it out before."""
        (place,) = (place for place, known in self._places.items() if known == address)
        self._tell(f"set server {_BACKEND}/replica{place} state maint")
        del self._places[place]

    def ready(self) -> int:
        """Return how many replicas get requests."""
        try:
            return ready_in(self._say("show stat"))
        except OSError:
            return 0

    def wait_for(self, replicas: int, longest_s: float) -> None:
        """Return when so many replicas get requests.

        Raises
        ------
        NotReady
            If that takes too long.
        """
        deadline = time.monotonic() + longest_s
        while (ready := self.ready()) != replicas:
            if time.monotonic() > deadline:
                raise NotReady(f"{ready} and not {replicas} replicas are ready, {longest_s:g} s on")
            time.sleep(_LOOK_S)

    def _tell(self, line: str) -> None:
        answer = self._say(line).strip()
        # Where all is well it says nothing, or which part of an address changed, or that none did.
        if answer and "change" not in answer:
            raise CommandFailed(f"the balancer answers: {answer}")


def say_to(address: str, port: int) -> Say:
    """Return what speaks to the socket of an HAProxy."""

    def say(line: str) -> str:
        with socket.create_connection((address, port), timeout=_TIMEOUT_S) as connection:
            connection.sendall(f"{line}\n".encode())
            with connection.makefile("rb") as answer:
                return answer.read().decode()

    return say


def wait_until_ready(address: str, longest_s: float) -> None:
    """Return when the service at an address says that it is ready.

    Raises
    ------
    NotReady
        If that takes too long.
    """
    deadline = time.monotonic() + longest_s
    while not _is_ready(address):
        if time.monotonic() > deadline:
            raise NotReady(f"a replica is not ready {longest_s:g} s after its start")
        time.sleep(_LOOK_S)


def ready_in(numbers: str) -> int:
    """Return how many servers of the backend are up, in the CSV of HAProxy."""
    rows = csv.DictReader(numbers.lstrip("# ").splitlines())
    return sum(row["svname"].startswith("replica") and row["status"] == "UP" for row in rows)


def _is_ready(address: str) -> bool:
    connection = http.client.HTTPConnection(address, _PORT, timeout=_TIMEOUT_S)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == _OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
