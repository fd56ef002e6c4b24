"""The dashboard of models: who answers, and whether promises still hold."""

from __future__ import annotations

from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Dashboard

from scripts.dashboards.choices import ENVIRONMENT, INSTANCE, USE_CASE, VERSION
from scripts.dashboards.frame import Moves, assemble
from scripts.dashboards.panels import GREEN, RED, Prom, lines, states
from scripts.dashboards.promql import count, gauge, quantiles, rate, series
from scripts.dashboards.registered import metric

UID = "crispml-models"

SCORES = metric("crispml_scores_total")
SHADOW = metric("crispml_shadow_scores_total")
SHADOW_DROPPED = metric("crispml_shadow_dropped_total")
LABELS = metric("crispml_labels_total")
DRIFT = metric("crispml_drift")
FIRING = metric("crispml_alert_firing")
KPI = metric("crispml_kpi")
KEPT = metric("crispml_kpi_gate_kept")
BOUND = metric("crispml_kpi_gate_bound")
COVERAGE = metric("crispml_label_coverage_ratio")
LAG = metric("crispml_label_lag_seconds")
REPORT = metric("crispml_report_timestamp_seconds")
ALIAS = metric("crispml_alias_info")
MOVES = metric("crispml_alias_moves_total")
SERVICES = metric("crispml_service_info")

CASE = {"use_case": "$use_case"}
ONE = {**CASE, "version": "$version"}
# A report is about one version, or about all that answered.
REPORTED = {**CASE, "version": "$version|all"}
# Which version came behind an alias since the interval before; not when numbers only just begin.
_BEHIND = series(ALIAS, model="$use_case")
MOVED = (
    f"group by (model, alias, version) ({_BEHIND})"
    f" unless group by (model, alias, version) ({_BEHIND} offset $__interval)"
    f" and on () group({series(SERVICES, service='training')} offset $__interval)"
)


def build() -> Dashboard:
    """Return the dashboard."""
    return assemble(
        UID,
        "CrispML models",
        "Who answers, has the world changed, and do the promises still hold?",
        {
            "Who answers": _SCORES,
            "Do the promises hold?": _PROMISES,
            "Has the world changed?": _DRIFT,
        },
        [ENVIRONMENT, INSTANCE, USE_CASE, VERSION],
        annotations=[
            Moves("Aliases", MOVED, "{{model}}: {{alias}} moved", "to version {{version}}")
        ],
        span="now-24h",
        refresh="1m",
    )


_SCORES = (
    states(
        "Behind the aliases",
        "Which version an alias names, and since when. Moves are marks in all panels.",
        Prom(f"max by (model, alias, version) ({_BEHIND})", "{{model}} {{alias}}: {{version}}"),
        words={"1": "here"},
        limits={1: GREEN},
        width=16,
    ),
    lines(
        "Moves of aliases",
        "How often an alias was moved since it exists, removals included.",
        units.Short,
        Prom(count(MOVES, "model", "alias", model="$use_case"), "{{model}} {{alias}}"),
    ),
    lines(
        "Scores by version",
        "Scores made durable and answered, by the version that answered.",
        "scores/s",
        Prom(rate(SCORES, "use_case", "version", **ONE), "{{use_case}} {{version}}"),
    ),
    lines(
        "Shadow scores",
        "What a challenger said to the same records, answered to nobody.",
        "scores/s",
        Prom(rate(SHADOW, "use_case", "version", **CASE), "{{use_case}} {{version}}"),
    ),
    lines(
        "Not scored in the shadow",
        "Records that a challenger left out, by reason; the champion comes first.",
        "records/s",
        Prom(
            f"{rate(SHADOW_DROPPED, 'use_case', 'reason', **CASE)} or vector(0)",
            "{{use_case}} {{reason}}",
        ),
    ),
)

_PROMISES = (
    lines(
        "KPIs and their gates",
        "KPIs of the newest verification report, beside what the use case asks of them.",
        units.Short,
        Prom(gauge(KPI, "kpi", "version", over="max", **REPORTED), "{{kpi}} of {{version}}"),
        Prom(gauge(BOUND, "kpi", "bound", over="max", **CASE), "{{kpi}} {{bound}}"),
        width=12,
    ),
    states(
        "Gates",
        "Whether the whole interval of a KPI keeps its gate. A gap is undecided: too few labels.",
        Prom(
            gauge(KEPT, "use_case", "kpi", "version", over="max", **REPORTED),
            "{{use_case}} {{kpi}} of {{version}}",
        ),
        words={"0": "not kept", "1": "kept"},
        limits={0: RED, 1: GREEN},
        width=12,
    ),
    lines(
        "Scores with a label",
        "Share of the scores of the newest verification report whose truth is known.",
        units.PercentUnit,
        Prom(gauge(COVERAGE, "use_case", "version", over="max", **REPORTED), "{{version}}"),
        width=6,
        most=1,
    ),
    lines(
        "Label lag",
        "How long the truth takes: half, nine in ten and all labels came at most so much later.",
        units.Seconds,
        Prom(quantiles(LAG, "use_case", **CASE), "{{use_case}} q{{quantile}}"),
        width=6,
    ),
    lines(
        "Labels",
        "Labels that came, by what became of them; unknown ones name no record that was scored.",
        "labels/s",
        Prom(rate(LABELS, "use_case", "verdict", **CASE), "{{use_case}} {{verdict}}"),
        width=6,
    ),
    lines(
        "Age of the report",
        "How long ago the newest verification report was made; a report on a schedule keeps young.",
        units.Seconds,
        Prom(
            f"clamp_min(time() - {gauge(REPORT, 'use_case', over='max', **CASE)}, 0)",
            "{{use_case}}",
        ),
        width=6,
    ),
)

_DRIFT = (
    lines(
        "The ten fields that moved most",
        "How far the scores of the last day are from the training data. The use case decides what "
        "is much, so the height alone is no alarm.",
        units.Short,
        Prom(
            f"topk(10, {gauge(DRIFT, 'use_case', 'field', 'statistic', over='max', **ONE)})",
            "{{use_case}} {{field}} {{statistic}}",
        ),
        width=12,
    ),
    lines(
        "Rules that fire",
        "Rules of the use case that are broken now.",
        units.Short,
        Prom(gauge(FIRING, "use_case", "rule", over="max", **CASE), "{{use_case}} {{rule}}"),
        width=12,
        limits={1: RED},
    ),
)
