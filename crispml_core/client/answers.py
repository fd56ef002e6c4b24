"""Answers of the services that have no value of their own in ``crispml_core.domain``."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from crispml_core.domain.algorithms import Hyperparameter
from crispml_core.domain.fields import Field
from crispml_core.domain.labels import Verdict
from crispml_core.domain.targets import Gate, Segment, Target, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class AlgorithmInfo:
    """An algorithm of a use case, without its code."""

    name: str
    description: str = ""
    hyperparameters: tuple[Hyperparameter, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UseCaseInfo:
    """A use case as a service describes it, without its code.

    Parameters
    ----------
    fields : tuple of Field
        The record schema; what a score request may carry.
    digest : str
        SHA-256 of the definition that the service has loaded.
    """

    name: str
    task: Task
    target: Target
    record_key: str
    fields: tuple[Field, ...]
    version: str = ""
    description: str = ""
    algorithms: tuple[AlgorithmInfo, ...] = ()
    segments: tuple[Segment, ...] = ()
    gates: tuple[Gate, ...] = ()
    digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelInfo:
    """A registered model: its name, and where its aliases point."""

    name: str
    aliases: dict[str, str] = field(default_factory=dict)
    latest_version: str | None = None
    versions: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportInfo:
    """A report as a list shows it."""

    id: str
    use_case: str
    created_at: datetime
    facts: dict[str, Any] = field(default_factory=dict)
    digest: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelReport:
    """The report of a fitted model."""

    id: str
    use_case: str
    created_at: datetime
    content: dict[str, Any]
    digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredRecord:
    """The answer for one record, in the order of the request.

    Parameters
    ----------
    details : dict
        The ``explanation`` and the ``interval``, if they were asked for.
    """

    score_id: str
    record_key: str
    prediction: str | float
    probability: float | None = None
    probabilities: dict[str, float] = field(default_factory=dict)
    segments: dict[str, str] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreAnswer:
    """The answer to a score request.

    Parameters
    ----------
    version : str
        The model version that answered every record.
    durability : str
        Where the scores are stored: ``database`` or ``journal``.
    fallback : bool
        Whether the version answered because the one that the alias names cannot serve.
    replayed : bool
        Whether the scores were stored by an earlier request with the same idempotency key.
    """

    use_case: str
    model: str
    version: str
    scores: tuple[ScoredRecord, ...]
    alias: str | None = None
    group_id: str = ""
    durability: str = ""
    fallback: bool = False
    replayed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FileScores:
    """What is true of all scores of a file; the scores themselves are in another file.

    Parameters
    ----------
    fallback : bool
        Whether the version answered because the one that the alias names cannot serve.
    size : int
        Bytes of scores.
    """

    use_case: str
    model: str
    version: str
    alias: str | None
    fallback: bool
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelRow:
    """What became of one label."""

    row: int
    verdict: Verdict
    label_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelAnswer:
    """The answer to a label import: counts by verdict, and one verdict per row if wanted."""

    import_id: str
    use_case: str
    received_at: datetime
    counts: dict[str, int]
    row_count: int = 0
    rows: tuple[LabelRow, ...] = ()
