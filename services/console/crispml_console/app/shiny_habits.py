"""Two habits of Shiny that the console has no use for, and that no setting ends.

Shiny prints what fails in a page, texts and all: here it is an entry of the log. And it reads the
source of every effect for a trace, a fifth of the time of a page: here are no traces.
"""

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


def end_habits() -> None:
    """Let Shiny print no failure and read no source."""
    _log_failures()
    for kind in (_reactives.Calc_, _reactives.Effect_):
        kind._extract_otel_attrs = _no_source  # type: ignore[assignment, method-assign]


def _log_failures() -> None:
    """Make entries of the exceptions that Shiny would print, and print nothing."""
    for module in _PRINTS:
        vars(module)["traceback"] = _Entries()
        vars(module)["print"] = _nothing
    warnings.filterwarnings("ignore", category=ReactiveWarning)


def _no_source(reactive: Any, function: Any) -> Any:
    return {}


def _nothing(*words: Any, **how: Any) -> None:
    pass
