"""What a caller may ask for in headers: to wait for a run, and not to do the same thing twice."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, Request
from pydantic import WithJsonSchema

from crispml_core.domain.errors import InvalidInput

_WAIT = re.compile(r"\s*wait\s*=\s*\"?([0-9]{1,9}(?:\.[0-9]{1,9})?)\"?\s*(;|$)", re.IGNORECASE)
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


@dataclass(frozen=True, slots=True)
class Idempotency:
    """The promise that a repeated request does nothing again.

    Parameters
    ----------
    key : str or None
        The ``Idempotency-Key`` of the caller.
    fingerprint : str
        What the key was sent with, see `fingerprint`.
    """

    key: str | None
    fingerprint: str


def preferred_wait(prefer: str | None, longest_s: float) -> float:
    """Return how many seconds ``Prefer: wait=SECONDS`` (RFC 7240) asks for, at most `longest_s`.

    A preference of another form is ignored, as the RFC demands; then the answer is 0.
    """
    for part in (prefer or "").split(","):
        if found := _WAIT.match(part):
            return min(float(found[1]), longest_s)
    return 0.0


def fingerprint(method: str, path: str, query: str, body: bytes) -> str:
    """Return SHA-256 over method, path, query and body, each with its length."""
    digest = hashlib.sha256()
    for part in (method.encode(), path.encode(), query.encode(), body):
        digest.update(len(part).to_bytes(8) + part)
    return digest.hexdigest()


def request_fingerprint(request: Request, body: bytes) -> str:
    """Return the `fingerprint` of a request with this body."""
    return fingerprint(request.method, request.url.path, request.url.query, body)


def checked_key(key: str | None) -> str | None:
    """Return an ``Idempotency-Key``, or raise `InvalidInput` when it cannot be one."""
    if key is not None and not _KEY.fullmatch(key):
        raise InvalidInput(
            "header Idempotency-Key must be 1 to 255 visible ASCII characters; a UUID will do"
        )
    return key


IdempotencyKey = Annotated[
    str | None,
    WithJsonSchema({"type": "string", "pattern": f"^{_KEY.pattern}$"}),
    Header(
        alias="Idempotency-Key",
        description="Makes a repeated request return what the first one made. A UUID will do.",
    ),
]
Prefer = Annotated[
    str | None,
    WithJsonSchema({"type": "string"}),
    Header(
        alias="Prefer",
        description="`wait=SECONDS` answers with the finished run when it ends in time.",
        examples=["wait=60"],
    ),
]


async def idempotency(request: Request, key: IdempotencyKey = None) -> Idempotency:
    """Return what the headers and the body of a request promise."""
    return Idempotency(checked_key(key), request_fingerprint(request, await request.body()))


IdempotencyHeader = Annotated[Idempotency, Depends(idempotency)]
