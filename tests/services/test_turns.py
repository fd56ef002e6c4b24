"""Many who want reports at once wait for each other, and keep nobody else waiting."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

API = "/api/v1"
RECORD = {"order_id": "O-1", "amount": 10.5, "items": 2, "channel": "web"}


class Busy:
    """Work that does not end before it is told to, and counts how often it is done at once."""

    def __init__(self) -> None:
        self.now = self.most = 0
        self.end = threading.Event()
        self._lock = threading.Lock()

    def __call__(self, *_: Any, **__: Any) -> Any:
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)
        self.end.wait(30)
        with self._lock:
            self.now -= 1
        raise RuntimeError("this report is not meant to be read")


@pytest.fixture
def busy() -> Iterator[Busy]:
    work = Busy()
    yield work
    work.end.set()


@pytest.mark.parametrize(
    ("method", "path", "body", "most"),
    [
        ("POST", "/use-cases/toy/new-data-report", {}, 2),
        ("POST", "/use-cases/toy/replays", {"version": "20260101-000000-abcdef01"}, 2),
        ("POST", "/use-cases/toy/new-data-label", [{"record_key": "a", "label": "yes"}], 4),
        ("GET", "/use-cases/toy/drift", None, 2),
        ("GET", "/models/toy/challenge", None, 2),
        ("GET", "/reports/r?format=html", None, 4),
        ("GET", "/scores/s/dossier", None, 4),
        ("GET", "/lineage/score/s", None, 4),
    ],
)
def test_whoever_floods_a_route_waits_alone(
    scoring: Any,
    busy: Busy,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    path: str,
    body: Any,
    most: int,
) -> None:
    from crispml_core.pipelines.challenges import Challenges
    from crispml_core.pipelines.replays import Replays

    monkeypatch.setattr(Replays, "replay", busy)
    monkeypatch.setattr(Challenges, "challenge", busy)
    monkeypatch.setattr(scoring.parts.scoring, "report", busy)
    monkeypatch.setattr(scoring.parts.scoring, "label", busy)
    monkeypatch.setattr(scoring.parts.drift, "drift", busy)
    monkeypatch.setattr(scoring.parts.reports, "get", busy)
    monkeypatch.setattr("crispml_core.pipelines.dossier.dossier", busy)
    monkeypatch.setattr(scoring.parts.lineage(), "graph", busy)
    with ThreadPoolExecutor(60) as clients:
        sent = [
            clients.submit(scoring.client.request, method, API + path, json=body) for _ in range(60)
        ]
        deadline = time.monotonic() + 10
        while busy.now < most and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.2)
        try:
            # More wait than there are threads, and everybody else is served all the same.
            assert scoring.client.get("/readyz").status_code == 200
            assert scoring.client.get(f"{API}/scores").status_code == 200
            scored = scoring.client.post(f"{API}/use-cases/toy/new-data-score", json=[RECORD] * 3)
            assert scored.status_code == 200
            assert (busy.now, busy.most) == (most, most)
        finally:
            busy.end.set()
        assert {one.result().status_code for one in sent} == {500}
    assert busy.most == most
