"""What changed alerts and says how; what did not change seldom does."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from crispml_core.domain.drift import DriftCounts, DriftPolicy, FieldDrift
from crispml_core.domain.errors import InvalidInput
from crispml_core.monitoring.drift.correction import adjusted
from crispml_core.monitoring.drift.evaluation import evaluate, evaluate_windows
from crispml_core.monitoring.drift.reference import count_columns, count_field, fit_reference

NUMBERS = {"age", "amount", "prediction_probability"}
POLICY = DriftPolicy()


def draw(seed, rows, *, shift=0.0, purpose=(0.6, 0.3, 0.1), missing=0.05, new=0.0):
    rng = np.random.default_rng(seed)
    names = rng.choice(np.array(["car", "house", "study"], dtype=object), rows, p=purpose)
    names[rng.random(rows) < new] = "boat"
    amount = rng.exponential(size=rows)
    amount[rng.random(rows) < missing] = np.nan
    return {"age": rng.normal(40 + shift, 10, rows), "amount": amount, "purpose": names}


def answers(seed, rows, mean=0.0):
    rng = np.random.default_rng(seed)
    return {"prediction_probability": 1 / (1 + np.exp(-rng.normal(mean, 1, rows)))}


REFERENCE = fit_reference(
    draw(1, 2000),
    kinds=dict.fromkeys(NUMBERS, "number"),
    predictions=answers(3, 1500),
    label=np.array(["good"] * 700 + ["bad"] * 300),
)


def window(seed, rows, *, mean=0.0, **changes):
    columns = draw(seed, rows, **changes) | answers(seed, rows, mean)
    return count_columns(REFERENCE.fields, columns, {"": None})[""]


def alerts(counts, policy=POLICY, **more):
    found = evaluate(REFERENCE, counts, policy, **more)["alerts"]
    return {(alert["field"], alert["statistic"]) for alert in found}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"shift": 6}, {("age", "psi"), ("age", "kolmogorov_smirnov")}),
        ({"purpose": (0.3, 0.3, 0.4)}, {("purpose", "chi_square"), ("purpose", "jensen_shannon")}),
        ({"missing": 0.2}, {("amount", "missing_rate")}),
        ({"new": 0.1}, {("purpose", "unknown_rate")}),
        ({"mean": 0.7}, {("prediction_probability", "mean_shift")}),
        ({"shift": 90}, {("age", "unknown_rate")}),
    ],
)
def test_what_changed_alerts(changes, expected):
    found = alerts(window(2, 800, **changes))
    assert expected <= found
    assert {field for field, _ in found} == {field for field, _ in expected}


def test_an_alert_says_which_values_moved():
    report = evaluate(REFERENCE, window(2, 800, purpose=(0.2, 0.3, 0.5)), DriftPolicy())
    (alert, *_) = report["alerts"]
    assert alert["field"] == "purpose"
    assert alert["moved"][0]["value"] == "study"
    assert alert["moved"][0]["current"] == pytest.approx(0.5, abs=0.06)
    assert alert["moved"][0]["reference"] == pytest.approx(0.1, abs=0.03)
    assert report["worst"]["psi"]["field"] == "purpose"


def test_a_field_shows_all_of_its_cells_then_and_now():
    report = evaluate(REFERENCE, window(2, 800, missing=0.2, new=0.1), DriftPolicy())
    cells = {field["field"]: field["distribution"] for field in report["fields"]}
    assert [cell["value"] for cell in cells["purpose"]] == [
        *("car", "house", "study"),
        *("(unknown)", "missing"),
    ]
    assert cells["purpose"][-2]["current"] == pytest.approx(0.1, abs=0.03)
    assert cells["amount"][-1]["current"] == pytest.approx(0.2, abs=0.05)
    for field in cells.values():
        for when in ("reference", "current"):
            assert sum(cell[when] for cell in field) == pytest.approx(1)


def test_labels_are_compared_with_those_of_the_training():
    bins = REFERENCE.label.bins
    now = np.array(["good"] * 200 + ["bad"] * 200)
    labels = DriftCounts(400, tuple(count_field(bins, now).tolist()))
    assert ("label", "psi") in alerts(window(2, 400), labels=labels)


def test_an_effect_needs_a_p_value_and_a_p_value_an_effect():
    large_but_few = window(2, 120, purpose=(0.5, 0.35, 0.15))
    assert alerts(large_but_few, DriftPolicy(psi=0.001, level=1e-9)) == set()
    small_but_sure = window(2, 50_000, shift=1.5)
    report = evaluate(REFERENCE, small_but_sure, DriftPolicy())
    assert report["alerts"] == []
    age = report["fields"][0]["statistics"]["kolmogorov_smirnov"]
    assert age["adjusted_p"] < 0.01
    assert age["value"] < age["threshold"]


def test_few_records_are_not_tested():
    report = evaluate(REFERENCE, window(2, 99, shift=30), DriftPolicy())
    assert report["alerts"] == []
    assert not any(field["tested"] for field in report["fields"])
    assert alerts(window(2, 99, shift=30), DriftPolicy(min_rows=99))


def test_a_window_without_scores_says_nothing():
    report = evaluate(REFERENCE, window(2, 0), DriftPolicy())
    assert report["alerts"] == []
    assert report["worst"] == {}


def test_a_field_has_thresholds_of_its_own():
    drifted = window(2, 800, shift=6)
    tolerant = FieldDrift(field="age", psi=9, jensen_shannon=1, kolmogorov_smirnov=1, chi_square=1)
    assert alerts(drifted, DriftPolicy(fields=(tolerant,))) == set()
    assert alerts(drifted, DriftPolicy(fields=(FieldDrift(field="age", watch=False),))) == set()


@pytest.mark.parametrize("correction", ["benjamini-hochberg", "holm"])
def test_where_nothing_changed_at_most_one_evaluation_in_twenty_alerts(correction):
    # Thresholds of nothing: the p-values alone must keep the promise.
    no_effect = dict.fromkeys(
        ("psi", "jensen_shannon", "kolmogorov_smirnov", "chi_square", "missing_rate"), 0.0
    )
    policy = DriftPolicy(**no_effect, unknown_rate=0.0, mean_shift=0.0, correction=correction)
    false = sum(bool(alerts(window(seed, 300), policy)) for seed in range(100, 300))
    assert false <= 18


def test_tests_of_several_windows_are_corrected_together():
    windows = [(window(seed, 300), None) for seed in range(5)]
    alone = evaluate(REFERENCE, windows[0][0], DriftPolicy())
    together = evaluate_windows(REFERENCE, windows, DriftPolicy())[0]
    for one, other in zip(alone["fields"], together["fields"], strict=True):
        for name, found in one["statistics"].items():
            assert found["p_value"] == other["statistics"][name]["p_value"]


def test_corrections_by_hand_and_by_scipy():
    p_values = [0.01, 0.04, 0.03, 0.5]
    assert adjusted(p_values, "holm") == pytest.approx([0.04, 0.09, 0.09, 0.5])
    expected = stats.false_discovery_control(p_values)
    assert adjusted(p_values, "benjamini-hochberg") == pytest.approx(expected.tolist())
    assert adjusted([], "holm") == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"psi": -0.1},
        {"level": 0.0},
        {"level": 1.0},
        {"min_rows": 0},
        {"correction": "none"},
        {"fields": (FieldDrift(field="age"), FieldDrift(field="age"))},
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(InvalidInput, match="drift"):
        replace(DriftPolicy(), **wrong)
