"""The dashboard of models: who answers, and whether promises still hold."""

from __future__ import annotations

from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Dashboard

from scripts.dashboards.choices import ENVIRONMENT, INSTANCE, USE_CASE, VERSION
from scripts.dashboards.frame import assemble
from scripts.dashboards.panels import RED, Prom, lines
from scripts.dashboards.promql import gauge, rate
from scripts.dashboards.registered import metric

UID = "crispml-models"

SCORES = metric("crispml_scores_total")
SHADOW = metric("crispml_shadow_scores_total")
SHADOW_DROPPED = metric("crispml_shadow_dropped_total")
DRIFT = metric("crispml_drift")
FALLBACK = metric("crispml_fallback_serving")
UNFIT = metric("crispml_champion_unfit")
FIRING = metric("crispml_alert_firing")

ONE = {"use_case": "$use_case", "version": "$version"}


def build() -> Dashboard:
    """Return the dashboard."""
    return assemble(
        UID,
        "CrispML models",
        "Who answers, has the world changed, and do the promises still hold?",
        {"Who answers": _SCORES, "Has the world changed?": _DRIFT},
        [ENVIRONMENT, INSTANCE, USE_CASE, VERSION],
        span="now-24h",
        refresh="1m",
    )


_SCORES = (
    lines(
        "Scores",
        "Scores made durable and answered, by version.",
        units.Short,
        Prom(rate(SCORES, "use_case", "version", **ONE), "{{use_case}} {{version}}"),
    ),
    lines(
        "Shadow scores",
        "What a challenger said to the same records, answered to nobody.",
        units.Short,
        Prom(rate(SHADOW, "use_case", "version", use_case="$use_case"), "{{use_case}} {{version}}"),
    ),
    lines(
        "Not scored in the shadow",
        "Records that a challenger left out, by reason; the champion comes first.",
        units.Short,
        Prom(
            f"{rate(SHADOW_DROPPED, 'use_case', 'reason', use_case='$use_case')} or vector(0)",
            "{{use_case}} {{reason}}",
        ),
    ),
)

_DRIFT = (
    lines(
        "Drift of the ten fields that moved most",
        "How far the scores of the last day are from the training data. The thresholds of a use "
        "case decide what is much, so the height alone is no alarm.",
        units.Short,
        Prom(
            f"topk(10, {gauge(DRIFT, 'use_case', 'field', 'statistic', over='max', **ONE)})",
            "{{use_case}} {{field}} {{statistic}}",
        ),
        width=12,
    ),
    lines(
        "Alerts that fire",
        "Rules of the use case that are broken now.",
        units.Short,
        Prom(
            gauge(FIRING, "use_case", "rule", over="max", use_case="$use_case"),
            "{{use_case}} {{rule}}",
        ),
        width=12,
        limits={1: RED},
    ),
)
