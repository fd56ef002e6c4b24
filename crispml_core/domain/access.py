"""Who asks, and what they were granted: roles over use cases and environments."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from crispml_core.domain.errors import InvalidInput, did_you_mean

ANY = "*"
SETTINGS_KEY = "settings"
"""Name of the API key that the settings of a service may hold; it is in no store."""
ENVIRONMENTS = ("dev", "qa", "prod")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,62}")


class Role(StrEnum):
    """What somebody is to a use case; `crispml_core.governance.access` says what each may do."""

    VIEWER = "viewer"
    SCORER = "scorer"
    LABELLER = "labeller"
    TRAINER = "trainer"
    APPROVER = "approver"
    AUDITOR = "auditor"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True, order=True)
class Grant:
    """One role for one use case, or all of them, in one environment, or all of them.

    Its text is ``ROLE``, ``ROLE:USE_CASE`` or ``ROLE:USE_CASE:ENVIRONMENT``; ``*`` means all.

    Parameters
    ----------
    role : Role
    use_case, environment : str
        A name, or `ANY`.
    """

    role: Role
    use_case: str = ANY
    environment: str = ANY

    @classmethod
    def parse(cls, text: str) -> Grant:
        """Read a grant from its text.

        Raises
        ------
        InvalidInput
            If it is none; the message shows nothing of the text but a role that it may mean.
        """
        role, _, rest = text.partition(":")
        use_case, _, environment = rest.partition(":")
        names = [known.value for known in Role]
        if role not in names:
            guess = did_you_mean(role, names)
            raise InvalidInput(f"a grant begins with a role{guess}; known: {', '.join(names)}")
        if use_case not in ("", ANY) and _NAME.fullmatch(use_case) is None:
            raise InvalidInput("a grant is ROLE:USE_CASE:ENVIRONMENT; its use case is no name")
        if environment not in ("", ANY, *ENVIRONMENTS):
            raise InvalidInput(
                "a grant is ROLE:USE_CASE:ENVIRONMENT; an environment is one of "
                f"{', '.join(ENVIRONMENTS)}"
            )
        return cls(Role(role), use_case or ANY, environment or ANY)

    def __str__(self) -> str:
        parts = [self.role.value, self.use_case, self.environment]
        while len(parts) > 1 and parts[-1] == ANY:
            parts.pop()
        return ":".join(parts)

    def covers(self, use_case: str | None, environment: str) -> bool:
        """Return whether it counts for a use case here.

        What belongs to no use case, None, is covered only by a grant for all of them.
        """
        return self.environment in (ANY, environment) and self.use_case in (ANY, use_case)


def parse_grants(texts: Iterable[str]) -> tuple[Grant, ...]:
    """Read grants from their texts, each once, in order.

    Raises
    ------
    InvalidInput
        If one of them is none; the message says which by its position, from 1.
    """
    grants = []
    for position, text in enumerate(texts, start=1):
        try:
            grants.append(Grant.parse(text))
        except InvalidInput as error:
            raise InvalidInput(f"grant {position}: {error.message}") from None
    return tuple(sorted(set(grants)))


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks.

    Parameters
    ----------
    name : str
        What the audit log and the stores call them: ``key:NAME`` for an API key, ``user:SUBJECT``
        for a person or a service of the OpenID provider. Names of another kind never collide.
    grants : tuple of Grant
    key_id : str or None
        Of the API key.
    """

    name: str
    grants: tuple[Grant, ...]
    key_id: str | None = None


NOBODY = Principal("anonymous", ())
"""Asks for what is open to everybody."""

EVERYBODY = Principal("anonymous", (Grant(Role.ADMIN),))
"""Asks where authentication is off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """An API key as it is stored; the key itself is known to its holder only.

    Parameters
    ----------
    key_id : str
        The part of the key that may be shown.
    digest : str
        SHA-256 of the whole key, hexadecimal.
    name : str
        Who holds it, in words of whoever made it.
    expires_at, revoked_at : datetime or None
    created_by, revoked_by : str
        Names of principals; `revoked_by` is empty while nobody has revoked it.
    """

    key_id: str
    digest: str
    name: str
    grants: tuple[Grant, ...]
    created_at: datetime
    created_by: str
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    revoked_by: str = ""

    def is_valid(self, now: datetime) -> bool:
        """Return whether it opens anything at a moment."""
        is_expired = self.expires_at is not None and self.expires_at <= now
        return self.revoked_at is None and not is_expired

    @property
    def principal(self) -> Principal:
        """Who asks with this key."""
        return Principal(f"key:{self.name}", self.grants, self.key_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Whoever a credential belongs to, as they are told themselves.

    Parameters
    ----------
    permissions : mapping
        For each permission that they have in this environment the use cases that they have it for;
        `ANY` for all of them. A page offers by it what the services would not refuse.
    """

    name: str
    grants: tuple[str, ...]
    key_id: str | None
    environment: str
    permissions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyView:
    """An API key as its admins see it: everything but what it is told by."""

    key_id: str
    name: str
    grants: tuple[str, ...]
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None
    revoked_by: str

    @classmethod
    def of(cls, key: ApiKey) -> KeyView:
        """Return what is shown of a key."""
        return cls(
            key_id=key.key_id,
            name=key.name,
            grants=tuple(str(grant) for grant in key.grants),
            created_at=key.created_at,
            created_by=key.created_by,
            expires_at=key.expires_at,
            revoked_at=key.revoked_at,
            revoked_by=key.revoked_by,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """A key that was just made; whoever lost the text makes another one.

    Parameters
    ----------
    key : str
        The key itself; no ``repr`` shows it.
    """

    key: str = field(repr=False)
    facts: KeyView
