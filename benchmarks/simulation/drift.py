"""Drift of the inputs and of the answers, and its date: found in counts, not found in noise."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from benchmarks.simulation.facts import Fact
from benchmarks.simulation.world import Cases, Planted, month
from crispml_core.domain.drift import STATISTICS, DriftPolicy
from crispml_core.monitoring.drift.bins import Kind
from crispml_core.monitoring.drift.evaluation import evaluate
from crispml_core.monitoring.drift.reference import Reference, count_columns, fit_reference
from crispml_core.monitoring.drift.report import drift_report

TRAINED_ON, ROWS = 2_000, 1_000
# Without thresholds every test may alert alone, so that the level itself is measured.
NO_THRESHOLDS = DriftPolicy(**dict.fromkeys(STATISTICS, 0.0))  # type: ignore[arg-type]
DRIFT = Planted(shift=0.4)
# Of the weeks of a trend, the one that the drift begins in.
WEEKS, BEGINS, A_WEEK = 6, 4, 400
STARTS = [datetime(2026, 1, 5, tzinfo=UTC) + timedelta(weeks=week) for week in range(WEEKS + 1)]


def columns(cases: Cases) -> dict[str, object]:
    """Return what is counted of the records."""
    numbers = {f"x{place}": cases.x[:, place] for place in range(cases.x.shape[1])}
    return {**numbers, "group": cases.group, "prediction_probability": cases.p}


def reference(seed: int) -> Reference:
    """Return the reference of a model that was trained in the world as it was."""
    found = columns(month(seed + 100_000, TRAINED_ON))
    answers = {"prediction_probability": found.pop("prediction_probability")}
    kinds: dict[str, Kind] = dict.fromkeys([*found, *answers], "number")
    return fit_reference(found, kinds=kinds | {"group": "category"}, predictions=answers)


def alerts(seed: int, planted: Planted, policy: DriftPolicy) -> list[str]:
    """Return the fields that alert in a month."""
    trained = reference(seed)
    counts = count_columns(trained.fields, columns(month(seed, ROWS, planted)), {"": None})[""]
    return [alert["field"] for alert in evaluate(trained, counts, policy)["alerts"]]


def detected_at(seed: int, planted: Planted, policy: DriftPolicy) -> str | None:
    """Return the first week of the trend that alerts, of a drift that begins in one of them."""
    trained = reference(seed)
    weeks = []
    for week in range(WEEKS):
        facts = planted if week >= BEGINS else Planted()
        cases = month(500_000 + 100 * seed + week, A_WEEK, facts)
        weeks.append((count_columns(trained.fields, columns(cases), {"": None})[""], None))
    whole = weeks[0][0]
    for counts, _ in weeks[1:]:
        whole = whole + counts
    spans = list(pairwise(STARTS))
    found = drift_report(trained, (whole, None), list(zip(spans, weeks, strict=True)), policy)
    return None if found["detected_at"] is None else str(found["detected_at"])


FACTS = (
    Fact(
        "drift_of_an_input",
        quiet=lambda seed: bool(alerts(seed, Planted(), NO_THRESHOLDS)),
        planted=lambda seed: "x0" in alerts(seed, DRIFT, DriftPolicy()),
    ),
    Fact(
        "drift_of_the_answers",
        quiet=lambda seed: bool(alerts(seed, Planted(), DriftPolicy())),
        planted=lambda seed: "prediction_probability" in alerts(seed, DRIFT, DriftPolicy()),
    ),
    Fact(
        "date_of_a_drift",
        quiet=lambda seed: detected_at(seed, Planted(), NO_THRESHOLDS) is not None,
        planted=lambda seed: detected_at(seed, DRIFT, DriftPolicy()) == STARTS[BEGINS].isoformat(),
    ),
)
