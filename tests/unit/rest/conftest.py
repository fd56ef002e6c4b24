"""Scores as the engine gives them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from crispml_core.domain.scores import ScoreRows, new_group_id
from crispml_core.serving.scored import Scored


@pytest.fixture
def scored() -> Callable[..., Scored]:
    """Make durable scores: ``scored(3)``, ``scored(3, classes=())``, ``scored(2, offset=5)``."""

    def make(
        rows: int, classes: tuple[str, ...] = ("no", "yes"), offset: int = 0, **facts: Any
    ) -> Scored:
        probabilities = [(number + 1) / (rows + 3) for number in range(rows)]
        by_class = None
        if len(classes) > 2:
            by_class = [(value, 1 - value, *[0.0] * (len(classes) - 2)) for value in probabilities]
        known = {
            "record_keys": [f'K-{number} "ä", %d' for number in range(rows)],
            "predictions": [classes[number % len(classes)] for number in range(rows)]
            if classes
            else [number / 7 for number in range(rows)],
            "probabilities": probabilities if classes else [None] * rows,
            "segments": [
                f'{{"channel":"{("web", "shop")[number % 2]}","size":"< 100"}}'
                for number in range(rows)
            ],
            "request_ids": ["r"] * rows,
            "by_class": by_class,
            "details": facts.pop("details", None),
        }
        return Scored(
            **{
                "use_case": "toy",
                "model": "toy",
                "version": "20260101-000000-abcdef01",
                "alias": "champion",
                "classes": classes,
                "scored_at": datetime(2026, 1, 1, tzinfo=UTC),
                "group_id": new_group_id(),
                "offset": offset,
                "scores": ScoreRows(**known),
                **facts,
            }
        )

    return make
