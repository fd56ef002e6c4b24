"""Free ports for services that are about to start."""

from __future__ import annotations

import fcntl
import os
import socket
import tempfile
from pathlib import Path

from crispml_core.cli.verb import Failure

HOST = "127.0.0.1"


class PortClaims:
    """Ports that this command has chosen and that no other one may choose meanwhile.

    Between the look for a free port and the start of the service that takes it lie seconds. Another
    command that looks in that time would choose the same port, and would then take the answers of
    the other's service for its own. A lock on a file per port stands for the port until then; it
    goes with the process, whatever ends it.
    """

    def __init__(self) -> None:
        self._locks: list[int] = []

    def claim(self, wanted: int) -> int:
        """Return `wanted` if it is free, else another free port, and keep it."""
        while True:
            port = free_port(wanted)
            if self._lock(port):
                return port
            wanted = 0

    def release(self) -> None:
        """Give every port back."""
        while self._locks:
            os.close(self._locks.pop())

    def _lock(self, port: int) -> bool:
        file = Path(tempfile.gettempdir()) / f"crispml-port-{port}.lock"
        try:
            lock = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError:
            return False  # of another user, who may start a service there this moment
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            return False
        self._locks.append(lock)
        return True


def free_port(wanted: int) -> int:
    """Return `wanted` if nobody listens there, else a free port."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            # As servers do, so that a port whose last connections linger counts as free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise Failure(f"no free port on {HOST}")
