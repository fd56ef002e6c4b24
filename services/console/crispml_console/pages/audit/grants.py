"""What may be granted by whoever makes a key: roles, and where."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from crispml_console.pages.audit.roles import ROLES

ANY = "*"
_ENVIRONMENTS = ("dev", "qa", "prod")


@dataclass(frozen=True, slots=True)
class Offered:
    """What the selects of a new grant offer, by value and text."""

    roles: dict[str, str]
    use_cases: dict[str, str]
    environments: dict[str, str]


def offered(own: Iterable[str], use_cases: Sequence[str]) -> Offered:
    """Return what somebody can choose from: what one of their grants as an admin covers.

    The services decide about each combination.

    Parameters
    ----------
    own : iterable of str
        The grants of who makes the key.
    """
    places = [_place(grant) for grant in own if grant.partition(":")[0] == "admin"]
    is_everywhere = any(use_case == ANY for use_case, _ in places)
    is_always = any(environment == ANY for _, environment in places)
    named = {use_case for use_case, _ in places} - {ANY}
    chosen = sorted({*use_cases, *named}) if is_everywhere else sorted(named)
    times = _ENVIRONMENTS if is_always else sorted({environment for _, environment in places})
    return Offered(
        roles={role: role for role in ROLES},
        use_cases=({ANY: "All use cases"} if is_everywhere else {}) | {one: one for one in chosen},
        environments=({ANY: "All environments"} if is_always else {}) | {one: one for one in times},
    )


def text_of(role: str, use_case: str, environment: str) -> str:
    """Return a grant as the services read it."""
    parts = [role, use_case, environment]
    while parts[-1] == ANY:
        parts.pop()
    return ":".join(parts)


def _place(grant: str) -> tuple[str, str]:
    _, _, rest = grant.partition(":")
    use_case, _, environment = rest.partition(":")
    return use_case or ANY, environment or ANY
