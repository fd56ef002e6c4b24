"""The approval of a version: what a use case asks for, and what somebody decided."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from crispml_core.domain.errors import Conflict, InvalidInput
from crispml_core.domain.targets import Gate

MAX_REASON = 1000


class ApprovalRefused(Conflict):
    """Raised when a version cannot be approved, or not by this person."""

    code = "approval_refused"


class DecisionKind(StrEnum):
    """What somebody decided about a version.

    ``break_glass`` let it answer once without an approval; it is none.
    """

    APPROVAL = "approval"
    REFUSAL = "refusal"
    BREAK_GLASS = "break_glass"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalPolicy:
    """What must be known about a version before somebody may approve it.

    Parameters
    ----------
    gates : tuple of Gate
        Bounds on ``test`` beside the gates of the use case.
    fairness : bool
        Whether the attributes in ``monitoring.fairness`` must be treated alike on ``test``, within
        the limits that are declared there.
    drift_days : int, optional
        The scores of the version over so many days must not have drifted beyond the thresholds in
        ``monitoring.drift``: for versions that score in the shadow first. None does not look.
    golden_records : int
        How many golden records the version must bring.
    documentation : bool
        Whether `owner`, the intended use and a description of every field must be written down.
    owner : str
        Who answers for the model.
    intended_use : str
        What the model is for, and what not; the description of the use case by default.
    """

    gates: tuple[Gate, ...] = ()
    fairness: bool = True
    drift_days: int | None = None
    golden_records: int = 1
    documentation: bool = True
    owner: str = ""
    intended_use: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "gates", tuple(self.gates))
        if self.golden_records < 0:
            raise InvalidInput("approval: golden_records must not be negative")
        if self.drift_days is not None and not 1 <= self.drift_days <= 365:
            raise InvalidInput("approval: drift_days must be from 1 to 365")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChecklistItem:
    """One line of the checklist of a version.

    Parameters
    ----------
    name : str
        For example ``gate auc`` or ``owner``.
    verdict : {"met", "not met", "undecided"}
    reason : str
        What was found.
    """

    name: str
    verdict: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionDecision:
    """What somebody decided about a version in one environment.

    Parameters
    ----------
    digest : str
        Of the bytes of the version, see `crispml_core.domain.models.PublishedVersion`.
    report_digest : str
        SHA-256 of its training report. The decision is about these two and no others.
    decided_by : str
        Name of the principal.
    evidence : dict
        For an approval or a refusal the checklist as it was, for a broken glass the alias.
    """

    approval_id: str
    model: str
    version: str
    digest: str
    report_digest: str
    environment: str
    kind: DecisionKind
    decided_by: str
    decided_at: datetime
    reason: str
    evidence: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionApproval:
    """How a version stands before those who may approve it.

    Parameters
    ----------
    trained_by : tuple of str
        Who trained it; empty when nobody knows.
    is_needed : bool
        Whether the environment asks for an approval before a version may answer.
    approval_id : str or None
        The approval that holds for these bytes and this report here.
    objection : str or None
        Why whoever asks could not approve it now without more ado.
    void : list of str
        Ids of decisions about other bytes or another report.
    """

    model: str
    version: str
    digest: str
    report_digest: str
    environment: str
    trained_by: tuple[str, ...]
    is_needed: bool
    approval_id: str | None
    objection: str | None
    checklist: list[ChecklistItem]
    decisions: list[VersionDecision]
    void: list[str]
