"""Golden records: inputs of a version together with the answers it gave when it was made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

# Largest deviation of a probability or a number that still counts as reproduced, float64.
TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldenRecords:
    """Golden records by row, so that they read well as JSON.

    Parameters
    ----------
    records : tuple of dict
        Raw records as a scoring request would carry them.
    decisions : tuple of str or float
        The decided class, or the number.
    probabilities : tuple of tuple of float, or None
        Per record by class; None for regression.
    """

    records: tuple[dict[str, Any], ...]
    decisions: tuple[str | float, ...]
    probabilities: tuple[tuple[float, ...], ...] | None


def deviation(
    expected: GoldenRecords, found: GoldenRecords, tolerance: float = TOLERANCE
) -> str | None:
    """Return None when `found` reproduces `expected`, else a sentence that names the first row.

    Classes must be equal; a probability may differ by `tolerance`, a number by this share of it.
    """
    if len(expected.decisions) != len(found.decisions):
        return "the number of answers differs"
    for row, (wanted, got) in enumerate(zip(expected.decisions, found.decisions, strict=True)):
        if isinstance(wanted, str) or isinstance(got, str):
            if wanted != got:
                return f"golden record {row}: the decided class differs"
        elif not abs(wanted - got) <= tolerance * max(1.0, abs(wanted)):  # also for NaN
            return f"golden record {row}: the number differs by {abs(wanted - got):.3g}"
    if expected.probabilities is None or found.probabilities is None:
        same = expected.probabilities is found.probabilities
        return None if same else "one has probabilities and the other has not"
    if [len(row) for row in expected.probabilities] != [len(row) for row in found.probabilities]:
        return "the number of probabilities differs"
    pairs = zip(expected.probabilities, found.probabilities, strict=True)
    for row, (wanted_row, got_row) in enumerate(pairs):
        for one, other in zip(wanted_row, got_row, strict=True):
            if not abs(one - other) <= tolerance:
                return f"golden record {row}: a probability differs by {abs(one - other):.3g}"
    return None
