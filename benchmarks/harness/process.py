"""A server as a process on its own core, awake only while it is measured."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from benchmarks.harness.batches import Connection
from benchmarks.harness.environments import last_words
from benchmarks.harness.places import HOST, LOGS, ROOT, SERVER_CORE
from benchmarks.harness.servers import Server, Start

_START_S, _STOP_S, _LOOK_S = 120.0, 30.0, 0.005
# Below those that the system gives to clients, which come by the hundred.
_PORTS = range(21_000, 32_000)


class NotStarted(Exception):
    """A server does not start; the text says how its log ends."""


class ServerProcess:
    """Starts a server on entry, waits until it is ready, and stops it on exit.

    Parameters
    ----------
    server : Server
        What to start.
    python : str
        The interpreter of its environment.
    folder : Path
        Its model, or the stores of our own.
    """

    def __init__(self, server: Server, python: str, folder: Path) -> None:
        self.server = server
        self.seconds_to_ready = 0.0
        port, *more = itertools.islice(_FREE_PORTS, 3)
        self._start = Start(python=python, port=port, more_ports=(more[0], more[1]), folder=folder)
        self._child: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        """Address of the server."""
        return f"http://{HOST}:{self._start.port}"

    @property
    def folder(self) -> Path:
        """The folder that it was started with."""
        return self._start.folder

    def __enter__(self) -> ServerProcess:
        log = LOGS / f"{self.server.name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        environment = {
            **os.environ,
            "OMP_WAIT_POLICY": "PASSIVE",
            **self.server.variables(self._start),
        }
        began = time.perf_counter()
        with log.open("wb") as target:
            self._child = subprocess.Popen(
                ["taskset", "-c", str(SERVER_CORE), *self.server.command(self._start)],
                env=environment,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=target,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            self._wait(log)
        except BaseException:
            self.stop()
            raise
        self.seconds_to_ready = time.perf_counter() - began
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def connect(self) -> Connection:
        """Open a connection for requests one after another."""
        return Connection(HOST, self._start.port)

    def cpu_s(self) -> float:
        """Return the CPU time of all processes of the server so far."""
        return sum(sum(process.cpu_times()[:2]) for process in self._tree())

    def memory_mib(self) -> float:
        """Return the memory of all processes of the server, shared pages counted in shares."""
        return sum(process.memory_full_info().pss for process in self._tree()) / 2**20

    def reset_peak_memory(self) -> None:
        """Let the kernel watch for a new peak of resident memory from here on."""
        for process in self._tree():
            Path(f"/proc/{process.pid}/clear_refs").write_text("5")

    def peak_memory_mib(self) -> float:
        """Return the highest resident memory of all processes since then."""
        return sum(_peak_kib(process.pid) for process in self._tree()) / 2**10

    def sleep(self) -> None:
        """Stop the clock of the server, so that it takes no time from another one."""
        self._signal(signal.SIGSTOP)

    @contextlib.contextmanager
    def awake(self) -> Iterator[None]:
        """Let the server run inside the block."""
        self._signal(signal.SIGCONT)
        try:
            yield
        finally:
            self.sleep()

    def stop(self) -> None:
        """Ask the server to stop, and kill what is left of it after the grace time."""
        tree = self._tree()
        self._signal(signal.SIGCONT)
        self._child.terminate()
        _, alive = psutil.wait_procs(tree, timeout=_STOP_S)
        for process in alive:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self._child.wait()

    def _wait(self, log: Path) -> None:
        deadline = time.monotonic() + _START_S
        while time.monotonic() < deadline:
            if self._child.poll() is not None:
                said = last_words(log.read_text(errors="replace"))
                raise NotStarted(f"it ended with {self._child.returncode}: {said}")
            with contextlib.suppress(OSError), self.connect() as connection:
                if connection.get(self.server.ready).status == 200:
                    return
            time.sleep(_LOOK_S)
        raise NotStarted(f"not ready after {_START_S:.0f} s: {last_words(log.read_text())}")

    def _tree(self) -> list[psutil.Process]:
        try:
            root = psutil.Process(self._child.pid)
            return [root, *root.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def _signal(self, number: signal.Signals) -> None:
        for process in self._tree():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(number)


def _free_ports() -> Iterator[int]:
    """Yield ports that nobody listens on, none of them twice."""
    for port in _PORTS:
        try:
            socket.create_server((HOST, port)).close()
        except OSError:
            continue
        yield port


_FREE_PORTS = _free_ports()


def _peak_kib(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
