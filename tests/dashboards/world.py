"""Services that work, the Prometheus that reads them, and the InfluxDB that they write to.

The demo plays its drift story: months pass, rules fire, a challenger takes over. What no story has
is added: requests that are refused, a run that fails, single records, other protocols, and a load
test that tells what its clients see.
"""

from __future__ import annotations

import contextlib
import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from crispml_core.adapters.simulated_clock import move
from tests.prometheus.server import SCRAPE_S, prometheus
from tests.servers import INFLUX, INFLUXQL, address

ROOT = Path(__file__).parents[2]
USE_CASE = "german_credit"
# What every query looks back on has to be seen often enough.
WORK_S = 15


@dataclass(frozen=True, slots=True)
class World:
    """Where the data are, and when they were made.

    Parameters
    ----------
    prometheus, influxql : str
        Addresses.
    start, end : float
        Seconds since 1970.
    """

    prometheus: str
    influxql: str
    start: float
    end: float


@contextlib.contextmanager
def world(folder: Path) -> Iterator[World]:
    """Let the services work, and give where it can be seen."""
    influxql = address(INFLUXQL)
    start = time.time()
    with prometheus(folder) as watching, _demo(folder) as urls:
        watching.watch(urls)
        _until((folder / "story" / "story.html").exists, 300, "the story has ended")
        _load(urls["scoring"], folder)
        _work(urls, folder / "story" / "clock")
        yield World(watching.url, influxql, start, time.time())


@contextlib.contextmanager
def _demo(folder: Path) -> Iterator[dict[str, str]]:
    environment = {
        **os.environ,
        "CRISPML_INFLUX__URL": address(INFLUX),
        "CRISPML_INFLUX__TOKEN": "test",
        "CRISPML_INFLUX__ORG": "crispml",
        "CRISPML_INFLUX__BUCKET": "crispml",
        "CRISPML_TIMING__SLOW_CALL_S": "0.05",
        # Nobody listens there: messages wait for their next try.
        "CRISPML_MONITOR__WEBHOOK_URL": "http://127.0.0.1:9/",
        "CRISPML_MONITOR__WEBHOOK_ALLOWED_HOSTS": "127.0.0.1",
        "CRISPML_MONITOR__WEBHOOK_SECRET": "a secret of thirty-two bytes, plain",
    }
    command = [sys.executable, "-m", "crispml_core.cli", "demo", "--story", "drift"]
    with (folder / "demo.log").open("w") as log:
        demo = subprocess.Popen(
            [*command, "--folder", str(folder)],
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        found = folder / "story" / "services.json"

        def is_up() -> bool:
            assert demo.poll() is None, (folder / "demo.log").read_text()
            return found.exists()

        _until(is_up, 120, "the services run")
        told = json.loads(found.read_text())
        yield {name: told[name] for name in ("training", "scoring")}
    finally:
        demo.send_signal(signal.SIGTERM)
        demo.wait(60)


def _load(scoring: str, folder: Path) -> None:
    """Make a small load, which writes its figures every five seconds."""
    environment = {
        **os.environ,
        "CRISPML_SCORING_URL": scoring,
        "LOADTEST_INFLUX_URL": address(INFLUX),
        "LOADTEST_INFLUX_TOKEN": "test",
        "LOADTEST_INFLUX_ORG": "crispml",
        "LOADTEST_SCENARIOS": "single,open-inference",
        "LOADTEST_RESULTS": str(folder / "loadtest"),
    }
    command = [sys.executable, "-m", "loadtest", "--seconds", "8", "--warm-up", "1", "--rate", "40"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    # Times are those of a busy machine; a load without a result has told nothing.
    assert done.returncode in (0, 1), done.stderr


def _work(urls: dict[str, str], clock: Path) -> None:
    """Do what the story does not, until Prometheus can have seen it."""
    below = f"api/v1/use-cases/{USE_CASE}"
    training, scoring = f"{urls['training']}/{below}", f"{urls['scoring']}/{below}"
    with httpx.Client(timeout=60, trust_env=False) as client:
        records = _records()
        client.post(f"{scoring}/new-data-score", json=records).raise_for_status()
        client.post(
            f"{training}/data-ingestion",
            json={"where": "age > 1000"},
            headers={"Prefer": "wait=60"},
        )
        # Drift is that of whole hours, and measured once a minute.
        move(clock, int(clock.read_text()) + 2 * 3600)
        ended = time.monotonic() + WORK_S
        while time.monotonic() < ended or not _drift(client, urls["scoring"]):
            assert time.monotonic() < ended + 120, "drift is not measured"
            for record in records[:20]:
                client.post(f"{scoring}/new-data-score", json=record).raise_for_status()
            refused = client.post(f"{scoring}/new-data-score", json={**records[0], "age": "old"})
            assert refused.status_code == 422
            client.post(
                f"{urls['scoring']}/invocations", json={"dataframe_records": records[:1]}
            ).raise_for_status()
            # Scores are counted in time that is left.
            time.sleep(1.0)
        time.sleep(3 * SCRAPE_S)


def _drift(client: httpx.Client, scoring: str) -> bool:
    """Say whether there is a measured drift."""
    lines = client.get(f"{scoring}/metrics").text.splitlines()
    return any(line.startswith("crispml_drift{") and "NaN" not in line for line in lines)


def _records() -> list[dict[str, object]]:
    """Return the applicants of the shipped data."""
    with (ROOT / "examples" / USE_CASE / f"{USE_CASE}.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    return [
        {
            name: int(text) if text.isdigit() else text
            for name, text in row.items()
            if name != "risk"
        }
        for row in rows
    ]


def _until(holds: Callable[[], bool], seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"after {seconds} s it is not so that {what}"
        time.sleep(0.2)
