"""What Prometheus learns about alerts and actions.

The numbers are read from the database when Prometheus asks, so that they are right in every process
and after every start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import structlog
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from crispml_core.bootstrap.training import TrainingParts
from crispml_core.domain.errors import StoreUnavailable

_RULE = ("use_case", "rule", "severity")
_log = structlog.get_logger("crispml.training")


class MonitorMetrics(Collector):
    """Alerts, actions and messages, as they are stored.

    Parameters
    ----------
    parts : callable
        Gives the parts of the service; None until it has started.
    """

    def __init__(
        self, registry: CollectorRegistry, parts: Callable[[], TrainingParts | None]
    ) -> None:
        self._parts = parts
        registry.register(self)

    def describe(self) -> Iterator[Metric]:
        """Yield the metrics without a number: registering them must read nothing."""
        return iter(_families())

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics; without samples while the database is away."""
        firing, alerts, actions, messages = _families()
        parts = self._parts()
        try:
            if parts is not None:
                for rule, (now, ever) in parts.findings.alert_counts().items():
                    firing.add_metric(rule, now)
                    alerts.add_metric(rule, ever)
                for action, number in parts.findings.action_counts().items():
                    actions.add_metric(action, number)
                for status, number in parts.outbox.counts().items():
                    messages.add_metric([status], number)
        except StoreUnavailable as error:
            _log.warning("alerts_not_measured", error=error.message)
        yield from (firing, alerts, actions, messages)


def _families() -> tuple[
    GaugeMetricFamily, CounterMetricFamily, CounterMetricFamily, GaugeMetricFamily
]:
    return (
        GaugeMetricFamily("crispml_alert_firing", "1 while a rule fires.", labels=_RULE),
        CounterMetricFamily("crispml_alerts_total", "Alerts that ever fired.", labels=_RULE),
        CounterMetricFamily(
            "crispml_trigger_actions_total",
            "What rules set off besides alerts, by how far it came.",
            labels=("use_case", "kind", "status"),
        ),
        GaugeMetricFamily(
            "crispml_webhook_messages",
            "Messages for the webhook by status.",
            labels=("status",),
        ),
    )
