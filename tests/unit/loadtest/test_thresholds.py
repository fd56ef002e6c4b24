"""A miss is a miss, and what says nothing is no pass."""

from __future__ import annotations

import pytest

from crispml_core.domain.errors import InvalidInput
from loadtest.config import LoadSettings
from loadtest.result import load_result
from loadtest.thresholds import (
    DEFAULT,
    Threshold,
    Verdict,
    is_kept,
    judge,
    read_thresholds,
)


@pytest.fixture
def result(report, compared):
    return load_result(LoadSettings(), report, compared)


def verdict(result, **rule):
    (judged,) = judge([Threshold(**rule)], result)
    return judged.verdict


def test_both_bounds_count(result):
    assert verdict(result, figure="acknowledged", minimum=100, maximum=100) is Verdict.MET
    assert verdict(result, figure="acknowledged", minimum=101) is Verdict.MISSED
    assert verdict(result, figure="acknowledged", maximum=99) is Verdict.MISSED
    assert verdict(result, request="single", figure="p99_ms", maximum=98) is Verdict.MISSED
    assert verdict(result, request="single", figure="p99_ms", maximum=101) is Verdict.MET


def test_one_miss_is_enough(result):
    rules = [Threshold(figure="doubled", maximum=0), Threshold(figure="failed", maximum=0)]
    judged = judge(rules, result)
    assert [one.verdict for one in judged] == [Verdict.MET, Verdict.MISSED]
    assert not is_kept(judged)
    assert is_kept(judged[:1])


def test_a_request_that_was_never_due_is_not_measured_and_a_misspelt_one_is_an_error(result):
    assert verdict(result, request="batch", figure="p99_ms", maximum=1) is Verdict.NOT_MEASURED
    with pytest.raises(ValueError, match="must be one of"):
        Threshold(request="singel", figure="p99_ms", maximum=1)
    with pytest.raises(InvalidInput, match="no figure p98_ms"):
        judge([Threshold(figure="p98_ms", maximum=1)], result)


def test_a_figure_that_could_not_be_measured_keeps_nothing(report, compared):
    report.figures.by_request["single"].latency = type(
        report.figures.by_request["single"].latency
    )()
    result = load_result(LoadSettings(), report, compared)
    assert verdict(result, figure="p99_ms", maximum=1e9) is Verdict.MISSED


def test_the_shipped_file_asks_for_figures_that_there_are(result):
    judged = judge(read_thresholds(DEFAULT), result)
    assert {one.name for one in judged if one.verdict is Verdict.MISSED} == {"failed"}


def test_a_folder_has_the_thresholds_of_all_its_files(tmp_path):
    (tmp_path / "a.toml").write_text('[[threshold]]\nfigure = "failed"\nmaximum = 0\n')
    (tmp_path / "b.toml").write_text('[[threshold]]\nfigure = "p50_ms"\nmaximum = 25\n')
    (tmp_path / "notes.txt").write_text("no thresholds")
    assert [one.figure for one in read_thresholds(tmp_path)] == ["failed", "p50_ms"]
    (tmp_path / "c.toml").write_text("")
    with pytest.raises(InvalidInput, match=r"c\.toml"):
        read_thresholds(tmp_path)


def test_a_folder_without_a_file_judges_nothing_and_is_refused(tmp_path):
    with pytest.raises(InvalidInput, match="has no file of thresholds"):
        read_thresholds(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "threshold = []",
        '[[threshold]]\nfigure = "failed"',
        '[[threshold]]\nfigure = "failed"\nmaximum = "0"',
        '[[threshold]]\nfigure = "failed"\nmaximun = 0',
        '[[threshold]]\nfigure = "failed"\nmaximum = 0\nrequest = "nobody"',
        "[[threshold",
    ],
)
def test_a_file_without_meaning_is_refused(tmp_path, text):
    file = tmp_path / "thresholds.toml"
    file.write_text(text)
    with pytest.raises(InvalidInput, match=r"thresholds\.toml"):
        read_thresholds(file)
