import numpy as np
import pytest

from crispml_core.domain.targets import CostMatrix
from crispml_core.monitoring.binary import binary_kpis
from crispml_core.monitoring.track_record import track_record


def months(n_slices=8, n=400, seed=0, slope=1.0, changes=99):
    """Months of labelled scores; from `changes` on the truth turns away from the score."""
    rng = np.random.default_rng(seed)
    slices = np.repeat(np.arange(n_slices), n)
    z = rng.normal(size=len(slices))
    logit = np.where(slices >= changes, 0.2 * z + 1.5, slope * z)
    y = (rng.random(len(z)) < 1 / (1 + np.exp(-logit))).astype(int)
    p = 1 / (1 + np.exp(-z))
    return p, (p >= 0.5).astype(int), y, slices


def test_each_slice_is_held_against_what_came_true():
    p, d, y, slices = months()
    found = track_record("binary", p, d, y, slices, costs=CostMatrix(1, 5))
    assert found["reason"] is None
    assert [part["slice"] for part in found["slices"]] == list(range(8))
    third = slices == 3
    expected = binary_kpis(y[third], p[third], None, CostMatrix(1, 5), decision=d[third])
    kpis = found["slices"][3]["kpis"]
    assert {name: part["realised"] for name, part in kpis.items()} == {
        name: expected[name] for name in kpis
    }
    errors = [
        part["kpis"]["auc"]["estimated"]["value"] - part["kpis"]["auc"]["realised"]
        for part in found["slices"]
    ]
    summary = found["kpis"]["auc"]
    assert summary["slices"] == 8
    assert summary["bias"]["value"] == pytest.approx(np.mean(errors))
    assert summary["absolute_error"] == pytest.approx(np.mean(np.abs(errors)))


def test_the_order_of_the_rows_changes_no_bit():
    p, d, y, slices = months(n=100)
    p = p.round(1)
    mixed = np.random.default_rng(0).permutation(len(p))
    assert track_record("binary", p, d, y, slices) == track_record(
        "binary", p[mixed], d[mixed], y[mixed], slices[mixed]
    )


def test_a_slice_is_estimated_without_its_own_and_later_labels():
    p, d, y, slices = months()
    later = y.copy()
    later[slices >= 5] = 1 - later[slices >= 5]
    before, after = (track_record("binary", p, d, truth, slices)["slices"] for truth in (y, later))
    for number in range(6):
        for name, pair in before[number]["kpis"].items():
            assert after[number]["kpis"][name]["estimated"] == pair["estimated"]
    assert not before[0]["recalibrated"]
    assert before[1]["recalibrated"]


def test_a_good_estimator_has_a_good_record():
    found = track_record("binary", *months(n_slices=20))["kpis"]
    for name in ("auc", "accuracy", "brier", "log_loss"):
        assert found[name]["inside"]["value"] >= 0.8
        assert found[name]["bias"]["low"] <= 0.01
        assert found[name]["bias"]["high"] >= -0.01


def test_an_estimator_that_cannot_see_a_change_has_a_bad_record():
    found = track_record("binary", *months(n_slices=6, n=1000, changes=3))
    assert found["kpis"]["auc"]["bias"]["value"] > 0.05
    inside = [
        pair["estimated"]["low"] <= pair["realised"] <= pair["estimated"]["high"]
        for pair in (part["kpis"]["auc"] for part in found["slices"])
    ]
    assert inside[:3] == [True] * 3
    assert not any(inside[3:])


def test_a_record_needs_slices_and_probabilities():
    p, d, y, slices = months(n_slices=2, n=30)
    assert "fewer than 3 slices" in track_record("binary", p, d, y, slices)["reason"]
    assert "no probabilities" in track_record("binary", None, d, y, slices)["reason"]
    assert "regression" in track_record("regression", p, None, y, slices)["reason"]


def test_slices_of_one_class_have_no_ranking_and_no_nan():
    p, d, _, slices = months(n_slices=3, n=30)
    found = track_record("binary", p, d, np.zeros(len(p)), slices)["kpis"]["auc"]
    assert found == {
        "slices": 0,
        "bias": {"value": None, "low": None, "high": None},
        "absolute_error": None,
        "inside": {"value": None, "low": None, "high": None},
    }
