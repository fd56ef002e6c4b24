"""The log of the console, with the fields of the services' logs: who came, and what went wrong."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any

import structlog
from structlog.stdlib import ProcessorFormatter

from crispml_console.settings import LogSettings
from crispml_core.client import trace_of

if TYPE_CHECKING:
    from structlog.types import Processor

_OWN = "crispml"
"""Whose entries are written from the level of the settings on; of others only warnings are."""


def configure_log(settings: LogSettings) -> None:
    """Send every logger of the process to standard output: text on a terminal, else JSON lines."""
    shared: list[Processor] = [
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        _add_service,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        _describe_failure,
    ]
    structlog.configure(
        processors=[*shared, ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    is_read = settings.format == "console" or (settings.format == "auto" and sys.stdout.isatty())
    rendered: Processor = (
        structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty())
        if is_read
        else structlog.processors.JSONRenderer()
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[ProcessorFormatter.remove_processors_meta, rendered],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(max(logging.getLevelName(settings.level), logging.WARNING))
    logging.getLogger(_OWN).setLevel(settings.level)
    # It tells of each page that is opened and left, unless it is told not to.
    logging.getLogger("uvicorn").setLevel(root.level)
    logging.captureWarnings(True)
    # Where an entry cannot be written, its text must not go to standard error instead.
    logging.raiseExceptions = False


def _add_service(
    logger: Any, method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    event["service"] = "console"
    return event


def _describe_failure(
    logger: Any, method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Name the types and frames of an exception; its text may quote what a page shows."""
    error = event.pop("exc_info", None)
    if isinstance(error, tuple):
        error = error[1]
    elif error is True:
        error = sys.exc_info()[1]
    if isinstance(error, BaseException):
        event.update(trace_of(error))
    return event
