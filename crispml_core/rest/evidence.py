"""Refused and failed requests are evidence: what was refused, why, and a digest of what came."""

from __future__ import annotations

from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from crispml_core.domain.events import EventKind, ServingEvent
from crispml_core.rest.errors import reason_of
from crispml_core.rest.late_digest import LateDigest
from crispml_core.rest.request_id import request_id_of

Note = Callable[[ServingEvent], None]
Blind = Callable[[str | None, str], str | None]


# Anybody can be refused so, as often as they like: that must not fill a table. Metrics count it.
_OF_ANYBODY = (401, 429)


class Evidence:
    """ASGI middleware that notes an event for each request to score that got no scores.

    Of who is not known, or asks for too much at once, there is none.

    Parameters
    ----------
    note : callable
        Keeps the events.
    subject : callable
        From a path to the name of the use case that it scores; empty when the path scores one that
        is not known, None when it scores nothing.
    blind : callable
        From the name of a use case, if it is known, and the digest of a body to the digest that
        may be kept.
    """

    def __init__(
        self, app: ASGIApp, note: Note, subject: Callable[[str], str | None], blind: Blind
    ) -> None:
        self._app, self._note, self._subject, self._blind = app, note, subject, blind

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI connection."""
        is_post = scope["type"] == "http" and scope["method"] == "POST"
        use_case = self._subject(scope["path"]) if is_post else None
        if use_case is None:
            await self._app(scope, receive, send)
            return
        digest, status = LateDigest(scope), 0

        async def digested() -> Message:
            message = await receive()
            digest.update(message.get("body", b""))
            return message

        async def note_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        await self._app(scope, digested, note_status)
        if status >= 400 and status not in _OF_ANYBODY:
            kept = self._blind(use_case or None, (await digest.digest()).hex())
            self._note(refusal(scope, status, use_case or None, kept))


def refusal(
    scope: Scope, status: int, use_case: str | None, payload_digest: str | None
) -> ServingEvent:
    """Return the event of a request that was answered with a problem document."""
    reason = reason_of(scope)
    return ServingEvent(
        kind=EventKind.REFUSED if status < 500 else EventKind.FAILED,
        code=reason.code if reason is not None else f"status_{status}",
        use_case=use_case,
        status=status,
        rule=reason.rule if reason is not None else None,
        field=reason.field if reason is not None else None,
        request_id=request_id_of(scope),
        payload_digest=payload_digest,
    )
