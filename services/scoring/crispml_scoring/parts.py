"""The parts of the scoring service, as its routes see them."""

from __future__ import annotations

from fastapi import Request

from crispml_core.bootstrap.scoring import ScoringParts


def parts_of(request: Request) -> ScoringParts:
    """Return the parts that the service was built from."""
    parts: ScoringParts = request.app.state.parts
    return parts
