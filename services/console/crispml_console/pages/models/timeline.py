"""The moves of aliases as a figure: a row for each alias, a bar for each time at one version."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from crispml_console.parts.plots import ROLES
from crispml_console.parts.report_plots import Figure
from crispml_core.client import AliasEvent

_FIRST = ("champion", "challenger", "fallback")
_NAMED = 8


def timeline(moves: Sequence[AliasEvent], until: datetime) -> Figure:
    """Return the figure of moves, which come oldest first.

    Parameters
    ----------
    until : datetime
        Where the bars of what still holds end.
    """
    aliases = sorted({event.alias for event in moves}, key=_place)
    versions = list(dict.fromkeys(event.version for event in reversed(moves) if event.version))
    # All versions get a colour, the newest ones a name in the legend too.
    roles = {version: ROLES[index % 3] for index, version in enumerate(versions)}
    traces: list[Figure] = []
    named: set[str] = set()
    for alias in aliases:
        events = [event for event in moves if event.alias == alias]
        ends = [event.moved_at for event in events[1:]] + [until]
        for event, end in zip(events, ends, strict=True):
            if event.is_removal:
                continue
            version = event.version
            has_name = version not in named and version in versions[:_NAMED]
            named.add(version)
            traces.append(_bar(event, end, roles[version], has_name))
    layout: Figure = {
        "xaxis": {"type": "date"},
        "yaxis": {
            "type": "category",
            "categoryorder": "array",
            "categoryarray": aliases[::-1],
            "automargin": True,
            "showgrid": False,
            "range": [-0.6, len(aliases) - 0.4],
        },
        "showlegend": True,
        "legend": {"orientation": "h", "y": 1, "yanchor": "bottom", "x": 0},
        "margin": {"l": 48, "r": 12, "t": 40, "b": 36},
        "hovermode": "closest",
    }
    return {"data": traces, "layout": layout}


def _bar(event: AliasEvent, end: datetime, role: str, has_name: bool) -> Figure:
    said = [event.version, f"by {event.moved_by}" if event.moved_by else "", event.reason]
    if event.traffic:
        said.insert(1, f"answers {100 * event.traffic:.0f} %")
    return {
        "type": "scatter",
        "mode": "lines",
        "name": event.version,
        "legendgroup": event.version,
        "showlegend": has_name,
        "x": [_text(event.moved_at), _text(end)],
        "y": [event.alias, event.alias],
        "line": {"width": 14},
        "hovertemplate": "%{y}: %{x}<br>"
        + "<br>".join(_safe(s) for s in said if s)
        + "<extra></extra>",
        "role": role,
    }


def _text(moment: datetime) -> str:
    # Plotly knows no time zones; all moments of the axis are UTC.
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def _safe(text: str) -> str:
    """Return a text without what a figure would read as markup or as a place for a value."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("%{", "% {")


def _place(alias: str) -> tuple[int, str]:
    return (_FIRST.index(alias) if alias in _FIRST else len(_FIRST), alias)
