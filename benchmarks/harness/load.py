"""Load by ``wrk``: many small requests over connections that stay open."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.harness.places import CLIENT_CORE

_SCRIPT = Path(__file__).with_name("wrk.lua")
# Peers without batching keep 64 connections waiting for seconds.
_TIMEOUT_S = 60


class LoadFailed(Exception):
    """A server did not answer as it must; the text says what came instead."""


@dataclass(frozen=True, slots=True)
class Load:
    """What ``wrk`` counted.

    Parameters
    ----------
    requests : int
        Answers of any status.
    refused : int
        Answers with a status of 400 and above.
    broken : int
        Connections that could not be opened, read or written.
    """

    requests: int
    refused: int
    broken: int
    seconds: float
    p50_ms: float
    p99_ms: float

    @property
    def acknowledged(self) -> int:
        """Answers that were no refusals."""
        return self.requests - self.refused

    @property
    def requests_per_s(self) -> float:
        """Acknowledged requests per second."""
        return self.acknowledged / self.seconds


@dataclass(frozen=True, slots=True)
class Requests:
    """The file of requests that ``wrk.lua`` reads."""

    file: Path

    @classmethod
    def write(
        cls, file: Path, method: str, path: str, headers: dict[str, str], bodies: Sequence[bytes]
    ) -> Requests:
        """Write the requests of one path, one per body; an empty body stands for none."""
        head = [
            f"{method} {path}",
            *(f"{name}: {value}" for name, value in headers.items()),
            "",
            "",
        ]
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("wb") as target:
            target.write("\n".join(head).encode())
            for body in bodies:
                target.write(b"%d\n%b" % (len(body), body))
        return cls(file)


def has_wrk() -> bool:
    """Return whether the load generator is installed."""
    return shutil.which("wrk") is not None


def run_wrk(
    url: str,
    requests: Requests,
    *,
    connections: int,
    seconds: float,
    acknowledged: Path | None = None,
) -> Load:
    """Send requests for a time and return what came back.

    Parameters
    ----------
    acknowledged : Path, optional
        Where ids and record keys of the answers are written; costs the client time.

    Raises
    ------
    LoadFailed
        If ``wrk`` fails, or anything is refused.
    """
    command = ["taskset", "-c", str(CLIENT_CORE), "wrk", "-t1", f"-c{connections}"]
    command += [f"-d{max(1, round(seconds))}s", "--timeout", f"{_TIMEOUT_S}s", "-s", str(_SCRIPT)]
    command += [url, "--", str(requests.file), *([str(acknowledged)] if acknowledged else [])]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 2 * _TIMEOUT_S)
    return read_summary(done.stdout if not done.returncode else "", done.stderr)


def read_summary(output: str, errors: str = "") -> Load:
    """Return the figures in the output of ``wrk``; raise `LoadFailed` when they are no good."""
    lines = [line for line in output.splitlines() if line.startswith('{"requests"')]
    if not lines:
        raise LoadFailed(f"wrk gave no figures: {errors.strip()[-200:] or 'it said nothing'}")
    load = Load(**json.loads(lines[-1]))
    if load.refused:
        raise LoadFailed(f"{load.refused} of {load.requests} requests were refused")
    if load.broken:
        raise LoadFailed(f"{load.broken} connections broke")
    return load
