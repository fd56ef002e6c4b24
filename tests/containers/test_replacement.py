"""Scoring is replaced and scaled under load behind a proxy, and nobody notices."""

from __future__ import annotations

import csv
import threading
import time

import httpx
import pytest

from tests.containers.engine import CLOSED, NOTES, ROOT, docker, inspect, stand_in, timed

NAME = "german_credit"
# Compose asks for several containers of scoring, so none of them may have a port of its own. Who is
# asked to stop answers for longer than the proxy takes to notice.
REPLICAS = """
services:
  scoring:
    ports: !reset []
    environment: {CRISPML_SERVER__STOP_DELAY_S: "3"}
"""


def records():
    """Valid records without their target."""
    with (ROOT / "examples" / NAME / f"{NAME}.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            del row["risk"]
            yield {name: int(value) if value.isdigit() else value for name, value in row.items()}


class Load:
    """Callers that ask one after the other, and ask nothing twice."""

    def __init__(self, url, key, callers=4):
        self._url, self._headers = url, {"Authorization": f"Bearer {key}"}
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self.failures, self.ids = [], []
        self._threads = [threading.Thread(target=self._ask) for _ in range(callers)]

    def _ask(self):
        some = list(records())
        address = f"{self._url}/api/v1/use-cases/{NAME}/new-data-score"
        with httpx.Client(headers=self._headers, timeout=30) as client:
            number = 0
            while not self._stop.is_set():
                number += 1
                record = some[number % len(some)]
                try:
                    answer = client.post(address, json={"records": [record]})
                    answer.raise_for_status()
                    (score,) = answer.json()["scores"]
                except Exception as error:  # whatever it is, a caller had no score
                    with self._lock:
                        self.failures.append(f"{time.time():.3f} {error!r}"[:200])
                else:
                    with self._lock:
                        self.ids.append(score["score_id"])

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()


def ready_replicas(numbers):
    try:
        text = httpx.get(f"{numbers}/;csv").text
    except httpx.TransportError:  # the engine listens for a proxy that does not yet
        return []
    rows = csv.DictReader(text.lstrip("# ").splitlines())
    return [
        row["svname"] for row in rows if row["svname"][:7] == "replica" and row["status"] == "UP"
    ]


def wait_for(count, numbers):
    deadline = time.monotonic() + 60
    while len(ready_replicas(numbers)) != count:
        assert time.monotonic() < deadline, ready_replicas(numbers)
        time.sleep(0.1)


@pytest.fixture(scope="module")
def project(stack, tmp_path_factory):
    replicas = tmp_path_factory.mktemp("replicas") / "replicas.yml"
    replicas.write_text(REPLICAS)
    made = stack((), (replicas,))
    made.up()
    with made.client(inside=True) as client:
        cycle = client.training.cycle(NAME, algorithms=["logistic_regression"], promote=True)
        client.training.wait(cycle)
    return made


@pytest.fixture
def proxy(project):
    name = f"{project.name}-proxy"
    docker(
        *("run", "--detach", "--name", name, "--network", f"{project.name}_default", *CLOSED),
        *("--publish", "127.0.0.1:0:8080", "--publish", "127.0.0.1:0:8404", stand_in("haproxy")),
    )
    ports = inspect(name)["NetworkSettings"]["Ports"]
    yield tuple(f"http://127.0.0.1:{ports[p][0]['HostPort']}" for p in ("8080/tcp", "8404/tcp"))
    docker("rm", "--force", name)


def scale(project, count):
    project.compose(
        *("up", "--detach", "--no-build", "--no-recreate", "--no-deps", "--wait"),
        *("--scale", f"scoring={count}", "scoring"),
    )


def scoring_containers(project):
    return project.compose("ps", "--quiet", "scoring").stdout.split()


def test_no_request_fails_while_scoring_is_scaled_and_replaced(project, proxy):
    """1 → 3, each of the first replaced, → 1: every request got its score, and got it once."""
    url, numbers = proxy
    wait_for(1, numbers)
    (first,) = scoring_containers(project)
    statuses = []
    with Load(url, project.key) as load, timed("scale 1 → 3, replace the oldest, scale 3 → 1"):
        scale(project, 3)
        wait_for(3, numbers)
        # A container is replaced: it ends by itself, and another one comes.
        docker("stop", "--time", "30", first)
        statuses.append(inspect(first)["State"]["ExitCode"])
        docker("rm", first)
        scale(project, 3)
        wait_for(3, numbers)
        for container in scoring_containers(project)[1:]:
            docker("stop", "--time", "30", container)
            statuses.append(inspect(container)["State"]["ExitCode"])
            docker("rm", container)
        wait_for(1, numbers)
        time.sleep(1)
    NOTES.append(f"         {len(load.ids)} requests, {len(load.failures)} of them failed")
    assert load.failures == []
    assert len(load.ids) > 200
    assert statuses == [0, 0, 0]
    with project.client(inside=True) as client:
        stored = [score.score_id for score in client.scoring.scores(use_case=NAME)]
    assert sorted(stored) == sorted(load.ids)


def test_a_container_of_scoring_is_soon_ready(project):
    """From the start of the container to the first time that it says so; see docs/containers.md."""
    (container,) = scoring_containers(project)
    docker("stop", "--time", "30", container)
    begun = time.monotonic()
    docker("start", container)
    url = project.inside("scoring")
    while time.monotonic() < begun + 60:
        try:
            if httpx.get(f"{url}/readyz", timeout=1).status_code == 200:
                break
        except httpx.TransportError:
            pass
        time.sleep(0.02)
    else:
        raise AssertionError("it is not ready after a minute")
    NOTES.append(
        f"{time.monotonic() - begun:6.2f} s  start of a scoring container until it is ready"
    )
