"""The timing log of a process, as the settings say."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import Engine, QueuePool

from crispml_core.adapters.timing.call_log import CallLog
from crispml_core.adapters.timing.hub import Hub
from crispml_core.adapters.timing.method_spans import MethodSpans
from crispml_core.adapters.timing.null import NullTimingLog
from crispml_core.adapters.timing.process import Process
from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.runs import Run
from crispml_core.domain.timings import call_of
from crispml_core.ports.timing_log import TimingHub
from crispml_core.ports.tracer import Tracer
from crispml_core.settings import CrispMLSettings

if TYPE_CHECKING:
    from crispml_core.adapters.influx.timing_log import InfluxTimingLog


def open_timings(
    settings: CrispMLSettings,
    service: str,
    engines: Sequence[Engine],
    tracer: Tracer,
    *,
    is_run: bool = False,
) -> TimingHub:
    """Return the timing log of a process, whose thread runs until it is closed.

    Parameters
    ----------
    engines : sequence of sqlalchemy.Engine
        Whose pools are looked at.
    tracer : Tracer
        Gets the calls of methods that happen in a trace.
    is_run : bool
        Whether the process executes one run, which may take longer than a request.

    Raises
    ------
    InvalidInput
        If points shall go to InfluxDB and its client is not installed.
    """
    if not settings.timing.enabled:
        return NullTimingLog()
    pools = [engine.pool for engine in engines if isinstance(engine.pool, QueuePool)]
    slow_run_s = settings.timing.slow_run_s
    return Hub(
        Process(pools),
        [CallLog(), *([MethodSpans(tracer)] if tracer.is_on else [])],
        _influx(settings, service),
        slow_s=slow_run_s if is_run else settings.timing.slow_call_s,
        slow_run_s=slow_run_s,
    )


def tell_of_run(hub: TimingHub, before: Run, after: Run) -> None:
    """Tell of the methods of a run that another process executed, as far as it came.

    Parameters
    ----------
    before, after : Run
        As it was when that process took it, and when the process ended: a run that is taken up
        again has the steps of earlier processes, which were told of then.
    """
    for step in after.steps[len(before.steps) :]:
        hub.exit_elsewhere(call_of(after.use_case, step))


def _influx(settings: CrispMLSettings, service: str) -> InfluxTimingLog | None:
    influx = settings.influx
    if not influx.url:
        return None
    try:
        from crispml_core.adapters.influx.lines import Lines
        from crispml_core.adapters.influx.timing_log import InfluxTimingLog
        from crispml_core.adapters.influx.writer import InfluxWriter
    except ImportError:
        raise InvalidInput(
            "CRISPML_INFLUX__URL is set, and the client of InfluxDB is not installed: "
            "install the extra influx of crispml-core, or unset it"
        ) from None
    writer = InfluxWriter(
        influx.url,
        influx.token.get_secret_value(),
        influx.org,
        influx.bucket,
        influx.timeout_s,
        influx.ca_file,
    )
    return InfluxTimingLog(
        writer,
        Lines(service, settings.environment, os.getpid()),
        queue=influx.queue,
        batch=influx.batch,
        flush_s=influx.flush_s,
    )
