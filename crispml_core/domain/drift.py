"""What counts as drift, and what the counts behind it are about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.scores import Encoding

Correction = Literal["benjamini-hochberg", "holm"]

STATISTICS = (
    "psi",
    "jensen_shannon",
    "kolmogorov_smirnov",
    "chi_square",
    "missing_rate",
    "unknown_rate",
    "mean_shift",
)
"""Names of the statistics; each has a threshold of its own."""

PREDICTION, PROBABILITY, LABEL = DRIFT_NAMES = ("prediction", "prediction_probability", "label")
"""What is compared besides the fields of the record."""

OVERALL = ""
"""The segment key of counts that are about all records."""


def segment_key(segment: str, group: str) -> str:
    """Return the key of the counts of one group, for example ``sex=female``."""
    return f"{segment}={group}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldDrift:
    """Thresholds of one field; what is None is as the policy says for all.

    Parameters
    ----------
    field : str
        A field of the record, or ``prediction`` or ``label``.
    watch : bool
        False: the field is reported, and never alerts.
    """

    field: str
    watch: bool = True
    psi: float | None = None
    jensen_shannon: float | None = None
    kolmogorov_smirnov: float | None = None
    chi_square: float | None = None
    missing_rate: float | None = None
    unknown_rate: float | None = None
    mean_shift: float | None = None

    def __post_init__(self) -> None:
        if not self.field:
            raise InvalidInput("drift: an entry of fields needs the name of a field")
        _check_thresholds(f"drift of {self.field}", self)


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftPolicy:
    """When a difference from the training data is an alert.

    An alert needs both: an effect of at least the threshold, and a p-value that is below `level`
    after the correction for all tests of the evaluation.

    Parameters
    ----------
    psi : float
        Population stability index, in nats.
    jensen_shannon : float
        Jensen-Shannon distance, 0 to 1 (root of the divergence in bits).
    kolmogorov_smirnov : float
        Largest distance of the two distribution functions, 0 to 1.
    chi_square : float
        Cramér's V of two samples of one size, 0 to 1.
    missing_rate, unknown_rate : float
        Difference of the shares, 0 to 1.
    mean_shift : float
        Distance of the means, in standard deviations of the reference.
    level : float
        Share of evaluations that may alert where nothing changed.
    correction : {"benjamini-hochberg", "holm"}
        How the tests of one evaluation share the level.
    min_rows : int
        With fewer records in the window, or in the reference, nothing is tested.
    fields : tuple of FieldDrift
        Fields with thresholds of their own, or none.
    """

    psi: float = 0.1
    jensen_shannon: float = 0.1
    kolmogorov_smirnov: float = 0.1
    chi_square: float = 0.15
    missing_rate: float = 0.05
    unknown_rate: float = 0.02
    mean_shift: float = 0.2
    level: float = 0.05
    correction: Correction = "benjamini-hochberg"
    min_rows: int = 100
    fields: tuple[FieldDrift, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "fields", tuple(self.fields))
        _check_thresholds("drift", self)
        if not 0 < self.level < 1:
            raise InvalidInput("drift: level must be between 0 and 1")
        if self.correction not in get_args(Correction):
            raise InvalidInput(
                f"drift: correction must be one of {', '.join(get_args(Correction))}"
            )
        if self.min_rows < 1:
            raise InvalidInput("drift: min_rows must be at least 1")
        names = [entry.field for entry in self.fields]
        for name in names:
            if names.count(name) > 1:
                raise InvalidInput(f"drift: the field {name} has two entries")

    def threshold(self, field: str, statistic: str) -> float:
        """Return from which effect on a statistic of a field may alert."""
        own = getattr(self._entry(field), statistic, None)
        value: float = getattr(self, statistic) if own is None else own
        return value

    def watches(self, field: str) -> bool:
        """Whether a field may alert."""
        entry = self._entry(field)
        return entry is None or entry.watch

    def _entry(self, field: str) -> FieldDrift | None:
        return next((entry for entry in self.fields if entry.field == field), None)


def _check_thresholds(what: str, given: object) -> None:
    for name in STATISTICS:
        value = getattr(given, name)
        if value is not None and not 0 <= value < float("inf"):
            raise InvalidInput(f"{what}: {name} must not be negative")


@dataclass(frozen=True, slots=True)
class CountsKey:
    """What some counts are about.

    Parameters
    ----------
    window_start : datetime
        The full hour, UTC, in which the scores were made.
    segment : str
        `OVERALL`, or a `segment_key`.
    """

    use_case: str
    version: str
    window_start: datetime
    segment: str = OVERALL


@dataclass(frozen=True, slots=True)
class DriftCounts:
    """Counts of the records of one key; those of other records can be added.

    Parameters
    ----------
    rows : int
        How many records were counted.
    values : tuple of int
        The cells of all fields behind each other, in the order of the reference; see
        `crispml_core.monitoring.drift.reference`.
    """

    rows: int
    values: tuple[int, ...]

    def __add__(self, other: DriftCounts) -> DriftCounts:
        if len(self.values) != len(other.values):
            raise ValueError("counts of different references cannot be added")
        return DriftCounts(
            self.rows + other.rows,
            tuple(one + two for one, two in zip(self.values, other.values, strict=True)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class UncountedGroup:
    """What is counted of a group of scores; see `crispml_core.domain.scores.ScoreGroup`."""

    use_case: str
    version: str
    created_at: datetime
    encoding: Encoding
    inputs: bytes
    predictions: list[Any]
    probabilities: list[float | None]
    segments: list[str | None]
