"""What is known about a released model at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The facts that rules look at; whatever is None or missing is unknown.

    Parameters
    ----------
    at : datetime
        The moment; nothing that was stored later counts.
    champion : str or None
        The version that was champion then.
    age_days : float or None
        Days since that version was trained.
    new_labels : int or None
        Labels that were received since it was trained.
    reports : mapping of float to mapping
        By the days of a window that ends at the moment, the content of the verification report of
        what the champion answered.
    drift : mapping of float to mapping
        By the days of a window, the report of its drift, or what keeps it from being known under
        ``reason`` alone.
    challenge : mapping
        How the challenger stands, or why that is unknown under ``reason`` alone.
    challenger : str or None
        The version that challenges.
    unfit : bool
        Whether the champion is judged unfit to answer.
    """

    at: datetime
    champion: str | None = None
    age_days: float | None = None
    new_labels: int | None = None
    reports: Mapping[float, Mapping[str, Any]] = field(default_factory=dict)
    drift: Mapping[float, Mapping[str, Any]] = field(default_factory=dict)
    challenge: Mapping[str, Any] = field(default_factory=dict)
    challenger: str | None = None
    unfit: bool = False
