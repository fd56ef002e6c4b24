import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import betabinom

from crispml_core.domain.conformal import ConformalRule
from crispml_core.monitoring.conformal import (
    MOST_KEPT,
    conformal_coverage,
    coverage_band,
    covered,
    fit_conformal,
)

TASKS = ("binary", "multiclass", "regression")


def draw(task, n, rng, decimals=None):
    """Truth and answers of a model that is far from right; rounding makes ties."""
    if task == "regression":
        x = rng.normal(size=n)
        y, answers = x + rng.standard_t(3, size=n) * np.exp(x), 0.5 * x
        return (y, answers) if decimals is None else (y.round(decimals), answers.round(decimals))
    classes = 2 if task == "binary" else 4
    raw = rng.normal(size=(n, classes))
    truth = np.exp(0.5 * raw + [0.0, 1.0, *[-0.5] * (classes - 2)])
    truth /= truth.sum(axis=1, keepdims=True)
    y = (truth.cumsum(axis=1) < rng.random(n)[:, None]).sum(axis=1).clip(max=classes - 1)
    P = np.exp(2 * raw)
    P /= P.sum(axis=1, keepdims=True)
    return y, P if decimals is None else P.round(decimals)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("level", [0.8, 0.9])
def test_the_coverage_over_repetitions_is_what_theory_says(task, level):
    """Exchangeable records: the number covered is beta-binomial, however wrong the model is."""
    rng, n, m, repetitions = np.random.default_rng(7), 60, 40, 400
    hits = []
    for _ in range(repetitions):
        table = fit_conformal(task, *draw(task, n, rng))
        hits.append(covered(table.at(level), task, *draw(task, m, rng)).sum())
    rank = table.rank_of(level)
    mean, variance = betabinom.stats(m, rank, n + 1 - rank)
    assert abs(np.mean(hits) - mean) < 3.5 * np.sqrt(variance / repetitions)
    low, high = coverage_band(table.at(level), n, m)
    outside = np.mean([not low <= hit / m <= high for hit in hits])
    assert outside < 0.03
    assert np.var(hits) == pytest.approx(variance, rel=0.35)


@pytest.mark.parametrize("task", TASKS)
def test_ties_and_thinning_only_add_coverage(task):
    rng, repetitions = np.random.default_rng(3), 200
    shares, inside = [], []
    for _ in range(repetitions):
        table = fit_conformal(task, *draw(task, 80, rng, decimals=1))
        report = conformal_coverage(table, task, *draw(task, 200, rng, decimals=1))
        shares.append([part["coverage"] for part in report["levels"]])
        inside.append(report["inside"])
    spread = np.std(shares, axis=0) / np.sqrt(repetitions)
    assert (np.mean(shares, axis=0) > np.array([0.8, 0.9, 0.95]) - 3.5 * spread).all()
    assert np.mean(inside) > 0.9


def test_a_shift_between_select_and_test_leaves_the_band():
    rng = np.random.default_rng(5)
    table = fit_conformal("regression", *draw("regression", 500, rng))
    y, answers = draw("regression", 500, rng)
    report = conformal_coverage(table, "regression", 3 * y, answers)
    assert not report["inside"]
    assert "at level 0.8, 0.9, 0.95 the coverage on test is outside its 99% band" in report["note"]


def test_the_report_is_json_and_says_size_and_referrals():
    rng = np.random.default_rng(1)
    table = fit_conformal("multiclass", *draw("multiclass", 300, rng))
    y, P = draw("multiclass", 300, rng)
    report = json.loads(json.dumps(conformal_coverage(table, "multiclass", y, P)))
    assert (report["n"], report["rows"], report["note"]) == (300, 300, "")
    part = report["levels"][1]
    sets = [table.at(0.9).label_set(dict(zip("abcd", row, strict=True))) for row in P.tolist()]
    assert part["mean_size"] == pytest.approx(np.mean([len(found) for found in sets]))
    assert part["refer"] == pytest.approx(np.mean([len(found) != 1 for found in sets]))
    assert part["coverage"] == np.mean(["abcd"[c] in s for c, s in zip(y, sets, strict=True)])
    assert [part["level"] for part in report["levels"]] == [0.8, 0.9, 0.95]


def test_a_large_table_is_thin_and_hardly_wider_than_all_scores():
    n = 200_000
    y = np.random.default_rng(2).normal(size=n)
    table = fit_conformal("regression", y, np.zeros(n))
    residuals = np.sort(np.abs(y))
    assert len(table.ranks) <= MOST_KEPT
    assert len(json.dumps(table.to_dict())) < 20_000
    for level in (0.5, 0.8, 0.9, 0.95, 0.99):
        assert table.at(level).bound == residuals[table.rank_of(level) - 1]
    for level in (0.777, 0.912, 0.9515, 0.9991, 0.999995):
        rule = table.at(level)
        assert rule.rank <= rule.kept
        assert (n + 1 - rule.rank) <= 1.05 * (n + 1 - rule.kept)


@pytest.mark.parametrize("n", [1, 2, 3, 10])
def test_a_tiny_sample_supports_few_levels_and_the_report_says_so(n):
    table = fit_conformal("regression", np.arange(n, dtype=float), np.zeros(n))
    assert table.at(0.5).bound == np.arange(n)[table.rank_of(0.5) - 1]
    report = conformal_coverage(table, "regression", np.zeros(50), np.zeros(50))
    assert [part["level"] for part in report["levels"]] == ([0.8, 0.9] if n == 10 else [])
    assert ("too few records" in report["note"]) == (n < 4)


def test_a_class_that_select_does_not_hold_still_gets_into_sets():
    rng = np.random.default_rng(4)
    y, P = draw("multiclass", 400, rng)
    table = fit_conformal("multiclass", y[y != 2], P[y != 2])
    assert "c" in table.at(0.9).label_set({"a": 0.01, "b": 0.01, "c": 0.97, "d": 0.01})


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_no_rows_or_no_numbers_give_no_table(task):
    y, answers = draw(task, 20, np.random.default_rng(0))
    assert fit_conformal(task, y[:0], answers[:0]) is None
    assert fit_conformal(task, y, answers * np.nan) is None


def test_the_band_is_the_central_one_of_the_beta_binomial():
    rule = ConformalRule("label_set", 0.9, 181, 181, 0.5)
    low, high = coverage_band(rule, 200, 150)
    law = betabinom(150, 181, 20)
    assert law.cdf(low * 150 - 1) < 0.005 <= law.cdf(low * 150)
    assert law.sf(high * 150) <= 0.005 < law.sf(high * 150 - 1)
    wider = coverage_band(replace(rule, kept=190), 200, 150)
    assert wider[0] == low
    assert wider[1] > high


def test_the_same_records_give_the_same_table():
    y, P = draw("binary", 3000, np.random.default_rng(9))
    order = np.random.default_rng(1).permutation(len(y))
    assert fit_conformal("binary", y, P) == fit_conformal("binary", y[order], P[order])
