"""A server that speaks the protocol of Db2, whose processes the environment names."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import psutil

HOST = "127.0.0.1"
BRIDGE, SERVER = "CRISPML_TEST_DB2_BRIDGE_PID", "CRISPML_TEST_DB2_SERVER_PID"
_START_S = 30.0


class Db2:
    """Stops and freezes what lies behind a URL; it comes back on the same port.

    Parameters
    ----------
    port : int
        Where clients reach it.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._bridge: Any = psutil.Process(int(os.environ[BRIDGE]))
        self._command: list[str] = self._bridge.cmdline()

    def close(self) -> None:
        """End what this process started."""
        if isinstance(self._bridge, subprocess.Popen):
            self._bridge.kill()
            self._bridge.wait(10)

    @contextlib.contextmanager
    def killed(self) -> Iterator[None]:
        """Have nobody at the port inside the block; connections break."""
        self._bridge.kill()
        self._bridge.wait(10)
        try:
            yield
        finally:
            self._bridge = subprocess.Popen(
                self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            self._wait()

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """Give no answer inside the block; connections stay open."""
        process = psutil.Process(self._bridge.pid)
        process.suspend()
        try:
            yield
        finally:
            process.resume()

    def _wait(self) -> None:
        deadline = time.monotonic() + _START_S
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection((HOST, self._port)):
                return
            time.sleep(0.1)
        raise TimeoutError("the server of Db2 is not back")
