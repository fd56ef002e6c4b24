"""Which scores have a label, by their age and by their score, and how long labels take."""

from __future__ import annotations

from typing import Any

from htmltools import Tag, TagChild, TagList, tags

from crispml_console.pages.truth.content import Estimate, Lag, Period, Report, Selection, Tenth
from crispml_console.parts import words
from crispml_console.parts.layout import badge, grid
from crispml_console.parts.plots import lines, plot
from crispml_console.parts.report_plots.traces import interval
from crispml_console.parts.tables import Column, table


def coverage(report: Report) -> Tag:
    """Return coverage and lag of a report."""
    return grid(
        tags.div(_by_age(report.periods)),
        tags.div(_lag(report.lag, report.labelled)),
        tags.div(_by_score(report.selection)),
        wide=True,
    )


def _by_age(periods: list[Period]) -> TagChild:
    if not periods:
        return tags.p("There are no scores in this window.", class_="nothing")
    columns = [
        Column[Period]("Scores from", lambda p: words.moment(p.start)),
        Column[Period]("Scores", lambda p: words.number(p.scored), is_number=True),
        Column[Period]("With a label", lambda p: words.number(p.labelled), is_number=True),
        Column[Period]("Share", lambda p: words.share(p.coverage.value), is_number=True),
    ]
    drawn = _shares(
        [p.start.isoformat() for p in periods], [p.coverage for p in periods], "Made from"
    )
    if len(periods) == 1:
        # A single bar would be as wide as the plot.
        length = periods[0].end - periods[0].start
        ends = (periods[0].start - 2 * length, periods[0].end + length)
        drawn["data"][0]["width"] = 1000 * length.total_seconds()
        drawn["layout"]["xaxis"]["range"] = [end.isoformat() for end in ends]
    return plot(
        "Share of scores that have a label, by when they were made",
        drawn,
        table=table("Coverage by age", columns, periods),
    )


def _by_score(found: Selection | None) -> TagChild:
    if found is None or not found.deciles:
        return None
    columns = [
        Column[Tenth]("Scores", lambda d: words.number(d.n), is_number=True),
        Column[Tenth]("With a label", lambda d: words.number(d.labelled), is_number=True),
        Column[Tenth]("Share", lambda d: words.share(d.rate.value), is_number=True),
    ]
    tenths = [str(at) for at in range(1, len(found.deciles) + 1)]
    if found.depends is None:
        said: TagChild = None
    elif found.depends:
        said = TagList(
            badge("selected", "warn"), " Labels come for some scores more than for others."
        )
    else:
        said = TagList(badge("alike", "good"), " Labels come for high and low scores alike.")
    return TagList(
        plot(
            "Share of scores that have a label, by tenth of the score",
            _shares(tenths, [tenth.rate for tenth in found.deciles], "Tenth, the lowest first"),
            table=table("Coverage by score", columns, found.deciles),
        ),
        tags.p(said) if said is not None else None,
    )


def _shares(places: list[str], rates: list[Estimate], title: str) -> dict[str, Any]:
    parts = [{"value": r.value, "low": r.low, "high": r.high} for r in rates]
    trace = {
        "type": "bar",
        "name": "with a label",
        "x": places,
        "y": [part["value"] for part in parts],
        "error_y": interval(parts, "value"),
        "role": "accent",
    }
    is_time = not places[0].isdecimal()
    layout = {
        "xaxis": {"title": {"text": title}, "type": "date" if is_time else "category"},
        "yaxis": {"range": [0, 1.02], "tickformat": ".0%"},
        "bargap": 0.35,
        "showlegend": False,
    }
    return {"data": [trace], "layout": layout}


def _lag(lag: Lag | None, labelled: int) -> TagChild:
    if lag is None or lag.median_s is None or not labelled:
        return tags.p("No label came yet, so there is no lag.", class_="nothing")
    known = [(0.0, 0.0), (lag.median_s, 0.5), (lag.p90_s, 0.9), (lag.max_s, 1.0)]
    points = [(seconds, share) for seconds, share in known if seconds is not None]
    unit, size = _unit(max(seconds for seconds, _ in points))
    drawn = lines(
        {"labels": ([seconds / size for seconds, _ in points], [share for _, share in points])},
        x=f"After the score, in {unit}",
        mode="lines+markers",
    )
    drawn["layout"]["yaxis"] |= {"range": [0, 1.02], "tickformat": ".0%"}
    rows = [
        ("half of them", lag.median_s),
        ("nine of ten", lag.p90_s),
        ("all of them", lag.max_s),
    ]
    Row = tuple[str, float | None]
    columns = [
        Column[Row]("Labels", lambda r: r[0]),
        Column[Row]("Within", lambda r: words.duration(r[1]), is_number=True),
    ]
    earlier = f"{words.amount(lag.negative, 'label')} known before the score count as 0."
    return TagList(
        plot(
            "Share of the labels that were known, by time since the score",
            drawn,
            table=table("Lag of labels", columns, rows),
        ),
        tags.p(earlier, class_="quiet") if lag.negative else None,
    )


def _unit(seconds: float) -> tuple[str, float]:
    for name, size in (("days", 86400.0), ("hours", 3600.0), ("minutes", 60.0)):
        if seconds >= 2 * size:
            return name, size
    return "seconds", 1.0
