"""Documents of a provider, read with a limit on everything that a provider could get wrong."""

from __future__ import annotations

import time
from ipaddress import ip_address
from typing import Any

import httpx
import msgspec

from crispml_core.domain.errors import InvalidInput, StoreUnavailable

TIMEOUT_S = 3.0
"""Longest silence, and longest time of a whole answer twice as much."""
_LARGEST = 256 * 1024


def checked(url: str) -> str:
    """Return the address of a provider.

    Raises
    ------
    InvalidInput
        If it is not https, and not of this machine.
    """
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        parsed = httpx.URL("")
    is_safe = parsed.scheme == "https" or (parsed.scheme == "http" and _is_loopback(parsed.host))
    if not is_safe or not parsed.host or parsed.userinfo:
        raise InvalidInput("an address of the OpenID provider must be https:// without a password")
    return url


def read_document(url: str, transport: httpx.BaseTransport | None = None) -> dict[str, Any]:
    """Return a JSON object of a provider; a redirect is not followed.

    Raises
    ------
    StoreUnavailable
        If the provider does not answer, or answers something else.
    """
    deadline, content = time.monotonic() + 2 * TIMEOUT_S, b""
    is_local = _is_loopback(httpx.URL(checked(url)).host)
    try:
        with (
            httpx.Client(timeout=TIMEOUT_S, transport=transport, trust_env=not is_local) as client,
            client.stream("GET", url, headers={"Accept": "application/json"}) as response,
        ):
            if response.status_code != httpx.codes.OK:
                raise StoreUnavailable("the OpenID provider does not give its document")
            for part in response.iter_bytes():
                content += part
                if len(content) > _LARGEST or time.monotonic() > deadline:
                    raise StoreUnavailable("a document of the OpenID provider has no end")
        document = msgspec.json.decode(content, type=dict[str, Any])
    except (httpx.HTTPError, msgspec.MsgspecError):
        raise StoreUnavailable("the OpenID provider does not answer as one does") from None
    return document


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
