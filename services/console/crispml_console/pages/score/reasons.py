"""The reasons of a score: a plot of what each field adds, and plain words."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from htmltools import Tag, TagList, tags

from crispml_console.pages.score.details import Explanation, Reason
from crispml_console.pages.score.inputs import title_of
from crispml_console.parts import words
from crispml_console.parts.plots import plot
from crispml_console.parts.tables import Column, table

_MOST, _NAMED = 12, 3
_SCALES = {
    "log-odds": "log-odds",
    "probability": "probability",
    "number": "unit of the target",
    "log": "logarithm of the target",
}


def shown(found: Explanation, record: Mapping[str, object]) -> TagList:
    """Return the reasons of a score.

    Parameters
    ----------
    record : mapping
        What was asked, by field, so that values stand beside their effect.
    """
    said = [reason for reason in found.reasons if reason.contribution]
    top = said[:_MOST]
    if not top:
        return TagList(tags.p("No field moves the score of this record.", class_="quiet"))
    return TagList(
        tags.h3("Why"),
        _sentences(found, said),
        plot(
            f"What the {len(top)} strongest fields add, in {_unit(found)}",
            _figure(found, top),
            height=90 + 24 * len(top),
            table=_table(found, said, record),
        ),
    )


def _unit(found: Explanation) -> str:
    return _SCALES.get(found.scale, found.scale)


def _sides(found: Explanation) -> tuple[str, str]:
    """Return what reasons above and below 0 do."""
    if found.of_class:
        return f"for {found.of_class}", f"against {found.of_class}"
    return "raises", "lowers"


def _sentences(found: Explanation, said: Sequence[Reason]) -> Tag:
    up, down = _sides(found)
    sides = {
        up: [title_of(reason.field) for reason in said if reason.contribution > 0],
        down: [title_of(reason.field) for reason in said if reason.contribution < 0],
    }
    return tags.ul(
        *(
            tags.li(
                tags.strong(f"{side[:1].upper()}{side[1:]}: "),
                ", ".join(names[:_NAMED]),
                f" and {len(names) - _NAMED} more" if len(names) > _NAMED else None,
            )
            for side, names in sides.items()
            if names
        ),
        tags.li(tags.strong("Together: "), _together(found)),
        class_="reasons",
    )


def _together(found: Explanation) -> str:
    if found.scale == "log-odds":
        base, score = _probability(found.base), _probability(found.score)
        return f"from {words.share(base)} before anything is known to {words.share(score)}"
    if found.scale == "probability":
        return f"from {words.share(found.base)} to {words.share(found.score)}"
    if found.scale == "log":
        return f"from {words.number(math.exp(found.base))} to {words.number(math.exp(found.score))}"
    return f"from {words.number(found.base)} to {words.number(found.score)}"


def _probability(log_odds: float) -> float:
    return 1 / (1 + math.exp(-log_odds))


def effect(scale: str, contribution: float) -> str:
    """Return what a contribution does, in words.

    Examples
    --------
    >>> effect("probability", 0.042)
    '+4.2 points'
    """
    match scale:
        case "log-odds":
            return f"odds × {math.exp(contribution):.2f}"  # noqa: RUF001 - a sign of times
        case "log":
            return f"× {math.exp(contribution):.2f}"  # noqa: RUF001 - a sign of times
        case "probability":
            return f"{100 * contribution:+.1f} points"
        case _:
            return f"{contribution:+.3g}"


def _figure(found: Explanation, top: Sequence[Reason]) -> dict[str, Any]:
    data = [
        {
            "type": "bar",
            "orientation": "h",
            "name": name,
            "x": [reason.contribution for reason in top if reason.contribution * sign > 0],
            "y": [title_of(r.field) for r in top if r.contribution * sign > 0],
            "customdata": [
                effect(found.scale, r.contribution) for r in top if r.contribution * sign > 0
            ],
            "hovertemplate": "%{y}: %{customdata}<extra></extra>",
            "role": role,
        }
        for name, sign, role in zip(_sides(found), (1, -1), ("third", "accent"), strict=True)
    ]
    layout = {
        "barmode": "relative",
        "bargap": 0.35,
        "xaxis": {
            "title": {"text": " \u2190 {1} \u00b7 {0} \u2192".format(*_sides(found))},
            "zerolinewidth": 2,
        },
        "yaxis": {
            "automargin": True,
            "autorange": "reversed",
            "categoryorder": "array",
            "categoryarray": [title_of(reason.field) for reason in top],
        },
        "showlegend": False,
    }
    return {"data": data, "layout": layout}


def _table(found: Explanation, said: Sequence[Reason], record: Mapping[str, object]) -> Tag:
    up, down = _sides(found)
    columns = [
        Column[Reason]("Field", lambda r: title_of(r.field)),
        Column[Reason]("Value", lambda r: _value(record.get(r.field))),
        Column[Reason]("Speaks", lambda r: up if r.contribution > 0 else down),
        Column[Reason]("Effect", lambda r: effect(found.scale, r.contribution), is_number=True),
        Column[Reason](_unit(found), lambda r: f"{r.contribution:+.3f}", is_number=True),
    ]
    return table("Reasons, the strongest first", columns, said)


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return words.number(value)
    return words.NONE if value is None else str(value)
