"""Two workers behind one port: one is killed, the service is stopped, the supervisor is killed."""

import signal
import time

import pytest

from benchmarks.faults.load import under_load
from benchmarks.faults.service import until
from benchmarks.faults.stores import locked

pytestmark = pytest.mark.slow


def workers_of(service):
    return {process.pid: process for process in service.tree()[1:]}


def journals(world):
    return {path.name for path in world.journal.glob("*.journal")}


@pytest.fixture
def service(serve, world):
    found = serve(server__workers=2)
    until(lambda: len(journals(world)) == 2, what="both workers have started")
    return found


def test_a_killed_worker_is_replaced_while_the_other_one_answers(service, world, truth):
    with under_load(service, "k", reconnects=True) as load:
        before, known = workers_of(service), journals(world)
        victim = next(iter(before))
        before[victim].send_signal(signal.SIGKILL)
        killed = time.monotonic()
        until(lambda: journals(world) - known, what="another worker has started")
        replaced = time.monotonic()
        assert sum(killed + 0.1 < at < replaced for at, _ in load.heard.latencies) > 10
        time.sleep(0.5)
        heard = load.stop()
    assert heard.refused == []
    assert set(before) & set(workers_of(service)) == set(before) - {victim}
    until(lambda: len(journals(world)) == 2, what="its journal is taken over")
    truth.look()
    truth.check(heard.told)
    assert truth.extra(heard.told) <= heard.open_keys
    # One registry: what the dead worker counted is there, what it measured is not.
    counted = service.metric("crispml_scores_total")
    assert len(heard.told) <= counted <= len(truth.stored)
    assert service.metric("crispml_http_requests_in_flight") <= 1


def test_any_worker_tells_how_much_waits_in_the_journals_of_all(service, world):
    with under_load(service, "k", connections=16, pause_s=0.01) as load, locked(world):
        until(lambda: load.heard.told[-1].durability == "journal")
        load.stop()
        time.sleep(1.5)  # each worker looks once a second
        waiting = {service.metric("crispml_journal_transactions") for _ in range(20)}
        assert len(waiting) == 1
        assert waiting.pop() > 1


def test_a_stopping_service_answers_what_it_has_taken(service, truth):
    with under_load(service, "k", pause_s=0.002) as load:
        began = time.monotonic()
        service.stop()
        took = time.monotonic() - began
        heard = load.stop()
    assert took < 10
    assert heard.refused == []
    truth.look()
    truth.check(heard.told)
    # A client whose connection was closed before its request was read may send it again.
    assert truth.extra(heard.told) == set()


def test_workers_do_not_outlive_their_supervisor(service):
    workers = list(workers_of(service).values())
    service.tree()[0].send_signal(signal.SIGKILL)
    until(lambda: not any(worker.is_running() for worker in workers), 10)
