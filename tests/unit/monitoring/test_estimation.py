import numpy as np
import pytest
from scipy.stats import binom

from crispml_core.domain.targets import CostMatrix
from crispml_core.monitoring.binary import binary_kpis
from crispml_core.monitoring.estimation import estimate
from crispml_core.monitoring.multiclass import multiclass_kpis

COSTS = CostMatrix(1.0, 5.0)


def world(n, seed, share=0.5, slope=1.0):
    """Scores, decisions, truth and which of them has a label, the more likely the higher the score.

    With `slope` 1 the probabilities mean what they say.
    """
    rng = np.random.default_rng(seed)
    z = rng.normal(size=n)
    p = 1 / (1 + np.exp(-z))
    y = (rng.random(n) < 1 / (1 + np.exp(-slope * z))).astype(int)
    labelled = rng.random(n) < share * 2 * p
    return p, (p >= 0.4).astype(int), y, labelled


def classes(n, seed):
    rng = np.random.default_rng(seed)
    P = rng.dirichlet([1, 1, 2], n)
    y = (rng.random((n, 1)) > P.cumsum(axis=1)).sum(axis=1)
    return P, P.argmax(axis=1), y, rng.random(n) < 0.4


def test_the_order_of_the_rows_changes_no_bit():
    p, d, y, labelled = world(3000, 0)
    p = p.round(2)
    mixed = np.random.default_rng(1).permutation(3000)
    assert estimate("binary", p, d, y, labelled) == estimate(
        "binary", p[mixed], d[mixed], y[mixed], labelled[mixed]
    )
    P, d, y, labelled = classes(1000, 0)
    mixed = np.random.default_rng(1).permutation(1000)
    assert estimate("multiclass", P, d, y, labelled) == estimate(
        "multiclass", P[mixed], d[mixed], y[mixed], labelled[mixed]
    )


def test_what_stands_where_there_is_no_label_does_not_matter():
    p, d, y, labelled = world(1000, 0)
    assert estimate("binary", p, d, y, labelled) == estimate(
        "binary", p, d, np.where(labelled, y, 77), labelled
    )


def test_with_all_labels_the_combined_kpis_are_the_realised_ones():
    p, d, y, _ = world(2000, 0)
    found = estimate("binary", p, d, y, np.ones(2000, bool), costs=COSTS)
    expected = binary_kpis(y, p, None, COSTS, decision=d)
    del expected["threshold"]
    values = {name: part["value"] for name, part in found["combined"]["kpis"].items()}
    assert values == pytest.approx(expected)
    assert found["unlabelled"]["n"] == 0
    assert found["unlabelled"]["kpis"]["auc"] == {"value": None, "low": None, "high": None}


def test_the_expected_confusion_is_the_sum_of_the_probabilities():
    p, d, y, _ = world(100, 0)
    found = estimate("binary", p, d, y, np.zeros(100, bool))["unlabelled"]
    (tn, fp), (fn, tp) = found["confusion"]
    assert (tp, fp) == pytest.approx((p[d == 1].sum(), (1 - p[d == 1]).sum()))
    assert (fn, tn) == pytest.approx((p[d == 0].sum(), (1 - p[d == 0]).sum()))
    assert found["kpis"]["precision"]["value"] == pytest.approx(tp / (tp + fp))


def share_inside(worlds, part, realised):
    """Return by KPI in how many worlds the realised value lies in the expected interval."""
    inside: dict[str, int] = {}
    for world_ in worlds:
        found = estimate(*world_, costs=COSTS if world_[0] == "binary" else None)[part]["kpis"]
        for name, truth in realised(*world_[1:]).items():
            if name in found:
                hit = found[name]["low"] <= truth <= found[name]["high"]
                inside[name] = inside.get(name, 0) + hit
    return inside


@pytest.mark.slow
@pytest.mark.parametrize("slope", [1.0, 0.5])
def test_hidden_labels_give_kpis_inside_the_expected_intervals(slope):
    """Also where the stored probabilities are wrong, because the known labels correct them."""
    runs = 150
    worlds = (("binary", *world(1500, seed, slope=slope)) for seed in range(runs))
    inside = share_inside(
        worlds,
        "unlabelled",
        lambda p, d, y, labelled: {
            name: value
            for name, value in binary_kpis(
                y[~labelled], p[~labelled], None, COSTS, decision=d[~labelled]
            ).items()
            if name != "threshold"
        },
    )
    # At least the level: the interval also holds the draw of the records, which are the same here.
    assert min(inside.values()) >= binom.ppf(0.001, runs, 0.95)


@pytest.mark.slow
def test_hidden_labels_of_several_classes_too():
    runs = 60
    worlds = (("multiclass", *classes(800, seed)) for seed in range(runs))
    inside = share_inside(
        worlds,
        "unlabelled",
        lambda P, d, y, labelled: multiclass_kpis(
            y[~labelled], P[~labelled], decision=d[~labelled]
        ),
    )
    assert min(inside.values()) >= binom.ppf(0.001, runs, 0.95)


@pytest.mark.slow
def test_combined_intervals_hold_the_kpis_of_the_population_as_often_as_they_say():
    runs = 200
    p, d, y, _ = world(400_000, 10_000)
    truth = binary_kpis(y, p, None, COSTS, decision=d)
    inside = dict.fromkeys((name for name in truth if name != "threshold"), 0)
    for seed in range(runs):
        found = estimate("binary", *world(1500, seed), costs=COSTS)["combined"]["kpis"]
        for name in inside:
            inside[name] += found[name]["low"] <= truth[name] <= found[name]["high"]
    low, high = binom.ppf([0.001, 0.999], runs, 0.95)
    assert {name: hits for name, hits in inside.items() if not low <= hits <= high} == {}


def test_wrong_probabilities_mislead_the_estimate_until_labels_correct_them():
    p, d, y, labelled = world(20_000, 0, slope=0.5)
    realised = binary_kpis(y, p, None, COSTS, decision=d)["log_loss"]
    blind = estimate("binary", p, d, y, np.zeros(20_000, bool))
    corrected = estimate("binary", p, d, y, labelled)
    assert not blind["recalibration"]["used"]
    assert blind["all"]["kpis"]["log_loss"]["high"] < realised
    assert corrected["recalibration"]["slope"] == pytest.approx(0.5, abs=0.1)
    interval = corrected["all"]["kpis"]["log_loss"]
    assert interval["low"] <= realised <= interval["high"]


def test_no_rows_no_probabilities_and_regression_say_so():
    empty = np.empty(0)
    found = estimate("binary", empty, empty, empty, empty.astype(bool))
    assert found["all"]["n"] == 0
    assert found["all"]["kpis"]["auc"]["value"] is None
    assert "no probabilities" in estimate("binary", None, empty, empty, empty)["reason"]
    assert "regression" in estimate("regression", empty, None, empty, empty)["reason"]


def test_a_single_record_has_an_estimate_and_no_nan():
    found = estimate("binary", np.array([0.7]), np.array([1]), np.array([0]), np.array([False]))
    kpis = found["unlabelled"]["kpis"]
    assert kpis["accuracy"]["value"] == pytest.approx(0.7)
    assert kpis["auc"]["value"] is None
