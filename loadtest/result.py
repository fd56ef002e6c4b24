"""The results of a load as one document."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from loadtest.account import Comparison
from loadtest.config import LoadSettings
from loadtest.figures import LoadReport, RequestFigures
from loadtest.histogram import Histogram
from loadtest.outcomes import Outcome

_PERCENTILES = {"p50_ms": 0.5, "p90_ms": 0.9, "p99_ms": 0.99, "p999_ms": 0.999}
_DIGITS = 3


def load_result(settings: LoadSettings, report: LoadReport, compared: Comparison) -> dict[str, Any]:
    """Return what a load came to.

    Counts are of the whole load: what goes wrong while it warms up went wrong. Times, rates and
    ``requests`` are of the measured part, and at the top of all requests that were planned.
    """
    by_request = report.figures.by_request
    planned = [figures for figures in by_request.values() if figures.is_open]
    latency, service = Histogram(), Histogram()
    for figures in planned:
        latency.merge(figures.latency)
        service.merge(figures.service)
    requests = sum(figures.requests for figures in planned)
    answered = sum(_answered(figures) for figures in planned)
    return {
        **asdict(compared),
        **{
            outcome.value: sum(figures.count(outcome) for figures in by_request.values())
            for outcome in Outcome
        },
        "requests": requests,
        "rate": _round(_per_second(answered, report.seconds)),
        "records_per_s": _round(_per_second(sum(f.records for f in planned), report.seconds)),
        "unsent_share": _round(
            sum(figures.measured.get(Outcome.UNSENT, 0) for figures in planned) / requests
            if requests
            else 0.0
        ),
        **_times(latency),
        **{f"service_{name}": value for name, value in _times(service).items()},
        "by_request": {
            name: _of_request(figures, report.seconds)
            for name, figures in sorted(by_request.items())
        },
        "locust_cpu": _round(max(report.cpu_shares, default=0.0)),
        "locust_cpus": [_round(share) for share in report.cpu_shares],
        "locust_late_p99_ms": _times(report.figures.lateness)["p99_ms"],
        "silent_processes": report.silent,
        "faults": report.faults,
        "measured_seconds": _round(report.seconds),
        "notes": report.figures.notes,
        "load": {
            "use_case": settings.use_case,
            "scenarios": list(settings.scenarios),
            "shape": settings.shape,
            "rate": settings.rate,
            "arrivals": settings.arrivals,
            "seconds": settings.seconds,
            "warm_up_s": settings.warm_up_s,
            "processes": settings.processes,
            "batch_rows": settings.batch_rows,
            "invalid_share": settings.invalid_share,
        },
    }


def _of_request(figures: RequestFigures, seconds: float) -> dict[str, Any]:
    return {
        "requests": figures.requests,
        "rate": _round(_per_second(_answered(figures), seconds)),
        "records_per_s": _round(_per_second(figures.records, seconds)),
        **{outcome.value: figures.count(outcome) for outcome in Outcome},
        "is_open": figures.is_open,
        **_times(figures.latency),
        **{f"service_{name}": value for name, value in _times(figures.service).items()},
    }


def _per_second(count: int, seconds: float) -> float:
    return count / seconds if seconds else 0.0


def _answered(figures: RequestFigures) -> int:
    """Return how many measured requests got the answer that they must."""
    return sum(figures.measured.get(outcome, 0) for outcome in Outcome if outcome.is_good)


def _times(histogram: Histogram) -> dict[str, float | None]:
    found = {name: histogram.percentile(share) for name, share in _PERCENTILES.items()}
    mean = histogram.sum_ms / histogram.total if histogram.total else None
    return {
        name: None if value is None else _round(value)
        for name, value in {**found, "mean_ms": mean, "max_ms": _maximum(histogram)}.items()
    }


def _maximum(histogram: Histogram) -> float | None:
    return histogram.max_ms if histogram.total else None


def _round(value: float) -> float:
    return round(value, _DIGITS)
