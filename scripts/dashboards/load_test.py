"""The dashboard of a load test: how much a service takes, and what gives way first."""

from __future__ import annotations

from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Dashboard

from loadtest.outcomes import Outcome
from scripts.dashboards.choices import ENVIRONMENT, INSTANCE
from scripts.dashboards.frame import assemble
from scripts.dashboards.influxql import select
from scripts.dashboards.panels import RED, YELLOW, Influx, Prom, lines, number
from scripts.dashboards.points import LOAD
from scripts.dashboards.promql import gauge, mean, quantile, rate, share
from scripts.dashboards.registered import metric

UID = "crispml-load-test"

REQUESTS = metric("crispml_http_requests_total")
LATENCY = metric("crispml_http_request_duration_seconds")
IN_FLIGHT = metric("crispml_http_requests_in_flight")
SCORES = metric("crispml_scores_total")
COMMITS = metric("crispml_commit_duration_seconds")
QUEUE = metric("crispml_queue_ratio")
STAGE = metric("crispml_group_stage_duration_seconds")
CONNECTIONS = metric("crispml_database_connections")
MEMORY = metric("crispml_process_resident_bytes")
PAUSE_S = metric("crispml_gc_pause_seconds_total")

# The scoring routes of all dialects; what else is asked meanwhile is not the load.
SCORING = {"route": ".*new-data-score|/invocations|.*/infer"}
PROMISED = "0.025"


def build() -> Dashboard:
    """Return the dashboard."""
    return assemble(
        UID,
        "CrispML load test",
        "How much does scoring take, and what gives way first?",
        {"How much": _LOAD, "What gives way": _LIMITS, "What clients see": _CLIENTS},
        [ENVIRONMENT, INSTANCE],
        sources=("prometheus", "influxdb"),
        span="now-15m",
        refresh="5s",
    )


_LOAD = (
    number(
        "Requests",
        "Scoring requests answered per second, in any dialect.",
        units.RequestsPerSecond,
        Prom(rate(REQUESTS, **SCORING), "requests"),
    ),
    number(
        "Scores",
        "Records scored and made durable per second.",
        "scores/s",
        Prom(rate(SCORES), "scores"),
    ),
    number(
        "In 25 ms",
        "Share of scoring requests that were answered within 25 ms.",
        units.PercentUnit,
        Prom(
            share(
                rate(LATENCY, suffix="_bucket", le=PROMISED, **SCORING),
                rate(LATENCY, suffix="_count", **SCORING),
            ),
            "in time",
        ),
    ),
    number(
        "Shed",
        "Share of scoring requests that were refused because too many came: 429 and 503.",
        units.PercentUnit,
        Prom(share(rate(REQUESTS, status="429|503", **SCORING), rate(REQUESTS, **SCORING)), "shed"),
        limits={0.001: YELLOW, 0.01: RED},
        decimals=2,
    ),
    number(
        "Failed",
        "Share of scoring requests with a status of 500 and above, without those that were shed.",
        units.PercentUnit,
        Prom(
            share(
                rate(REQUESTS, status="50[0-24-9]|5[1-9].", **SCORING), rate(REQUESTS, **SCORING)
            ),
            "failed",
        ),
        limits={0.001: RED},
        decimals=2,
    ),
    number(
        "Requests per commit",
        "Records that share one transaction: the more load, the larger the groups.",
        units.Short,
        Prom(f"{rate(SCORES)} / ({rate(COMMITS, suffix='_count')} > 0)", "records"),
        decimals=1,
    ),
    lines(
        "Requests by dialect",
        "Scoring requests per second, by the protocol they came in.",
        units.RequestsPerSecond,
        Prom(rate(REQUESTS, "route", **SCORING), "{{route}}"),
        stacked=True,
    ),
    lines(
        "Time of scoring requests",
        "From the first byte of a request to the last byte of its answer.",
        units.Seconds,
        Prom(quantile(0.5, LATENCY, **SCORING), "p50"),
        Prom(quantile(0.95, LATENCY, **SCORING), "p95"),
        Prom(quantile(0.99, LATENCY, **SCORING), "p99"),
        Prom(quantile(0.999, LATENCY, **SCORING), "p99.9"),
    ),
    lines(
        "Answers by status",
        "2xx is a durable score; 429 and 503 were shed; what else begins with 5 is a defect.",
        units.RequestsPerSecond,
        Prom(rate(REQUESTS, "status", **SCORING), "{{status}}"),
        stacked=True,
    ),
)

_LIMITS = (
    lines(
        "Being answered",
        "Requests in the works, by process. An even spread says that the load is balanced.",
        units.Short,
        Prom(gauge(IN_FLIGHT, "instance"), "{{instance}}"),
    ),
    lines(
        "Queue of commits",
        "How full the queue is; at 1 requests are refused.",
        units.PercentUnit,
        Prom(gauge(QUEUE, "instance", over="max"), "{{instance}}"),
        limits={0.5: YELLOW, 0.9: RED},
        most=1,
    ),
    lines(
        "Time of commits",
        "When this grows and the queue with it, the database gives way first.",
        units.Seconds,
        Prom(quantile(0.5, COMMITS), "p50"),
        Prom(quantile(0.99, COMMITS), "p99"),
    ),
    lines(
        "Time of stages",
        "Where the time of a group goes: waiting, the version, digests, the store.",
        units.Seconds,
        Prom(mean(STAGE, "stage"), "{{stage}}"),
        stacked=True,
        width=6,
    ),
    lines(
        "Connections in use",
        "Connections to the database that are handed out, by pool.",
        units.Short,
        Prom(gauge(CONNECTIONS, "pool", state="in_use"), "{{pool}}"),
        width=6,
    ),
    lines(
        "Garbage collection",
        "Share of the time in which a process stands still for it.",
        units.PercentUnit,
        Prom(rate(PAUSE_S, "instance"), "{{instance}}"),
        width=6,
    ),
    lines(
        "Memory",
        "Resident memory of a service; under a steady load it is steady.",
        units.BytesIEC,
        Prom(gauge(MEMORY, "instance"), "{{instance}}"),
        width=6,
    ),
)

# What a load test of CrispML tells while it lasts, if it knows an InfluxDB; of any environment.
_CLIENTS = (
    lines(
        "Answered by request",
        "Valid requests of a load test that were answered in an interval, by their name.",
        units.Short,
        Influx(
            select(LOAD, Outcome.ANSWERED.value, "sum({})", by=["request"], fill="0"),
            "$tag_request",
        ),
        stacked=True,
    ),
    lines(
        "Time from the moment it was due",
        "What clients wait, also for their turn: a server that stands still cannot hide.",
        units.Milliseconds,
        *(
            Influx(select(LOAD, f"{name}_ms", "max({})", by=["request"]), f"$tag_request {name}")
            for name in ("p50", "p99")
        ),
    ),
    lines(
        "Not as it must be",
        "Requests of an interval that failed, were refused or accepted wrongly, or never sent.",
        units.Short,
        *(
            Influx(select(LOAD, outcome.value, "sum({})", fill="0"), outcome.value)
            for outcome in Outcome
            if not outcome.is_good
        ),
        limits={1: RED},
    ),
)
