"""A process writes its entries together and loses none that it promised."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from crispml_core.domain.audit import AuditEvent
from crispml_core.domain.errors import StoreUnavailable
from crispml_core.pipelines.audit.deeds import RecordedDeeds
from crispml_core.pipelines.audit.recorder import AuditRecorder
from crispml_core.pipelines.audit.refusals import Refusals
from crispml_core.testing.fakes.audit_log import FakeAuditLog


class SlowLog(FakeAuditLog):
    """Waits with the first append until it is told to go on."""

    def __init__(self):
        super().__init__()
        self.begun, self.go_on, self.appends = threading.Event(), threading.Event(), []

    def append(self, events):
        self.begun.set()
        assert self.go_on.wait(10)
        self.appends.append(len(events))
        return super().append(events)


def event(name="x", **facts):
    return AuditEvent(actor="key:ann", action=name, **facts)


def test_an_entry_is_durable_when_its_future_has_a_result():
    recorder = AuditRecorder(FakeAuditLog(), "qa")
    entry = recorder.record(event())
    assert recorder.log.kept == [entry]
    assert entry.event.environment == "qa"
    assert recorder.written == 1
    recorder.close()


def test_what_comes_while_the_log_is_busy_is_one_transaction():
    log = SlowLog()
    recorder = AuditRecorder(log, "qa")
    first = recorder.submit(event("first"))
    assert log.begun.wait(10)
    others = [recorder.submit(event(f"n{n}")) for n in range(40)]
    log.go_on.set()
    assert [f.result(10).sequence for f in (first, *others)] == list(range(1, 42))
    assert log.appends == [1, 40]
    recorder.close()


def test_many_threads_get_an_entry_each():
    recorder = AuditRecorder(FakeAuditLog(), "qa")
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: recorder.record(event(f"n{n}")).sequence, range(200)))
    assert sorted(found) == list(range(1, 201))
    recorder.close()


def test_a_log_that_is_away_is_said_to_everybody_who_waits_and_counted():
    said = []
    recorder = AuditRecorder(FakeAuditLog(is_away=True), "qa", on_failure=said.append)
    with pytest.raises(StoreUnavailable):
        recorder.record(event())
    assert (recorder.failed, len(said)) == (1, 1)
    recorder.log.is_away = False
    assert recorder.record(event()).sequence == 1
    recorder.close()


def test_what_waits_is_written_before_the_end_and_nothing_comes_behind_it():
    recorder = AuditRecorder(FakeAuditLog(), "qa")
    waiting = [recorder.submit(event()) for _ in range(30)]
    recorder.close()
    assert all(future.done() for future in waiting)
    assert len(recorder.log.kept) == 30
    with pytest.raises(StoreUnavailable):
        recorder.submit(event())


def test_a_deed_without_a_request_leaves_what_was_meant_and_what_came_of_it():
    recorder = AuditRecorder(FakeAuditLog(), "qa")
    deeds = RecordedDeeds(recorder)
    with deeds(event("promote", resource="model=credit")) as told:
        assert [e.event.outcome for e in recorder.log.kept] == ["asked"]
        told["version"] = "v2"
    with pytest.raises(ZeroDivisionError), deeds(event("retrain")):
        raise ZeroDivisionError
    kept = [(e.event.action, e.event.outcome, dict(e.event.detail)) for e in recorder.log.kept]
    assert kept == [
        ("promote", "asked", {}),
        ("promote", "done", {"version": "v2", "asked": 1}),
        ("retrain", "asked", {}),
        ("retrain", "failed", {"asked": 3}),
    ]
    recorder.close()


def test_nothing_is_done_when_it_cannot_be_written_down_before():
    recorder = AuditRecorder(FakeAuditLog(is_away=True), "qa")
    with pytest.raises(StoreUnavailable), RecordedDeeds(recorder)(event()):
        pytest.fail("it was done")
    recorder.close()


def test_a_flood_of_refusals_is_one_entry_now_and_one_with_their_number_later():
    now = [0.0]
    refusals = Refusals(clock=lambda: now[0])
    assert refusals.take(event(outcome="403")) is not None
    assert [refusals.take(event(outcome="403")) for _ in range(7)] == [None] * 7
    assert refusals.take(event(outcome="401")) is not None
    assert refusals.due() == []
    now[0] = 61.0
    assert [(e.outcome, e.detail) for e in refusals.due()] == [("403", {"more": 7})]
    assert refusals.take(event(outcome="403")) is not None


def test_a_flood_from_everywhere_is_bounded():
    refusals = Refusals()
    taken = [refusals.take(event(outcome="401", origin=f"10.0.{n}.1")) for n in range(5000)]
    written = [e for e in taken if e is not None]
    assert len(written) == 257
    rest = refusals.due(everything=True)
    assert [(e.actor, e.detail["more"]) for e in rest] == [("many", 5000 - 257)]
