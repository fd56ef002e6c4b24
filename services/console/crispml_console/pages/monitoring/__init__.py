"""How a released model does: drift, KPIs over time, speed, and what its rules say."""

from __future__ import annotations

from htmltools import TagChild, TagList, tags
from shiny import reactive

from crispml_console.pages.monitoring import (
    alerts,
    drift,
    evaluations,
    events,
    kpis,
    latency,
    methods,
    rules,
)
from crispml_console.parts import states
from crispml_console.parts.layout import grid
from crispml_console.parts.page import Page, Place, Visit, link
from crispml_console.parts.traffic import Traffic
from crispml_console.service.call import training
from crispml_core.client.training import TrainingClient

_PARTS = {
    "drift": "Drift",
    "kpis": "KPIs",
    "latency": "Latency",
    "methods": "Methods",
    "events": "Events",
    "alerts": "Alerts",
    "rules": "Rules",
    "evaluations": "Evaluations",
}

_CHOSEN = ("period", "version", "segment", "field", "kpi", "event")
"""What is in the address of the page."""


def body(place: Place) -> TagChild:
    """Return the page before a service was asked."""
    if not place.use_case:
        return states.nothing("There is no use case, or no service answers.")
    return TagList(
        tags.nav(
            *(tags.a(title, href=f"#{name}") for name, title in _PARTS.items()),
            class_="jumps",
            aria_label="Parts of this page",
        ),
        drift.body(place),
        kpis.body(place),
        latency.body(),
        methods.body(),
        events.body(place),
        alerts.body(),
        grid(rules.body(place), evaluations.body(), wide=True),
    )


def serve(visit: Visit) -> None:
    """Fill the page."""
    if not visit.place.use_case:
        _wait(visit)
        return
    traffic = Traffic(visit)
    drift.serve(visit)
    kpis.serve(visit)
    latency.serve(visit, traffic)
    methods.serve(visit, traffic)
    events.serve(visit)
    refresh_alerts = alerts.serve(visit)
    refresh_evaluations = evaluations.serve(visit)

    def evaluated() -> None:
        refresh_alerts()
        refresh_evaluations()

    rules.serve(visit, evaluated)

    @reactive.effect
    async def _() -> None:
        chosen = {name: str(visit.input[name]()) for name in _CHOSEN}
        await visit.remember(use_case=visit.place.use_case, **chosen)


def _wait(visit: Visit) -> None:
    """Open the page anew when a service tells a use case."""
    found = visit.asked(training(TrainingClient.use_cases))

    @reactive.effect
    async def _() -> None:
        for info in found().value or ():
            await visit.go(link("monitoring", use_case=info.name))
            return


PAGE = Page("monitoring", "Monitoring", "monitoring", body, serve, needs=("read",))
