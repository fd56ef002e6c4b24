"""One self-contained HTML page from the content of a report."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from crispml_core.domain.reports import content_digest
from crispml_core.reporting import plots, verification_plots, words

_TILES = {
    "binary": ("auc", "pr_auc", "brier", "expected_cost"),
    "multiclass": ("accuracy", "macro_f1", "log_loss", "auc"),
    "regression": ("mae", "rmse", "r2"),
}
_BY_GROUP = {"binary": "auc", "multiclass": "accuracy", "regression": "mae"}
_GROUP_COLUMNS = {
    "binary": ("auc", "accuracy", "precision", "recall", "expected_cost"),
    "multiclass": ("accuracy", "macro_f1", "auc"),
    "regression": ("mae", "rmse", "r2"),
}


def render_evaluation(content: Mapping[str, Any]) -> str:
    """Return the page of a training report.

    Parameters
    ----------
    content : mapping
        `crispml_core.methods.model_report.Evaluation.content`, or the same read back from JSON.
    """
    return _render("evaluation.html.j2", content)


def render_verification(content: Mapping[str, Any]) -> str:
    """Return the page of a verification report.

    Parameters
    ----------
    content : mapping
        `crispml_core.methods.new_data_report.PerformanceReport.content`, or the same read back from
        JSON.
    """
    return _render("verification.html.j2", content)


def render_replay(content: Mapping[str, Any]) -> str:
    """Return the page of a replay.

    Parameters
    ----------
    content : mapping
        What `crispml_core.pipelines.replays.Replays` keeps.
    """
    loss = next(
        name for name in ("cost", "mistakes", "squared_error") if name in content["overall"]
    )
    return environment().get_template("replay.html.j2").render(report=content, loss=loss)


def render_card(content: Mapping[str, Any]) -> str:
    """Return the page of a model card.

    Parameters
    ----------
    content : mapping
        `crispml_core.reporting.cards.card_content`, or the same read back from JSON.
    """
    return environment().get_template("card.html.j2").render(card=content)


def render_dossier(content: Mapping[str, Any]) -> str:
    """Return the page of the dossier of a score.

    Parameters
    ----------
    content : mapping
        `crispml_core.pipelines.dossier.dossier`, or the same read back from JSON.
    """
    return environment().get_template("dossier.html.j2").render(dossier=content)


def _render(template: str, content: Mapping[str, Any]) -> str:
    task = content["task"]
    return (
        environment()
        .get_template(template)
        .render(
            report=content,
            tiles=_TILES[task],
            group_kpi=_BY_GROUP[task],
            group_columns=_GROUP_COLUMNS[task],
            figures=_figures(content) | _verification_figures(content),
            digest=content_digest(content),
            segment_figures=_segment_figures(content),
            level=f"{100 * content['confidence_level']:.0f} %",
        )
    )


@lru_cache(maxsize=1)
def environment() -> Environment:
    """Return what every page is made with."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": words.number,
        "percent": words.percent,
        "plain": words.plain,
        "signed": words.signed,
        "duration": words.duration,
        "moment": words.moment,
        "kpi": words.title,
    }
    environment.globals["meaning"] = words.KPI_MEANING
    return environment


def _figures(content: Mapping[str, Any]) -> dict[str, Markup]:
    """Return the figures that the content allows, by name."""
    found: dict[str, Markup] = {}
    curves = content["curves"]
    if curves.get("roc"):
        found["roc"] = plots.roc(
            curves["roc"], "roc", f"ROC curve. AUC {_with_bounds(content, 'auc')}."
        )
    if curves.get("pr"):
        found["pr"] = plots.precision_recall(curves["pr"], "pr", _pr_label(content))
    if curves.get("calibration"):
        found["calibration"] = plots.calibration(
            curves["calibration"],
            "calibration",
            "Calibration curve. Expected calibration error "
            f"{words.number(curves['calibration']['expected_error'])}.",
        )
    if content.get("distribution"):
        counts = content["distribution"]["counts"]
        sizes = ", ".join(f"{name}: {sum(part)} records" for name, part in counts.items())
        found["distribution"] = plots.distribution(
            content["distribution"],
            "distribution",
            f"Histogram of the {content['distribution']['of']}. {sizes}.",
        )
    if content.get("importance", {}).get("columns"):
        first = content["importance"]["columns"][0]["column"]
        found["importance"] = plots.importance(
            content["importance"],
            "importance",
            f"Permutation importance. The most important column is {first}.",
        )
    if content["task"] == "regression":
        found |= _regression_figures(content)
    return found


def _regression_figures(content: Mapping[str, Any]) -> dict[str, Markup]:
    if content["residuals"] is None:
        return {}
    return {
        "residuals": plots.residuals(
            content["residuals"], "residuals", "Histogram of prediction minus truth."
        ),
        "scatter": plots.scatter(
            content["scatter"],
            "scatter",
            f"Truth against prediction. R² {_with_bounds(content, 'r2')}.",
        ),
        "deciles": plots.deciles(
            content["deciles"],
            "deciles",
            "Mean absolute error by tenth of the records; the table below has the numbers.",
        ),
    }


def _verification_figures(content: Mapping[str, Any]) -> dict[str, Markup]:
    """Return the figures about time and missing labels; reports of before have none."""
    kpi = _BY_GROUP[content["task"]]
    found: dict[str, Markup] = {}
    title = words.title(kpi)
    shown = [part["kpis"][kpi] for part in content.get("periods", ()) if part["kpis"]]
    if len(shown) > 1:
        told = ", ".join(words.number(part["value"]) for part in shown)
        found["trend"] = verification_plots.trend(
            content["periods"],
            kpi,
            content["kpis"][kpi]["value"],
            "trend",
            f"{title} over time: {told}.",
        )
    deciles = content.get("selection", {}).get("deciles", ())
    if len(deciles) > 1 and 0 < content["labelled"] < content["scored"]:
        told = ", ".join(words.percent(part["rate"]["value"]) for part in deciles)
        found["labels"] = verification_plots.label_rates(
            deciles, "labels", f"Share of labelled scores by tenth of the score: {told}."
        )
    slices = content.get("estimated", {}).get("track_record", {}).get("slices", ())
    if slices:
        found["record"] = verification_plots.estimated_and_realised(
            slices, kpi, "record", f"{title} as it was estimated and as it came, by part."
        )
    views = _views(content, kpi)
    if len(views) > 1:
        told = "; ".join(
            f"{name} {words.number(part['low'])} to {words.number(part['high'])}"
            for name, part in views
        )
        found["views"] = verification_plots.views(views, title, "views", f"{title}: {told}.")
    return found | _fairness_figures(content)


def _fairness_figures(content: Mapping[str, Any]) -> dict[str, Markup]:
    """Return one figure per declared attribute, of its first criterion."""
    figures: dict[str, Markup] = {}
    for number, attribute in enumerate((content.get("fairness") or {}).get("attributes", ())):
        criterion, name = attribute["criteria"][0], f"fairness-{number}"
        pairs = [
            (group["group"], group.get("compared", {}).get(criterion))
            for group in attribute["groups"]
        ]
        rows = [(group, part) for group, part in pairs if part and part["value"] is not None]
        if rows:
            told = "; ".join(f"{group} {words.number(part['value'])}" for group, part in rows)
            label = f"{words.title(criterion)} by {attribute['segment']}: {told}."
            figures[name] = verification_plots.compared(rows, attribute, name, label)
    return figures


def _views(content: Mapping[str, Any], kpi: str) -> list[tuple[str, Mapping[str, Any]]]:
    """Return a KPI as realised, weighted, with expected labels, and as far as it can go."""
    weighted, estimated = content.get("weighted", {}), content.get("estimated", {})
    bounds = weighted.get("bounds", {}).get(kpi)
    rows = [
        ("realised", content["kpis"].get(kpi)),
        ("weighted", (weighted.get("kpis") or {}).get(kpi)),
        ("expected", estimated.get("combined", {}).get("kpis", {}).get(kpi)),
        ("possible", bounds and {"value": None, **bounds}),
    ]
    return [(name, found) for name, found in rows if found and found["low"] is not None]


def _segment_figures(content: Mapping[str, Any]) -> dict[str, Markup]:
    """Return one figure per segment that has at least two groups to compare."""
    kpi = _BY_GROUP[content["task"]]
    found: dict[str, Markup] = {}
    for number, (segment, table) in enumerate(content["segments"].items()):
        rows = [
            (group["group"], group["kpis"][kpi])
            for group in table["groups"]
            if not group["suppressed"]
        ]
        if len(rows) > 1:
            told = "; ".join(f"{group} {words.number(part['value'])}" for group, part in rows)
            found[segment] = plots.groups(
                rows,
                content["kpis"][kpi]["value"],
                words.title(kpi),
                f"segment-{number}",
                f"{words.title(kpi)} by {segment}: {told}.",
            )
    return found


def _pr_label(content: Mapping[str, Any]) -> str:
    if "pr_auc" in content["kpis"]:
        return f"Precision-recall curve. PR AUC {_with_bounds(content, 'pr_auc')}."
    return "Precision-recall curves, one per class."


def _with_bounds(content: Mapping[str, Any], kpi: str) -> str:
    found = content["kpis"][kpi]
    if found["low"] is None:
        return words.number(found["value"])
    low, high = words.number(found["low"]), words.number(found["high"])
    return f"{words.number(found['value'])}, interval {low} to {high}"
