"""Where the scoring service spends its time and its memory under load: two profiles to look into.

Loads one process with single records over 64 connections and writes

    cpu.svg            flame graph of every thread, by samples of py-spy
    allocations.html   flame graph of what was allocated while it was loaded, by memray

Prints one JSON line with the functions at the top of both.

    python -m benchmarks.profiling [--seconds 20] [--folder FOLDER]
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from benchmarks.faults.service import Service
from benchmarks.faults.world import CREDENTIAL, SCORE, World, make_world
from benchmarks.harness.cores import be_the_client
from benchmarks.harness.load import Load, Requests, has_wrk, run_wrk
from benchmarks.harness.places import HOME, ROOT, SERVER_CORE
from benchmarks.timing_overhead import bodies

CONNECTIONS, RATE, TOP, WARM_S = 64, 250, 15, 2
FOLDER = HOME / "profile"
_LINE = re.compile(r":\d+\)")


class Allocating(Service):
    """A service whose every allocation is written down.

    Parameters
    ----------
    capture : Path
        The file that memray writes.
    """

    def __init__(self, world: World, capture: Path) -> None:
        super().__init__(world)
        self._capture = capture

    def command(self) -> list[str]:
        """Return the service below memray."""
        return [*_tool("memray"), "run", "-q", "-o", str(self._capture), "-m", self.module]


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    """Make both profiles; print and return what is at their top."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    chosen = parser.parse_args(arguments)
    if not has_wrk():
        sys.exit("the load generator is missing: install the Debian package wrk")
    chosen.folder.mkdir(parents=True, exist_ok=True)
    before = os.sched_getaffinity(0)
    be_the_client()
    try:
        with tempfile.TemporaryDirectory() as made:
            folder = Path(made)
            world = make_world(folder / "made")
            headers = {"Content-Type": "application/json", **CREDENTIAL}
            requests = Requests.write(folder / "requests", "POST", SCORE, headers, bodies())
            found = {
                "cpu": _cpu(world.copy(folder / "cpu"), requests, chosen.folder, chosen.seconds),
                "allocations": _allocations(
                    world.copy(folder / "memory"), requests, chosen.folder, chosen.seconds
                ),
            }
    finally:
        os.sched_setaffinity(0, before)
    print(json.dumps(found))
    return found


def _cpu(world: World, requests: Requests, folder: Path, seconds: int) -> dict[str, Any]:
    raw = world.folder / "samples"
    with Service(world) as service:
        _pin(service)
        # Both forms are of one load, one after the other: py-spy writes one at a time.
        with _loaded(service, requests, 2 * seconds + WARM_S) as loads:
            _record(service.pid, "flamegraph", folder / "cpu.svg", seconds)
            # Whoever waits holds no lock of the interpreter, and is left out of the list.
            _record(service.pid, "raw", raw, seconds, "--gil")
        service.stop()
    counted = innermost(raw.read_text())
    total = counted.total()
    top = {name: round(number / total, 4) for name, number in counted.most_common(TOP)}
    return {
        "requests_per_s": round(loads[0].requests_per_s),
        "samples": total,
        "top_with_the_interpreter": top,
    }


def innermost(samples: str) -> Counter[str]:
    """Return how often each function was at work.

    Parameters
    ----------
    samples : str
        A line for each stack: its functions from the outermost on, and how often it was seen.
    """
    counted: Counter[str] = Counter()
    for line in samples.splitlines():
        stack, _, number = line.rpartition(" ")
        counted[_LINE.sub(")", stack.rpartition(";")[2])] += int(number)
    return counted


def place(location: str) -> str:
    """Return ``function:file:line`` of memray, with the file as it is imported."""
    inner = r":\S*/(?:site-packages|services/\w+|lib/python[\d.]+)/"
    return re.sub(inner, ":", location).replace(f"{ROOT}/", "")


def _allocations(world: World, requests: Requests, folder: Path, seconds: int) -> dict[str, Any]:
    capture, page = world.folder / "capture.bin", folder / "allocations.html"
    with Allocating(world, capture) as service:
        _pin(service)
        with _loaded(service, requests, seconds) as loads:
            pass
        service.stop()
    _run("memray", "flamegraph", "-f", "--temporary-allocations", "-o", str(page), str(capture))
    stats = world.folder / "stats.json"
    _run("memray", "stats", "--json", "-f", "-n", str(TOP), "-o", str(stats), str(capture))
    told = json.loads(stats.read_text())
    return {
        "requests_per_s": round(loads[0].requests_per_s),
        "allocations_a_request": round(told["total_num_allocations"] / loads[0].requests),
        "peak_mib": round(told["metadata"]["peak_memory"] / 2**20, 1),
        "mib_by_place": {
            place(each["location"]): round(each["size"] / 2**20, 1)
            for each in told["top_allocations_by_size"]
        },
        "number_by_place": {
            place(each["location"]): each["count"] for each in told["top_allocations_by_count"]
        },
    }


@contextmanager
def _loaded(service: Service, requests: Requests, seconds: float) -> Iterator[list[Load]]:
    """Load a service while the block runs, and to the end of the time."""
    loads: list[Load] = []

    def load() -> None:
        loads.append(run_wrk(service.url, requests, connections=CONNECTIONS, seconds=seconds))

    thread = threading.Thread(target=load)
    thread.start()
    try:
        yield loads
    finally:
        thread.join()


def _pin(service: Service) -> None:
    for thread in psutil.Process(service.pid).threads():
        os.sched_setaffinity(thread.id, {SERVER_CORE})


def _record(pid: int, form: str, file: Path, seconds: int, *more: str) -> None:
    words = ["record", *more, "--pid", str(pid), "--duration", str(seconds), "--rate", str(RATE)]
    _run("py-spy", *words, "--format", form, "--output", str(file))


def _run(name: str, *words: str) -> None:
    done = subprocess.run([*_tool(name), *words], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{name} fails: {(done.stderr or done.stdout).strip()[-500:]}")


def _tool(name: str) -> list[str]:
    """Return a profiler of `requirements/profile.txt`, which `make profile` installs."""
    found = Path(sys.executable).with_name(name)
    if not found.exists():
        sys.exit(f"{name} is not installed: make profile")
    return [str(found)]


if __name__ == "__main__":
    main()
