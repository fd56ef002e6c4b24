"""Appends entries of a whole process: those that come together are one transaction."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace

from crispml_core.domain.audit import AuditEntry, AuditEvent
from crispml_core.domain.errors import CrispMLError, Overloaded, StoreUnavailable
from crispml_core.pipelines.audit.refusals import Refusals
from crispml_core.ports.audit_log import AuditLog

# Most entries that wait; each is a request that has no answer yet.
_MOST_WAITING = 10_000
_MOST_TOGETHER = 256
_LOOK_EVERY_S = 1.0

Waiting = tuple[AuditEvent, "Future[AuditEntry]"]


class AuditRecorder:
    """Makes events durable as entries, each before its future has a result.

    One thread appends what came while it appended what was before, so that many requests at once
    cost one commit, and one place in the queue for the chain.

    Parameters
    ----------
    log : AuditLog
    environment : str
        Of this process; in every entry.
    on_failure : callable
        Told in a sentence about entries that could not be written.
    """

    def __init__(
        self,
        log: AuditLog,
        environment: str,
        *,
        on_failure: Callable[[str], None] = lambda message: None,
    ) -> None:
        self.log = log
        self.written, self.failed = 0, 0
        self._environment, self._on_failure = environment, on_failure
        self._waiting: queue.Queue[Waiting | None] = queue.Queue(_MOST_WAITING)
        self._refusals = Refusals()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._is_closed = False

    def submit(self, event: AuditEvent) -> Future[AuditEntry]:
        """Take an event; the result of the future is its entry, once that is durable.

        Raises
        ------
        Overloaded
            If too many wait already.
        """
        future: Future[AuditEntry] = Future()
        waiting = (replace(event, environment=self._environment), future)
        try:
            # Together with the look whether it is closed: nothing may come behind the end.
            with self._starting:
                self._start()
                self._waiting.put_nowait(waiting)
        except queue.Full:
            self._failed("too many entries wait")
            raise Overloaded("the audit log is behind: try again later") from None
        return future

    def record(self, event: AuditEvent) -> AuditEntry:
        """Make an event durable, and wait for it.

        Raises
        ------
        StoreUnavailable
            If the log cannot be written.
        """
        return self.submit(event).result()

    def refused(self, event: AuditEvent) -> None:
        """Take the refusal of a request; a flood of the same becomes one entry with their number.

        Nobody waits for it: what was refused did not happen.
        """
        first = self._refusals.take(event)
        if first is not None:
            try:
                self.submit(first)
            except Overloaded:
                return

    def close(self) -> None:
        """Write what waits, and end."""
        with self._starting:
            self._is_closed, thread = True, self._thread
        if thread is not None:
            self._waiting.put(None)
            thread.join()

    def _start(self) -> None:
        if self._is_closed:
            raise StoreUnavailable("the audit log is closed: the service stops")
        if self._thread is None:
            self._thread = threading.Thread(target=self._loop, name="audit", daemon=True)
            self._thread.start()

    def _loop(self) -> None:
        goes_on = True
        while goes_on:
            batch: list[Waiting] = []
            try:
                goes_on = _take(self._waiting.get(timeout=_LOOK_EVERY_S), batch)
                while goes_on and len(batch) < _MOST_TOGETHER:
                    goes_on = _take(self._waiting.get_nowait(), batch)
            except queue.Empty:
                pass
            batch += [
                (replace(event, environment=self._environment), Future())
                for event in self._refusals.due(everything=not goes_on)
            ]
            if batch:
                self._append(batch)

    def _append(self, batch: list[Waiting]) -> None:
        try:
            entries = self.log.append([event for event, _ in batch])
        except Exception as error:
            why = (
                error
                if isinstance(error, CrispMLError)
                else StoreUnavailable(f"the audit log cannot be written: {type(error).__name__}")
            )
            self._failed(why.message, len(batch))
            for _, future in batch:
                future.set_exception(why)
            return
        self.written += len(entries)
        for (_, future), entry in zip(batch, entries, strict=True):
            future.set_result(entry)

    def _failed(self, why: str, number: int = 1) -> None:
        self.failed += number
        self._on_failure(f"{number} entries were not written: {why}")


def _take(found: Waiting | None, batch: list[Waiting]) -> bool:
    if found is None:
        return False
    batch.append(found)
    return True
