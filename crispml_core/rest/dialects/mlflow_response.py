"""Answers of ``/invocations``, ``/ping``, ``/health`` and ``/version``."""

from __future__ import annotations

from typing import Any

import msgspec

from crispml_core.domain.errors import InvalidInput
from crispml_core.serving.scored import Scored

PING = b"\n"
"""The answer of ``/ping`` and ``/health`` while the service is ready."""

_encode = msgspec.json.Encoder().encode


def check_method(predict_method: str, classes: tuple[str, ...]) -> None:
    """Raise `InvalidInput` if a regression is asked for probabilities.

    Worth calling before the records are scored.
    """
    if predict_method == "predict_proba" and not classes:
        raise InvalidInput("params: predict_proba needs classes, and this model has none")


def predictions(scored: Scored, predict_method: str = "predict") -> bytes:
    """Return ``{"predictions": [...]}``: labels or numbers, or a list per record by class."""
    check_method(predict_method, scored.classes)
    rows = scored.scores
    if predict_method == "predict":
        return _encode({"predictions": rows.predictions})
    by_class: list[Any] | None = rows.by_class
    if by_class is None:
        by_class = [
            None if second is None else (1.0 - second, second) for second in rows.probabilities
        ]
    return _encode({"predictions": by_class})
