"""Exceptions in the log: their types and frames, never their texts.

Libraries quote values in the text of an exception, and a value may be personal data.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import MutableMapping
from types import TracebackType
from typing import Any

import structlog

from crispml_core.domain.errors import trace_of

_log = structlog.get_logger("crispml.process")


def describe_failures(
    logger: Any, method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Replace the exception of an entry by what may be said about it; a processor."""
    error = event.pop("exc_info", None)
    if isinstance(error, tuple):
        error = error[1]
    elif error is True or (error and not isinstance(error, BaseException)):
        error = sys.exc_info()[1]
    if isinstance(error, BaseException):
        event.update(trace_of(error))
    return event


def note_uncaught() -> None:
    """Let exceptions that nobody caught be entries too, of the process and of its threads."""
    sys.excepthook = _of_process
    threading.excepthook = _of_thread


def _of_process(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    _log.critical("process_failed", **trace_of(error))


def _of_thread(failed: threading.ExceptHookArgs) -> None:
    if failed.exc_value is None or isinstance(failed.exc_value, SystemExit):
        return
    name = failed.thread.name if failed.thread is not None else None
    _log.critical("thread_failed", thread=name, **trace_of(failed.exc_value))
