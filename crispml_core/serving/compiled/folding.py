"""The steps of a numeric column as one affine function."""

from __future__ import annotations

import math
from dataclasses import dataclass

from crispml_core.domain.compiled import CuratedColumn
from crispml_core.serving.compiled.curation import cell_of


@dataclass(frozen=True, slots=True)
class Affine:
    """``(x - shift) * factor + constant`` for a number, `missing` for a missing one.

    The shift is taken off first: a moment in seconds loses half of its digits otherwise.
    """

    shift: float
    factor: float
    constant: float
    missing: float


def fold(column: CuratedColumn, weight: float) -> Affine | None:
    """Return a weighted numeric column as one function, None when it is not affine."""
    if column.lookup is not None:
        return None
    shift, factor, constant = 0.0, 1.0, 0.0
    for step in column.steps:
        match step.name:
            case "fill":
                continue
            case "standardise" if factor == 1.0 and constant == 0.0:
                shift, factor = shift + step.a, 1.0 / step.b
            case "standardise":
                factor, constant = factor / step.b, (constant - step.a) / step.b
            case "stretch":
                factor, constant = factor * step.a, constant * step.a + step.b
            case "indicate":
                factor, constant = 0.0, 0.0
            case "clip":
                return None
    missing = cell_of(column)(math.nan)
    return Affine(shift, factor * weight, constant * weight, missing * weight)
