import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from crispml_core.monitoring.recalibration import (
    MIN_LABELS,
    answer,
    fit,
    influence,
    logs,
    recalibrate,
)


def distorted(n, seed=0, slope=0.5, shift=-0.7):
    """Probabilities whose logit has to be multiplied and shifted to mean what it says."""
    rng = np.random.default_rng(seed)
    z = np.sort(rng.normal(size=n) * 1.5)
    p = 1 / (1 + np.exp(-z))
    truth = 1 / (1 + np.exp(-(slope * z + shift)))
    return np.stack((1 - p, p)), (rng.random(n) < truth).astype(int), truth


def test_two_classes_are_platt_scaling_on_the_logit():
    P, y, _ = distorted(3000)
    theta = fit(logs(P), y)
    z = (logs(P)[1] - logs(P)[0])[:, None]
    reference = LogisticRegression(C=1e6, tol=1e-10).fit(z, y)
    assert theta == pytest.approx([reference.coef_[0, 0], reference.intercept_[0]], abs=3e-3)


def test_several_classes_find_back_what_distorted_them():
    rng = np.random.default_rng(1)
    truth = rng.dirichlet([2, 2, 2], 20_000).T
    y = (rng.random(20_000) > truth.cumsum(axis=0)).sum(axis=0)
    stored = answer(logs(truth) * 2 - np.array([[0.0], [1.0], [-0.5]]), np.array([1.0, 0.0, 0.0]))
    Q = answer(logs(stored), fit(logs(stored), y))
    assert np.abs(Q - truth).mean() < 0.01
    assert np.abs(stored - truth).mean() > 0.1


def test_no_labelled_record_is_corrected_by_its_own_label():
    P, y, _ = distorted(400)
    labelled = np.arange(400) % 2 == 0
    before = recalibrate(P, y, labelled)
    for row in np.flatnonzero(labelled)[:10]:
        other = y.copy()
        other[row] = 1 - other[row]
        after = recalibrate(P, other, labelled)
        assert (after.Q[:, row] == before.Q[:, row]).all()
        assert (after.parameters != before.parameters).all()


def test_the_influence_gives_the_spread_of_the_parameters():
    draws, spreads = [], []
    for seed in range(200):
        P, y, _ = distorted(600, seed)
        theta = fit(logs(P), y)
        draws.append(theta)
        spreads.append((influence(logs(P), y, theta) ** 2).sum(axis=1))
    # The standard error of a standard deviation over 200 draws is 5 %.
    assert np.sqrt(np.mean(spreads, axis=0)) == pytest.approx(np.std(draws, axis=0), rel=0.2)


@pytest.mark.parametrize("labels", [0, 1, MIN_LABELS - 1])
def test_with_too_few_labels_the_stored_probabilities_are_kept(labels):
    P, y, _ = distorted(400)
    found = recalibrate(P, y, np.arange(400) < labels)
    assert found.Q is P
    assert "fewer than 200 labels" in found.reason


def test_a_perfect_separation_stays_finite():
    P, _, _ = distorted(1000)
    found = recalibrate(P, (P[1] > 0.5).astype(int), np.ones(1000, bool))
    assert np.isfinite(found.Q).all()
    assert np.isfinite(found.influence).all()
