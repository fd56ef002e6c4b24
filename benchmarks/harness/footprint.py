"""What a server costs before it does anything: time from process start to ready, idle memory."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterable
from functools import partial
from typing import Any

from benchmarks.adult.models import ALGORITHMS
from benchmarks.harness.fleet import interleave
from benchmarks.harness.process import ServerProcess
from benchmarks.harness.say import say
from benchmarks.harness.servers import RECORD, Server
from benchmarks.harness.workbench import Workbench

_ALGORITHM = ALGORITHMS[0]
_ROUNDS = 3
_IDLE_S = 1.0


def measure_footprint(bench: Workbench, servers: Iterable[Server]) -> dict[str, Any]:
    """Return seconds to ready and idle memory by server, each started alone."""
    problems: dict[str, str] = {}

    def note(name: str, error: Exception) -> None:
        problems[name] = f"{type(error).__name__}: {error}"
        say(f"{name} is left out: {problems[name]}")

    turns = {server.name: partial(_turn, bench, server) for server in servers}
    # The first start of a server reads its files from the disk, the others from memory.
    found = interleave(turns, 1 + _ROUNDS, note)
    figures: dict[str, Any] = {
        name: {
            "start_s": round(statistics.median(start for start, _ in rounds[1:]), 3),
            "idle_mib": round(statistics.median(idle for _, idle in rounds[1:]), 1),
        }
        for name, rounds in found.items()
    }
    return figures | {name: {"error": problem} for name, problem in problems.items()}


def _turn(bench: Workbench, server: Server) -> tuple[float, float]:
    python, folder = bench.python(server), bench.folder(server, _ALGORITHM)
    try:
        with ServerProcess(server, python, folder) as process:
            # What is loaded for the first record stays, so it counts as idle memory.
            if server.forms:
                form = server.forms[RECORD]
                with process.connect() as connection:
                    connection.send(form, form.encode(bench.rows(1)))
            time.sleep(_IDLE_S)
            return process.seconds_to_ready, process.memory_mib()
    finally:
        bench.discard(server, folder)
