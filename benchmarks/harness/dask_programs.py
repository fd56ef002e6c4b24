"""A Dask cluster as an operator starts it: a scheduler and workers, each a program of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

_GRACE_S = 10


class DaskPrograms:
    """Starts the scheduler on entry, on loopback, and ends all of it on exit.

    Parameters
    ----------
    folder : Path
        Where they log.
    settings : mapping
        The settings of CrispML for the workers.
    memory_limit : str
        Of each worker, as Dask understands it; ``0`` is none.
    """

    def __init__(self, folder: Path, settings: Mapping[str, str], memory_limit: str = "0") -> None:
        self._folder, self._settings, self._limit = folder, dict(settings), memory_limit
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.address = f"tcp://127.0.0.1:{probe.getsockname()[1]}"
        self.scheduler: subprocess.Popen[bytes]
        self.workers: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> DaskPrograms:
        port = self.address.rpartition(":")[2]
        self.scheduler = self._start("scheduler", "--host", "127.0.0.1", "--port", port)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for process in (*self.workers, self.scheduler):
            process.terminate()
        for process in (*self.workers, self.scheduler):
            try:
                process.wait(_GRACE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def start_worker(self) -> subprocess.Popen[bytes]:
        """Start a worker, which finds the scheduler also when that starts later."""
        worker = self._start(
            "worker",
            self.address,
            *("--host", "127.0.0.1", "--nthreads", "1", "--no-nanny"),
            *("--memory-limit", self._limit),
            *("--preload", "crispml_core.bootstrap.dask_worker"),
            *("--local-directory", str(self._folder), "--death-timeout", "60"),
        )
        self.workers.append(worker)
        return worker

    def _start(self, kind: str, *arguments: str) -> subprocess.Popen[bytes]:
        with (self._folder / f"{kind}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "dask", kind, "--no-dashboard", *arguments],
                env={**os.environ, **self._settings},
                stdout=log,
                stderr=log,
            )
