"""Numbers from a store that may be slow or away, for somebody who must be answered soon."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotInTime
from typing import Generic, TypeVar

import structlog

from crispml_core.domain.errors import CrispMLError, describe_failure

FRESH_S = 5.0
"""Who asks again so soon gets the same numbers."""

WAIT_S = 2.0
"""Prometheus gives up after ten seconds, and would lose all other numbers with these."""

Value = TypeVar("Value")
_log = structlog.get_logger("crispml.figures")


class LateReading(Generic[Value]):
    """Reads in a thread of its own, at most one at a time, and waits for it only so long.

    A reading that hangs is waited for by everybody who asks meanwhile, and no second one begins: a
    store that is in trouble is not asked more often than one that is well.

    Parameters
    ----------
    read : callable
        Returns the numbers; called in another thread.
    fresh_s : float
        How old numbers may be, in seconds.
    wait_s : float
        How long `get` waits for new ones, in seconds.
    """

    def __init__(
        self,
        read: Callable[[], Value],
        *,
        fresh_s: float = FRESH_S,
        wait_s: float = WAIT_S,
    ) -> None:
        self._read, self._fresh_s, self._wait_s = read, fresh_s, wait_s
        self._lock = threading.Lock()
        self._found: Future[Value] | None = None
        self._begun = 0.0

    def get(self) -> Value | None:
        """Return the numbers; None when the store did not give them, or not in time."""
        try:
            return self._current().result(self._wait_s)
        except NotInTime:
            _log.warning("figures_not_read", error=f"no answer within {self._wait_s:g} s")
        except CrispMLError as error:
            _log.warning("figures_not_read", error=error.message)
        except Exception as error:  # whoever asks must be answered with all other numbers
            _log.error("figures_not_read", error=describe_failure(error))
        return None

    def _current(self) -> Future[Value]:
        with self._lock:
            now = time.monotonic()
            old = now - self._begun >= self._fresh_s
            if self._found is None or (self._found.done() and old):
                self._found, self._begun = Future(), now
                # A daemon: a process that ends does not wait for a database that hangs.
                threading.Thread(
                    target=self._fill, args=(self._found,), name="figures", daemon=True
                ).start()
            return self._found

    def _fill(self, found: Future[Value]) -> None:
        try:
            found.set_result(self._read())
        except BaseException as error:
            found.set_exception(error)
