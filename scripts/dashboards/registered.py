"""The metrics that the services register, with their labels: what a dashboard may ask for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from crispml_core.rest.audit_metrics import AuditMetrics
from crispml_core.rest.database_metrics import DatabaseMetrics
from crispml_core.rest.metrics import HttpMetrics
from crispml_scoring.metrics import ScoringMetrics
from crispml_training.audit_metrics import KeeperMetrics
from crispml_training.metrics import StoredMetrics


class UnknownMetric(LookupError):
    """A dashboard asks for a metric or a label that no service has."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric as Prometheus knows it.

    Parameters
    ----------
    name : str
        With ``_total`` if it is a counter; without ``_bucket`` if it is a histogram.
    kind : str
        counter, gauge or histogram.
    labels : tuple of str
        Without those that Prometheus adds.
    """

    name: str
    kind: str
    labels: tuple[str, ...]


def metric(name: str) -> Metric:
    """Return a metric that a service registers.

    Raises
    ------
    UnknownMetric
        If none does, for example after it was renamed.
    """
    try:
        return registered()[name]
    except KeyError:
        raise UnknownMetric(f"no service registers {name}") from None


def registry() -> CollectorRegistry:
    """Return a registry with every metric of both services."""
    made = HttpMetrics().registry
    DatabaseMetrics(made)
    AuditMetrics(made)
    KeeperMetrics(made)
    ScoringMetrics(made)
    StoredMetrics(made, lambda: None)
    return made


@cache
def registered() -> Mapping[str, Metric]:
    """Return every metric of both services by its name."""
    # The registry tells families but not the labels of those without a sample.
    collectors: list[Collector] = list(registry()._collector_to_names)
    return {found.name: found for collector in collectors for found in _metrics(collector)}


def _metrics(collector: Collector) -> Iterator[Metric]:
    if isinstance(collector, MetricWrapperBase):
        families = [(collector._name, collector._type or "untyped", collector._labelnames)]
    else:
        described: list[Family] = list(getattr(collector, "describe", list)())
        families = [(one.name, one.type, getattr(one, "_labelnames", ())) for one in described]
    for name, kind, labels in families:
        yield Metric(f"{name}_total" if kind == "counter" else name, kind, tuple(labels))
