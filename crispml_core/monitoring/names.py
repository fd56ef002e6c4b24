"""What the KPIs of each task are called: in reports, gates and manifests, and nowhere else.

Apart from the functions that compute them, so that a use case can be checked without numpy.
"""

from __future__ import annotations

from crispml_core.domain.targets import Task

BINARY = (
    "auc",
    "pr_auc",
    "brier",
    "log_loss",
    "accuracy",
    "precision",
    "recall",
    "f1",
    "expected_cost",
    "threshold",
)
MULTICLASS = ("accuracy", "macro_f1", "log_loss", "auc")
REGRESSION = ("mae", "rmse", "r2")

KPI_NAMES: dict[Task, tuple[str, ...]] = {
    "binary": BINARY,
    "multiclass": MULTICLASS,
    "regression": REGRESSION,
}
