"""A service that is asked to stop answers everything that comes, until nothing comes any more."""

from __future__ import annotations

import http.client
import json
import signal
import threading
import time

import pytest

from benchmarks.faults.load import body
from benchmarks.faults.service import HOST, Service, until
from benchmarks.faults.stores import locked
from benchmarks.faults.world import SCORE

pytestmark = pytest.mark.slow

DELAY_S = 2


class Clients:
    """Clients behind a balancer: each keeps its connection until an answer ends it."""

    def __init__(self, *services, path, number=6):
        self._services, self._path = services, path
        self._stopped = threading.Event()
        self.answers, self.failures, self.ended = [], [], 0
        self._threads = [threading.Thread(target=self._talk, args=(n,)) for n in range(number)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def _choose(self):
        """Return the first service that is ready, as a balancer does."""
        for service in self._services:
            try:
                if service.ask("GET", "/readyz")[0] == 200:
                    return service
            except OSError:
                continue
        raise AssertionError("no service is ready")

    def _talk(self, number):
        connection, count = None, 0
        while not self._stopped.is_set():
            try:
                if connection is None:
                    service = self._choose()
                    connection = http.client.HTTPConnection(HOST, service.port, timeout=10)
                count += 1
                content = None if self._path != SCORE else body(f"c{number}-{count}")
                headers = {"Content-Type": "application/json"} if content else {}
                connection.request("POST" if content else "GET", self._path, content, headers)
                answer = connection.getresponse()
                answer.read()
                self.answers.append((service.port, answer.status))
                if answer.getheader("connection", "") == "close":
                    self.ended += 1
                    connection.close()
                    connection = None
            except (OSError, http.client.HTTPException, AssertionError) as error:
                self.failures.append(repr(error))
                connection = None
        if connection is not None:
            connection.close()


@pytest.mark.parametrize("path", [SCORE, "/api/v1/use-cases"])
def test_a_stop_under_load_fails_no_request(serve, path):
    """The first path is answered at the socket, the second one by the app."""
    first, second = serve(server__stop_delay_s=DELAY_S), serve()
    with Clients(first, second, path=path) as clients:
        until(lambda: len(clients.answers) > 100)
        asked = time.monotonic()
        first._child.send_signal(signal.SIGTERM)
        until(lambda: first.ask("GET", "/readyz")[0] == 503, what="it is not ready any more")
        # Whoever has not heard of it yet is answered.
        assert first.ask("GET", path if path != SCORE else "/livez")[0] == 200
        assert first._child.wait(20) == 0
        took = time.monotonic() - asked
        known = len(clients.answers)
        until(lambda: len(clients.answers) > known + 50, what="the other one answers")

    assert clients.failures == []
    assert {status for _, status in clients.answers} == {200}
    assert {port for port, _ in clients.answers} == {first.port, second.port}
    assert clients.ended >= 6, "every connection was told to close"
    assert DELAY_S <= took < DELAY_S + 8


def test_a_stopping_service_brings_its_journal_home(serve, world, truth):
    service = serve(journal__retry_s=30)
    with locked(world):
        status, answer = service.ask("POST", SCORE, body("k"), {"Content-Type": "application/json"})
        assert (status, json.loads(answer)["durability"]) == (200, "journal")
    assert service.stop() == 0
    truth.look()
    assert truth.keys == {"k": 1}
    assert list(world.journal.iterdir()) == []


def test_what_it_cannot_bring_home_it_says(serve, world, truth):
    service = serve(journal__drain_s=0.5)
    with locked(world):
        service.ask("POST", SCORE, body("k"), {"Content-Type": "application/json"})
        assert service.stop() == 75
    assert "service_unfinished" in service.last_words()
    assert len(list(world.journal.glob("*.journal"))) == 1
    serve()
    until(lambda: len(list(world.journal.glob("*.journal"))) == 1)
    until(lambda: truth.look() or truth.keys == {"k": 1})


def test_a_worker_that_leaves_something_behind_makes_the_service_say_so(serve, world, truth):
    service = serve(server__workers=2, journal__drain_s=0.5)
    with locked(world):
        service.ask("POST", SCORE, body("k"), {"Content-Type": "application/json"})
        assert service.stop() == 75
    assert "service_unfinished" in service.last_words()
    serve()
    until(lambda: truth.look() or truth.keys == {"k": 1})


class Waiting(Service):
    """A scoring service whose database has no tables yet."""

    def _wait(self):
        until(lambda: "waiting_for_database" in self.last_words(), 60)


class WaitingTraining(Waiting):
    """A training service whose database has no tables yet."""

    module = "crispml_training"


@pytest.mark.parametrize(("kind", "workers"), [(Waiting, 1), (Waiting, 2), (WaitingTraining, 1)])
def test_a_service_that_waits_for_its_tables_ends_when_it_is_asked_to(world, kind, workers):
    world.database.unlink()
    settings = {
        "CRISPML_DATABASE__START_WAIT_S": "300",
        "CRISPML_SERVER__WORKERS": str(workers),
    }
    with kind(world, settings) as service:
        assert service.stop() == 0
        assert "Application startup complete" not in service.log.read_text()
