"""What fails in a page is an entry of the log; Shiny by itself prints it, texts and all."""

from __future__ import annotations

import asyncio
import sys
import warnings
from typing import Any

import structlog
from shiny.reactive import _core, _reactives
from shiny.reactive._core import ReactiveWarning
from shiny.session import _session
from shiny.types import NotifyException

_log = structlog.get_logger("crispml.console")
_PRINTS = (_session, _core, _reactives)
"""The modules of Shiny that print an exception. None of them has a hook for it."""


class _Entries:
    """Stands for ``traceback`` in Shiny's modules."""

    def print_exc(self) -> None:
        self.print_exception(*sys.exc_info())

    def print_exception(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        # A page that is left is cancelled in whatever it waits for, and what is told to somebody on
        # purpose is no failure of the console.
        if not isinstance(error, (asyncio.CancelledError, NotifyException)):
            _log.error("page_failed", exc_info=error)

    def format_exc(self) -> str:
        return ""


def log_failures() -> None:
    """Make entries of the exceptions that Shiny would print, and print nothing."""
    for module in _PRINTS:
        vars(module)["traceback"] = _Entries()
        vars(module)["print"] = _nothing
    warnings.filterwarnings("ignore", category=ReactiveWarning)


def _nothing(*words: Any, **how: Any) -> None:
    pass
