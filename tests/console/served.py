"""A console with settings of its own, as a process."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

_START_S = 60.0


@contextmanager
def served(port: int, **console: object) -> Iterator[str]:
    """Serve a console on a port: ``served(8103, training_url=...)``; yield its address."""
    told = {f"CRISPML_CONSOLE__{name.upper()}": str(value) for name, value in console.items()}
    process = subprocess.Popen(
        [sys.executable, "-m", "crispml_console"],
        env={**os.environ, "CRISPML_SERVER__PORT": str(port), **told},
    )
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + _START_S
        while not _answers(address):
            assert process.poll() is None, "the console has ended"
            assert time.monotonic() < deadline, "the console does not answer"
            time.sleep(0.05)
        yield address
    finally:
        process.terminate()
        assert process.wait(30) == 0


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/readyz", timeout=5).is_success
    except httpx.TransportError:
        return False
