"""What is done without a request: by runs and by rules."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from crispml_core.domain.audit import ASKED, DONE, FAILED, AuditEvent
from crispml_core.domain.errors import StoreUnavailable
from crispml_core.domain.identifiers import utc_now
from crispml_core.domain.runs import Run
from crispml_core.pipelines.audit.recorder import AuditRecorder


class RecordedDeeds:
    """Writes deeds into the audit log; see `crispml_core.ports.deeds.Deeds`.

    Parameters
    ----------
    recorder : AuditRecorder
    """

    def __init__(self, recorder: AuditRecorder) -> None:
        self._recorder = recorder

    @contextmanager
    def __call__(self, event: AuditEvent) -> Iterator[dict[str, Any]]:
        """Write an entry before, and one with `DONE` or `FAILED` at the end."""
        asked = self._recorder.record(replace(event, outcome=ASKED)).sequence
        told: dict[str, Any] = {}
        outcome = FAILED
        try:
            yield told
            outcome = DONE
        finally:
            self._end(replace(event, outcome=outcome, detail={**told, "asked": asked}))

    def _end(self, event: AuditEvent) -> None:
        try:
            self._recorder.record(replace(event, occurred_at=utc_now()))
        except StoreUnavailable:
            # It was done, and the entry before says that it was begun; the failure is counted.
            return


def run_event(run: Run) -> AuditEvent:
    """Return the event of a run that is executed."""
    return AuditEvent(
        actor=f"run:{run.id}",
        action=run.method,
        resource=f"run={run.id}",
        use_case=run.use_case,
        request_id=run.request_id,
        detail={"requested_by": run.requested_by},
    )
