"""A scoring service as a process that may be killed."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import psutil

from benchmarks.faults.nursery import Forked
from benchmarks.faults.world import CREDENTIAL, World

HOST = "127.0.0.1"
ROOT = Path(__file__).parents[2]
_START_S, _STOP_S, _LOOK_S, _ATTEMPTS = 60.0, 30.0, 0.01, 3


class NotReady(Exception):
    """The service does not become ready; the text says how its log ends."""


class PortTaken(NotReady):
    """Somebody took the port between the choice and the start."""


class Service:
    """Starts a scoring service on entry, waits until it is ready, and kills it on exit.

    Parameters
    ----------
    world : World
        Its stores.
    settings : mapping
        Further settings, by environment variable.
    is_ready : bool
        Whether to wait for readiness, or only until it answers at all.
    arm : Path, optional
        Makes it a process of the nursery, which dies when this file says so.
    """

    module = "crispml_scoring"

    def __init__(
        self,
        world: World,
        settings: Mapping[str, str] | None = None,
        *,
        is_ready: bool = True,
        arm: Path | None = None,
    ) -> None:
        self.world, self.port = world, 0
        self._arm = arm
        self._settings = {**world.settings(), **(settings or {})}
        self._path = "/readyz" if is_ready else "/livez"
        self._child: subprocess.Popen[bytes] | Forked
        self.log = world.folder / f"service-{os.urandom(4).hex()}.log"

    def __enter__(self) -> Service:
        for attempt in range(_ATTEMPTS):
            try:
                self._start()
                return self
            except PortTaken:
                if attempt == _ATTEMPTS - 1:
                    raise
        raise AssertionError

    def __exit__(self, *exception: object) -> None:
        self.kill()

    @property
    def url(self) -> str:
        """Where the service answers."""
        return f"http://{HOST}:{self.port}"

    @property
    def pid(self) -> int:
        """The process that was started."""
        return self._child.pid

    @property
    def is_running(self) -> bool:
        """Whether the process lives."""
        return self._child.poll() is None

    def command(self) -> list[str]:
        """Return what is started."""
        return [sys.executable, "-m", self.module]

    def kill(self) -> None:
        """Kill the process and its workers at once; harmless when they are gone."""
        for process in self.tree():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)
        self._child.wait()

    def stop(self) -> int:
        """Ask the service to stop, and return its exit status."""
        self._child.terminate()
        return self._child.wait(_STOP_S)

    def tree(self) -> list[psutil.Process]:
        """Return the process and those it started."""
        try:
            root = psutil.Process(self._child.pid)
            return [root, *root.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def peak_mib(self) -> float:
        """Return the highest resident memory that the process had."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024

    def ask(
        self,
        method: str,
        path: str,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        seconds: float = 60.0,
    ) -> tuple[int, bytes]:
        """Send one request on a connection of its own; return status and body."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=seconds)
        try:
            connection.request(method, path, content, {**CREDENTIAL, **(headers or {})})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def get(self, path: str) -> Any:
        """Return the decoded answer of a GET, whatever its status."""
        return msgspec.json.decode(self.ask("GET", path)[1])

    def checks(self) -> dict[str, str]:
        """Return what readiness says about each part."""
        found: dict[str, str] = self.get("/readyz?verbose")["checks"]
        return found

    def metric(self, name: str, label: str = "") -> float:
        """Return the sum of a metric over its labels, or over those that contain a text."""
        lines = self.ask("GET", "/metrics")[1].decode().splitlines()
        return sum(
            float(line.rpartition(" ")[2])
            for line in lines
            if line.startswith((f"{name}{{", f"{name} ")) and label in line
        )

    def events(self, code: str) -> list[dict[str, Any]]:
        """Return the newest serving events with this code."""
        found = self.get("/api/v1/serving-events?limit=200")["items"]
        return [event for event in found if event["code"] == code]

    def last_words(self) -> str:
        """Return the end of the log."""
        return self.log.read_text(errors="replace")[-2000:]

    def _start(self) -> None:
        with socket.create_server((HOST, 0)) as free:
            self.port = free.getsockname()[1]
        environment = {
            **os.environ,
            "OMP_WAIT_POLICY": "PASSIVE",
            "CRISPML_SERVER__HOST": HOST,
            **self._settings,
            "CRISPML_SERVER__PORT": str(self.port),
        }
        if self._arm is not None:
            self._child = Forked(environment, self.log, self._arm)
        else:
            self._child = self._spawn(environment)
        try:
            self._wait()
        except BaseException:
            self.kill()
            raise

    def _spawn(self, environment: dict[str, str]) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as target:
            return subprocess.Popen(
                self.command(),
                env=environment,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=target,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _wait(self) -> None:
        deadline = time.monotonic() + _START_S
        while time.monotonic() < deadline:
            if not self.is_running:
                said = self.last_words()
                raise (PortTaken if "cannot be taken" in said else NotReady)(said)
            with contextlib.suppress(OSError, http.client.HTTPException):
                if self.ask("GET", self._path, seconds=10)[0] == 200 and self._listens():
                    return
            time.sleep(_LOOK_S)
        raise NotReady(self.last_words())

    def _listens(self) -> bool:
        """Return whether the port is its own: another service may have taken it, and answer."""
        for process in self.tree():
            with contextlib.suppress(psutil.NoSuchProcess):
                for one in process.net_connections("tcp"):
                    if one.status == psutil.CONN_LISTEN and one.laddr.port == self.port:
                        return True
        return False


class TrainingService(Service):
    """The same for a training service."""

    module = "crispml_training"


def until(condition: Callable[[], object], seconds: float = 15.0, what: str = "") -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {what or condition}")
        time.sleep(0.02)
