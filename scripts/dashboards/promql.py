"""PromQL over metrics that exist; each function returns an expression.

Every selector asks for the processes chosen in the dashboard. The environment is a label of
``crispml_service_info`` only, so the list of processes is what an environment means here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from scripts.dashboards.registered import Metric, UnknownMetric

WINDOW = "[$__rate_interval]"
# Prometheus adds these to every series that it reads.
ADDED = ("instance", "job")


def series(metric: Metric, suffix: str = "", **matching: str) -> str:
    """Select the series of a metric.

    Parameters
    ----------
    suffix : str
        ``_count``, ``_sum`` or ``_bucket`` of a histogram.
    **matching
        Regular expressions, each for the whole value of a label.
    """
    known = (*metric.labels, "le") if suffix == "_bucket" else metric.labels
    _check(metric, known, matching)
    matchers = [
        f'{label}=~"{pattern}"' for label, pattern in {"instance": "$instance", **matching}.items()
    ]
    return f"{metric.name}{suffix}{{{','.join(matchers)}}}"


def rate(metric: Metric, *by: str, suffix: str = "", **matching: str) -> str:
    """Return how many per second, summed over what `by` does not name."""
    _is(metric, "counter" if not suffix else "histogram")
    return total("sum", f"rate({series(metric, suffix, **matching)}{WINDOW})", metric, by)


def during(metric: Metric, *by: str, **matching: str) -> str:
    """Return how many in the whole time that is shown."""
    _is(metric, "counter")
    return total("sum", f"increase({series(metric, **matching)}[$__range])", metric, by)


def share(part: str, whole: str) -> str:
    """Return a part of a whole, from 0 to 1; without a part it is 0, without a whole nothing."""
    return f"(({part}) or vector(0)) / (({whole}) > 0)"


def quantile(q: float, metric: Metric, *by: str, **matching: str) -> str:
    """Estimate a quantile from the buckets of a histogram."""
    _is(metric, "histogram")
    buckets = f"rate({series(metric, '_bucket', **matching)}{WINDOW})"
    _check(metric, (*metric.labels, *ADDED), by)
    return f"histogram_quantile({q}, sum by ({', '.join(('le', *by))}) ({buckets}))"


def mean(metric: Metric, *by: str, **matching: str) -> str:
    """Return the mean of what a histogram observed."""
    return (
        f"{rate(metric, *by, suffix='_sum', **matching)}"
        f" / {rate(metric, *by, suffix='_count', **matching)}"
    )


def gauge(metric: Metric, *by: str, over: str = "sum", **matching: str) -> str:
    """Return a gauge, aggregated over what `by` does not name.

    Parameters
    ----------
    over : str
        ``sum`` where each process has a part, ``max`` where each tells the same.
    """
    _is(metric, "gauge")
    return total(over, series(metric, **matching), metric, by)


def quantiles(metric: Metric, *by: str, **matching: str) -> str:
    """Return the quantiles that a summary tells of itself."""
    _is(metric, "summary")
    told = series(replace(metric, labels=(*metric.labels, "quantile")), quantile=".+", **matching)
    return f"max by ({', '.join((*by, 'quantile'))}) ({told})"


def count(metric: Metric, *by: str, **matching: str) -> str:
    """Return a counter as it is, for numbers that are read from the database."""
    _is(metric, "counter")
    return total("max", series(metric, **matching), metric, by)


def total(over: str, expression: str, metric: Metric, by: Iterable[str]) -> str:
    """Aggregate an expression of a metric by some of its labels."""
    _check(metric, (*metric.labels, *ADDED), by)
    kept = f" by ({', '.join(by)})" if by else ""
    return f"{over}{kept} ({expression})"


def values(metric: Metric, label: str, **matching: str) -> str:
    """Return the query of a variable: the values of a label.

    Unlike `series` it asks of all processes, because the list of processes is such a variable.
    """
    _check(metric, (*metric.labels, *ADDED), (label, *matching))
    matchers = ",".join(f'{name}=~"{pattern}"' for name, pattern in matching.items())
    return f"label_values({metric.name}{{{matchers}}}, {label})"


def _is(metric: Metric, kind: str) -> None:
    if metric.kind != kind:
        raise UnknownMetric(f"{metric.name} is a {metric.kind}, not a {kind}")


def _check(metric: Metric, known: Iterable[str], asked: Iterable[str]) -> None:
    unknown = sorted(set(asked) - set(known))
    if unknown:
        raise UnknownMetric(f"{metric.name} has no label {', '.join(unknown)}")
