import numpy as np
import pytest
from sklearn import metrics

from crispml_core.monitoring import curves


def scores(n):
    rng = np.random.default_rng(0)
    y = (rng.random(n) < 0.4).astype(int)
    return y, rng.normal(size=n) + y


def test_the_area_under_the_short_roc_curve_is_still_the_auc():
    y, p = scores(20_000)
    roc = curves.roc_curve(y, p)
    assert len(roc["fpr"]) <= curves.MAX_POINTS
    assert (roc["fpr"][0], roc["tpr"][0], roc["fpr"][-1], roc["tpr"][-1]) == (0, 0, 1, 1)
    area = metrics.auc(roc["fpr"], roc["tpr"])
    assert area == pytest.approx(metrics.roc_auc_score(y, p), abs=2e-3)


def test_a_precision_recall_curve_ends_at_the_share_of_positives():
    y, p = scores(500)
    pr = curves.pr_curve(y, p)
    assert len(pr["recall"]) <= curves.MAX_POINTS
    assert pr["recall"][-1] == 1.0
    assert pr["precision"][-1] == pytest.approx(pr["baseline"], abs=1e-6)


def test_one_class_has_no_curves():
    assert curves.roc_curve(np.ones(3), np.arange(3)) is None
    assert curves.pr_curve(np.ones(3), np.arange(3)) is None


def test_a_histogram_counts_every_value_once():
    found = curves.histogram({"a": np.array([0.1, 0.2]), "b": np.array([0.9])}, limits=(0, 1))
    assert {name: sum(part) for name, part in found["counts"].items()} == {"a": 2, "b": 1}


def test_a_scatter_is_bounded():
    found = curves.scatter(np.arange(5_000.0), np.arange(5_000.0))
    assert len(found["predicted"]) == len(found["actual"]) == curves.MAX_SCATTER
    assert found["of"] == 5_000


def test_errors_by_decile_follow_the_prediction():
    prediction = np.arange(100.0)[::-1]
    rows = curves.error_by_decile(prediction, prediction + np.where(prediction >= 90, 4.0, 1.0))
    assert [row["n"] for row in rows] == [10] * 10
    assert [row["mae"]["value"] for row in rows] == [1.0] * 9 + [4.0]
    assert rows[-1]["bias"] == -4.0


def test_fewer_than_ten_records_make_fewer_tenths():
    assert len(curves.error_by_decile(np.arange(3.0), np.arange(3.0))) == 3
