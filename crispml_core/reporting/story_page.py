"""The HTML page of a story of the demo: a timeline of months."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup
from matplotlib.axes import Axes

from crispml_core.reporting import words
from crispml_core.reporting.drawing import draw
from crispml_core.reporting.pages import environment
from crispml_core.reporting.svg import MUTED, SERIES, SURFACE


def render_story(content: Mapping[str, Any]) -> str:
    """Return the page of a story.

    Parameters
    ----------
    content : mapping
        What `crispml demo --story drift --json` prints.
    """
    template = environment().get_template("story.html.j2")
    return template.render(story=content, figure=_timeline(content))


def _timeline(content: Mapping[str, Any]) -> Markup:
    """Draw the KPI by month with its interval, in the colour of the version that answered."""
    months = [month for month in content["months"] if month["kpi"] is not None]
    versions = list(dict.fromkeys(month["champion"] for month in months))
    title = words.title(content["kpi"])
    told = "; ".join(
        f"month {month['number']}: {words.number(month['kpi']['value'])}" for month in months
    )

    def paint(axes: Axes) -> None:
        for version, colour in zip(versions, SERIES, strict=False):
            mine = [month for month in months if month["champion"] == version]
            _points(axes, mine, colour, version)
        planted = [month for month in content["months"] if month["drifted"]]
        if planted:
            axes.axvline(
                planted[0]["number"] - 0.5, color=MUTED, linewidth=1, linestyle=(0, (4, 4))
            )
        axes.set_xticks([month["number"] for month in months])
        axes.set_xlabel("Month")
        axes.set_ylabel(title)
        axes.legend(loc="best")

    return draw(paint, "timeline", f"{title} by month. {told}.", width=7.0)


def _points(axes: Axes, months: list[Mapping[str, Any]], colour: str, label: str) -> None:
    at = [month["number"] for month in months]
    values = [month["kpi"]["value"] for month in months]
    for month in months:
        low, high = month["kpi"]["low"], month["kpi"]["high"]
        if low is not None:
            axes.plot([month["number"]] * 2, [low, high], color=colour, linewidth=1.6, alpha=0.55)
    axes.plot(at, values, "o-", color=colour, markersize=6, markeredgecolor=SURFACE, label=label)
