"""Labels that only some cases get: the report sees it, and the naive KPI would have been wrong."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.simulation.facts import Fact
from benchmarks.simulation.world import Cases, accepted, explored, labelled_by, month
from crispml_core.monitoring.label_pattern import labels_at_random
from crispml_core.monitoring.ranking import auc
from crispml_core.monitoring.reweighting import reweighted

ROWS = 4_000
EXPLORED = 0.1
DAYS = 45.0


def by_lot(cases: Cases, seed: int) -> np.ndarray:
    """Return who has a label when chance alone decides."""
    return np.random.default_rng([seed, 3]).random(len(cases.y)) < 0.6


def corrected(
    cases: Cases, labelled: np.ndarray, propensity: np.ndarray | None = None
) -> dict[str, Any]:
    """Return what a report says of the KPIs of all scores."""
    return reweighted(
        "binary",
        cases.p,
        cases.decision,
        np.where(labelled, cases.y, 0),
        labelled,
        {},
        propensity=propensity,
        classes=("no", "yes"),
    )


def kpi_of_all(cases: Cases, name: str) -> float:
    """Return a KPI as it would be if every label had come."""
    if name == "auc":
        value = auc(cases.y, cases.p)
        assert value is not None
        return value
    hits = cases.decision == cases.y
    return float(hits.mean() if name == "accuracy" else hits[cases.y == 1].mean())


def depends(cases: Cases, labelled: np.ndarray) -> bool:
    """Return whether the labels look as if they depended on the score."""
    return bool(labels_at_random(cases.p, labelled)["depends"])


def is_refused(seed: int) -> bool:
    """Return whether the KPI of a month with labels of accepted cases only is refused."""
    cases = month(seed, ROWS)
    return bool(corrected(cases, accepted(cases))["status"] == "not identifiable")


def is_recovered(seed: int) -> bool:
    """Return whether logged propensities give back the AUC and the recall of all scores."""
    cases = month(seed, ROWS)
    labelled, propensity = explored(cases, seed, EXPLORED)
    kpis = corrected(cases, labelled, propensity)["kpis"]
    return all(
        kpis[name]["low"] <= kpi_of_all(cases, name) <= kpis[name]["high"]
        for name in ("auc", "recall")
    )


def with_delay(seed: int) -> tuple[Cases, np.ndarray]:
    """Return a month and who of it has a label after 45 days, when events show first."""
    cases = month(seed, ROWS)
    return cases, labelled_by(cases, seed, DAYS)


def is_refused_by_lot(seed: int) -> bool:
    """Return whether a report refuses KPIs although labels come by chance alone."""
    cases = month(seed, ROWS)
    return bool(corrected(cases, by_lot(cases, seed))["status"] != "identifiable")


FACTS = (
    Fact(
        "labels_of_accepted_only",
        quiet=lambda seed: depends(month(seed, ROWS), by_lot(month(seed, ROWS), seed)),
        planted=is_refused,
    ),
    Fact(
        "labels_that_come_late",
        quiet=is_refused_by_lot,
        planted=lambda seed: depends(*with_delay(seed)),
    ),
)
