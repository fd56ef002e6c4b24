"""The parts of the training service, as its routes see them."""

from __future__ import annotations

from fastapi import Request

from crispml_core.bootstrap.training import TrainingParts


def parts_of(request: Request) -> TrainingParts:
    """Return the parts that the service was built from."""
    parts: TrainingParts = request.app.state.parts
    return parts
