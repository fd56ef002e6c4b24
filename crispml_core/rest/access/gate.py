"""Who asks, by their credential, and whether they may: the one gate of a service."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Protocol

from crispml_core.domain.access import EVERYBODY, NOBODY, Principal
from crispml_core.domain.api_keys import is_key
from crispml_core.domain.errors import Forbidden, Unauthenticated
from crispml_core.governance.access import Permission, may
from crispml_core.rest.access.concurrency import Concurrency, InWork

_MOST = 4096
HOW = (
    "send an API key or a token of the OpenID provider as `Authorization: Bearer …`; "
    "`crispml keys new` makes a key"
)


class Opener(Protocol):
    """Tells who asks with one kind of credential."""

    def __call__(self, credential: str) -> tuple[Principal, float] | None:
        """Return who asks, and until when that holds in seconds of the epoch; None if nobody."""
        ...


class Gate:
    """Tells who asks, remembers it for a while, and lets pass who may.

    Parameters
    ----------
    environment : str
    is_open : bool
        Whether everybody may do everything: authentication is off.
    keys : Opener
        For API keys.
    tokens : Opener, optional
        For tokens of an OpenID provider.
    most_concurrent : int
        Requests of one caller that may be in work at the same time.
    """

    def __init__(
        self,
        environment: str,
        *,
        is_open: bool,
        keys: Opener,
        tokens: Opener | None = None,
        most_concurrent: int = 512,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.environment, self._is_open, self._clock = environment, is_open, clock
        self._keys, self._tokens = keys, tokens
        self.concurrency = Concurrency(most_concurrent)
        self._known: dict[str, tuple[Principal, float]] = {}
        self._may: dict[tuple[bytes | None, str], tuple[InWork, float]] = {}

    def forget(self) -> None:
        """Ask again about every credential: something was revoked or added."""
        self._known, self._may = {}, {}

    def principal(self, credential: str | None) -> Principal:
        """Return who asks; `NOBODY` without a credential. May wait for the store or the provider.

        Raises
        ------
        Unauthenticated
            If the credential opens nothing.
        """
        if self._is_open:
            return EVERYBODY
        if credential is None:
            return NOBODY
        # What was found before somebody said `forget` is not remembered after it.
        remembered = self._known
        known = remembered.get(credential)
        if known is not None and known[1] > self._clock():
            return known[0]
        opener = self._keys if is_key(credential) else self._tokens
        found = None if opener is None else opener(credential)
        if found is None or found[1] <= self._clock():
            raise Unauthenticated(f"the credential is wrong, has expired or was revoked: {HOW}")
        if len(remembered) >= _MOST:
            remembered.clear()
        remembered[credential] = found
        return found[0]

    def remembered(self, credential: str | None) -> Principal | None:
        """Return who asks if that needs no waiting; None if it does."""
        if self._is_open:
            return EVERYBODY
        if credential is None:
            return NOBODY
        known = self._known.get(credential)
        return known[0] if known is not None and known[1] > self._clock() else None

    def lets(self, principal: Principal, permission: Permission, use_case: str | None) -> bool:
        """Return whether somebody has a permission for a use case, or for all of them if None."""
        return may(principal, permission, use_case, self.environment)

    def check(self, principal: Principal, permission: Permission, use_case: str | None) -> None:
        """Raise unless somebody has a permission for a use case, or for all of them if it is None.

        Raises
        ------
        Unauthenticated
            If nobody is known.
        Forbidden
            If they have it not.
        """
        if self.lets(principal, permission, use_case):
            return
        if principal is NOBODY:
            raise Unauthenticated(f"this needs a credential: {HOW}")
        where = "all use cases" if use_case is None else "this use case"
        raise Forbidden(
            f"your roles do not have the permission {permission.value} for {where} in "
            f"{self.environment}; ask for a key or a token with a role that has it"
        )

    def may_score(self, header: bytes | None, use_case: str) -> InWork | None:
        """Return what counts the requests of the sender of a header; the hot path asks this.

        None unless they surely may score.

        Parameters
        ----------
        header : bytes or None
            Value of ``Authorization``.
        """
        allowed = self._may  # not what it is after somebody said `forget` meanwhile
        found = allowed.get((header, use_case))
        if found is not None:
            return found[0] if found[1] > self._clock() else None
        known = self._scorer(header, use_case)
        if known is None:
            return None  # the app finds out, and remembers it or says why not
        if len(allowed) >= _MOST:
            allowed.clear()
        found = allowed[header, use_case] = self.concurrency.of(known[0]), known[1]
        return found[0] if found[1] > self._clock() else None

    def _scorer(self, header: bytes | None, use_case: str) -> tuple[Principal, float] | None:
        if self._is_open:
            return EVERYBODY, math.inf
        credential = credential_of(header)
        known = None if credential is None else self._known.get(credential)
        if known is None or not may(known[0], Permission.SCORE, use_case, self.environment):
            return None
        return known


def credential_of(header: bytes | None) -> str | None:
    """Return the credential in the value of an ``Authorization`` header; None without one."""
    if header is None:
        return None
    scheme, _, credential = header.strip().partition(b" ")
    if scheme.lower() != b"bearer":
        return None
    return credential.strip().decode("latin-1")
