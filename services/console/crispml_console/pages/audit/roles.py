"""What each role may do, and what the visitor may."""

from __future__ import annotations

from htmltools import TagChild, TagList, tags

from crispml_console.parts.layout import badge, card
from crispml_console.parts.page import Place, Visit
from crispml_console.parts.tables import Column, facts, table
from crispml_console.parts.words import NONE

PERMISSIONS = {
    "describe": "See which use cases and models there are, and what a record looks like",
    "read": "See data sets by their facts, runs, versions, reports, drift, alerts and lineage",
    "read-data": "See rows of data sets",
    "read-records": "See scores, labels and dossiers",
    "score": "Score records",
    "label": "Tell the truth about scores",
    "verify": "Make reports, replays and evaluations of rules",
    "train": "Start and cancel runs, describe data sets, judge and reproduce versions",
    "move-alias": "Move and remove aliases",
    "approve": "Approve versions, and answer requests for a promotion",
    "carry": "Export and import bundles of versions",
    "audit": "Read and verify the audit log",
    "privacy": "See everything held about a person, and erase it",
    "retain": "See what grew too old, and delete it",
    "manage-keys": "Make and revoke API keys",
}
"""What each permission is for."""

_TRAINER = ("describe", "read", "read-data", "verify", "train", "move-alias", "carry")
ROLES: dict[str, tuple[str, ...]] = {
    "viewer": ("describe", "read"),
    "scorer": ("describe", "score"),
    "labeller": ("describe", "label"),
    "trainer": _TRAINER,
    "approver": ("describe", "read", "verify", "move-alias", "approve", "carry"),
    "auditor": ("describe", "read", "read-data", "read-records", "verify", "audit"),
    "admin": tuple(PERMISSIONS),
}
"""What each role may do. The services decide; a test holds this table against theirs."""


def body(place: Place) -> TagChild:
    """Return the part of the page; it asks no service."""
    caller = place.visitor.caller
    columns = [
        Column[str]("Permission", lambda name: tags.code(name)),
        Column[str]("You may", lambda name: _where(caller.permissions.get(name, ()))),
        *(
            Column[str](role, lambda name, role=role: _mark(name in ROLES[role]))  # type: ignore[misc]
            for role in ROLES
        ),
        Column[str]("For", lambda name: PERMISSIONS[name]),
    ]
    return TagList(
        card(
            "You",
            facts(
                ("Name", caller.name),
                ("Environment", caller.environment),
                ("Grants", TagList(*(tags.div(badge(grant)) for grant in caller.grants))),
            ),
        ),
        card("Roles", table("What each role may do, and what you may", columns, [*PERMISSIONS])),
    )


def serve(visit: Visit) -> None:
    """Fill nothing: the page is whole."""


def _where(use_cases: tuple[str, ...]) -> TagChild:
    if not use_cases:
        return NONE
    return badge("everywhere" if "*" in use_cases else ", ".join(use_cases), "good")


def _mark(is_there: bool) -> TagChild:
    if not is_there:
        return tags.span(tags.span("no", class_="visually-hidden"))
    return TagList(tags.span("✓", aria_hidden="true"), tags.span("yes", class_="visually-hidden"))
