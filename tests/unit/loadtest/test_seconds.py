"""The curve of a load has each request in the seconds of its moments."""

from __future__ import annotations

import csv

from loadtest.collecting import Collector
from loadtest.outcomes import Outcome
from loadtest.schedule import NoSchedule
from loadtest.seconds import Seconds, merge, place, write


def test_a_request_counts_when_it_was_due_when_it_was_sent_and_when_it_ended():
    seconds: Seconds = {}
    place(seconds, Outcome.ANSWERED, due=0.9, sent=1.1, done=3.2)
    assert (seconds[0].due, seconds[0].sent, seconds[0].answered) == (1, 0, 0)
    assert (seconds[1].due, seconds[1].sent, seconds[1].answered) == (0, 1, 0)
    assert (seconds[3].due, seconds[3].sent, seconds[3].answered) == (0, 0, 1)
    assert round(seconds[3].latency.max_ms) == 2300


def test_what_was_never_sent_was_due_and_is_no_failure():
    seconds: Seconds = {}
    place(seconds, Outcome.UNSENT, due=4.0, sent=None, done=9.0)
    place(seconds, Outcome.FAILED, due=4.0, sent=4.0, done=4.5)
    assert (seconds[4].due, seconds[4].sent, seconds[4].failed) == (2, 1, 1)
    assert 9 not in seconds


def test_seconds_of_two_processes_add_up_and_each_has_a_line(tmp_path):
    mine: Seconds = {}
    its: Seconds = {}
    place(mine, Outcome.ANSWERED, due=0.0, sent=0.0, done=0.010)
    place(its, Outcome.ANSWERED, due=0.0, sent=0.0, done=0.030)
    place(its, Outcome.ANSWERED, due=2.0, sent=2.0, done=2.020)
    merge(mine, its)
    write(mine, tmp_path / "series.csv")
    rows = list(csv.DictReader((tmp_path / "series.csv").read_text().splitlines()))
    assert [(row["second"], row["answered"]) for row in rows] == [
        ("0", "2"),
        ("1", "0"),
        ("2", "1"),
    ]
    assert rows[1]["p99_ms"] == ""
    assert 29 < float(rows[0]["p99_ms"]) < 31


def test_a_process_counts_seconds_from_its_begin_and_only_if_it_shall():
    for has_series in (True, False):
        collector = Collector(5.0, 60.0, has_record_keys=True, has_series=has_series)
        collector.begin(1000.0)
        collector.add("single", Outcome.ANSWERED, due=1001.2, sent=1001.2, done=1001.3)
        collector.add(
            "methods: x", Outcome.ANSWERED, due=1001.2, sent=1001.2, done=1001.3, is_open=False
        )
        found = collector.report().figures.seconds
        assert {number: one.answered for number, one in found.items()} == (
            {1: 1} if has_series else {}
        )


def test_without_a_schedule_a_request_is_due_when_the_one_before_has_its_answer():
    schedule = NoSchedule()
    assert schedule.wait(100.0) == 0.0
    assert schedule.due == 100.0
    schedule.advance()
    assert list(schedule.overdue(500.0)) == []
