"""How many requests the scoring service answers, and how fast."""

from __future__ import annotations

from htmltools import Tag, TagChild, tags
from shiny import reactive, render, ui

from crispml_console.pages.monitoring.requests import (
    Route,
    live_figure,
    routes_of,
)
from crispml_console.parts import states
from crispml_console.parts.exposition import Exposition
from crispml_console.parts.layout import card, figure
from crispml_console.parts.page import Visit
from crispml_console.parts.plots import plot, redraw
from crispml_console.parts.settled import steady
from crispml_console.parts.tables import Column, table
from crispml_console.parts.traffic import Traffic, is_scoring
from crispml_console.parts.words import NONE, duration, number
from crispml_console.service.asked import State

_PLOT = "latency_live"


def body() -> TagChild:
    """Return the card before a service was asked."""
    return card(
        "Latency and throughput",
        ui.output_ui("latency_now"),
        ui.output_ui("latency_plot"),
        ui.output_ui("latency_routes"),
        tags.p(
            "Of the scoring service since it started, asked every 5 seconds. Behind a load "
            "balancer each answer is that of one process; Prometheus sees all of them.",
            class_="quiet below",
        ),
        id="latency",
    )


def serve(visit: Visit, traffic: Traffic) -> None:
    """Fill the card."""
    told = steady(lambda: _told(traffic))

    @visit.session.output(id="latency_now")
    @render.ui
    def now() -> TagChild:
        return states.shown(told(), _figures)

    is_begun = reactive.Value(False, name="is_begun")
    routes: reactive.Value[State[list[Route]]] = reactive.Value(State(), name="routes")

    @reactive.effect
    async def _() -> None:
        state = traffic()
        if len(traffic.points) > 1:
            is_begun.set(True)
            await redraw(visit.session, _PLOT, live_figure(list(traffic.points)))
        found = None if state.value is None else routes_of(state.value)
        with reactive.isolate():
            before = routes()
        # A table that says the same is left alone, with where somebody scrolled to.
        if before.value != found or (before.error is None) != (state.error is None):
            routes.set(State(found, state.error))

    @visit.session.output(id="latency_plot")
    @render.ui
    def live() -> TagChild:
        if not is_begun():
            return states.waiting()
        return plot(
            "Scoring requests a second, and how long they take, while this page is open",
            live_figure(list(traffic.points)),
            id=_PLOT,
        )

    @visit.session.output(id="latency_routes")
    @render.ui
    def by_route() -> TagChild:
        return states.shown(routes(), _table, empty="Nobody has asked anything yet.")


Figures = list[tuple[str, str, str]]


def _told(traffic: Traffic) -> State[Figures]:
    state = traffic()
    return State(None if state.value is None else _now(state.value, traffic), state.error)


def _figures(found: Figures) -> Tag:
    return tags.div(*(figure(*each) for each in found), class_="figures")


def _now(found: Exposition, traffic: Traffic) -> Figures:
    taken = traffic.points[-1][1].taken
    first = traffic.points[0][1]
    seconds = traffic.points[-1][0] - traffic.points[0][0]
    late = taken.since(first.taken).count / seconds if seconds else None
    in_flight = found.total("crispml_http_requests_in_flight")
    return [
        ("Scoring requests", number(taken.count), "since it started"),
        ("A second", NONE if late is None else number(late, 1), "while you look"),
        *(
            (f"p{percent}", duration(taken.quantile(percent / 100)), "since it started")
            for percent in (50, 95, 99)
        ),
        ("In flight", number(in_flight), "at this moment"),
    ]


def _table(routes: list[Route]) -> Tag:
    columns = [
        Column[Route]("Request", _request),
        Column[Route]("Answered", lambda r: number(r.taken.count), is_number=True),
        Column[Route]("Failed", lambda r: number(r.failed), is_number=True),
        *(_quantile(percent) for percent in (50, 95, 99)),
    ]
    return table("Requests since the scoring service started, by route", columns, routes)


def _request(route: Route) -> TagChild:
    text = tags.code(f"{route.method} {route.path}")
    return tags.strong(text) if is_scoring(route.path) else text


def _quantile(percent: int) -> Column[Route]:
    return Column(
        f"p{percent}", lambda r: duration(r.taken.quantile(percent / 100)), is_number=True
    )
