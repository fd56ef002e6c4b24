"""Drift as gauges, measured beside the requests and once a minute at most."""

from __future__ import annotations

import asyncio

import structlog
from starlette.concurrency import run_in_threadpool

from crispml_core.bootstrap.scoring import ScoringParts
from crispml_core.domain.errors import CrispMLError, describe_failure
from crispml_scoring.metrics import ScoringMetrics

EVERY_S = 60.0

_log = structlog.get_logger("crispml.scoring")


async def keep_measuring(parts: ScoringParts, metrics: ScoringMetrics) -> None:
    """Measure again and again; a store that is away is asked again the next time."""
    while True:
        await asyncio.sleep(EVERY_S)
        await run_in_threadpool(measure, parts, metrics)


def measure(parts: ScoringParts, metrics: ScoringMetrics) -> None:
    """Take the drift of every champion over the last day, as far as it is counted."""
    for use_case in parts.use_cases:
        try:
            metrics.on_drift(use_case, *parts.drift.gauges(use_case))
        except CrispMLError as error:
            _log.warning("drift_not_measured", use_case=use_case, error=error.message)
        except Exception as error:  # the next look may be better; nobody would begin it again
            _log.error("drift_not_measured", use_case=use_case, error=describe_failure(error))
