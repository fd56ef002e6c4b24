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


def test_rates_and_extremes_are_those_of_fairlearn(ask: Callable[[str, Any], Any]) -> None:
    rng = np.random.default_rng(0)
    group = rng.integers(0, 3, 900)
    y = (rng.random(900) < 0.3 + 0.1 * group).astype(int)
    decision = (rng.random(900) < 0.2 + 0.3 * y + 0.1 * group).astype(int)
    grouping = Grouping(("a", "b", "c"), group)
    expected = ask(
        "fairlearn",
        {
            "y": y.tolist(),
            "decision": decision.tolist(),
            "group": [grouping.names[code] for code in group],
        },
    )
    (found,) = fairness(
        [Fairness(segment="s", favourable="yes")],
        "binary",
        None,
        decision,
        y,
        np.ones(900, bool),
        {"s": grouping},
        classes=("no", "yes"),
    )["attributes"]
    for part in found["groups"]:
        rates = {name: rate["value"] for name, rate in part["rates"].items()}
        assert rates == pytest.approx(
            {name: by[part["group"]] for name, by in expected["by_group"].items()}
        )
    assert found["extremes"] == pytest.approx(
        {name: expected[name] for name in ("selection_ratio", "equalised_odds")}
    )


def test_comparisons_are_those_of_statsmodels(ask: Callable[[str, Any], Any]) -> None:
    pairs = [(56, 70, 48, 80), (9, 10, 3, 10), (5, 56, 10, 29), (300, 1000, 250, 900)]
    rng = np.random.default_rng(1)
    samples = [rng.normal(size=40), rng.normal(0.5, 2.0, 25)]
    z = rng.normal(size=5000)
    y = rng.random(5000) < 1 / (1 + np.exp(-(0.8 * z + 0.2)))
    expected = ask(
        "statsmodels",
        {
            "pairs": pairs,
            "samples": [part.tolist() for part in samples],
            "y": y.astype(int).tolist(),
            "logit": z.tolist(),
        },
    )
    for (a, n, b, m), answer in zip(pairs, expected["pairs"], strict=True):
        for name, found in (
            ("difference", difference(Rate(a, n), Rate(b, m))),
            ("ratio", ratio(Rate(a, n), Rate(b, m))),
            ("wilson", Rate(a, n).interval),
        ):
            assert [found["low"], found["high"]] == pytest.approx(answer[name], abs=1e-9)
    found, p_value = mean_difference(*(Moments.of(part) for part in samples))
    assert p_value == pytest.approx(expected["welch"]["p_value"])
    assert [found["low"], found["high"]] == pytest.approx(expected["welch"]["interval"])
    calibration = calibration_of(y, 1 / (1 + np.exp(-z)))
    for name, value, bounds in zip(
        ("intercept", "slope"),
        expected["calibration"]["coefficients"],
        expected["calibration"]["interval"],
        strict=True,
    ):
        # The penalty worth one record is what is between them.
        assert calibration[name]["value"] == pytest.approx(value, abs=1e-3)
        assert [calibration[name][end] for end in ("low", "high")] == pytest.approx(
            bounds, abs=1e-3
        )
