"""What happened in scoring besides scores: refusals, failures, changes of what serves."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as entry
from datetime import datetime
from enum import StrEnum

from crispml_core.domain.identifiers import new_id, utc_now


class EventKind(StrEnum):
    """What happened.

    ``refused``: a request was answered with a status below 500. ``failed``: with another one.
    ``serving``: another version serves an alias. ``fallback``: a version cannot serve, and another
    one answers in its place.
    """

    REFUSED = "refused"
    FAILED = "failed"
    SERVING = "serving"
    FALLBACK = "fallback"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServingEvent:
    """One event; it never holds what a caller sent.

    Parameters
    ----------
    code : str
        The code of the problem that was answered, or of what happened.
    rule : str or None
        The first rule that was broken, for refused records.
    field : str or None
        The field that broke it, as the schema spells it.
    payload_digest : str or None
        SHA-256 of the request body, in hexadecimal digits.
    detail : str
        A sentence without values.
    """

    kind: EventKind
    code: str
    event_id: str = entry(default_factory=lambda: str(new_id()))
    occurred_at: datetime = entry(default_factory=utc_now)
    use_case: str | None = None
    version: str | None = None
    status: int | None = None
    rule: str | None = None
    field: str | None = None
    request_id: str = ""
    payload_digest: str | None = None
    detail: str = ""
