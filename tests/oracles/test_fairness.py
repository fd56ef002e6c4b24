"""Numbers by group are those of fairlearn, and comparisons those of statsmodels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from crispml_core import Fairness
from crispml_core.monitoring.fairness import fairness
from crispml_core.monitoring.group_outcomes import calibration_of
from crispml_core.monitoring.two_groups import Moments, Rate, difference, mean_difference, ratio
from crispml_core.tables.groupings import Grouping

pytestmark = pytest.mark.slow

PROPORTIONS = [(56, 70, 48, 80), (9, 10, 3, 10), (5, 56, 10, 29), (300, 1000, 250, 900)]
RNG = np.random.default_rng(0)
GROUP = RNG.integers(0, 3, 900)
Y = (RNG.random(900) < 0.3 + 0.1 * GROUP).astype(int)
DECISION = (RNG.random(900) < 0.2 + 0.3 * Y + 0.1 * GROUP).astype(int)
MEANS = [RNG.normal(size=40), RNG.normal(0.5, 2.0, 25)]
LOGIT = RNG.normal(size=5000)
TRUTH = RNG.random(5000) < 1 / (1 + np.exp(-(0.8 * LOGIT + 0.2)))


@pytest.fixture(scope="module")
def expected(ask: Callable[[str, Any], Any]) -> Any:
    return ask(
        "fairness",
        {
            "decisions": {
                "y": Y.tolist(),
                "decision": DECISION.tolist(),
                "group": ["abc"[code] for code in GROUP],
            },
            "proportions": PROPORTIONS,
            "means": [part.tolist() for part in MEANS],
            "calibration": {"y": TRUTH.astype(int).tolist(), "logit": LOGIT.tolist()},
        },
    )


def test_rates_and_extremes_are_those_of_fairlearn(expected: Any) -> None:
    (found,) = fairness(
        [Fairness(segment="s", favourable="yes")],
        "binary",
        None,
        DECISION,
        Y,
        np.ones(900, bool),
        {"s": Grouping(("a", "b", "c"), GROUP)},
        classes=("no", "yes"),
    )["attributes"]
    for part in found["groups"]:
        rates = {name: rate["value"] for name, rate in part["rates"].items()}
        assert rates == pytest.approx(
            {name: by[part["group"]] for name, by in expected["decisions"]["by_group"].items()}
        )
    assert found["extremes"] == pytest.approx(
        {name: expected["decisions"][name] for name in ("selection_ratio", "equalised_odds")}
    )


@pytest.mark.parametrize("number", range(len(PROPORTIONS)))
def test_two_rates_compare_as_in_statsmodels(expected: Any, number: int) -> None:
    a, n, b, m = PROPORTIONS[number]
    for name, found in (
        ("difference", difference(Rate(a, n), Rate(b, m))),
        ("ratio", ratio(Rate(a, n), Rate(b, m))),
        ("wilson", Rate(a, n).interval),
    ):
        bounds = expected["proportions"][number][name]
        assert [found["low"], found["high"]] == pytest.approx(bounds, abs=1e-9)


def test_two_means_compare_as_in_statsmodels(expected: Any) -> None:
    found, p_value = mean_difference(*(Moments.of(part) for part in MEANS))
    assert p_value == pytest.approx(expected["means"]["p_value"])
    assert [found["low"], found["high"]] == pytest.approx(expected["means"]["interval"])


def test_slope_and_intercept_are_those_of_statsmodels(expected: Any) -> None:
    found = calibration_of(TRUTH, 1 / (1 + np.exp(-LOGIT)))
    answer = expected["calibration"]
    for number, name in enumerate(("intercept", "slope")):
        # The penalty worth one record is what is between them.
        value, *bounds = (found[name][part] for part in ("value", "low", "high"))
        assert value == pytest.approx(answer["coefficients"][number], abs=1e-3)
        assert bounds == pytest.approx(answer["interval"][number], abs=1e-3)
