from __future__ import annotations

from typing import Any

import pytest

from benchmarks.harness.ratios import BOUNDS, Bound, missed, ratios

BATCHING = ["mlserver_batching"]


def load(rate: float, p50: float = 1.0, p99: float = 2.0) -> dict[str, float]:
    return {"requests_per_s": rate, "p50_ms": p50, "p99_ms": p99}


def figures() -> dict[str, Any]:
    hello = {"1": load(4000, 0.25), "64": load(10_000, p99=10)}
    return {
        "single": {
            "logistic_regression": {
                "hello": hello,
                "crispml": {"1": load(2000, 0.5), "64": load(20_000, p99=5)},
                "mlflow": {"64": load(125)},
                "vetiver": {"64": load(200)},
                "kserve": {"error": "not installed"},
                "mlserver_batching": {"64": load(1000)},
            },
            "gradient_boosting": {"hello": hello, "crispml": {"64": load(12_000)}},
            "random_forest": {"hello": hello, "crispml": {"64": load(6000)}},
        },
        "batch": {
            "parquet": {
                "crispml": {"100000": {"rows_per_s": 300}},
                "predict_proba": {"100000": {"rows_per_s": 400}},
            },
            "records": {
                "crispml": {"10000": {"rows_per_s": 300}, "100000": {"rows_per_s": 200}},
                "mlflow": {"10000": {"rows_per_s": 100}, "100000": {"rows_per_s": 100}},
                "vetiver": {"10000": {"rows_per_s": 50}, "error": "too large"},
            },
            "v2": {
                "crispml": {"10000": {"rows_per_s": 220}},
                "mlserver": {"10000": {"rows_per_s": 200}},
            },
        },
        "footprint": {
            "crispml": {"start_s": 1.0, "idle_mib": 100.0},
            "mlserver": {"start_s": 2.0, "idle_mib": 200.0},
        },
    }


def test_ours_stands_over_the_other_of_the_same_run() -> None:
    assert ratios(figures(), BATCHING) == {
        "single_c64_vs_hello": 2.0,
        "single_c64_vs_best_plain_peer": 100.0,
        "single_c64_vs_best_batching_peer": 20.0,
        "single_c1_p50_vs_hello": 2.0,
        "single_c64_p99_vs_hello": 0.5,
        "boosting_c64_vs_hello": 1.2,
        "forest_c64_vs_hello": 0.6,
        "batch_parquet_vs_predict_proba": 0.75,
        "batch_json_vs_best_peer": 2.0,
        "v2_json_vs_mlserver": 1.1,
        "idle_memory_vs_mlserver": 0.5,
        "start_vs_mlserver": 0.5,
    }


def test_a_peer_that_failed_does_not_lower_the_best_peer() -> None:
    slow = figures()
    slow["single"]["logistic_regression"]["vetiver"] = {"error": "it ended"}
    assert ratios(slow, BATCHING)["single_c64_vs_best_plain_peer"] == 160.0


def test_the_yardstick_is_never_the_best_peer() -> None:
    alone = figures()
    linear = alone["single"]["logistic_regression"]
    alone["single"]["logistic_regression"] = {name: linear[name] for name in ("hello", "crispml")}
    assert ratios(alone, BATCHING)["single_c64_vs_best_plain_peer"] is None


def test_nothing_measured_gives_every_ratio_as_missing() -> None:
    found = ratios({}, BATCHING)
    assert set(found) == set(BOUNDS)
    assert set(found.values()) == {None}


def test_a_batch_size_that_failed_makes_the_ratio_missing_instead_of_better() -> None:
    broken = figures()
    for peer in ("mlflow", "vetiver"):
        broken["batch"]["records"][peer].pop("100000", None)
    assert ratios(broken, BATCHING)["batch_json_vs_best_peer"] is None


def test_what_misses_its_bound_or_was_not_measured_is_named() -> None:
    found = ratios(figures(), BATCHING)
    assert missed(found) == []
    found["single_c64_vs_hello"] = 1.49
    found["start_vs_mlserver"] = 0.61
    found["forest_c64_vs_hello"] = None
    assert missed(found) == ["single_c64_vs_hello", "forest_c64_vs_hello", "start_vs_mlserver"]


@pytest.mark.parametrize(
    ("bound", "value", "met"),
    [
        (Bound("a rate", 1.5), 1.5, True),
        (Bound("a rate", 1.5), 1.49, False),
        (Bound("a time", 2.5, at_most=True), 2.5, True),
        (Bound("a time", 2.5, at_most=True), 2.51, False),
    ],
)
def test_a_bound_is_met_from_its_limit_on(bound: Bound, value: float, met: bool) -> None:
    assert bound.is_met(value) is met
