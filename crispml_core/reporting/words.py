"""How a page writes numbers, durations and the names of KPIs."""

from __future__ import annotations

KPI_TITLES = {
    "auc": "AUC",
    "pr_auc": "PR AUC",
    "brier": "Brier score",
    "log_loss": "Log loss",
    "accuracy": "Accuracy",
    "precision": "Precision",
    "recall": "Recall",
    "f1": "F1",
    "macro_f1": "Macro F1",
    "expected_cost": "Expected cost",
    "threshold": "Threshold",
    "mae": "Mean absolute error",
    "rmse": "Root mean squared error",
    "r2": "R²",
}

CRITERION_TITLES = {
    "disparate_impact": "Disparate impact",
    "equal_opportunity": "Equal opportunity difference",
    "false_positive_rate": "False positive rate difference",
    "predictive_parity": "Predictive parity difference",
    "calibration": "Calibration difference",
    "mean_residual": "Mean residual difference",
}

KPI_MEANING = {
    "auc": "Chance that a positive record ranks above a negative one; 0.5 is a guess.",
    "pr_auc": "Mean precision over all recalls (average precision).",
    "brier": "Mean squared distance of probability and truth; lower is better.",
    "log_loss": "Mean of minus the log of the probability of the truth; lower is better.",
    "accuracy": "Share of right decisions.",
    "precision": "Share of positive decisions that are right.",
    "recall": "Share of positive records that are found.",
    "f1": "Harmonic mean of precision and recall.",
    "macro_f1": "Mean F1 over the classes.",
    "expected_cost": "Mean cost of a decision by the cost matrix; lower is better.",
    "threshold": "Probability from which on the positive class is decided.",
    "mae": "Mean distance of prediction and truth, in the unit of the target.",
    "rmse": "Root of the mean squared distance; weighs large errors more.",
    "r2": "Share of the spread of the truth that the model explains.",
}

UNKNOWN = "n/a"


def title(kpi: str) -> str:
    """Return the name of a KPI, or of a criterion of fairness, for readers."""
    return (KPI_TITLES | CRITERION_TITLES).get(kpi, kpi.replace("_", " "))


def number(value: float | str | None) -> str:
    """Return a number as a reader wants it: about four digits, ``n/a`` for None."""
    if value is None:
        return UNKNOWN
    if isinstance(value, str):
        return value
    if isinstance(value, int):
        return f"{value:,}"
    if value and not 0.001 <= abs(value) < 1e6:
        return f"{value:.3g}"
    return f"{value:.3f}" if abs(value) < 100 else f"{value:,.1f}"


def plain(value: float) -> str:
    """Return an amount without digits that say nothing: ``5``, ``0.25``, ``12,000``."""
    return f"{value:,.2f}".rstrip("0").rstrip(".")


def percent(value: float | None) -> str:
    """Return a share in percent."""
    return UNKNOWN if value is None else f"{100 * value:.1f} %"


def signed(value: float | None) -> str:
    """Return a difference with its sign."""
    if value is None:
        return UNKNOWN
    text = number(abs(value))
    return text if float(text.replace(",", "")) == 0 else f"{'+' if value > 0 else '−'}{text}"  # noqa: RUF001 - a minus


def duration(seconds: float | None) -> str:
    """Return a duration in the largest unit that fits."""
    if seconds is None:
        return UNKNOWN
    for size, unit in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.1f} seconds"


def moment(text: str | None) -> str:
    """Return an RFC 3339 time for people, to the second."""
    return UNKNOWN if text is None else f"{text[:19].replace('T', ' ')} UTC"
