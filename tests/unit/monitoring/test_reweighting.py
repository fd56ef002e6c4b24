import numpy as np
import pytest
from scipy.stats import binom
from sklearn import metrics

from crispml_core.domain.targets import CostMatrix
from crispml_core.monitoring.binary import binary_kpis
from crispml_core.monitoring.multiclass import multiclass_kpis
from crispml_core.monitoring.regression import regression_kpis
from crispml_core.monitoring.reweighting import reweighted
from crispml_core.monitoring.weighted_kpis import weighted_kpis
from crispml_core.tables.groupings import Grouping

COSTS = CostMatrix(1.0, 5.0)
CLASSES = ("good", "bad")


def world(n, seed=0):
    """Scores of which high ones and those of one town seldom get a label, and are worse there."""
    rng = np.random.default_rng(seed)
    z, town = rng.normal(size=n), rng.integers(0, 2, n)
    p = 1 / (1 + np.exp(-z))
    y = (rng.random(n) < 1 / (1 + np.exp(-(0.6 * z + 1.2 * town - 0.6)))).astype(int)
    chance = 0.05 + 0.85 / (1 + np.exp(1.5 * z + 1.5 * town))
    segments = {"town": Grouping(("north", "south"), town)}
    return p, (p >= 0.5).astype(int), y, rng.random(n) < chance, segments, chance


def report(p, d, y, labelled, segments, chance=None, **more):
    return reweighted(
        "binary",
        p,
        d,
        y,
        labelled,
        segments,
        propensity=chance,
        costs=COSTS,
        classes=CLASSES,
        **more,
    )


def plain(p, d, y):
    found = binary_kpis(y, p, None, COSTS, decision=d)
    del found["threshold"]
    return found


@pytest.mark.parametrize("logged", [True, False])
def test_weighting_finds_the_kpis_of_all_scores_where_the_labelled_ones_mislead(logged):
    p, d, y, labelled, segments, chance = world(60_000)
    found = report(p, d, y, labelled, segments, chance if logged else None)
    assert (found["status"], found["reason"]) == ("identifiable", None)
    assert found["propensities"] == ("logged" if logged else "estimated")
    truth, naive = plain(p, d, y), plain(p[labelled], d[labelled], y[labelled])
    for name in ("accuracy", "recall", "expected_cost"):
        interval = found["kpis"][name]
        half = (interval["high"] - interval["low"]) / 2
        assert abs(interval["value"] - truth[name]) < 2 * half, name
        assert abs(naive[name] - truth[name]) > 2 * half, name
    for name, interval in found["horvitz_thompson"].items():
        assert abs(interval["value"] - truth[name]) < interval["high"] - interval["low"]
    assert all(row["balanced"] for row in found["balance"])
    assert any(abs(row["before"]) > 0.1 for row in found["balance"])


@pytest.mark.slow
@pytest.mark.parametrize("logged", [True, False])
def test_the_intervals_hold_the_truth_about_as_often_as_they_say(logged):
    runs = 120
    p, d, y, *_ = world(400_000, 10_000)
    truth = plain(p, d, y)
    inside = dict.fromkeys(truth, 0)
    for seed in range(runs):
        *rest, chance = world(3000, seed)
        found = report(*rest, chance if logged else None)["kpis"]
        for name in truth:
            inside[name] += found[name]["low"] <= truth[name] <= found[name]["high"]
    low, high = binom.ppf([0.0005, 0.9995], runs, [0.93, 0.95])
    for name, hits in inside.items():
        assert hits >= low, name
        # Estimated propensities make intervals too wide, never too narrow.
        assert hits <= high or not logged, name


@pytest.mark.parametrize("logged", [True, False])
def test_the_order_of_the_rows_changes_no_bit(logged):
    p, d, y, labelled, segments, chance = world(3000)
    p, chance = p.round(1), chance.round(1) + 0.05
    mixed = np.random.default_rng(0).permutation(3000)
    chance = chance if logged else None
    other = {"town": segments["town"].take(mixed)}
    assert report(p, d, y, labelled, segments, chance) == report(
        p[mixed],
        d[mixed],
        y[mixed],
        labelled[mixed],
        other,
        None if chance is None else chance[mixed],
    )


def test_nobody_above_a_score_labelled_is_not_identifiable_and_has_bounds():
    p, d, y, labelled, segments, _ = world(5000)
    found = report(p, d, y, labelled & (p < 0.7), segments)
    assert found["status"] == "not identifiable"
    assert found["kpis"] is None
    assert found["cells"][0]["by"] == "score"
    assert found["cells"][0]["cell"].startswith("above 0.69")
    assert found["cells"][0]["scores"] == int((p > p[labelled & (p < 0.7)].max()).sum())
    assert "no label came for score above" in found["reason"]
    truth = plain(p, d, y)
    for name, bounds in found["bounds"].items():
        assert bounds["low"] <= truth[name] <= bounds["high"]
        assert bounds["high"] - bounds["low"] > 0.05


@pytest.mark.parametrize("kind", ["decision", "town"])
def test_a_decision_or_a_group_without_labels_is_named(kind):
    p, d, y, labelled, segments, _ = world(4000)
    left_out = d == 1 if kind == "decision" else segments["town"].codes == 1
    found = report(p, d, y, labelled & ~left_out, segments)
    cell = "bad" if kind == "decision" else "south"
    assert {"by": kind, "cell": cell, "scores": int(left_out.sum())} in found["cells"]


def test_a_few_scores_without_labels_are_chance():
    p, d, y, _, segments, _ = world(2000)
    labelled = np.random.default_rng(0).random(2000) < 0.3
    labelled[np.argsort(p)[-4:]] = False
    assert report(p, d, y, labelled, segments)["cells"] == []


def test_logged_propensities_below_the_floor_are_not_used():
    p, d, y, labelled, segments, chance = world(3000)
    chance[np.flatnonzero(labelled)[0]] = 0.001
    found = report(p, d, y, labelled, segments, chance)
    assert found["status"] == "not identifiable"
    assert "for 1 scores the propensity is below 0.01" in found["reason"]


def test_a_log_that_does_not_account_for_the_scores_is_not_used():
    p, d, y, labelled, segments, chance = world(3000)
    found = report(p, d, y, labelled, segments, np.minimum(1.0, 2 * chance))
    assert found["status"] == "not identifiable"
    assert "the logged propensities stand for" in found["reason"]


def test_one_missing_logged_propensity_means_that_all_are_estimated():
    p, d, y, labelled, segments, chance = world(3000)
    chance[np.flatnonzero(labelled)[0]] = np.nan
    assert report(p, d, y, labelled, segments, chance)["propensities"] == "estimated"


def test_too_few_labels_are_said_to_be_too_few():
    p, d, y, _, segments, _ = world(300)
    found = report(p, d, y, np.arange(300) < 49, segments)
    assert "fewer than 50" in found["reason"]
    none = report(p[:0], d[:0], y[:0], np.empty(0, bool), {})
    assert none["bounds"]["auc"] == {"low": None, "high": None}


def test_all_labels_give_the_plain_kpis():
    p, d, y, _, segments, _ = world(500)
    for chance in (None, np.ones(500)):
        found = report(p, d, y, np.ones(500, bool), segments, chance)
        values = {name: part["value"] for name, part in found["kpis"].items()}
        assert values == pytest.approx(plain(p, d, y))


def test_several_classes_and_numbers_are_weighted_too():
    rng = np.random.default_rng(0)
    n = 8000
    P = rng.dirichlet([1, 1, 1], n)
    d, y = P.argmax(axis=1), (rng.random((n, 1)) > P.cumsum(axis=1)).sum(axis=1)
    labelled = rng.random(n) < 0.1 + 0.8 * P.max(axis=1) ** 2
    found = reweighted("multiclass", P, d, y, labelled, {}, classes=("a", "b", "c"))
    truth = multiclass_kpis(y, P, decision=d)
    for name, part in found["kpis"].items():
        assert abs(part["value"] - truth[name]) < part["high"] - part["low"]

    x = rng.normal(size=n)
    number = x + rng.normal(size=n) * (1 + (x > 0))
    known = rng.random(n) < np.where(x > 0, 0.15, 0.8)
    found = reweighted("regression", x, None, number, known, {})
    truth = regression_kpis(number, x)
    naive = regression_kpis(number[known], x[known])
    for name, part in found["kpis"].items():
        half = (part["high"] - part["low"]) / 2
        assert abs(part["value"] - truth[name]) < 2 * half
        assert name == "r2" or abs(naive[name] - truth[name]) > 2 * half


def test_weighted_numbers_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=200), rng.uniform(1, 5, 200)
    y = x + rng.normal(size=200)
    found, means = weighted_kpis("regression", x, None, y, w, 600)
    values = {name: part["value"] for name, part in found.items()}
    assert values == pytest.approx(
        {
            "mae": metrics.mean_absolute_error(y, x, sample_weight=w),
            "rmse": metrics.root_mean_squared_error(y, x, sample_weight=w),
            "r2": metrics.r2_score(y, x, sample_weight=w),
        }
    )
    assert means["mae"]["value"] == pytest.approx((w * np.abs(x - y)).sum() / 600)
