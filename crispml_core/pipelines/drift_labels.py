"""Labels, counted by the database in the cells of a reference."""

from __future__ import annotations

from datetime import datetime

from crispml_core.domain.drift import DriftCounts
from crispml_core.monitoring.drift.bins import FARTHEST, SCALE, Bins
from crispml_core.monitoring.drift.reference import Reference
from crispml_core.ports.drift_store import LabelCounts


def label_cells(
    reference: Reference, labels: LabelCounts, use_case: str, start: datetime, end: datetime
) -> DriftCounts | None:
    """Return how many labels of a time in [start, end) are in each cell.

    None where the reference has no label.
    """
    if reference.label is None:
        return None
    bins = reference.label.bins
    match bins.kind:
        case "category":
            return _of_classes(bins, labels.classes(use_case, start=start, end=end))
        case "number":
            counts, total, squares = labels.numbers(
                use_case,
                start=start,
                end=end,
                edges=(bins.minimum, *bins.uppers),
                mean=bins.mean,
                sd=bins.sd,
                farthest=FARTHEST,
            )
            sums = (round(total * SCALE), round(squares * SCALE))
            return DriftCounts(sum(counts), (*counts, 0, *sums))
    return None


def _of_classes(bins: Bins, counts: dict[str, int]) -> DriftCounts:
    known = [counts.get(value, 0) for value in bins.values]
    unknown = sum(number for value, number in counts.items() if value not in bins.values)
    return DriftCounts(sum(known) + unknown, (*known, unknown, 0))
