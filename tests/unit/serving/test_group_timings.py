"""A group of requests is timed once, with what it spent its time on."""

import time
from types import SimpleNamespace

import pytest

from crispml_core.domain.errors import IdempotencyKeyReused, StoreUnavailable
from crispml_core.domain.identifiers import utc_now
from crispml_core.domain.scores import ScoreRows
from crispml_core.serving.group_timings import GroupTiming
from crispml_core.serving.ledger_writer import Entry, Served
from crispml_core.serving.plain_records import PlainRecord
from crispml_core.serving.scored import ScoreCall, Scored
from crispml_core.testing.fakes.timing_log import FakeTimingLog


def served(use_case):
    return Served(use_case, use_case, "v1", "champion", ("no", "yes"), ("a",))


def plain(use_case, request_id):
    return PlainRecord(SimpleNamespace(served=served(use_case)), (1,), request_id)


def entry(use_case, *request_ids):
    rows = len(request_ids)
    scores = ScoreRows(
        record_keys=["k"] * rows,
        predictions=["yes"] * rows,
        probabilities=[0.5] * rows,
        segments=["{}"] * rows,
        request_ids=list(request_ids),
    )
    return Entry(ScoreCall(use_case=use_case), served(use_case), scores, [(1,)] * rows)


def scored(of, **more):
    return Scored(
        use_case=of.served.use_case,
        model="m",
        version="v1",
        alias="champion",
        classes=("no", "yes"),
        scored_at=utc_now(),
        group_id="g",
        offset=0,
        scores=of.scores,
        **more,
    )


@pytest.fixture
def log():
    return FakeTimingLog()


def test_the_stages_of_a_group_add_up_to_its_time_from_its_first_request_on(log):
    timing = GroupTiming(log, time.perf_counter() - 0.2, 7)
    time.sleep(0.01)
    timing.scored()
    time.sleep(0.01)
    one = entry("toy", *[f"r-{number}" for number in range(6)])
    items = [plain("toy", f"r-{number}") for number in range(6)]
    timing.end(items, [one], [scored(one)], commit_s=0.004)
    (call,) = log.exited
    assert log.entered == [call]
    assert (call.method, call.use_case, call.is_group) == ("new-data-score", "toy", True)
    assert (call.rows, call.requests, call.waiting, call.outcome) == (6, 6, 1, "ok")
    assert list(call.stages) == ["wait", "score", "digest", "commit"]
    assert sum(call.stages.values()) == pytest.approx(call.seconds)
    assert call.stages["wait"] >= 0.2
    assert call.stages["score"] >= 0.01
    assert call.stages["commit"] == 0.004
    assert call.stages["digest"] >= 0.006
    assert list(call.request_ids) == ["r-0", "r-1", "r-2", "r-3", "r-4"]


def test_a_group_that_is_told_of_later_took_no_longer(log):
    timing = GroupTiming(log, time.perf_counter(), 1)
    timing.scored()
    timing.kept()
    time.sleep(0.2)
    one = entry("toy", "r-1")
    timing.end([plain("toy", "r-1")], [one], [scored(one)], 0.0)
    assert log.exited[0].seconds < 0.2


def test_the_entry_of_a_group_is_when_its_first_request_came(log):
    GroupTiming(log, time.perf_counter() - 3.0, 1)
    assert log.entered[0].entered_ns == pytest.approx(time.time_ns() - 3e9, abs=1e9)


def test_requests_for_two_use_cases_are_one_call_each(log):
    timing = GroupTiming(log, time.perf_counter(), 3)
    timing.scored()
    entries = [entry("a", "r-1", "r-2"), entry("b", "r-3")]
    items = [plain("a", "r-1"), entries[1], plain("a", "r-2")]
    timing.end(items, entries, [scored(each) for each in entries], 0.0)
    assert [(call.use_case, call.requests, call.rows) for call in log.exited] == [
        ("a", 2, 2),
        ("b", 1, 1),
    ]
    assert [list(call.request_ids) for call in log.exited] == [["r-1", "r-2"], ["r-3"]]


@pytest.mark.parametrize(
    ("outcome", "said"),
    [(StoreUnavailable("away"), "error"), (IdempotencyKeyReused(), "ok")],
)
def test_a_group_that_was_not_kept_is_an_error_but_for_what_its_caller_did(log, outcome, said):
    timing = GroupTiming(log, time.perf_counter(), 1)
    timing.end([entry("toy", "r-1")], [entry("toy", "r-1")], [outcome], 0.0)
    (call,) = log.exited
    assert (call.outcome, call.rows) == (said, 0)


def test_a_group_that_broke_is_an_error(log):
    GroupTiming(log, time.perf_counter(), 1).end([plain("toy", "r-1")], (), (), 9.0)
    (call,) = log.exited
    assert (call.outcome, call.use_case, call.stages["commit"]) == ("error", "toy", 0.0)


def test_what_a_key_stored_before_are_no_rows_of_this_group(log):
    one = entry("toy", "r-1")
    GroupTiming(log, time.perf_counter(), 1).end([one], [one], [scored(one, replayed=True)], 0.0)
    assert log.exited[0].rows == 0
