"""What the page asks in several calls at once; a thread does them one after the other."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

from crispml_core.client import (
    AliasEvent,
    HealthVerdict,
    ModelReport,
    PageOf,
    PublishedVersion,
    RequestRefused,
    VersionApproval,
)
from crispml_core.client.training import TrainingClient

_MOVES, _VERDICTS = 200, 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A version as the list shows it.

    Parameters
    ----------
    aliases : tuple of str
        Those that point at it now.
    approval : VersionApproval or None
        None where it cannot be told.
    key_id : str or None
        The key that signed it.
    verdict : HealthVerdict or None
        The newest judgement; None for one that nobody judged.
    """

    version: PublishedVersion
    aliases: tuple[str, ...]
    approval: VersionApproval | None
    key_id: str | None
    verdict: HealthVerdict | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two versions with their reports; the first is the one that the page is about."""

    versions: tuple[PublishedVersion, PublishedVersion]
    reports: tuple[ModelReport, ModelReport]


def rows(client: TrainingClient, model: str, size: int, cursor: str | None) -> PageOf[Row]:
    """Return a page of versions, newest first."""
    events = client.aliases(model).page(100).items
    page = client.versions(model).page(size, cursor)
    items = tuple(
        Row(
            version=version,
            aliases=tuple(e.alias for e in events if e.version == version.version),
            approval=_approval(client, version),
            key_id=_key_id(client, version),
            verdict=next(iter(client.version_health(model, version.version).page(1).items), None),
        )
        for version in page.items
    )
    return PageOf(items=items, next_cursor=page.next_cursor)


def aliases(client: TrainingClient, model: str) -> list[AliasEvent]:
    """Return the newest move of every alias."""
    return list(client.aliases(model))


def verdicts(client: TrainingClient, model: str, version: str) -> list[HealthVerdict]:
    """Return the newest verdicts on a version, newest first."""
    return list(client.version_health(model, version).page(_VERDICTS).items)


def moves(client: TrainingClient, model: str) -> list[AliasEvent]:
    """Return the newest moves of every alias, oldest first."""
    found: list[AliasEvent] = []
    for event in client.aliases(model):
        found += islice(client.alias_history(model, event.alias), _MOVES)
    return sorted(found, key=lambda event: (event.moved_at, event.sequence))


def report(client: TrainingClient, model: str, version: str) -> ModelReport:
    """Return the training report of a version."""
    return client.report(client.version(model, version).lineage.report)


def pair(client: TrainingClient, model: str, version: str, other: str) -> Pair:
    """Return two versions with their reports."""
    first, second = client.version(model, version), client.version(model, other)
    return Pair(
        versions=(first, second),
        reports=(client.report(first.lineage.report), client.report(second.lineage.report)),
    )


def _approval(client: TrainingClient, version: PublishedVersion) -> VersionApproval | None:
    try:
        return client.version_approval(version.model, version.version)
    except RequestRefused:
        return None


def _key_id(client: TrainingClient, version: PublishedVersion) -> str | None:
    try:
        return client.signature(version.model, version.version).key_id
    except RequestRefused:
        return None
