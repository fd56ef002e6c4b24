"""One field: its distributions, what the tests say, and its drift over time."""

from __future__ import annotations

from typing import Any

from htmltools import Tag, TagChild, TagList, tags

from crispml_console.parts import states
from crispml_console.parts.answers import Cell, DriftSpan, FieldDrift, Statistic
from crispml_console.parts.layout import badge
from crispml_console.parts.plots import bars, lines, plot
from crispml_console.parts.tables import Column, table
from crispml_console.parts.words import NONE, moment, number, share

_NAMES = {
    "psi": "Stability index (PSI)",
    "jensen_shannon": "Jensen-Shannon",
    "kolmogorov_smirnov": "Kolmogorov-Smirnov",
    "chi_square": "Cramér's V",
    "missing_rate": "Missing rate",
    "unknown_rate": "Unknown values",
    "mean_shift": "Mean",
}
_LOWEST_P = 0.0001


def shown_field(found: FieldDrift, trend: list[DriftSpan]) -> TagChild:
    """Return everything about one field."""
    return TagList(
        tags.h3(found.field, " ", tags.span(f"{found.role}, {found.kind}", class_="note")),
        distributions(found),
        _statistics(found),
        _over_time(found, trend),
    )


def distributions(found: FieldDrift) -> Tag:
    """Return the shares of the cells in the training data and now."""
    cells = [
        cell
        for cell in found.distribution
        if cell.reference or cell.current or cell.value not in ("missing", "(unknown)")
    ]
    if not cells:
        return states.nothing("The service does not tell the distributions of this field.")
    names = [cell.value for cell in cells]
    figure = bars(
        {
            "Training data": (names, [cell.reference for cell in cells]),
            "This period": (names, [cell.current for cell in cells]),
        },
        y="share of the records",
        roles={"Training data": "muted", "This period": "bad" if found.alert else "accent"},
    )
    figure["layout"]["xaxis"] |= {"type": "category"}
    figure["layout"]["yaxis"] |= {"tickformat": ".0%"}
    columns = [
        Column[Cell]("Value", lambda c: c.value),
        Column[Cell]("Training data", lambda c: share(c.reference), is_number=True),
        Column[Cell]("This period", lambda c: share(c.current), is_number=True),
    ]
    label = f"Values of {found.field} in the training data and in this period"
    return plot(label, figure, table=table(label, columns, cells))


def _statistics(found: FieldDrift) -> Tag:
    columns = [
        Column[tuple[str, Statistic]]("Statistic", lambda s: _NAMES.get(s[0], s[0])),
        Column[tuple[str, Statistic]]("Effect", lambda s: number(s[1].value), is_number=True),
        Column[tuple[str, Statistic]](
            "Alerts from", lambda s: number(s[1].threshold), is_number=True
        ),
        Column[tuple[str, Statistic]](
            "p, corrected", lambda s: _p(s[1].adjusted_p), is_number=True
        ),
        Column[tuple[str, Statistic]]("Verdict", lambda s: _verdict(s[1])),
    ]
    return table(f"Statistics of {found.field}", columns, list(found.statistics.items()))


def _verdict(statistic: Statistic) -> Tag:
    if statistic.adjusted_p is None:
        return badge("not tested")
    return badge("drift", "bad") if statistic.alert else badge("no drift", "good")


def _p(value: float | None) -> str:
    if value is None:
        return NONE
    return f"< {_LOWEST_P}" if value < _LOWEST_P else number(value, 4)


def _over_time(found: FieldDrift, trend: list[DriftSpan]) -> Tag | None:
    spans = [span for span in trend if found.field in span.psi]
    if "psi" not in found.statistics or len(spans) < 2:
        return None
    moments = [span.start.isoformat() for span in spans]
    bound = found.statistics["psi"].threshold
    figure: dict[str, Any] = lines(
        {
            "PSI": (moments, [span.psi[found.field] for span in spans]),
            "alerts from": ([moments[0], moments[-1]], [bound, bound]),
        },
        roles={"alerts from": "bad"},
        mode="lines+markers",
    )
    figure["data"][1] |= {"mode": "lines", "line": {"dash": "dot", "width": 1}}
    figure["layout"]["yaxis"] |= {"rangemode": "tozero"}
    columns = [
        Column[DriftSpan]("From", lambda s: moment(s.start)),
        Column[DriftSpan]("Scores", lambda s: number(s.rows), is_number=True),
        Column[DriftSpan]("PSI", lambda s: number(s.psi[found.field]), is_number=True),
    ]
    label = f"Population stability index of {found.field} over time"
    return plot(label, figure, table=table(label, columns, spans), height=200)
