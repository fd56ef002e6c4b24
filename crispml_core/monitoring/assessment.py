"""The part that a report of a model and a report of a period have in common."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from crispml_core.domain.targets import CostMatrix, Task
from crispml_core.monitoring import curves
from crispml_core.monitoring.calibration import calibration_curve, expected_calibration_error
from crispml_core.monitoring.confusion import EQUAL_COSTS, confusion_matrix, cost_table
from crispml_core.monitoring.kpis import kpis_with_intervals
from crispml_core.monitoring.multiclass import class_intervals
from crispml_core.monitoring.ordering import by_content


def assess(
    task: Task,
    y: np.ndarray,
    prediction: np.ndarray | None,
    *,
    decision: np.ndarray | None = None,
    classes: tuple[str, ...] = (),
    threshold: float | None = None,
    costs: CostMatrix | None = None,
) -> dict[str, Any]:
    """Return the KPIs with intervals and what the figures and tables of a report show.

    Parameters
    ----------
    task, y, prediction, decision, threshold, costs
        As in `crispml_core.monitoring.kpis.kpis_with_intervals`.
    classes : tuple of str
        Names of the classes by code; empty for regression.

    Returns
    -------
    dict
        ``kpis``, ``curves`` and, for classification, ``confusion``, ``classes`` (per class, of a
        multiclass task) and ``distribution``; for regression ``residuals``, ``scatter`` and
        ``deciles``. A part that the data do not allow is None or empty.
    """
    if task == "binary" and decision is None and prediction is not None and threshold is not None:
        decision = (prediction >= threshold).astype(np.int64)
    if task == "multiclass" and decision is None and prediction is not None:
        decision = prediction.argmax(axis=1)
    found: dict[str, Any] = {
        "kpis": kpis_with_intervals(
            task,
            y,
            prediction,
            decision=decision,
            threshold=threshold,
            costs=costs,
            n_classes=len(classes),
        )
    }
    if task == "regression":
        assert prediction is not None
        return found | _regression(y, prediction)
    found["confusion"] = None if decision is None else _confusion(y, decision, classes, task, costs)
    if task == "binary":
        return found | _binary(y, prediction, classes)
    found["classes"] = [] if decision is None else class_intervals(y, prediction, decision, classes)
    return found | _multiclass(y, prediction, decision, classes)


def _binary(y: np.ndarray, p: np.ndarray | None, classes: tuple[str, ...]) -> dict[str, Any]:
    if p is None or len(y) == 0:
        return {"curves": {"roc": {}, "pr": {}, "calibration": None}, "distribution": None}
    positive = classes[1]
    roc, pr = curves.roc_curve(y, p), curves.pr_curve(y, p)
    return {
        "curves": {
            "roc": {positive: roc} if roc else {},
            "pr": {positive: pr} if pr else {},
            "calibration": _calibration(y, p, f"probability of {positive}"),
        },
        "distribution": curves.histogram(
            {name: p[y == code] for code, name in enumerate(classes)}, limits=(0.0, 1.0)
        )
        | {"of": f"probability of {positive}"},
    }


def _multiclass(
    y: np.ndarray, P: np.ndarray | None, decision: np.ndarray | None, classes: tuple[str, ...]
) -> dict[str, Any]:
    if P is None or decision is None or len(y) == 0:
        return {"curves": {"roc": {}, "pr": {}, "calibration": None}, "distribution": None}
    roc, pr = {}, {}
    for code, name in enumerate(classes):
        truth = (y == code).astype(np.int64)
        if (curve := curves.roc_curve(truth, P[:, code])) is not None:
            roc[name] = curve
        if (curve := curves.pr_curve(truth, P[:, code])) is not None:
            pr[name] = curve
    confidence = P[np.arange(len(y)), decision.astype(np.int64)]
    right = decision == y
    of = "probability of the decided class"
    return {
        "curves": {
            "roc": roc,
            "pr": pr,
            "calibration": _calibration(right.astype(np.int64), confidence, of),
        },
        "distribution": curves.histogram(
            {"wrong decisions": confidence[~right], "right decisions": confidence[right]},
            limits=(0.0, 1.0),
        )
        | {"of": of},
    }


def _regression(y: np.ndarray, prediction: np.ndarray) -> dict[str, Any]:
    if len(y) == 0:
        return {"curves": {}, "residuals": None, "scatter": None, "deciles": []}
    # Ordered once: what orders them again finds them in order, and has little to do.
    order = by_content((y, prediction))
    y, prediction = y[order], prediction[order]
    return {
        "curves": {},
        "residuals": curves.histogram({"prediction minus truth": prediction - y}, bins=30),
        "scatter": curves.scatter(prediction, y),
        "deciles": curves.error_by_decile(prediction, y),
    }


def _calibration(y: np.ndarray, p: np.ndarray, of: str) -> dict[str, Any]:
    bins = calibration_curve(y, p)
    return {"bins": bins, "expected_error": expected_calibration_error(bins), "of": of}


def _confusion(
    y: np.ndarray,
    decision: np.ndarray,
    classes: tuple[str, ...],
    task: Task,
    costs: CostMatrix | None,
) -> dict[str, Any]:
    matrix = confusion_matrix(y, decision, len(classes))
    found: dict[str, Any] = {"classes": list(classes), "matrix": matrix.tolist()}
    if task == "binary":
        table = cost_table(costs or EQUAL_COSTS)
        found |= {
            "costs": asdict(costs or EQUAL_COSTS),
            "costs_declared": costs is not None,
            "cost_table": table.tolist(),
            "total_cost": float((matrix * table).sum()),
        }
    return found
