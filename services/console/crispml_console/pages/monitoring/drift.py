"""Drift of a period: which fields, how far, since when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from htmltools import Tag, TagChild, TagList, tags
from shiny import reactive, render, ui

from crispml_console.pages.monitoring.drift_field import shown_field
from crispml_console.parts import actions, states
from crispml_console.parts.answers import Drift, FieldDrift, drift_of
from crispml_console.parts.layout import badge, card, figure, row
from crispml_console.parts.page import Place, Visit
from crispml_console.parts.tables import Column, table
from crispml_console.parts.words import NONE, moment, number
from crispml_console.service.asked import Asked
from crispml_console.service.call import Call, scoring
from crispml_core.client.scoring import ScoringClient

PERIODS = {
    "day": ("Last 24 hours", timedelta(days=1), "hour"),
    "week": ("Last 7 days", timedelta(days=7), "day"),
    "month": ("Last 30 days", timedelta(days=30), "day"),
    "quarter": ("Last 90 days", timedelta(days=90), "week"),
}
"""Names of periods with their lengths and the windows of their trends."""


def body(place: Place) -> TagChild:
    """Return the card before a service was asked."""
    query = place.query
    period = query.get("period", "month")
    return card(
        "Drift",
        row(
            ui.input_select(
                "period",
                "Period",
                {name: title for name, (title, _, _) in PERIODS.items()},
                selected=period if period in PERIODS else "month",
            ),
            _select("version", "Version", "Champion", query.get("version", "")),
            _select("segment", "Group", "All scores", query.get("segment", "")),
        ),
        ui.output_ui("drift_summary"),
        tags.div(
            ui.output_ui("drift_fields"),
            tags.div(
                _select("field", "Field", "The one that moved most", query.get("field", "")),
                ui.output_ui("drift_field"),
            ),
            class_="pair",
        ),
        aside=actions.code_button("drift"),
        id="drift",
    )


def serve(visit: Visit) -> None:
    """Fill the card."""
    use_case, inputs = visit.place.use_case, visit.input

    def call() -> Call[dict[str, Any]]:
        _, length, window = PERIODS[inputs.period()]
        now = datetime.now(UTC)
        return scoring(
            ScoringClient.drift,
            use_case,
            start=now - length,
            end=now,
            version=inputs.version() or None,
            segment=inputs.segment() or None,
            window=window,
        )

    asked: Asked[dict[str, Any]] = visit.asked(
        on_answer=lambda answer: _offer_segments(visit, drift_of(answer))
    )
    actions.Action(visit, "drift", call, is_read=True)

    @reactive.effect
    def _() -> None:
        asked.ask(call())

    versions = visit.asked(
        scoring(ScoringClient.versions, use_case, limit=50),
        on_answer=lambda found: _offer(
            visit, "version", "Champion", [one.version for one in found]
        ),
    )

    @visit.session.output(id="drift_summary")
    @render.ui
    def summary() -> TagChild:
        versions()
        return states.shown(asked(), lambda answer: _summary(drift_of(answer)))

    links = _FieldLinks(visit)

    @visit.session.output(id="drift_fields")
    @render.ui
    def fields() -> TagChild:
        answer = asked().value
        if answer is None or not answer["fields"]:
            return None
        return links.table(_ordered(drift_of(answer)))

    @visit.session.output(id="drift_field")
    @render.ui
    def one_field() -> TagChild:
        answer = asked().value
        if answer is None or not answer["fields"]:
            return None
        drift = drift_of(answer)
        ordered = _ordered(drift)
        chosen = next((f for f in ordered if f.field == inputs.field()), ordered[0])
        return shown_field(chosen, drift.trend)


class _FieldLinks:
    """The table of the fields; a name in it chooses the field that is shown beside it."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._names: list[str] = []
        self._served = 0

    def table(self, fields: list[FieldDrift]) -> Tag:
        self._names = [found.field for found in fields]
        while self._served < len(fields):
            self._serve(self._served)
            self._served += 1
        places = {found.field: place for place, found in enumerate(fields)}
        columns = [
            Column[FieldDrift](
                "Field",
                lambda f: ui.input_action_button(
                    f"field_{places[f.field]}", f.field, class_="as-link"
                ),
            ),
            Column[FieldDrift]("PSI", lambda f: _psi(f), is_number=True),
            Column[FieldDrift]("Verdict", verdict),
        ]
        return table("Fields with the largest drift first", columns, fields)

    def _serve(self, place: int) -> None:
        @reactive.effect
        @reactive.event(self._visit.input[f"field_{place}"])
        def _() -> None:
            ui.update_select("field", selected=self._names[place], session=self._visit.session)


def verdict(found: FieldDrift) -> Tag:
    """Return what the tests of a field say."""
    if found.alert:
        return badge("drift", "bad")
    return badge("no drift", "good") if found.tested else badge("not tested")


def _ordered(drift: Drift) -> list[FieldDrift]:
    return sorted(
        drift.fields,
        key=lambda f: (not f.alert, -f.statistics["psi"].value if "psi" in f.statistics else 1.0),
    )


def _psi(found: FieldDrift) -> str:
    return number(found.statistics["psi"].value) if "psi" in found.statistics else NONE


def _summary(drift: Drift) -> TagChild:
    drifting = drift.drifting
    reference = max((found.reference_rows for found in drift.fields), default=None)
    return TagList(
        tags.p(badge("not tested", "warn"), " ", drift.reason) if drift.reason else None,
        tags.div(
            figure(
                "Fields that drift",
                NONE if drift.reason else f"{len(drifting)} of {len(drift.fields)}",
                state="bad" if drifting else "" if drift.reason else "good",
            ),
            figure("First seen", moment(drift.detected_at) if drift.detected_at else NONE),
            figure("Scores compared", number(drift.rows)),
            figure("Training records", number(reference)),
            class_="figures",
        ),
    )


def _offer_segments(visit: Visit, drift: Drift) -> None:
    _offer(visit, "segment", "All scores", drift.segments)
    with reactive.isolate():
        chosen = visit.input.field()
    names = [found.field for found in drift.fields] or ([chosen] if chosen else [])
    _offer(visit, "field", "The one that moved most", names)


def _offer(visit: Visit, name: str, none: str, values: list[str]) -> None:
    with reactive.isolate():
        chosen = visit.input[name]()
    ui.update_select(
        name,
        choices={"": none, **{value: value for value in values}},
        selected=chosen if chosen in values else "",
        session=visit.session,
    )


def _select(name: str, label: str, none: str, chosen: str) -> Tag:
    choices = {"": none, **({chosen: chosen} if chosen else {})}
    return ui.input_select(name, label, choices, selected=chosen)
