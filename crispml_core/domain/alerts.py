"""What watching a model leaves behind: evaluations, alerts, actions and messages about them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """One evaluation of the rules of a use case, as of one moment.

    Parameters
    ----------
    id : str
        That of the run that made it.
    sequence : int
        Counts the evaluations of the use case, from 1.
    at : datetime
        The moment; what was stored later does not count.
    champion : str or None
        The version that was watched.
    decisions : list of dict
        What became of each rule.
    states : dict
        By rule, what the next evaluation has to remember.
    evidence : dict
        Ids of the stored reports behind what fired.
    """

    id: str
    use_case: str
    sequence: int
    at: datetime
    champion: str | None = None
    decisions: list[dict[str, Any]] = field(default_factory=list)
    states: dict[str, dict[str, Any]] = field(default_factory=dict)
    evidence: dict[str, str] = field(default_factory=dict)

    @property
    def firing(self) -> list[str]:
        """The rules that fire."""
        return [item["rule"] for item in self.decisions if item["state"] == "firing"]


class AlertState(StrEnum):
    """Where an alert stands."""

    FIRING = "firing"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """A rule that held, from when it fired until it surely did not hold any more.

    Parameters
    ----------
    first_seen, last_seen : datetime
        The first and the last evaluation in which it held.
    evaluation_id : str
        The evaluation in which it fired.
    summary : str
        What was found then.
    """

    id: str
    use_case: str
    rule: str
    severity: str
    state: AlertState
    first_seen: datetime
    last_seen: datetime
    evaluation_id: str
    summary: str
    resolved_at: datetime | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str = ""


class ActionStatus(StrEnum):
    """How far an action is.

    ``planned``: decided, and not begun for sure. ``submitted``: its run is queued. ``awaiting``:
    somebody has to approve it. ``approved``: somebody did, and it is not begun for sure. The others
    are final; ``skipped``: the state of the stores forbade it.
    """

    PLANNED = "planned"
    SUBMITTED = "submitted"
    AWAITING = "awaiting"
    APPROVED = "approved"
    REJECTED = "rejected"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerAction:
    """Something that a rule set off, besides its alert.

    Parameters
    ----------
    kind : str
        ``retrain``, ``promote``, ``fallback`` or ``recover``.
    reason : str
        What was found, for whoever has to approve it and for the history of the alias.
    champion : str or None
        The champion when it was decided; a promotion replaces no other one.
    evidence : dict
        Ids of the stored reports behind it.
    decided_at, decided_by, decided_why
        Who approved or rejected it.
    created_at : datetime
        The moment of the evaluation that decided it.
    run_id : str or None
        The run that does it.
    detail : str
        What came of it, in a sentence.
    """

    id: str
    use_case: str
    rule: str
    kind: str
    status: ActionStatus
    evaluation_id: str
    created_at: datetime
    run_id: str | None = None
    version: str | None = None
    detail: str = ""
    reason: str = ""
    champion: str | None = None
    evidence: dict[str, str] = field(default_factory=dict)
    decided_at: datetime | None = None
    decided_by: str = ""
    decided_why: str = ""


class DeliveryStatus(StrEnum):
    """How far a message is: on its way, taken by the receiver, or given up."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A message for the webhook, kept until the receiver took it.

    Parameters
    ----------
    id : str
        Stays the same however often it is sent.
    event : dict
        The body.
    outcome : str
        What the last attempt came to; never what the receiver answered.
    """

    id: str
    use_case: str
    type: str
    created_at: datetime
    event: dict[str, Any]
    next_attempt_at: datetime
    status: DeliveryStatus = DeliveryStatus.PENDING
    attempts: int = 0
    delivered_at: datetime | None = None
    outcome: str = ""
