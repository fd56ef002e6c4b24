"""What processes count arrives whole, and is missed when it does not."""

from __future__ import annotations

import time

import msgspec
import pytest

from crispml_core.domain.scores import new_group_id, score_id
from loadtest import told
from loadtest.collecting import TOLD_FILE, Collector, Gathering, read_report
from loadtest.config import LoadSettings
from loadtest.figures import ProcessReport
from loadtest.outcomes import Outcome


@pytest.fixture
def gathering(tmp_path):
    return Gathering(LoadSettings(results=str(tmp_path), warm_up_s=0.0))


def collector(*, warm_up_s=0.0, seconds=0.0):
    made = Collector(warm_up_s, seconds, has_record_keys=True)
    made.begin(time.perf_counter())
    return made


def sent(report):
    """Return a report as it arrives."""
    return msgspec.msgpack.decode(msgspec.msgpack.encode(report), type=ProcessReport)


def count(process, due=1e12):
    process.add("single", Outcome.ANSWERED, due=due, sent=due, done=due + 0.001)
    process.tell(score_id(new_group_id(), 0), "key", "yes", 0.5, "v1")


def test_reports_of_all_processes_add_up(gathering, tmp_path):
    gathering.begin()
    processes = {"a": collector(), "b": collector()}
    for _ in range(3):
        for name, process in processes.items():
            count(process)
            process.end_if(True)
            gathering.take(name, sent(process.report()))
    gathering.end()
    gathering.finish()
    report = read_report(tmp_path)
    assert report.figures.by_request["single"].requests == 6
    assert (report.told, report.processes, report.silent, report.faults) == (6, 2, 0, 0)
    assert len(set(told.read(tmp_path / TOLD_FILE))) == 6


def test_a_process_whose_last_report_is_missing_is_silent(gathering, tmp_path):
    process = collector(seconds=60.0)
    process.end_if(True)  # its users are not there yet, and not gone
    gathering.take("a", sent(process.report()))
    assert not gathering.is_complete
    gathering.finish()
    assert read_report(tmp_path).silent == 1


def test_errors_of_users_are_faults(gathering, tmp_path):
    process = collector()
    process.fault("KeyError in a user")
    gathering.take("a", sent(process.report()))
    gathering.take("a", sent(process.report()))
    gathering.finish()
    report = read_report(tmp_path)
    assert report.faults == 1
    assert report.figures.notes == {"fault: KeyError in a user": 1}


def test_how_late_a_process_wakes_is_told_for_the_measured_part_only():
    process = collector(warm_up_s=100.0, seconds=10.0)
    began = process._measured_from
    for due in (began - 1.0, began + 1.0, began + 11.0):
        process.note_lateness(due, due + 0.004)
    lateness = sent(process.report()).figures.lateness
    assert lateness.total == 1
    assert lateness.max_ms == pytest.approx(4.0)


def test_what_was_due_in_the_warm_up_is_not_measured():
    process = collector(warm_up_s=100.0)
    assert process._measured_from is not None
    count(process, due=process._measured_from - 0.001)
    count(process, due=process._measured_from)
    figures = process.report().figures.by_request["single"]
    assert figures.warm_up == {"answered": 1}
    assert figures.measured == {"answered": 1}
    assert figures.latency.total == 1
