"""The page of the console about ground truth reads every report that there is."""

from __future__ import annotations

import pytest

from crispml_console.pages.truth import coverage, groups, missing, summary
from crispml_console.pages.truth.content import report_of

TASKS = ["binary", "multiclass", "regression"]


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("kind", ["verification", "partial", "empty"])
def test_a_verification_report_is_read_whole(contents, kind, task):
    content = contents[kind, task]
    report = report_of(content)

    assert report is not None
    assert (report.scored, report.labelled) == (content["scored"], content["labelled"])
    assert [gate.kpi for gate in report.gates] == [gate["kpi"] for gate in content["gates"]]
    for part in (coverage.coverage, groups.fairness, missing.missing_labels):
        assert str(part(report))
    shown = str(summary.measured(report))
    assert ("There is no KPI" in shown) == (kind == "empty")


@pytest.mark.parametrize("task", TASKS)
def test_groups_with_few_labels_are_withheld_and_the_others_shown(contents, task):
    content = contents["partial", task]
    report = report_of(content)
    segment, found = next(iter(content["segments"].items()))
    kpi = groups.kpis_of_groups(report)[0]

    shown = str(groups.groups(report, content, segment, kpi))

    withheld = [group for group in found["groups"] if group["suppressed"]]
    assert shown.count("too few labels") == len(withheld)


def test_a_report_of_another_kind_is_not_taken_for_one(contents):
    assert report_of(contents["verification", "binary"] | {"kind": "replay"}) is None
