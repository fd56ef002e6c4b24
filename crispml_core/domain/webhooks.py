"""Events that leave the system, and the signature that a receiver checks.

An event is JSON in the form of CloudEvents 1.0. The signature is the one of the Standard Webhooks
specification: ``v1,`` and the base64 of HMAC-SHA256 over ``id.timestamp.body``, where timestamp is
in whole seconds since 1970. So the libraries that check such signatures work unchanged; `verify` is
for receivers in Python.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from crispml_core.domain.errors import InvalidInput

ID_HEADER, TIME_HEADER, SIGNATURE_HEADER = "webhook-id", "webhook-timestamp", "webhook-signature"
REPLAY_WINDOW_S = 300
"""How old, or how far in the future, a message may be when it comes in."""

_PREFIX = "whsec_"
_SHORTEST = 24


def webhook_key(secret: str) -> bytes:
    """Return the key that a secret stands for.

    Parameters
    ----------
    secret : str
        ``whsec_`` and base64, or any other text, which counts as its UTF-8 bytes.

    Raises
    ------
    InvalidInput
        If it is no base64 behind the prefix, or under 24 bytes.
    """
    if secret.startswith(_PREFIX):
        try:
            key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
        except (binascii.Error, ValueError):
            raise InvalidInput(f"the webhook secret is not base64 behind {_PREFIX}") from None
    else:
        key = secret.encode()
    if len(key) < _SHORTEST:
        raise InvalidInput(f"the webhook secret must have at least {_SHORTEST} bytes")
    return key


def signature(key: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    """Return the signature of one message.

    Examples
    --------
    >>> signature(b"0123456789abcdef01234567", "evt-1", 1_700_000_000, b"{}")
    'v1,IT+b8EiMzuV7+QW/q4Zw2cKmRKYziWD4UGvDP3NvShA='
    """
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def verify(headers: Mapping[str, str], body: bytes, secret: str, now: float) -> bool:
    """Return whether a message comes from who knows the secret, and is not an old one again.

    Parameters
    ----------
    headers : mapping of str to str
        Of the request, with names in lower case.
    body : bytes
        As it came.
    now : float
        Seconds since 1970, from the clock of the receiver.
    """
    try:
        timestamp = int(headers[TIME_HEADER])
        given, message_id = headers[SIGNATURE_HEADER].split(), headers[ID_HEADER]
        if abs(now - timestamp) > REPLAY_WINDOW_S:
            return False
    except (KeyError, ValueError, OverflowError):
        return False
    expected = signature(webhook_key(secret), message_id, timestamp, body)
    return any(hmac.compare_digest(expected.encode(), one.encode()) for one in given)


def cloud_event(
    event_id: str,
    kind: str,
    *,
    source: str,
    subject: str,
    time: datetime,
    data: Mapping[str, Any],
) -> dict[str, Any]:
    """Return an event in the form of CloudEvents 1.0.

    Parameters
    ----------
    kind : str
        For example ``alert.firing``; becomes the type ``com.crispml.alert.firing.v1``.
    source, subject : str
        Who says it, and about what.
    """
    return {
        "specversion": "1.0",
        "id": event_id,
        "type": f"com.crispml.{kind}.v1",
        "source": source,
        "subject": subject,
        "time": time.isoformat(),
        "datacontenttype": "application/json",
        "data": dict(data),
    }
