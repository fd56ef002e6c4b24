"""What sends the traces of a process, if the settings want any."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from crispml_core import __version__
from crispml_core.adapters.no_tracer import NoTracer
from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.runs import Run
from crispml_core.ports.progress import RunProgress
from crispml_core.ports.tracer import Tracer
from crispml_core.settings import CrispMLSettings


def make_tracer(settings: CrispMLSettings, service: str) -> Tracer:
    """Return the tracer of a process; it has threads, so a process makes its own.

    Raises
    ------
    InvalidInput
        If the settings want traces and the libraries for them are not installed.
    """
    tracing = settings.tracing
    url = tracing.url.get_secret_value()
    if not url:
        return NoTracer()
    try:
        from crispml_core.adapters.otel import OtelTracer
        from crispml_core.adapters.otel.tracer import otlp_exporter
    except ImportError:
        raise InvalidInput(
            "CRISPML_TRACING__URL is set and OpenTelemetry is not installed: install "
            "crispml-core with the extra otel, or unset it"
        ) from None
    return OtelTracer(
        otlp_exporter(url, tracing.parsed_headers()),
        ratio=tracing.ratio,
        resource={
            "service.name": f"crispml-{service}",
            "service.version": __version__,
            "deployment.environment.name": settings.environment,
        },
    )


def execute_traced(
    tracer: Tracer,
    execute: Callable[[Run, RunProgress], dict[str, Any]],
    run: Run,
    progress: RunProgress,
) -> dict[str, Any]:
    """Execute a run as a trace of its own: there are few, and each takes long enough to be asked.

    The request that started it is found by its id.
    """
    with tracer.trace(
        f"run {run.method}",
        crispml__use_case=run.use_case,
        crispml__run_id=run.id,
        crispml__request_id=run.request_id,
    ):
        return execute(run, progress)
