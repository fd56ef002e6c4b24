"""How versions, approvals and aliases are written on the page."""

from __future__ import annotations

from htmltools import Tag, TagChild, TagList, tags

from crispml_console.parts.layout import badge
from crispml_console.parts.page import link
from crispml_console.parts.words import NONE
from crispml_core.client import DecisionKind, HealthVerdict, VersionApproval

_ROLES = {"champion": "good", "challenger": "", "fallback": "warn"}


def version_link(use_case: str, version: str) -> Tag:
    """Return the link to the page of a version."""
    href = link("models", use_case=use_case, version=version)
    return tags.a(tags.code(version), href=href, class_="version")


def who(use_case: str, name: str) -> TagChild:
    """Return who did something: a person, a rule, or a run with its link."""
    kind, _, run_id = name.partition(" ")
    if kind != "run" or not run_id:
        return name or "nobody known"
    href = link("cycle", use_case=use_case, run=run_id)
    return tags.a(f"run {run_id[:8]}…", href=href, title=name)


def alias_badges(aliases: tuple[str, ...]) -> TagList:
    """Return the aliases of a version."""
    return TagList(*(badge(alias, _ROLES.get(alias, "")) for alias in aliases))


def approval_badge(approval: VersionApproval | None) -> Tag:
    """Return in a word how a version stands before those who approve it."""
    if approval is None:
        return tags.span(NONE)
    if approval.approval_id is not None:
        return badge("approved", "good")
    last = next(
        (d for d in reversed(approval.decisions) if d.kind is not DecisionKind.BREAK_GLASS), None
    )
    if last is not None and last.kind is DecisionKind.REFUSAL:
        return badge("refused", "bad")
    if approval.is_needed:
        return badge("needs approval", "warn")
    return badge("not approved", "idle")


def fit_badge(verdict: HealthVerdict | None) -> Tag:
    """Return in a word whether a version may answer."""
    if verdict is None:
        return badge("fit", "idle")
    return badge("fit", "good") if verdict.fit else badge("unfit", "bad")
