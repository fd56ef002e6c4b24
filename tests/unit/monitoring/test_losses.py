"""The loss of each record, against scikit-learn, and within its bound."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import (
    brier_score_loss,
    log_loss,
    mean_absolute_error,
    mean_squared_error,
)

from crispml_core import Challenge, CostMatrix, Target
from crispml_core.domain.errors import InvalidInput
from crispml_core.monitoring.losses import largest_loss, metric_of, record_losses

BINARY = Target("y", "binary", values=("no", "yes"), positive="yes")
THREE = Target("y", "multiclass", values=("a", "b", "c"))
NUMBER = Target("y", "regression")
COSTS = CostMatrix(false_positive=1, false_negative=5, true_positive=-2)


@pytest.fixture
def random():
    return np.random.default_rng(0)


def losses(metric, target, y, prediction, decision=None, **more):
    challenge = Challenge(metric=metric, **more)
    found = record_losses(challenge, target, COSTS, y=y, prediction=prediction, decision=decision)
    assert found.min() >= 0
    assert found.max() <= largest_loss(challenge, target, COSTS)
    return found


def test_binary_losses(random):
    y, p = random.integers(0, 2, 500), random.uniform(0.01, 0.99, 500)
    decision = (p > 0.3).astype(int)

    assert losses("brier", BINARY, y, p).mean() == pytest.approx(brier_score_loss(y, p))
    assert losses("log_loss", BINARY, y, p).mean() == pytest.approx(log_loss(y, p))
    by_hand = {(0, 0): 0, (0, 1): 1, (1, 0): 5, (1, 1): -2}
    wanted = [by_hand[int(t), int(d)] + 2 for t, d in zip(y, decision, strict=True)]
    assert losses("cost", BINARY, y, p, decision).tolist() == wanted
    assert largest_loss(Challenge(), BINARY, COSTS) == 7


def test_multiclass_losses(random):
    y, p = random.integers(0, 3, 500), random.dirichlet([2, 2, 2], 500).clip(0.01)
    p /= p.sum(axis=1, keepdims=True)

    truth = np.eye(3)[y]
    assert losses("log_loss", THREE, y, p).mean() == pytest.approx(log_loss(y, p))
    assert losses("brier", THREE, y, p) == pytest.approx(((p - truth) ** 2).sum(axis=1) / 2)


def test_regression_losses_count_up_to_the_largest(random):
    y, p = random.normal(size=500), random.normal(size=500)

    whole = losses("squared_error", NUMBER, y, p, largest_loss=1e6)
    assert whole.mean() == pytest.approx(mean_squared_error(y, p))
    assert losses("absolute_error", NUMBER, y, p, largest_loss=1e6).mean() == pytest.approx(
        mean_absolute_error(y, p)
    )
    cut = losses("squared_error", NUMBER, y, p, largest_loss=1.0)
    assert cut.tolist() == np.minimum(whole, 1.0).tolist()


def test_a_sure_mistake_has_a_largest_log_loss():
    found = losses("log_loss", BINARY, np.array([1, 0]), np.array([0.0, 0.0]))
    assert found[0] == largest_loss(Challenge(metric="log_loss"), BINARY, COSTS) == -np.log(1e-3)
    assert found[1] == 0


@pytest.mark.parametrize(
    ("metric", "target"),
    [("cost", THREE), ("brier", NUMBER), ("squared_error", BINARY), (None, NUMBER)],
)
def test_a_loss_that_does_not_suit_the_target_is_refused(metric, target):
    more = {"largest_loss": 1.0} if metric == "squared_error" else {}
    with pytest.raises(InvalidInput, match="challenge: "):
        metric_of(Challenge(metric=metric, **more), target)
