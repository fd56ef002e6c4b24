from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks.bench import merge
from benchmarks.harness import table as report
from benchmarks.harness.environments import last_words
from benchmarks.harness.ratios import ratios

LOAD = {"requests_per_s": 12_345.6, "p50_ms": 0.25, "p99_ms": 4.5, "rounds": [12_345.6]}


@pytest.fixture
def document() -> dict[str, Any]:
    figures = {
        "single": {
            "logistic_regression": {
                "hello": {"64": LOAD | {"requests_per_s": 10_000.0}},
                "crispml": {"64": LOAD},
                "kserve": {"error": "NotStarted: it ended with 1"},
            },
            "random_forest": {"crispml": {"64": LOAD}},
        },
        "batch": {"parquet": {"predict_proba": {"100000": {"rows_per_s": 700_000}}}},
        "footprint": {"hello": {"start_s": 0.4, "idle_mib": 39.2}},
        "large": {"rows": 1000, "error": "Disagrees: status 415"},
    }
    return {
        "commit": "abc",
        "measured_at": "2026-01-01T00:00:00+00:00",
        "machine": {"cores": 2, "memory_gib": 24, "python": "3.11.7", "system": "Linux x86_64"},
        "data": "UCI Adult",
        "versions": {"hello": {"fastapi": "1.0"}},
        "ratios": ratios(figures, []),
        "ledger": {"acknowledged": 1000, "stored": 1003, "cut": 64, "checked": 9, "missing": 0},
        "figures": figures,
    }


def lines(text: str, start: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith(f"| {start} |")]


def test_the_table_says_what_was_reached_and_what_was_asked_for(document: dict[str, Any]) -> None:
    text = report.table(document)
    assert lines(text, "Requests/s at 64 connections against hello world") == [
        "| Requests/s at 64 connections against hello world | 1.23 | at least 1.5 | no |"
    ]
    assert lines(text, "CrispML") == ["| CrispML |  |  | 12,346 (0.25, 4.5) |"]
    assert lines(text, "CrispML, random forest")
    assert "1,000 rows were acknowledged, 1,003 are in the ledger" in text


def test_a_server_that_was_not_measured_is_in_the_table_with_its_reason(
    document: dict[str, Any],
) -> None:
    text = report.table(document)
    assert "not measured: NotStarted: it ended with 1" in lines(text, "KServe")[0]
    assert "not measured: Disagrees: status 415" in text


def test_every_line_of_a_table_has_as_many_cells_as_its_head(document: dict[str, Any]) -> None:
    for block in report.table(document).split("\n\n"):
        if block.startswith("|"):
            assert len({line.count("|") for line in block.splitlines()}) == 1, block


def test_only_what_stands_between_the_marks_of_the_readme_changes(
    document: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "RESULTS", tmp_path)
    readme = tmp_path / "README.md"
    readme.write_text(f"# Before\n{report.BEGIN}\nold\n{report.END}\nafter\n")
    report.write_readme(document, readme)
    first = readme.read_text()
    assert first.startswith(f"# Before\n{report.BEGIN}\n")
    assert first.endswith(f"{report.END}\nafter\n")
    assert "old" not in first
    assert "<svg" in (tmp_path / "bench.svg").read_text()
    report.write_readme(document, readme)
    assert readme.read_text() == first


def test_a_readme_without_the_marks_is_left_as_it_is(
    document: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "RESULTS", tmp_path)
    readme = tmp_path / "README.md"
    readme.write_text("# Before\n")
    with pytest.raises(SystemExit, match="has no place for the table"):
        report.write_readme(document, readme)
    assert readme.read_text() == "# Before\n"


def test_the_readme_of_the_project_has_the_marks() -> None:
    text = report.README.read_text()
    assert text.index(report.BEGIN) < text.index(report.END)


def test_figures_of_measurements_are_put_side_by_side() -> None:
    figures: dict[str, Any] = {"single": {"a": {"x": 1}}}
    merge(figures, {"single": {"b": {"y": 2}}, "large": {"rows": 3}})
    assert figures == {"single": {"a": {"x": 1}, "b": {"y": 2}}, "large": {"rows": 3}}


def test_the_reason_of_a_failure_has_one_line_and_no_address() -> None:
    said = last_words("first\n  error: no answer from https://somewhere.example/simple/x/ \n\n")
    assert said == "error: no answer from (address)"
    assert last_words("\n") == "it said nothing"
