"""The keys of an OpenID provider: discovered, kept, and followed when they rotate."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import structlog

from crispml_core.adapters.oidc.addresses import checked, read_document
from crispml_core.domain.errors import InvalidInput, StoreUnavailable

FRESH_S = 300.0
"""After so long the keys are read again: one that the provider withdrew verifies nothing then."""
AGAIN_S = 10.0
"""An unknown key may be new; the provider is asked once in this time, whoever sends what."""
# Others need not wait for long while one asks.
_PATIENCE_S = 2.0
_log = structlog.get_logger("crispml.access")

Document = Callable[[str], Mapping[str, Any]]


class Provider:
    """Keys by their id, from the provider's document of keys (JWKS).

    While the provider does not answer, the keys that are known stay.

    Parameters
    ----------
    issuer : str
        As in the ``iss`` of its tokens.
    transport : httpx.BaseTransport, optional
        Replaces the network, for tests.
    clock : callable
        Seconds that only grow.

    Raises
    ------
    InvalidInput
        If the issuer is not https, and not of this machine.
    """

    def __init__(
        self,
        issuer: str,
        *,
        transport: httpx.BaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.issuer = checked(issuer)
        self._read: Document = lambda url: read_document(url, transport)
        self._clock = clock
        self._keys: dict[str, Mapping[str, Any]] = {}
        self._read_at = self._tried_at = -1e9
        self._reading = threading.Lock()
        self._on_withdrawal: list[Callable[[], None]] = []

    def watch(self, on_withdrawal: Callable[[], None]) -> None:
        """Tell somebody whenever a key is there no more."""
        self._on_withdrawal.append(on_withdrawal)

    def key(self, key_id: str | None) -> Mapping[str, Any] | None:
        """Return a public key as JWK; None if the provider has none of this id.

        A provider with one key need not name it in its tokens. May wait for the provider.
        """
        if self._find(key_id) is None:
            self.look()
        else:
            self.refresh()
        return self._find(key_id)

    def _find(self, key_id: str | None) -> Mapping[str, Any] | None:
        keys = self._keys
        if key_id is None:
            return next(iter(keys.values())) if len(keys) == 1 else None
        return keys.get(key_id)

    def refresh(self) -> None:
        """Read the keys again if they are old, or were never read."""
        if self._clock() - self._read_at > FRESH_S:
            self.look()

    def look(self) -> None:
        """Read the keys again, unless that was tried a moment ago."""
        if self._clock() - self._tried_at < AGAIN_S:
            return
        if not self._reading.acquire(timeout=_PATIENCE_S):
            return
        try:
            if self._clock() - self._tried_at < AGAIN_S:
                return  # another thread did
            try:
                self._take(self._published())
                self._read_at = self._clock()
            except (StoreUnavailable, InvalidInput) as error:
                _log.warning("openid_provider_unavailable", error=error.message)
            finally:
                self._tried_at = self._clock()
        finally:
            self._reading.release()

    def _published(self) -> dict[str, Mapping[str, Any]]:
        said = self._read(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
        if said.get("issuer") != self.issuer:
            raise InvalidInput("the OpenID provider calls itself by another name than its setting")
        found = self._read(checked(str(said.get("jwks_uri", "")))).get("keys")
        keys = [key for key in found if isinstance(key, dict)] if isinstance(found, list) else []
        return {str(key.get("kid", "")): key for key in keys if key.get("use", "sig") == "sig"}

    def _take(self, keys: dict[str, Mapping[str, Any]]) -> None:
        if not keys:
            raise StoreUnavailable("the OpenID provider publishes no keys")
        gone = any(keys.get(key_id) != key for key_id, key in self._keys.items())
        self._keys = keys
        if gone:
            for tell in self._on_withdrawal:
                tell()
