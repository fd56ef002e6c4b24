"""KPIs over the scores whose truth is known: of all, by version, by segment, over time."""

from __future__ import annotations

from typing import Any

import numpy as np

from crispml_core.domain.use_case import UseCase
from crispml_core.monitoring.assessment import assess
from crispml_core.monitoring.groups import segment_kpis
from crispml_core.monitoring.intervals import Interval
from crispml_core.monitoring.kpis import kpis_with_intervals
from crispml_core.monitoring.verification.periods import Periods, over_time
from crispml_core.tables.joined import Joined, Verified


def performance(use_case: UseCase, scores: Joined, parts: Periods) -> dict[str, Any]:
    """Return the KPIs with intervals and curves, and the KPIs of the parts of the scores."""
    return _of_all(use_case, scores.verified()) | {
        "versions": _by_version(use_case, scores),
        "segments": _by_segment(use_case, scores),
        "periods": over_time(
            scores,
            parts,
            lambda rows: _kpis(use_case, scores.verified(rows)),
            use_case.monitoring.min_group,
        ),
    }


def _of_all(use_case: UseCase, verified: Verified) -> dict[str, Any]:
    return assess(
        use_case.target.task,
        verified.y,
        verified.prediction,
        decision=verified.decision,
        classes=use_case.target.classes,
        costs=use_case.cost_matrix,
    )


def _kpis(use_case: UseCase, verified: Verified) -> dict[str, Interval]:
    return kpis_with_intervals(
        use_case.target.task,
        verified.y,
        verified.prediction,
        decision=verified.decision,
        costs=use_case.cost_matrix,
        n_classes=len(use_case.target.classes),
    )


def _by_version(use_case: UseCase, scores: Joined) -> list[dict[str, Any]]:
    """Return scores and labels by version, and the KPIs of each when there are several."""
    names = scores.versions.names
    rows = [scores.versions.rows(code) for code in range(len(names))]
    return [
        {
            "version": name,
            "scored": len(of_version),
            "labelled": int(np.count_nonzero(scores.labelled[of_version])),
            "kpis": _kpis(use_case, scores.verified(of_version)) if len(names) > 1 else None,
        }
        for name, of_version in zip(names, rows, strict=True)
    ]


def _by_segment(use_case: UseCase, scores: Joined) -> dict[str, Any]:
    usable = np.flatnonzero(scores.usable)
    return segment_kpis(
        {name: members.take(usable) for name, members in scores.segments.items()},
        lambda rows: _kpis(use_case, scores.verified(usable[rows])),
        order={segment.name: segment.groups for segment in use_case.segments},
        min_group=use_case.monitoring.min_group,
    )
