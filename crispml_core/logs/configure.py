"""Every logger of a process writes to standard output, and to a file where one is set."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
from structlog.stdlib import ProcessorFormatter

from crispml_core.domain.errors import InvalidInput
from crispml_core.logs.failures import describe_failures, note_uncaught

if TYPE_CHECKING:
    from collections.abc import MutableMapping, Sequence

    from structlog.types import Processor

    from crispml_core.settings import LogSettings

# Whose entries are written from the level of the settings on. What other libraries say below a
# warning is of use to their authors, and holds addresses, statements and values.
_OWN = ("crispml", "uvicorn")


def configure_logging(settings: LogSettings, service: str) -> None:
    """Send every logger of the process to standard output, and to the file of the settings.

    Parameters
    ----------
    service : str
        Named in every entry.

    Raises
    ------
    InvalidInput
        If the file cannot be written.
    """

    def add_service(
        logger: Any, method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        event["service"] = service
        return event

    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        add_service,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        describe_failures,
    ]
    structlog.configure(
        processors=[*shared, ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    stream = logging.StreamHandler(sys.stdout)
    stream.setFormatter(_formatter(shared, _for_people() if _is_read(settings) else _as_json()))
    handlers: list[logging.Handler] = [stream]
    if settings.file is not None:
        file = _rotating(settings, settings.file)
        file.setFormatter(_formatter(shared, _as_json()))
        handlers.append(file)
    _replace_handlers(handlers)
    root = logging.getLogger()
    root.setLevel(max(logging.getLevelName(settings.level), logging.WARNING))
    for name in _OWN:
        logging.getLogger(name).setLevel(settings.level)
    # A library that warns does it as an entry, and not as a line between them.
    logging.captureWarnings(True)
    # Where an entry cannot be written, its text must not go to standard error instead.
    logging.raiseExceptions = False
    note_uncaught()


def _replace_handlers(handlers: list[logging.Handler]) -> None:
    root = logging.getLogger()
    for old in root.handlers:
        if isinstance(old, logging.FileHandler) or hasattr(old, "maxBytes"):
            old.close()
    root.handlers = handlers


def _is_read(settings: LogSettings) -> bool:
    """Return whether a person reads standard output."""
    return settings.format == "console" or (settings.format == "auto" and sys.stdout.isatty())


def _formatter(shared: Sequence[Processor], renderer: Processor) -> ProcessorFormatter:
    return ProcessorFormatter(
        foreign_pre_chain=shared, processors=[ProcessorFormatter.remove_processors_meta, renderer]
    )


def _as_json() -> Processor:
    return structlog.processors.JSONRenderer()


def _for_people() -> Processor:
    return structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty())


def _rotating(settings: LogSettings, file: Path) -> logging.Handler:
    """Return what writes to a file that all processes of a service share, and turns it over."""
    from concurrent_log_handler import ConcurrentRotatingFileHandler  # not before it is needed

    try:
        with file.open("a"):
            pass
    except OSError as error:
        raise InvalidInput(
            f"CRISPML_LOG__FILE cannot be written ({type(error).__name__}): name a file in a "
            "folder that exists and that the service may write to"
        ) from None
    handler: logging.Handler = ConcurrentRotatingFileHandler(
        file, maxBytes=settings.file_bytes, backupCount=settings.file_count, encoding="utf-8"
    )
    return handler
