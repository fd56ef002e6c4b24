"""What a service knows callers by: its gate, and what keeps that up to date."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from starlette.concurrency import run_in_threadpool

from crispml_core.bootstrap.tokens import TokenParts, build_tokens
from crispml_core.domain.access import SETTINGS_KEY, ApiKey, Grant, Role
from crispml_core.domain.identifiers import utc_now
from crispml_core.rest.access.gate import Gate
from crispml_core.rest.access.key_ring import POLL_S, KeyRing
from crispml_core.settings import CrispMLSettings

_PROVIDER_S = 10.0


class Entrance:
    """The gate of a service, with its API keys and the keys of its OpenID provider.

    Parameters
    ----------
    settings : CrispMLSettings
    """

    def __init__(self, settings: CrispMLSettings) -> None:
        auth = settings.auth
        self.ring = KeyRing(_fixed_keys(auth.admin_key_digest))
        self.tokens = build_tokens(auth)
        self.gate = Gate(
            settings.environment,
            is_open=auth.mode == "off",
            keys=self.ring.open,
            tokens=None if self.tokens is None else self.tokens.tokens,
            most_concurrent=settings.server.max_concurrent,
        )
        self.ring.watch(self.gate.forget)
        if self.tokens is not None:
            self.tokens.provider.watch(self.gate.forget)

    def following(self) -> tuple[Coroutine[Any, Any, None], ...]:
        """Return what must run beside the service."""
        if self.tokens is None:
            return (_follow_keys(self.ring),)
        return _follow_keys(self.ring), _follow_provider(self.tokens)


async def _follow_keys(ring: KeyRing) -> None:
    while True:
        await asyncio.sleep(POLL_S)
        await run_in_threadpool(ring.look)


async def _follow_provider(tokens: TokenParts) -> None:
    while True:  # a provider that is slow or away must keep nobody waiting, not even at start
        await run_in_threadpool(tokens.provider.refresh)
        await asyncio.sleep(_PROVIDER_S)


def _fixed_keys(admin_digest: str) -> tuple[ApiKey, ...]:
    if not admin_digest:
        return ()
    return (
        ApiKey(
            key_id="settings",
            digest=admin_digest,
            name=SETTINGS_KEY,
            grants=(Grant(Role.ADMIN),),
            created_at=utc_now(),
            created_by="settings",
        ),
    )
