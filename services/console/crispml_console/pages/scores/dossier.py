"""What a page reads of a dossier; the whole of it is in the downloads."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from crispml_core.client import Score


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What was committed together with the score."""

    group_id: str
    writer_id: str
    sequence: int
    committed_at: datetime
    rows: int
    alias: str | None = None
    fallback: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """The place of the score in its hash chain, verified when the dossier was made."""

    row_digest: str
    root: str
    row_is_as_stored: bool
    root_follows: bool
    verified: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """Which model answered."""

    model: str
    version: str
    digest: str
    created_at: datetime
    algorithm: str
    trained_by: tuple[str, ...] = ()
    signed_by: str | None = None
    threshold: float | None = None
    kpis: dict[str, float | None] = field(default_factory=dict)
    run: str | None = None
    report: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What somebody decided about the version."""

    approval_id: str
    environment: str
    kind: str
    decided_by: str
    decided_at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """On which approval the version answered; `held` is None where none was needed."""

    held: str | None = None
    decisions: tuple[Decision, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSet:
    """A data set that the version was made from."""

    id: str
    stage: str
    rows: int
    content_digest: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """The move of the alias that let the version answer."""

    moved_at: datetime
    moved_by: str = ""
    reason: str = ""
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """An alert that was open when the score was made."""

    rule: str
    severity: str
    summary: str
    first_seen: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A truth about the score; a later one corrects it."""

    label_id: str
    value: str | float
    label_time: datetime
    received_at: datetime
    is_current: bool
    source: str = ""
    supersedes: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LaterScore:
    """What the same record was scored later."""

    score_id: str
    scored_at: datetime
    version: str
    prediction: str | float
    probability: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A verification report that counted the score."""

    id: str
    made_at: datetime
    scored: int | None = None
    labelled: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """Everything behind one score as of a moment.

    Parameters
    ----------
    input : dict
        The stored fields of the record; a value that is not there to be shown is a mapping with the
        reason as ``privacy``.
    missing : tuple of str
        What could not be had, and why.
    """

    at: datetime
    environment: str
    score: Score
    input: dict[str, Any]
    group: Group
    chain: Chain
    version: Version | None = None
    approval: Approval | None = None
    data_sets: tuple[DataSet, ...] = ()
    alias: Alias | None = None
    alerts: tuple[Alert, ...] = ()
    labels: tuple[Label, ...] = ()
    later_scores: tuple[LaterScore, ...] = ()
    reports: tuple[Report, ...] = ()
    missing: tuple[str, ...] = ()


def read(content: dict[str, Any]) -> Dossier:
    """Read what a service answered; what the page does not show is left aside."""
    return msgspec.convert(content, Dossier)
