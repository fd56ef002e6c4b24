"""What every report store does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crispml_core.domain.errors import Conflict, IdempotencyKeyReused, NotFound
from crispml_core.domain.identifiers import new_id
from crispml_core.domain.reports import ReportQuestion, VerificationReport, content_digest


@pytest.fixture
def reports(stores):
    return stores.reports


def a_report(stores, use_case="credit", **content):
    content = {"auc": {"value": 0.77, "low": None, "high": 0.8}, "n": [1, 2], "ä": "ß"} | content
    return VerificationReport(
        id=str(new_id()),
        use_case=use_case,
        created_at=stores.clock(),
        content=content,
        digest=content_digest(content) if content.get("brier") is None else "",
    )


def test_a_report_comes_back_as_it_was_stored(stores, reports):
    report = a_report(stores)

    assert reports.add(report) == report
    assert reports.get(report.id) == report
    with pytest.raises(NotFound):
        reports.get(str(new_id()))


def test_a_stored_report_does_not_change(stores, reports):
    report = reports.add(a_report(stores))

    with pytest.raises(Conflict):
        reports.add(replace(report, content={"auc": 1.0}))

    assert reports.get(report.id) == report


def test_not_a_number_is_stored_as_null(stores, reports):
    report = reports.add(a_report(stores, brier=float("nan")))

    assert reports.get(report.id).content["brier"] is None


def test_an_idempotency_key_gives_the_same_report_again(stores, reports):
    first = reports.add(a_report(stores), idempotency_key="k", fingerprint="f")

    assert reports.add(a_report(stores, n=2), idempotency_key="k", fingerprint="f") == first
    with pytest.raises(IdempotencyKeyReused):
        reports.add(a_report(stores), idempotency_key="k", fingerprint="other")
    reports.add(a_report(stores, use_case="churn"), idempotency_key="k", fingerprint="f")
    assert len(reports.find()) == 2


def test_reports_are_found_newest_first_in_pages(stores, reports):
    ids = [reports.add(a_report(stores, use_case=u)).id for u in ("credit", "churn") * 2]

    assert [r.id for r in reports.find()] == ids[::-1]
    assert [r.id for r in reports.find(use_case="churn")] == [ids[3], ids[1]]
    assert [r.id for r in reports.find(limit=2, before=ids[3])] == [ids[2], ids[1]]


def test_the_digest_is_that_of_the_content_and_not_of_the_moment(stores, reports):
    first = reports.add(a_report(stores))
    stores.clock.advance(3600)
    again, other = reports.add(a_report(stores)), reports.add(a_report(stores, n=[2, 1]))

    assert first.digest == again.digest == reports.get(first.id).digest
    assert other.digest != first.digest
    assert [r.id for r in reports.find(digest=first.digest)] == [again.id, first.id]


def test_reports_are_found_by_what_was_asked(stores, reports):
    start = stores.clock()
    end = stores.clock.advance(3600)

    def asked(**question):
        window = {name: text(question.get(name)) for name in ("start", "end", "as_of")}
        return reports.add(a_report(stores, window=window, version=question.get("version"))).id

    def text(moment):
        return None if moment is None else moment.isoformat().replace("+00:00", "Z")

    january = asked(start=start, end=end, as_of=end)
    again = asked(start=start, end=end, as_of=end, version="v1")
    later = asked(start=end, as_of=end)
    asked()

    def found(**question):
        return [r.id for r in reports.find(asked=ReportQuestion(**question))]

    assert found(start=start) == [again, january]
    assert found(start=start, end=end, as_of=end, version="v1") == [again]
    assert found(as_of=end) == [later, again, january]
    assert found(as_of=start) == []
    assert [r.id for r in reports.find(asked=ReportQuestion(as_of=end), limit=1, before=later)] == [
        again
    ]


def test_the_newest_ids_of_a_use_case_come_newest_first(stores, reports):
    first, second, third = (reports.add(a_report(stores)).id for _ in range(3))
    reports.add(a_report(stores, use_case="churn"))
    assert reports.newest_ids("credit", 10) == [third, second, first]
    assert reports.newest_ids("credit", 2) == [third, second]
    assert reports.newest_ids("nobody", 2) == []
