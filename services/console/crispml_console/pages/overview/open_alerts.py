"""Alerts that fire, of every use case, with a button for whoever looks after one."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from htmltools import TagChild, TagList
from shiny import render

from crispml_console.parts import states
from crispml_console.parts.alerts import Alerts
from crispml_console.parts.page import Visit
from crispml_console.parts.several import ask_each, scopes
from crispml_console.parts.tables import table
from crispml_console.service.asked import State
from crispml_console.service.call import Call, training
from crispml_core.client import Alert, AlertState
from crispml_core.client.training import TrainingClient

_EVERY_S = 15.0
_SHOWN = 20


def serve_alerts(visit: Visit) -> Callable[[], State[list[Alert]]]:
    """Fill the list; return its alerts for whoever counts them."""
    calls: list[Call[Iterable[Alert]]] = [
        training(
            TrainingClient.alerts, use_case=use_case, state=AlertState.FIRING, limit=10 * _SHOWN
        )
        for use_case in scopes(visit)
    ]
    found, again = ask_each(visit, calls, _EVERY_S)
    rows = Alerts(visit, "alert", again)

    def listed(alerts: list[Alert]) -> TagChild:
        left = len(alerts) - _SHOWN
        columns = [c for c in rows.columns(with_use_case=True) if c.title != "Ended"]
        return TagList(
            table("Alerts that fire", columns, alerts[:_SHOWN]),
            states.nothing(f"and {left} more, on the pages of their use cases")
            if left > 0
            else None,
        )

    @visit.session.output(id="alerts")
    @render.ui
    def alerts() -> TagChild:
        return states.shown(found(), listed, empty="No rule fires.")

    return found
