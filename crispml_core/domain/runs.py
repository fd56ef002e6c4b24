"""Runs: one invocation of a method or of the whole cycle, as everybody may see it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

METHODS = (
    "data-ingestion",
    "data-preparation",
    "data-curation",
    "model-training",
    "model-report",
    "model-persist",
    "new-data-score",
    "new-data-label",
    "new-data-report",
)
TRAINING_METHODS, SCORING_METHODS = METHODS[:6], METHODS[6:]
CYCLE = "cycle"
REPRODUCE = "reproduce"
"""Makes a version again and compares; not a method of the life cycle, but a run."""
TRAINING_RUNS = (*TRAINING_METHODS, CYCLE, REPRODUCE)
"""What the training service executes."""
MONITOR, DRY_RUN = "monitor", "monitor-dry-run"
MONITORING_RUNS = (MONITOR, DRY_RUN)
"""Evaluations of the rules of a use case: of now, and of the past without any effect."""


class RunStatus(StrEnum):
    """Where a run stands; the last three are final."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Whether the run will not change any more."""
        return self not in (RunStatus.QUEUED, RunStatus.RUNNING)


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodTiming:
    """One call of one method inside a run.

    Parameters
    ----------
    method : str
        One of `METHODS`.
    rows : int
        Rows that went through.
    seconds : float
        Wall time of the method itself.
    output : dict
        Ids of what came out, by kind: ``dataset_id``, ``curation_id``, ``model_id``, ``report_id``,
        ``version``.
    """

    method: str
    status: RunStatus
    started_at: datetime
    seconds: float
    rows: int = 0
    algorithm: str | None = None
    output: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunError:
    """Why a run failed, in the form of a problem document."""

    code: str
    message: str
    step: str | None = None
    problems: tuple[dict[str, Any], ...] = ()
    total: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One invocation of a method or a cycle.

    Parameters
    ----------
    method : str
        One of `METHODS`, ``cycle`` or ``reproduce``.
    parameters : dict
        The request as it was accepted.
    percent : float
        Progress of the whole run, 0 to 100.
    stage : str
        What it is doing now.
    steps : tuple of MethodTiming
        The methods that ended so far, in order.
    result : dict
        Ids and figures of a run that succeeded.
    requested_by : str
        Name of the principal who asked for it, or ``rule:NAME``; empty where authentication is off.
    """

    id: str
    use_case: str
    method: str
    status: RunStatus
    parameters: dict[str, Any]
    created_at: datetime
    timeout_s: float
    started_at: datetime | None = None
    finished_at: datetime | None = None
    percent: float = 0.0
    stage: str = ""
    cancel_requested: bool = False
    steps: tuple[MethodTiming, ...] = ()
    result: dict[str, Any] = field(default_factory=dict)
    error: RunError | None = None
    request_id: str = ""
    requested_by: str = ""
