"""Scoring processes that start in a fraction of a second: forked from one that has the libraries.

Each is a process of its own, which dies as any other does; only its imports were done before. The
process they are forked from runs this module and reads one line of JSON per process to start.
"""

from __future__ import annotations

import atexit
import json
import os
import runpy
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from functools import lru_cache
from importlib import import_module
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[2]


class Forked:
    """A process of the nursery, with the verbs of `subprocess.Popen` that are needed here.

    Parameters
    ----------
    environment : mapping
        The whole environment of the process.
    log : Path
        Where its output goes.
    arm : Path
        The file that names the moment of its death; see `benchmarks.faults.moments`.
    """

    returncode = 0

    def __init__(self, environment: Mapping[str, str], log: Path, arm: Path) -> None:
        mother = _mother()
        assert mother.stdin is not None
        assert mother.stdout is not None
        asked = {"environment": dict(environment), "log": str(log), "arm": str(arm)}
        mother.stdin.write(json.dumps(asked) + "\n")
        mother.stdin.flush()
        self.pid = int(mother.stdout.readline())

    def poll(self) -> int | None:
        """Return None while it lives, then 0: how it ended is known to its mother only."""
        return None if psutil.pid_exists(self.pid) else self.returncode

    def wait(self, seconds: float = 30.0) -> int:
        """Wait until it has ended."""
        deadline = time.monotonic() + seconds
        while self.poll() is None:
            if time.monotonic() > deadline:
                raise TimeoutError("the process has not ended")
            time.sleep(0.002)
        return self.returncode

    def terminate(self) -> None:
        """Ask it to stop."""
        os.kill(self.pid, signal.SIGTERM)


@lru_cache(maxsize=1)
def _mother() -> subprocess.Popen[str]:
    mother = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.faults.nursery"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        text=True,
    )

    def end() -> None:
        mother.communicate()

    atexit.register(end)
    return mother


def main() -> None:
    """Fork a service per line, and answer with its number."""
    import_module("crispml_core.rest.server")
    import_module("crispml_scoring.app")
    from benchmarks.faults import moments

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how they ended
    # Not through the buffer of `sys.stdin`, which a child would share.
    for line in iter(lambda: _line(0), b""):
        asked = json.loads(line)
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _become(asked["environment"], Path(asked["log"]))
            moments.install(Path(asked["arm"]))
            sys.argv = ["crispml_scoring"]
            runpy.run_module("crispml_scoring", run_name="__main__")
            os._exit(0)
        os.write(1, b"%d\n" % pid)


def _line(descriptor: int) -> bytes:
    line = b""
    while not line.endswith(b"\n"):
        piece = os.read(descriptor, 1)
        if not piece:
            return b""
        line += piece
    return line


def _become(environment: dict[str, str], log: Path) -> None:
    os.setsid()
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(source, target)
    os.environ.clear()
    os.environ.update(environment)


if __name__ == "__main__":
    main()
