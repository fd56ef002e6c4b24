from __future__ import annotations

import numpy as np
import pytest

from crispml_core.domain.errors import InvalidRecords, Problem
from crispml_core.tables.findings import Findings


def test_all_are_counted_and_the_first_are_kept() -> None:
    findings = Findings()
    for start in range(0, 100_000, 1000):
        part = Findings()
        part.add_rows("type", "field a is wrong", "a", np.arange(start, start + 1000))
        findings.extend(part)
    assert findings.total == 100_000
    assert [problem.row for problem in findings.problems] == list(range(100))


def test_one_bad_column_does_not_hide_another() -> None:
    findings = Findings()
    findings.add_rows("type", "field a is wrong", "a", np.arange(1000))
    findings.add_rows("range", "field b is wrong", "b", np.arange(1000))
    assert [problem.field for problem in findings.problems[:4]] == ["a", "b", "a", "b"]


def test_findings_about_the_table_come_first() -> None:
    findings = Findings()
    findings.add(Problem("type", "wrong", "a", 0))
    findings.add(Problem("missing_column", "column b is missing", "b"))
    assert [problem.row for problem in findings.problems] == [None, 0]
    assert findings.about_table


def test_only_findings_raise() -> None:
    findings = Findings()
    findings.raise_if_any()
    assert not findings
    findings.add(Problem("type", "field a must be a number", "a", 7))
    with pytest.raises(InvalidRecords, match="row 7: field a must be a number"):
        findings.raise_if_any()
