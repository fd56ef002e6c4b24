"""From figures to the ratios that issues ask for, and what each must reach."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

OURS, HELLO, MLSERVER, IN_PROCESS = "crispml", "hello", "mlserver", "predict_proba"
Figures = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Bound:
    """What a ratio must reach.

    Parameters
    ----------
    what : str
        The row of the table.
    limit : float
        At least this, or with `at_most` at most this.
    """

    what: str
    limit: float
    at_most: bool = False

    def is_met(self, value: float) -> bool:
        """Return whether a value keeps the bound."""
        return value <= self.limit if self.at_most else value >= self.limit


BOUNDS: dict[str, Bound] = {
    "single_c64_vs_hello": Bound("Requests/s at 64 connections against hello world", 1.5),
    "single_c64_vs_best_plain_peer": Bound("the same against the best plain peer", 70),
    "single_c64_vs_best_batching_peer": Bound("the same against the best batching peer", 15),
    "single_c1_p50_vs_hello": Bound("p50 at 1 connection against hello world", 2.5, True),
    "single_c64_p99_vs_hello": Bound("p99 at 64 connections against hello world", 1.0, True),
    "boosting_c64_vs_hello": Bound("Gradient boosting, 64 connections, against hello world", 1.0),
    "forest_c64_vs_hello": Bound("Random forest, 64 connections, against hello world", 0.5),
    "batch_parquet_vs_predict_proba": Bound(
        "100,000 rows of Parquet against `predict_proba` in process", 0.5
    ),
    "batch_json_vs_best_peer": Bound("JSON records against the best peer", 1.3),
    "v2_json_vs_mlserver": Bound("V2 JSON, 10,000 rows, against MLServer", 1.0),
    "idle_memory_vs_mlserver": Bound("Idle memory against MLServer", 0.6, True),
    "start_vs_mlserver": Bound("Process start to ready against MLServer", 0.6, True),
}


def ratios(figures: Figures, batching: Iterable[str]) -> dict[str, float | None]:
    """Return every ratio of `BOUNDS`; None where a figure is missing.

    Parameters
    ----------
    figures : mapping
        Figures by measurement, see the results.
    batching : iterable of str
        Names of the peers that collect requests into batches.
    """
    batches = set(batching)
    linear = _at(figures, "single", "logistic_regression") or {}
    peers = {name: entry for name, entry in linear.items() if name not in (OURS, HELLO)}
    rate, p50, p99 = "requests_per_s", "p50_ms", "p99_ms"

    def single(server: str, connections: int, figure: str, algorithm: str) -> float | None:
        return _at(figures, "single", algorithm, server, str(connections), figure)

    def against_hello(connections: int, figure: str, algorithm: str) -> float | None:
        ours = single(OURS, connections, figure, algorithm)
        return _ratio(ours, single(HELLO, connections, figure, algorithm))

    def best(wanted: Callable[[str], bool]) -> float | None:
        return _largest(_at(entry, "64", rate) for name, entry in peers.items() if wanted(name))

    mine = _at(linear, OURS, "64", rate)
    found = {
        "single_c64_vs_hello": against_hello(64, rate, "logistic_regression"),
        "single_c64_vs_best_plain_peer": _ratio(mine, best(lambda name: name not in batches)),
        "single_c64_vs_best_batching_peer": _ratio(mine, best(lambda name: name in batches)),
        "single_c1_p50_vs_hello": against_hello(1, p50, "logistic_regression"),
        "single_c64_p99_vs_hello": against_hello(64, p99, "logistic_regression"),
        "boosting_c64_vs_hello": against_hello(64, rate, "gradient_boosting"),
        "forest_c64_vs_hello": against_hello(64, rate, "random_forest"),
        "batch_parquet_vs_predict_proba": _rows(figures, "parquet", "100000", IN_PROCESS),
        "batch_json_vs_best_peer": _worst_records(figures),
        "v2_json_vs_mlserver": _rows(figures, "v2", "10000", MLSERVER),
        "idle_memory_vs_mlserver": _footprint(figures, "idle_mib"),
        "start_vs_mlserver": _footprint(figures, "start_s"),
    }
    return {name: None if value is None else round(value, 4) for name, value in found.items()}


def missed(found: Mapping[str, float | None]) -> list[str]:
    """Return the ratios that do not keep their bound, or could not be measured."""
    return [
        name
        for name, bound in BOUNDS.items()
        if (value := found.get(name)) is None or not bound.is_met(value)
    ]


def _worst_records(figures: Figures) -> float | None:
    """Return the smaller of the ratios for both sizes of a batch of JSON records."""
    entries = _at(figures, "batch", "records") or {}
    against = []
    for count in _at(entries, OURS) or {}:
        peers = [name for name in entries if name != OURS]
        best = _largest(_at(entries, name, count, "rows_per_s") for name in peers)
        against.append(_ratio(_at(entries, OURS, count, "rows_per_s"), best))
    known = [value for value in against if value is not None]
    return min(known) if known and len(known) == len(against) else None


def _rows(figures: Figures, form: str, count: str, other: str) -> float | None:
    entries = _at(figures, "batch", form) or {}
    return _ratio(_at(entries, OURS, count, "rows_per_s"), _at(entries, other, count, "rows_per_s"))


def _footprint(figures: Figures, figure: str) -> float | None:
    entries = figures.get("footprint") or {}
    return _ratio(_at(entries, OURS, figure), _at(entries, MLSERVER, figure))


def _at(figures: Any, *path: str) -> Any:
    """Follow a path into the figures; None where it ends early."""
    for name in path:
        figures = figures.get(name) if isinstance(figures, Mapping) else None
    return figures


def _ratio(value: float | None, base: float | None) -> float | None:
    return None if value is None or not base else value / base


def _largest(values: Iterable[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)
