"""What each role may do. This table is the rule and its documentation; deny is the default."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from crispml_core.domain.access import ANY, Grant, Principal, Role


class Permission(StrEnum):
    """What a route asks of its caller."""

    DESCRIBE = "describe"
    """See which use cases and models there are, and what a record looks like."""
    READ = "read"
    """See data sets by their facts, runs, versions, reports, drift, alerts and lineage."""
    READ_DATA = "read-data"
    """See rows of data sets: personal data, unless the use case filters it."""
    READ_RECORDS = "read-records"
    """See scores, labels and dossiers: personal data."""
    SCORE = "score"
    """Score records, and look up what was answered."""
    LABEL = "label"
    """Tell the truth about scores."""
    VERIFY = "verify"
    """Make reports, replays and evaluations of rules."""
    TRAIN = "train"
    """Start and cancel runs, describe data sets, judge and reproduce versions."""
    MOVE_ALIAS = "move-alias"
    """Move and remove aliases, as far as the rules of the environment allow."""
    APPROVE = "approve"
    """Approve versions and answer requests for a promotion."""
    CARRY = "carry"
    """Export and import bundles of versions."""
    AUDIT = "audit"
    """Read and verify the audit log."""
    PRIVACY = "privacy"
    """See everything held about a data subject, and erase it."""
    RETAIN = "retain"
    """See what grew too old by the rules of retention, and delete it."""
    MANAGE_KEYS = "manage-keys"
    """Make and revoke API keys."""


_ALL = frozenset(Permission)

ROLES: Mapping[Role, frozenset[Permission]] = {
    Role.VIEWER: frozenset({Permission.DESCRIBE, Permission.READ}),
    Role.SCORER: frozenset({Permission.DESCRIBE, Permission.SCORE}),
    Role.LABELLER: frozenset({Permission.DESCRIBE, Permission.LABEL}),
    Role.TRAINER: frozenset(
        {
            Permission.DESCRIBE,
            Permission.READ,
            Permission.READ_DATA,
            Permission.VERIFY,
            Permission.TRAIN,
            Permission.MOVE_ALIAS,
            Permission.CARRY,
        }
    ),
    Role.APPROVER: frozenset(
        {
            Permission.DESCRIBE,
            Permission.READ,
            Permission.VERIFY,
            Permission.MOVE_ALIAS,
            Permission.APPROVE,
            Permission.CARRY,
        }
    ),
    Role.AUDITOR: frozenset(
        {
            Permission.DESCRIBE,
            Permission.READ,
            Permission.READ_DATA,
            Permission.READ_RECORDS,
            Permission.VERIFY,
            Permission.AUDIT,
        }
    ),
    Role.ADMIN: _ALL,
}


def may(
    principal: Principal, permission: Permission, use_case: str | None, environment: str
) -> bool:
    """Return whether somebody has a permission for a use case in an environment.

    Parameters
    ----------
    use_case : str or None
        None asks for all use cases, which only a grant for all of them gives.
    """
    return any(
        permission in ROLES[grant.role] and grant.covers(use_case, environment)
        for grant in principal.grants
    )


def may_grant(principal: Principal, grant: Grant) -> bool:
    """Return whether somebody may give a grant away: an admin of at least what it covers."""
    return any(
        Permission.MANAGE_KEYS in ROLES[own.role]
        and own.use_case in (ANY, grant.use_case)
        and own.environment in (ANY, grant.environment)
        for own in principal.grants
    )


def use_cases_of(
    principal: Principal, permission: Permission, environment: str
) -> frozenset[str] | None:
    """Return the use cases that somebody has a permission for; None for all of them."""
    found = {
        grant.use_case
        for grant in principal.grants
        if permission in ROLES[grant.role] and grant.environment in (ANY, environment)
    }
    return None if ANY in found else frozenset(found)


def permissions_of(principal: Principal, environment: str) -> dict[str, tuple[str, ...]]:
    """Return all that somebody may do: for each permission its use cases, `ANY` for all of them."""
    found = {
        permission.value: use_cases_of(principal, permission, environment)
        for permission in Permission
    }
    return {
        permission: (ANY,) if use_cases is None else tuple(sorted(use_cases))
        for permission, use_cases in found.items()
        if use_cases is None or use_cases
    }
