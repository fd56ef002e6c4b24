"""A challenger: how much it answers, which records, and when it has won or lost.

The share of a challenger is sticky: a record key always falls at the same place between 0 and 1,
and belongs to the challenger while that place is below its share. So raising the share keeps those
records where they are, and the same record is never answered now by one and now by the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.models import CHALLENGER, SHADOW

METRICS = ("cost", "brier", "log_loss", "squared_error", "absolute_error")
"""What a record can cost: by the cost matrix, by the probability, or by the distance."""

_NUMBERS = ("squared_error", "absolute_error")
_PLACES = 2.0**53


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """When a challenger is promoted, and when it is given up.

    The gain of a record is the loss of the champion less that of the challenger. See
    `crispml_core.monitoring.sequential` for the test.

    Parameters
    ----------
    metric : str, optional
        The loss of a record: ``cost`` (binary; by the cost matrix, at the threshold of the
        version), ``brier``, ``log_loss``, ``squared_error`` or ``absolute_error``. Left out, it is
        ``cost``, ``brier`` and ``squared_error`` for binary, multiclass and regression.
    alpha : float
        Largest probability to promote a challenger that is not better, however often one looks.
    beta : float
        Largest probability to give up a challenger that is better by `min_effect`, likewise.
    min_effect : float, optional
        The mean gain per record that is worth a promotion, in the unit of the loss; 2 % of the
        largest loss when it is left out.
    largest_loss : float, optional
        Losses above it count as it. Needed for regression, whose losses have no bound; for the
        others it is known: the larger mistake of the cost matrix, or what the metric can be.
    min_labels, max_labels : int
        Nothing is decided on fewer labelled records; on more, what is not decided is given up.
    max_age_days : float
        A challenger that has not won so many days after it was set is given up.
    design : str
        ``paired`` compares both versions on the same records, through the shadow scores.
        ``split`` compares the answered records of both shares, and needs a share above 0.
    """

    metric: str | None = None
    alpha: float = 0.05
    beta: float = 0.1
    min_effect: float | None = None
    largest_loss: float | None = None
    min_labels: int = 100
    max_labels: int = 100_000
    max_age_days: float = 90.0
    design: str = "paired"

    def __post_init__(self) -> None:
        if self.metric is not None and self.metric not in METRICS:
            raise InvalidInput(f"challenge: metric must be one of {', '.join(METRICS)}")
        for name in ("alpha", "beta"):
            if not 0.0 < getattr(self, name) < 0.5:
                raise InvalidInput(f"challenge: {name} must be above 0 and below 0.5")
        for name in ("min_effect", "largest_loss"):
            value = getattr(self, name)
            if value is not None and not 0.0 < value < float("inf"):
                raise InvalidInput(f"challenge: {name} must be above 0")
        if self.metric in _NUMBERS and self.largest_loss is None:
            raise InvalidInput(f"challenge: metric {self.metric} needs largest_loss")
        if not 1 <= self.min_labels <= self.max_labels:
            raise InvalidInput("challenge: min_labels must be at least 1 and at most max_labels")
        if not 0.0 < self.max_age_days < float("inf"):
            raise InvalidInput("challenge: max_age_days must be above 0")
        if self.design not in ("paired", "split"):
            raise InvalidInput("challenge: design must be paired or split")


def check_alias(alias: str, traffic: float) -> None:
    """Raise `InvalidInput` if an alias cannot have this name, or not this share of the records."""
    if alias == SHADOW:
        raise InvalidInput(f"alias: {SHADOW} names scores that nobody was answered; take another")
    if not 0.0 <= traffic < 1.0:
        raise InvalidInput("traffic: must be at least 0 and below 1")
    if traffic and alias != CHALLENGER:
        raise InvalidInput(f"traffic: only the alias {CHALLENGER} answers a share of the records")


def place_in_split(model: str, record_key: str) -> float:
    """Return where a record falls in [0, 1): the same for ever, and independent between models."""
    digest = blake2b(record_key.encode(), digest_size=8, key=model.encode()[:64]).digest()
    # A float has room for 53 bits; with all 64 the largest place would be rounded up to 1.
    return (int.from_bytes(digest) >> 11) / _PLACES
