"""Effects and p-values of drift are those of evidently, on identical bins."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from crispml_core.monitoring.drift import statistics
from crispml_core.monitoring.drift.bins import cell_codes, fit_categories, fit_numbers
from crispml_core.monitoring.drift.reference import count_field

pytestmark = pytest.mark.slow

Ask = Callable[[str, Any], Any]


def samples(seed: int, rows: int, shift: float) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.lognormal(size=2000), rng.lognormal(shift, size=rows)


def test_effects_are_those_of_evidently(ask: Ask) -> None:
    asked, found = [], []
    for seed, shift in enumerate((0.0, 0.1, 0.5, 2.0)):
        before, now = samples(seed, 700, shift)
        bins = fit_numbers(before)
        # The cells are evidently's categories, so that both have the same bins.
        cells = [cell_codes(bins, values).clip(1, bins.cells - 3) for values in (before, now)]
        counts = [np.bincount(codes, minlength=bins.cells)[1:-2] for codes in cells]
        pair = {"reference": cells[0].tolist(), "current": cells[1].tolist()}
        asked += [{"test": "psi", **pair}, {"test": "jensen_shannon", **pair}]
        found.append(statistics.psi(*counts))
        # Theirs is in nats.
        found.append(statistics.jensen_shannon(*counts) * math.sqrt(math.log(2)))
    expected = ask("evidently", asked)
    assert max(found) > 1
    assert found == pytest.approx(expected)


def test_effects_of_categories_are_those_of_evidently(ask: Ask) -> None:
    rng = np.random.default_rng(0)
    before = rng.choice(["a", "b", "c", "d"], 900, p=[0.6, 0.25, 0.1, 0.05]).tolist()
    now = rng.choice(["a", "b", "c", "new"], 500, p=[0.5, 0.3, 0.15, 0.05]).tolist()
    bins = fit_categories(before)
    counts = [count_field(bins, values)[:-1] for values in (before, now)]
    pair = {"reference": before, "current": now}
    psi, distance = ask("evidently", [{"test": "psi", **pair}, {"test": "jensen_shannon", **pair}])
    assert statistics.psi(*counts) == pytest.approx(psi)
    in_nats = statistics.jensen_shannon(*counts) * math.sqrt(math.log(2))
    assert in_nats == pytest.approx(distance)


def test_p_values_are_those_of_evidently(ask: Ask) -> None:
    before, now = samples(7, 11_000, 0.02)
    bins = fit_numbers(before)
    cells = [cell_codes(bins, values) for values in (before, now)]
    counts = [np.bincount(codes, minlength=bins.cells)[:-1] for codes in cells]
    missing = ["no"] * 460 + ["yes"] * 40, ["no"] * 430 + ["yes"] * 70
    distance, rate = ask(
        "evidently",
        [
            {
                "test": "kolmogorov_smirnov",
                "reference": cells[0].tolist(),
                "current": cells[1].tolist(),
            },
            {"test": "z", "reference": missing[0], "current": missing[1]},
        ],
    )
    # Theirs is the asymptotic one for so many values, as ours is.
    assert statistics.kolmogorov_smirnov(*counts).p_value == pytest.approx(distance)
    assert statistics.rate_change(40, 500, 70, 500).p_value == pytest.approx(rate)
