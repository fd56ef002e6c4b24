"""What timing costs the scoring service at 64 connections: with all of it, and with none.

Two services with the same model and equal stores are loaded at the same time, one with timings,
points for InfluxDB and a scrape by Prometheus as often as `deploy/prometheus` asks for one, the
other without any. They share a core, and only one is awake: every 50 ms they change, so that both
meet the same machine. What both did in two seconds is a pair. Scrapes are counted by processor time
of the service, so that a machine with other work does not let them look dearer.

Two processes of the same program may differ by a few percent for as long as they live, whatever
they do: by where their memory lies. So both services are started anew after a few pairs, and it is
the starts that are compared.

    python -m benchmarks.timing_overhead [--starts 12] [--pairs 5]

Points go to `CRISPML_TEST_INFLUX_URL` or, without it, to a process that takes and forgets them. It
shares the core of the load generator. Prints one JSON line.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import multiprocessing
import os
import signal
import statistics
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec
import psutil
from scipy import stats

from benchmarks.faults.service import HOST, Service
from benchmarks.faults.world import CREDENTIAL, SCORE, World, make_world
from benchmarks.harness.cores import be_the_client
from benchmarks.harness.load import Load, Requests, has_wrk, run_wrk
from benchmarks.harness.places import CLIENT_CORE, SERVER_CORE

CONNECTIONS, _RECORDS, _TURN_S, _PAIR_S, _SCRAPE_S = 64, 2048, 0.05, 2, 15.0
_CONFIDENCE = 0.95
# The first points, among the rest, are written after two seconds; that loads modules.
_WARMING = 3


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    """Measure, print one JSON line, and return it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--starts", type=int, default=12, help="of both services")
    parser.add_argument("--pairs", type=int, default=5, help="of each start")
    asked = parser.parse_args(arguments)
    if not has_wrk():
        sys.exit("the load generator is missing: install the Debian package wrk")
    with tempfile.TemporaryDirectory() as folder:
        result = _measure(Path(folder), asked.starts, asked.pairs)
    print(json.dumps(result))
    return result


def _measure(folder: Path, starts: int, pairs: int) -> dict[str, Any]:
    world = make_world(folder / "made")
    headers = {"Content-Type": "application/json", **CREDENTIAL}
    requests = Requests.write(folder / "requests.txt", "POST", SCORE, headers, bodies())
    started: list[dict[str, _Turns]] = []
    told: Counter[tuple[str, str]] = Counter()
    before = os.sched_getaffinity(0)
    be_the_client()
    try:
        with _influx() as url:
            unscraped_s = 0.0
            for start in range(starts):
                turns = {
                    name: _Turns(world.copy(folder / f"{name}-{start}"), requests, name, url)
                    for name in ("without", "with")
                }
                turns["with"].unscraped_s = unscraped_s
                with contextlib.ExitStack() as stack:
                    for turn in turns.values():
                        stack.enter_context(turn)
                    _pairs(list(turns.values()), pairs)
                    for metric in _TOLD:
                        for label, value in turns["with"].told(metric).items():
                            told[metric, label] += value
                unscraped_s = turns["with"].unscraped_s
                started.append(turns)
    finally:
        os.sched_setaffinity(0, before)
    rates, cpu = (
        {name: [[pair[of] for pair in turns[name].found] for turns in started] for name in turns}
        for of in (0, 1)
    )
    points, pauses, pause_s = (
        {label: value for (name, label), value in told.items() if name == metric}
        for metric in _TOLD
    )
    return {
        **_interval("overhead", rates["without"], rates["with"]),
        **_interval("cpu_overhead", cpu["with"], cpu["without"]),
        "requests_per_s": {name: round(_median(found)) for name, found in rates.items()},
        "cpu_us": {name: round(_median(found) * 1e6, 1) for name, found in cpu.items()},
        "starts": starts,
        "pairs": pairs,
        "scrapes": sum(len(turns["with"].scrapes) for turns in started),
        "points": {name: round(number) for name, number in points.items()},
        "gc_pauses": round(sum(pauses.values())),
        "longest_gc_ms_on_average": round(
            1e3 * max(pause_s[name] / max(1.0, number) for name, number in pauses.items()), 1
        ),
        "influx": "a server" if "CRISPML_TEST_INFLUX_URL" in os.environ else "takes and forgets",
    }


# Points, and how often and for how long garbage was collected.
_TOLD = ("crispml_timing_points_total", "crispml_gc_pauses_total", "crispml_gc_pause_seconds_total")


def _median(starts: Sequence[Sequence[float]]) -> float:
    return statistics.median(value for pairs in starts for value in pairs)


def _interval(
    name: str, above: Sequence[Sequence[float]], below: Sequence[Sequence[float]]
) -> dict[str, float]:
    """Return by how much one is above the other: the mean of the starts, and where it surely lies.

    The logarithms of the ratios of starts are as good as normal, so Student's interval holds.
    """
    logs = [
        statistics.fmean(math.log(a / b) for a, b in zip(*pairs, strict=True))
        for pairs in zip(above, below, strict=True)
    ]
    mean = statistics.fmean(logs)
    spread = statistics.stdev(logs) / math.sqrt(len(logs))
    reach = float(stats.t.ppf((1 + _CONFIDENCE) / 2, len(logs) - 1)) * spread
    values = {name: mean, f"{name}_low": mean - reach, f"{name}_high": mean + reach}
    return {key: round(math.expm1(value), 4) for key, value in values.items()}


def _pairs(turns: Sequence[_Turns], pairs: int) -> None:
    """Load both services so often, and before that until they have done everything once."""
    for number in range(_WARMING + pairs):
        _pair(turns if number % 2 else list(reversed(turns)))
        if number < _WARMING:
            for turn in turns:
                turn.found.clear()


def _pair(turns: Sequence[_Turns]) -> None:
    """Load both services, of which one is awake at a time."""
    with contextlib.ExitStack() as stack:
        for turn in turns:
            stack.enter_context(turn.loaded())
        while any(turn.is_loaded for turn in turns):
            for turn in turns:
                turn.wake(_TURN_S)


class _Turns:
    """A service that is awake in its turns only, and what it did in them.

    Attributes
    ----------
    found : list of (float, float)
        Of each pair the requests per second awake, and the processor time of one request.
    unscraped_s : float
        The processor time since it, or one before it, was scraped.
    """

    def __init__(self, world: World, requests: Requests, name: str, influx: str) -> None:
        self._requests, self._is_timed = requests, name == "with"
        self._service = Service(world, _settings(influx) if self._is_timed else _NOTHING)
        self.found: list[tuple[float, float]] = []
        self.scrapes: list[Future[bytes]] = []
        self.unscraped_s = self._seen_s = 0.0

    def __enter__(self) -> _Turns:
        self._service.__enter__()
        self._process = psutil.Process(self._service.pid)
        for thread in self._process.threads():
            os.sched_setaffinity(thread.id, {SERVER_CORE})
        self._process.suspend()
        return self

    def __exit__(self, *exception: object) -> None:
        self._process.resume()
        self._service.__exit__(*exception)

    @contextlib.contextmanager
    def loaded(self) -> Iterator[None]:
        """Send requests for the time of a pair, and note what was done in the time awake."""
        began, self._awake_s = self._cpu_s(), 0.0
        loads: list[Load] = []
        with ThreadPoolExecutor(1) as self._prometheus:
            self._thread = threading.Thread(target=lambda: loads.append(self._load()))
            self._thread.start()
            yield
            self._thread.join()
            self._process.resume()  # for who reads its metrics
        self._process.suspend()
        for scrape in self.scrapes:
            scrape.result()  # raises what it raised
        (load,) = loads
        used = self._cpu_s() - began
        self.found.append((load.requests / self._awake_s, used / load.requests))

    @property
    def is_loaded(self) -> bool:
        """Whether requests are being sent."""
        return self._thread.is_alive()

    def wake(self, seconds: float) -> None:
        """Work for a moment."""
        began = time.perf_counter()
        self._process.resume()
        time.sleep(seconds)
        self._process.suspend()
        self._awake_s += time.perf_counter() - began
        seen_s = self._cpu_s()
        self.unscraped_s += seen_s - self._seen_s
        self._seen_s = seen_s
        if self._is_timed and self.unscraped_s >= _SCRAPE_S:
            self.unscraped_s -= _SCRAPE_S
            self.scrapes.append(self._prometheus.submit(_read, f"{self._service.url}/metrics"))

    def _load(self) -> Load:
        url = self._service.url
        return run_wrk(url, self._requests, connections=CONNECTIONS, seconds=_PAIR_S)

    def told(self, metric: str) -> dict[str, float]:
        """Return the values of a metric by its only label."""
        self._process.resume()
        lines = _read(f"{self._service.url}/metrics").decode().splitlines()
        told = [line.split() for line in lines if line.startswith(f"{metric}{{")]
        return {name.split('"')[1]: float(value) for name, value in told}

    def _cpu_s(self) -> float:
        times = self._process.cpu_times()
        return float(times.user + times.system)


_NOTHING = {"CRISPML_TIMING__ENABLED": "false"}


def _settings(influx: str) -> dict[str, str]:
    return {
        "CRISPML_TIMING__ENABLED": "true",
        "CRISPML_INFLUX__URL": influx,
        "CRISPML_INFLUX__TOKEN": "test",
        "CRISPML_INFLUX__FLUSH_S": "2",  # a second awake
    }


def _read(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as answer:
        content: bytes = answer.read()
    return content


@contextlib.contextmanager
def _influx() -> Iterator[str]:
    """Give the address of a server that takes points."""
    if url := os.environ.get("CRISPML_TEST_INFLUX_URL"):
        yield url
        return
    context = multiprocessing.get_context("spawn")
    told = context.SimpleQueue()
    process = context.Process(target=_forget, args=(told.put,), daemon=True)
    process.start()
    try:
        yield f"http://{HOST}:{told.get()}"
    finally:
        process.terminate()
        process.join()


class _Forgetful(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Write nothing."""

    def do_POST(self) -> None:
        """Take points, and forget them."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.send_header("Content-Length", "0")
        self.end_headers()


def _forget(tell: Callable[[int], None]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.sched_setaffinity(0, {CLIENT_CORE})
    server = ThreadingHTTPServer((HOST, 0), _Forgetful)
    tell(server.server_address[1])
    server.serve_forever()


def bodies() -> list[bytes]:
    """Return different records, as JSON."""
    return [
        msgspec.json.encode(
            {
                "order_id": f"O-{number}",
                "amount": round(1 + number * 1.7 % 9_000, 2),
                "items": 1 + number % 90,
                "channel": ("shop", "web", "phone")[number % 3],
            }
        )
        for number in range(_RECORDS)
    ]


if __name__ == "__main__":
    main()
