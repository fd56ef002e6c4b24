"""Alerts of the rules of one use case, those of now or of ever."""

from __future__ import annotations

from collections.abc import Callable

from htmltools import TagChild
from shiny import ui

from crispml_console.parts.alerts import Alerts
from crispml_console.parts.layout import card
from crispml_console.parts.page import Visit
from crispml_console.parts.tables import PagedTable
from crispml_console.service.call import Call, page, training
from crispml_core.client import Alert, AlertState, PageOf
from crispml_core.client.training import TrainingClient

_ROWS = 10
_STATES = {"": "All", AlertState.FIRING.value: "That fire", AlertState.RESOLVED.value: "That ended"}


def body() -> TagChild:
    """Return the card before a service was asked."""
    return card(
        "Alerts",
        PagedTable.body("alerts_table"),
        aside=ui.input_select("alert_state", "Which alerts", _STATES),
        id="alerts",
    )


def serve(visit: Visit) -> Callable[[], None]:
    """Fill the card; return what reads the list again."""

    def call(cursor: str | None) -> Call[PageOf[Alert]]:
        chosen = visit.input.alert_state()
        state = AlertState(chosen) if chosen else None
        listed = training(TrainingClient.alerts, use_case=visit.place.use_case, state=state)
        return page(listed, _ROWS, cursor)

    rows = Alerts(visit, "alert", lambda: shown.refresh())
    shown = PagedTable(
        visit,
        "alerts_table",
        "Alerts, newest first",
        rows.columns(with_use_case=False),
        call,
        empty="No rule has fired.",
    )
    return shown.refresh
