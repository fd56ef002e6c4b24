"""The numbers are those that the stores have, and few of them whatever is stored."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest

from crispml_core.domain.identifiers import new_id, utc_now
from crispml_core.domain.reports import REPLAY, VerificationReport
from crispml_core.domain.runs import Run, RunStatus
from crispml_core.pipelines.figures import reports
from crispml_core.pipelines.figures.read import OTHER, FigureStores, ReadFigures
from crispml_core.pipelines.figures.reports import ALL
from crispml_core.testing.fakes.alias_log import FakeAliasLog
from crispml_core.testing.fakes.monitor_store import FakeMonitorStore
from crispml_core.testing.fakes.outbox import FakeOutbox
from crispml_core.testing.fakes.report_store import FakeReportStore
from crispml_core.testing.fakes.run_store import FakeRunStore

AS_OF = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def stores():
    outbox = FakeOutbox()
    return FigureStores(
        aliases=FakeAliasLog(),
        reports=CountedReports(),
        runs=FakeRunStore(),
        findings=FakeMonitorStore(outbox),
        outbox=outbox,
        unapproved=lambda model: [],
    )


@pytest.fixture
def read(stores, toy):
    return ReadFigures({"toy": toy}, stores)


class CountedReports(FakeReportStore):
    """Knows how often a report was read."""

    reads = 0

    def get(self, report_id):
        self.reads += 1
        return super().get(report_id)


def add(stores, version=None, auc=0.8, gate="met", **content):
    """Store a report as method 9 makes it, as far as its numbers are watched."""
    content = {
        "kind": "verification",
        "version": version,
        "window": {"as_of": AS_OF.isoformat()},
        "coverage": 0.5,
        "labelled": 40,
        "lag": {"median_s": 60.0, "p90_s": 600.0, "max_s": 6000.0, "negative": 0},
        "gates": [{"kpi": "auc", "verdict": gate}],
        "verdict": {"kpis": {"auc": {"value": auc}, "brier": {"value": None}}},
    } | content
    report = VerificationReport(
        id=str(new_id()), use_case="toy", created_at=utc_now(), content=content
    )
    return stores.reports.add(report)


def test_the_newest_report_says_what_the_kpis_are(stores, read):
    add(stores, auc=0.7)
    add(stores, auc=0.9)
    (report,) = read().reports
    assert (report.version, report.as_of, report.kpis) == (ALL, AS_OF, {"auc": 0.9})
    assert (report.coverage, report.labelled) == (0.5, 40)
    assert report.lag_s == {0.5: 60, 0.9: 600, 1.0: 6000}


@pytest.mark.parametrize(("verdict", "kept"), [("met", 1), ("not met", 0), ("undecided", math.nan)])
def test_what_is_undecided_is_neither_kept_nor_broken(stores, read, verdict, kept):
    add(stores, gate=verdict)
    assert read().reports[0].gates == pytest.approx({"auc": kept}, nan_ok=True)


def test_only_versions_behind_an_alias_have_numbers(stores, read):
    for version in ("v1", "v2", "v3"):
        add(stores, version)
    stores.aliases.move("toy", "champion", "v2", expected=None)
    assert [report.version for report in read().reports] == ["v2"]
    stores.aliases.move("toy", "champion", "v3", expected="v2")
    stores.aliases.move("toy", "challenger", "v1", expected=None)
    stores.aliases.move("toy", "my-own", "v2", expected=None)
    assert {report.version for report in read().reports} == {"v1", "v3"}


def test_a_report_is_read_once(stores, read):
    add(stores)
    add(stores, "v1")
    for _ in range(3):
        read()
    assert stores.reports.reads == 2


def test_no_report_is_read_that_is_older_than_all_that_are_wanted(stores, read):
    for _ in range(10):
        add(stores)
    assert [report.version for report in read().reports] == [ALL]
    assert stores.reports.reads == 1


def test_old_reports_are_not_looked_for_without_end(stores, read, monkeypatch):
    monkeypatch.setattr(reports, "LOOKED_AT", 3)
    add(stores)
    for number in range(3):
        add(stores, f"v{number}")
    assert read().reports == []
    assert stores.reports.reads == 3


def test_a_replay_and_a_report_of_nothing_have_no_kpis(stores, read):
    add(stores, kind=REPLAY)
    assert read().reports == []
    add(stores, coverage=None, labelled=0, lag={}, gates=[], verdict={"kpis": {}})
    (report,) = read().reports
    assert (report.kpis, report.gates, report.coverage, report.lag_s) == ({}, {}, None, {})


def test_aliases_that_somebody_invents_are_one(stores, read):
    for number in range(50):
        stores.aliases.move("toy", f"mine-{number}", "v1", expected=None)
    stores.aliases.move("toy", "champion", "v1", expected=None)
    stores.aliases.move("of-nobody", "champion", "v1", expected=None)
    figures = read()
    assert figures.versions == {("toy", "champion"): "v1"}
    assert figures.alias_moves == {
        ("toy", "champion"): 1,
        ("toy", "challenger"): 0,
        ("toy", "fallback"): 0,
        ("toy", OTHER): 50,
    }


def test_runs_are_counted_and_the_longest_wait_is_known(stores, toy):
    now = utc_now()
    read = ReadFigures({"toy": toy}, stores, clock=lambda: now)
    assert read().run_wait_s == 0
    stores.runs.enqueue(a_run("cycle", now - timedelta(minutes=5)))
    stores.runs.enqueue(a_run("of-another-release", now))
    figures = read()
    assert figures.run_wait_s == 300
    assert figures.runs["cycle", "queued"] == 1
    assert figures.runs["cycle", "failed"] == 0, "a first failure is a rise"
    assert all(method != "of-another-release" for method, _ in figures.runs)


def a_run(method, created_at):
    return Run(
        id=str(new_id()),
        use_case="toy",
        method=method,
        status=RunStatus.QUEUED,
        parameters={},
        created_at=created_at,
        timeout_s=60.0,
        request_id="",
    )


def test_messages_are_counted_by_every_status(read):
    assert read().messages == {"pending": 0, "delivered": 0, "dead": 0}
