"""The dashboard of the timing log: what the nine methods do, and what it costs."""

from __future__ import annotations

from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Dashboard

from crispml_core.adapters.influx.lines import ENTRY, EXIT
from crispml_core.domain.timings import STAGES, Outcome
from scripts.dashboards.choices import ENVIRONMENT, INSTANCE
from scripts.dashboards.frame import assemble, variable
from scripts.dashboards.influxql import select, tag_values
from scripts.dashboards.panels import INFLUXDB, RED, YELLOW, Influx, Prom, lines, number
from scripts.dashboards.points import GROUP, METHOD
from scripts.dashboards.promql import during, quantile, rate, share
from scripts.dashboards.registered import metric

UID = "crispml-methods"

CALLS = metric("crispml_method_duration_seconds")
ROWS = metric("crispml_method_rows_total")
STAGE = metric("crispml_group_stage_duration_seconds")
SLOW = metric("crispml_slow_calls_total")
POINTS = metric("crispml_timing_points_total")

ONE = {"use_case": "/^$use_case$/", "method": "/^$method$/"}
ENDED = {**ONE, "phase": EXIT}
GROUPS = {"use_case": "/^$use_case$/", "phase": EXIT}


def build() -> Dashboard:
    """Return the dashboard."""
    return assemble(
        UID,
        "CrispML methods",
        "What the nine methods do, how long it takes and what it costs: the timing log.",
        {
            "Now": _NOW,
            "Every call": _CALLS,
            "What calls cost": _COST,
            "Groups of requests": _GROUPS,
            "Histograms": _HISTOGRAMS,
        },
        [
            ENVIRONMENT,
            INSTANCE,
            variable("use_case", "Use case", tag_values(METHOD, "use_case"), source=INFLUXDB),
            variable("method", "Method", tag_values(METHOD, "method"), source=INFLUXDB),
        ],
        sources=("prometheus", "influxdb"),
        span="now-6h",
        refresh="1m",
    )


_NOW = (
    number(
        "Calls",
        "Calls of methods that ended, per second; on the scoring path one per group.",
        "calls/s",
        Prom(rate(CALLS, suffix="_count"), "calls"),
        width=6,
    ),
    number(
        "Failed calls",
        "Share of calls that ended with an error.",
        units.PercentUnit,
        Prom(
            share(
                rate(CALLS, suffix="_count", outcome=Outcome.ERROR.value),
                rate(CALLS, suffix="_count"),
            ),
            "failed",
        ),
        width=6,
        limits={0.001: YELLOW, 0.05: RED},
        decimals=2,
    ),
    number(
        "Slow calls",
        "Calls in the time shown that took longer than the settings allow; the log has stages.",
        units.Short,
        Prom(f"{during(SLOW)} or vector(0)", "slow"),
        width=6,
        limits={1: YELLOW},
        decimals=0,
    ),
    number(
        "Points lost",
        "Points for InfluxDB in the time shown that were dropped or given up. No call waits for "
        "InfluxDB, so that it loses points when it is away or too slow.",
        units.Short,
        Prom(f"{during(POINTS, outcome='dropped|failed')} or vector(0)", "lost"),
        width=6,
        limits={1: YELLOW},
        decimals=0,
    ),
)

_CALLS = (
    lines(
        "Calls by method",
        "How often each method ended in an interval, whatever came of it.",
        units.Short,
        Influx(
            select(METHOD, "seconds", "count({})", by=["method"], where=ENDED, fill="0"),
            "$tag_method",
        ),
    ),
    lines(
        "Mean time by method",
        "From the entry of a method to its exit.",
        units.Seconds,
        Influx(select(METHOD, "seconds", "mean({})", by=["method"], where=ENDED), "$tag_method"),
    ),
    lines(
        "Longest time by method",
        "The call of an interval that took longest.",
        units.Seconds,
        Influx(select(METHOD, "seconds", "max({})", by=["method"], where=ENDED), "$tag_method"),
    ),
    lines(
        "Rows by method",
        "Rows that went through each method in an interval.",
        units.Short,
        Influx(select(METHOD, "rows", "sum({})", by=["method"], where=ENDED), "$tag_method"),
    ),
    lines(
        "Failed calls by method",
        "Calls of an interval that ended with an error; the log says why.",
        units.Short,
        Influx(
            select(
                METHOD,
                "seconds",
                "count({})",
                by=["method"],
                where={**ENDED, "outcome": Outcome.ERROR.value},
            ),
            "$tag_method",
        ),
        limits={1: RED},
    ),
    lines(
        "Begun and ended",
        "A call that began and does not end runs still, or its process was killed.",
        units.Short,
        Influx(
            select(METHOD, "process", "count({})", where={**ONE, "phase": ENTRY}, fill="0"),
            "begun",
        ),
        Influx(
            select(METHOD, "process", "count({})", where={**ONE, "phase": EXIT}, fill="0"),
            "ended",
        ),
    ),
)

_COST = (
    lines(
        "Memory at the end of calls",
        "The most resident memory of a process in an interval, by method.",
        units.BytesIEC,
        Influx(
            select(METHOD, "resident_bytes", "max({})", by=["service", "method"], where=ENDED),
            "$tag_service $tag_method",
        ),
    ),
    lines(
        "Garbage collection in calls",
        "Seconds of an interval in which calls stood still for it, by method.",
        units.Seconds,
        Influx(select(METHOD, "gc_pause_s", "sum({})", by=["method"], where=ENDED), "$tag_method"),
    ),
    lines(
        "Connections in use",
        "The most connections to the database in an interval, and how many there may be.",
        units.Short,
        Influx(
            select(METHOD, "pool_in_use", "max({})", by=["service"], where=ENDED),
            "$tag_service in use",
        ),
        Influx(
            select(METHOD, "pool_size", "max({})", by=["service"], where=ENDED),
            "$tag_service at most",
        ),
    ),
)

_GROUPS = (
    lines(
        "Requests in a group",
        "Requests whose scores were committed together; they grow with the load.",
        units.Short,
        Influx(select(GROUP, "requests", "mean({})", where=GROUPS), "mean"),
        Influx(select(GROUP, "requests", "max({})", where=GROUPS), "largest"),
        Influx(select(GROUP, "waiting", "max({})", where=GROUPS), "waiting for the next"),
    ),
    lines(
        "Time of groups",
        "From when the oldest request of a group came until its scores were durable.",
        units.Seconds,
        Influx(select(GROUP, "seconds", "percentile({}, 50)", where=GROUPS), "p50"),
        Influx(select(GROUP, "seconds", "percentile({}, 95)", where=GROUPS), "p95"),
        Influx(select(GROUP, "seconds", "percentile({}, 99)", where=GROUPS), "p99"),
    ),
    lines(
        "What groups spend their time on",
        "Mean time by stage: waiting for the group before, the version, digests, the store.",
        units.Seconds,
        *(Influx(select(GROUP, f"{stage}_s", "mean({})", where=GROUPS), stage) for stage in STAGES),
        stacked=True,
    ),
)

_HISTOGRAMS = (
    lines(
        "Time of most calls",
        "95 of 100 calls of a method take at most this long, estimated from buckets.",
        units.Seconds,
        Prom(quantile(0.95, CALLS, "method", method="$method"), "{{method}}"),
        width=6,
    ),
    lines(
        "Rows per second",
        "Rows that go through each method.",
        "rows/s",
        Prom(rate(ROWS, "method", method="$method"), "{{method}}"),
        width=6,
    ),
    lines(
        "Time of stages",
        "95 of 100 groups spend at most this long on a stage.",
        units.Seconds,
        Prom(quantile(0.95, STAGE, "stage"), "{{stage}}"),
        width=6,
    ),
    lines(
        "Points for InfluxDB",
        "What became of the points: written, dropped for want of room, or given up.",
        "points/s",
        Prom(rate(POINTS, "outcome"), "{{outcome}}"),
        width=6,
    ),
)
