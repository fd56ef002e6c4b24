"""The dashboard of operations: whether the services answer, and what keeps them from it."""

from __future__ import annotations

from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Dashboard

from scripts.dashboards.choices import ENVIRONMENT, INSTANCE
from scripts.dashboards.frame import assemble
from scripts.dashboards.panels import GREEN, RED, YELLOW, Prom, lines, number, states
from scripts.dashboards.promql import count, gauge, quantile, rate, share
from scripts.dashboards.registered import metric

UID = "crispml-operations"

REQUESTS = metric("crispml_http_requests_total")
LATENCY = metric("crispml_http_request_duration_seconds")
IN_FLIGHT = metric("crispml_http_requests_in_flight")
SERVICES = metric("crispml_service_info")
FALLBACK = metric("crispml_fallback_serving")
UNFIT = metric("crispml_champion_unfit")
JOURNAL = metric("crispml_journal_transactions")
DAMAGED = metric("crispml_journal_damaged_bytes")
QUEUE = metric("crispml_queue_ratio")
COMMITS = metric("crispml_commit_duration_seconds")
EVENTS = metric("crispml_serving_events_total")
EVENTS_DROPPED = metric("crispml_events_dropped")
FIRING = metric("crispml_alert_firing")
ACTIONS = metric("crispml_trigger_actions_total")
MESSAGES = metric("crispml_webhook_messages")

READY = metric("crispml_ready")
READ_UP = metric("crispml_database_read_up")
CONNECTIONS = metric("crispml_database_connections")
POOL = metric("crispml_database_pool_size")
RETRIES = metric("crispml_database_retries_total")
MEMORY = metric("crispml_process_resident_bytes")
THREADS = metric("crispml_process_threads")
FILES = metric("crispml_process_open_files")
PAUSES = metric("crispml_gc_pauses_total")
PAUSE_S = metric("crispml_gc_pause_seconds_total")
RUNS = metric("crispml_runs")
RUN_WAIT = metric("crispml_run_wait_seconds")

FAILED = rate(REQUESTS, status="5..")


def build() -> Dashboard:
    """Return the dashboard."""
    return assemble(
        UID,
        "CrispML operations",
        "Do the services answer, how fast, and what keeps them from it?",
        {
            "Now": _GLANCE,
            "By route and time": _REQUESTS,
            "What a process needs": _PROCESSES,
            "Database and journal": _DATABASE,
            "Runs and rules": _RULES,
        },
        [ENVIRONMENT, INSTANCE],
    )


_GLANCE = (
    number(
        "Requests",
        "Requests answered per second by the chosen processes, whatever the answer was.",
        units.RequestsPerSecond,
        Prom(rate(REQUESTS), "requests"),
    ),
    number(
        "Failed",
        "Share of answers with a status of 500 and above. Refused requests (4xx) do not count.",
        units.PercentUnit,
        Prom(share(FAILED, rate(REQUESTS)), "failed"),
        limits={0.001: YELLOW, 0.01: RED},
        decimals=2,
    ),
    number(
        "Slowest of a hundred",
        "99 of 100 requests take at most this long, estimated from buckets.",
        units.Seconds,
        Prom(quantile(0.99, LATENCY), "p99"),
        limits={0.25: YELLOW, 1: RED},
    ),
    number(
        "Processes",
        "Processes that Prometheus reads, of all services.",
        units.Short,
        Prom(gauge(SERVICES), "processes"),
        limits={},
    ),
    number(
        "Who answers",
        "The fallback answers while the champion cannot serve or is judged unfit.",
        units.Short,
        Prom(gauge(FALLBACK, over="max"), "fallback"),
        limits={1: RED},
        words={"0": "champion", "1": "fallback"},
    ),
    number(
        "Waiting in the journal",
        "Transactions of scores on the volume, because the database is away. They are not lost.",
        units.Short,
        Prom(gauge(JOURNAL), "transactions"),
        limits={1: YELLOW, 1000: RED},
    ),
)

_REQUESTS = (
    lines(
        "Requests by route",
        "What is asked for. A route is a template, so ids do not make lines of their own.",
        units.RequestsPerSecond,
        Prom(rate(REQUESTS, "route", "method"), "{{method}} {{route}}"),
    ),
    lines(
        "Answers by status",
        "2xx is done, 4xx was refused for what was sent, 429 and 503 are shed, 5xx is our fault.",
        units.RequestsPerSecond,
        Prom(rate(REQUESTS, "status"), "{{status}}"),
        stacked=True,
    ),
    lines(
        "Failed by route",
        "Answers with a status of 500 and above. One line at zero says that there are none.",
        units.RequestsPerSecond,
        Prom(f"{rate(REQUESTS, 'route', status='5..')} or vector(0)", "{{route}}"),
    ),
    lines(
        "Time of requests",
        "Of all requests: half, 95 and 99 of 100 take at most this long.",
        units.Seconds,
        Prom(quantile(0.5, LATENCY), "p50"),
        Prom(quantile(0.95, LATENCY), "p95"),
        Prom(quantile(0.99, LATENCY), "p99"),
    ),
    lines(
        "Time by route",
        "95 of 100 requests of a route take at most this long.",
        units.Seconds,
        Prom(quantile(0.95, LATENCY, "route", "method"), "{{method}} {{route}}"),
    ),
    lines(
        "Being answered",
        "Requests in the works at the moment when Prometheus asked, by process.",
        units.Short,
        Prom(gauge(IN_FLIGHT, "instance"), "{{instance}}"),
    ),
)

_PROCESSES = (
    states(
        "Ready",
        "Whether a process says that it can do its work. A gap means that it was not reached.",
        Prom(gauge(READY, "instance", over="max"), "{{instance}}"),
        words={"0": "not ready", "1": "ready"},
        limits={0: RED, 1: GREEN},
    ),
    lines(
        "Memory",
        "Resident memory of a service, the workers of one address together.",
        units.BytesIEC,
        Prom(gauge(MEMORY, "instance"), "{{instance}}"),
    ),
    lines(
        "Garbage collection",
        "Share of the time in which a process stands still for it, by generation.",
        units.PercentUnit,
        Prom(rate(PAUSE_S, "instance", "generation"), "{{instance}} gen {{generation}}"),
        limits={0.05: YELLOW},
    ),
    lines(
        "Collections",
        "Garbage collections per second; generation 2 looks at everything that is kept.",
        "collections/s",
        Prom(rate(PAUSES, "instance", "generation"), "{{instance}} gen {{generation}}"),
    ),
    lines(
        "Threads",
        "Threads of a service. A number that only grows is a leak.",
        units.Short,
        Prom(gauge(THREADS, "instance"), "{{instance}}"),
    ),
    lines(
        "Open files",
        "Open files and connections of a service. A number that only grows is a leak.",
        units.Short,
        Prom(gauge(FILES, "instance"), "{{instance}}"),
    ),
)

_DATABASE = (
    lines(
        "Connections",
        "Connections to the database, in use and idle, and how many a pool may open.",
        units.Short,
        Prom(gauge(CONNECTIONS, "pool", "state"), "{{pool}} {{state}}"),
        Prom(gauge(POOL, "pool"), "{{pool}} at most"),
    ),
    lines(
        "Asked again",
        "What was asked of the database again, by what had failed. One line at zero: nothing.",
        units.Short,
        Prom(f"{rate(RETRIES, 'reason')} or vector(0)", "{{reason}}"),
    ),
    states(
        "Numbers from the database",
        "Whether the training service could read runs, reports, aliases and alerts for Prometheus.",
        Prom(gauge(READ_UP, "instance", over="max"), "{{instance}}"),
        words={"0": "away", "1": "read"},
        limits={0: RED, 1: GREEN},
    ),
    lines(
        "Time of commits",
        "How long a group of score requests takes to become durable.",
        units.Seconds,
        Prom(quantile(0.5, COMMITS), "p50"),
        Prom(quantile(0.95, COMMITS), "p95"),
        Prom(quantile(0.99, COMMITS), "p99"),
    ),
    lines(
        "Queue of commits",
        "How full the queue is. A full queue refuses requests with 503 and Retry-After.",
        units.PercentUnit,
        Prom(gauge(QUEUE, "instance", over="max"), "{{instance}}"),
        limits={0.5: YELLOW, 0.9: RED},
        most=1,
    ),
    lines(
        "Journal",
        "Transactions that wait on the volume for the database, by process.",
        units.Short,
        Prom(gauge(JOURNAL, "instance"), "{{instance}}"),
    ),
    lines(
        "Serving events",
        "Requests without a score by reason, and changes of what serves. Nobody's record is in it.",
        units.Short,
        Prom(f"{rate(EVENTS, 'kind', 'code')} or vector(0)", "{{kind}} {{code}}"),
        width=12,
    ),
    lines(
        "Lost evidence",
        "Damaged bytes of journals and events that were not kept. Both should stay at zero.",
        units.Short,
        Prom(gauge(DAMAGED), "damaged bytes"),
        Prom(gauge(EVENTS_DROPPED), "events dropped"),
        limits={1: RED},
        width=12,
    ),
)

_RULES = (
    lines(
        "Runs",
        "Runs that are stored, by status; those of the scoring service are batches.",
        units.Short,
        Prom(gauge(RUNS, "status", over="sum"), "{{status}}"),
    ),
    lines(
        "Waiting run",
        "How long the run waits that waits longest. It needs more workers, or a run is stuck.",
        units.Seconds,
        Prom(gauge(RUN_WAIT, over="max"), "waits"),
        limits={60: YELLOW, 600: RED},
    ),
    lines(
        "Alerts that fire",
        "Alerts by the rule of the use case that fired them; they end when the rule is kept again.",
        units.Short,
        Prom(gauge(FIRING, "use_case", "rule", "severity", over="max"), "{{use_case}} {{rule}}"),
        limits={1: RED},
    ),
    lines(
        "What rules set off",
        "Trainings, promotions and requests for them, by how far they came.",
        units.Short,
        Prom(count(ACTIONS, "use_case", "kind", "status"), "{{use_case}} {{kind}} {{status}}"),
    ),
    lines(
        "Messages of the webhook",
        "Messages by status. Those that are given up were tried as often as the settings say.",
        units.Short,
        Prom(gauge(MESSAGES, "status", over="max"), "{{status}}"),
    ),
    lines(
        "Unfit champions",
        "1 while the champion of a use case is judged unfit to answer, whoever answers.",
        units.Short,
        Prom(gauge(UNFIT, "use_case", over="max"), "{{use_case}}"),
        limits={1: RED},
        most=1,
    ),
)
