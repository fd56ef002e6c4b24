"""Writes what was asked of a service into the audit log: before it happens, and what came of it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace

import structlog
from starlette.requests import Request
from starlette.types import Message, Scope, Send

from crispml_core.domain.access import Principal
from crispml_core.domain.audit import ASKED, AuditEntry, AuditEvent
from crispml_core.domain.errors import CrispMLError
from crispml_core.domain.identifiers import utc_now
from crispml_core.pipelines.audit.recorder import AuditRecorder
from crispml_core.rest.access.operations import Audit
from crispml_core.rest.request_id import request_id_of

SHOWN = frozenset(
    {
        "alert_id",
        "alias",
        "approval_id",
        "artefact_id",
        "bundle",
        "dataset_id",
        "evaluation_id",
        "key_id",
        "method",
        "model",
        "other_id",
        "report_id",
        "run_id",
        "score_id",
        "upload_id",
        "use_case",
        "version",
    }
)
"""Parts of an address that are no personal value, so that an entry may have them."""

_UUIDS = frozenset({"report_id", "run_id", "score_id", "upload_id"})
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

_log = structlog.get_logger("crispml.audit")

Handle = Callable[[Send], Awaitable[None]]


def event_of(
    name: str,
    principal: Principal,
    scope: Scope,
    use_case: str | None,
    parameters: Collection[str],
) -> AuditEvent:
    """Return what a request asks for, without any value that may be personal.

    Of the query there are only the names: who looks for a record says its key.

    Parameters
    ----------
    parameters : collection of str
        Names that the query of the route has. Another one is what a caller made up, and an entry
        can never be taken back.
    """
    path = scope.get("path_params", {})
    client = scope.get("client")
    queried = sorted({one if one in parameters else "…" for one in Request(scope).query_params})
    return AuditEvent(
        actor=principal.name,
        action=name,
        resource=" ".join(
            f"{part}={value if _is_shown(part, value) else '…'}" for part, value in path.items()
        ),
        use_case=use_case,
        origin="" if client is None else client[0],
        request_id=request_id_of(scope),
        outcome=ASKED,
        detail={"query": queried} if queried else {},
    )


def _is_shown(part: str, value: str) -> bool:
    """Return whether an entry may have a part of an address: an id that is none may be anything."""
    return part in SHOWN and (part not in _UUIDS or _UUID.fullmatch(value) is not None)


async def audited(
    recorder: AuditRecorder, kind: Audit, event: AuditEvent, send: Send, handle: Handle
) -> None:
    """Let a request be handled, with its entries.

    Of what changes something there is an entry before it is begun, and another one with the status.
    Of what reads personal data there is one, with the status, before the first byte of the answer.

    Raises
    ------
    StoreUnavailable
        If the log cannot be written; then nothing is changed and nothing is shown.
    """
    request = _Audited(recorder, kind, event)
    await request.ask()

    async def telling(message: Message) -> None:
        if message["type"] == "http.response.start":
            await request.tell(message["status"])
        await send(message)

    try:
        await handle(telling)
    except BaseException:
        await request.tell(500)
        if request.failure is not None:
            # Whoever was about to send took it for an error of its own.
            raise request.failure from None
        raise


class _Audited:
    """The entries of one request."""

    def __init__(self, recorder: AuditRecorder, kind: Audit, event: AuditEvent) -> None:
        self._recorder, self._kind, self._event = recorder, kind, event
        self._asked: int | None = None
        self._is_told = False
        self.failure: CrispMLError | None = None

    async def ask(self) -> None:
        """Write down what will be changed; reading has one entry, with its outcome."""
        if self._kind is Audit.CHANGE:
            self._asked = (await self._written(self._event)).sequence

    async def tell(self, status: int) -> None:
        """Write down what came of it, once."""
        if self._is_told:
            return
        self._is_told = True
        ended = replace(self._event, outcome=str(status), occurred_at=utc_now())
        if self._asked is not None:
            ended = replace(ended, detail={"asked": self._asked})
        try:
            await self._written(ended)
        except CrispMLError as error:
            if self._asked is None:
                self.failure = error
                raise
            # It was done, and the entry before says that it was begun.
            _log.error("audit_outcome_not_written", asked=self._asked, error=error.message)

    async def _written(self, event: AuditEvent) -> AuditEntry:
        return await asyncio.wrap_future(self._recorder.submit(event))
