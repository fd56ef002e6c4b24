"""KPIs for people: their names, what they mean, and which way is better."""

from __future__ import annotations

from collections.abc import Mapping

_TITLES = {
    "auc": "AUC",
    "pr_auc": "PR AUC",
    "brier": "Brier score",
    "log_loss": "Log loss",
    "f1": "F1",
    "macro_f1": "Macro F1",
    "mae": "Mean absolute error",
    "rmse": "Root mean squared error",
    "r2": "R²",
}
_MEANINGS = {
    "auc": "Chance that a positive record ranks above a negative one; 0.5 is a guess.",
    "pr_auc": "Mean precision over all recalls.",
    "brier": "Mean squared distance of probability and truth; lower is better.",
    "log_loss": "Mean of minus the log of the probability of the truth; lower is better.",
    "accuracy": "Share of right decisions.",
    "precision": "Share of positive decisions that are right.",
    "recall": "Share of positive records that are found.",
    "f1": "Harmonic mean of precision and recall.",
    "macro_f1": "Mean F1 over the classes.",
    "expected_cost": "Mean cost of a decision by the cost matrix; lower is better.",
    "threshold": "Probability from which on the positive class is decided.",
    "mae": "Mean distance of prediction and truth; lower is better.",
    "rmse": "Root of the mean squared distance; lower is better.",
    "r2": "Share of the spread of the truth that the model explains.",
}
_LOWER = frozenset({"brier", "log_loss", "expected_cost", "mae", "rmse"})
_NEITHER = frozenset({"threshold"})
_FIRST = ("auc", "macro_f1", "accuracy", "r2", "rmse", "mae")


def title(kpi: str) -> str:
    """Return the name of a KPI for readers."""
    return _TITLES.get(kpi) or kpi.replace("_", " ").capitalize()


def meaning(kpi: str) -> str:
    """Return one sentence on a KPI; empty for one that is not known."""
    return _MEANINGS.get(kpi, "")


def gain(kpi: str, before: float | None, after: float | None) -> float | None:
    """Return by how much a KPI became better, below 0 for worse.

    None where one of both is missing, or where neither way is better.
    """
    if before is None or after is None or kpi in _NEITHER:
        return None
    return before - after if kpi in _LOWER else after - before


def main(kpis: Mapping[str, object]) -> str | None:
    """Return the KPI that stands for all in a list; None if there is none."""
    return next((kpi for kpi in _FIRST if kpi in kpis), next(iter(kpis), None))
