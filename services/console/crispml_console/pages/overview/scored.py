"""What a use case scored in the last day, and whether that is like its training data."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from htmltools import Tag, TagChild, TagList, tags
from shiny import reactive, render

from crispml_console.parts import states
from crispml_console.parts.answers import Drift, drift_of
from crispml_console.parts.layout import badge, figure
from crispml_console.parts.page import Visit, link
from crispml_console.parts.settled import settled, steady
from crispml_console.parts.spark import spark
from crispml_console.parts.traffic import Traffic
from crispml_console.parts.words import NONE, number
from crispml_console.service.asked import Asked
from crispml_console.service.call import scoring
from crispml_core.client.scoring import ScoringClient

_EVERY_S = 60.0
_PERIOD = timedelta(days=1)


def serve_scored(visit: Visit, place: int, use_case: str, traffic: Traffic) -> None:
    """Fill this part of a card."""
    asked: Asked[dict[str, Any]] = visit.asked()
    found = settled(asked)

    @reactive.effect
    def _() -> None:
        reactive.invalidate_later(_EVERY_S)
        now = datetime.now(UTC)
        asked.ask(
            scoring(ScoringClient.drift, use_case, start=now - _PERIOD, end=now, window="hour")
        )

    def now() -> float | None:
        traffic()
        return traffic.scores_a_second(use_case)

    second = steady(now)

    @visit.session.output(id=f"scored_{place}")
    @render.ui
    def scored() -> TagChild:
        state = found()
        if state.error is not None and state.error.status == 404:
            return None  # without a champion nothing is compared
        return states.shown(state, lambda answer: _shown(drift_of(answer), second(), use_case))


def _shown(drift: Drift, second: float | None, use_case: str) -> Tag:
    day = sum(drift.versions.values())
    return tags.div(
        tags.div(
            figure("Now", NONE if second is None else f"{number(second, 1)} /s"),
            figure("This hour", number(drift.trend[-1].rows if drift.trend else drift.rows)),
            figure("Last day", number(day)),
            class_="figures",
        ),
        spark("Scores of the champion by hour, over the last day", [s.rows for s in drift.trend])
        if drift.trend
        else None,
        tags.p(_state(drift, use_case), class_="drift"),
    )


def _state(drift: Drift, use_case: str) -> TagChild:
    address = link("monitoring", use_case=use_case, period="day")
    if drift.reason is not None:
        return TagList(badge("drift not tested"), " ", tags.span(drift.reason, class_="note"))
    fields = drift.drifting
    if not fields:
        return badge("no drift over the last day", "good")
    named = ", ".join(fields[:3]) + (f" and {len(fields) - 3} more" if len(fields) > 3 else "")
    return TagList(badge("drift", "bad"), " ", tags.a(named, href=address))
