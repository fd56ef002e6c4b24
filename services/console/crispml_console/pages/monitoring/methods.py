"""How long the nine methods take: since the services started, and in the last cycles."""

from __future__ import annotations

from dataclasses import dataclass

from htmltools import Tag, TagChild, tags
from shiny import render, ui

from crispml_console.pages.monitoring.cycles import cycle_plot
from crispml_console.parts import states
from crispml_console.parts.exposition import Exposition, Histogram
from crispml_console.parts.layout import card, grid
from crispml_console.parts.page import Visit
from crispml_console.parts.settled import settled, steady
from crispml_console.parts.tables import Column, table
from crispml_console.parts.traffic import Traffic
from crispml_console.parts.words import duration, number
from crispml_console.service.asked import State
from crispml_console.service.call import training
from crispml_core.client import METHODS, Run, RunStatus
from crispml_core.client.training import TrainingClient

_DURATION = "crispml_method_duration_seconds"
_ROWS = "crispml_method_rows_total"
_CYCLES = 20
_EVERY_S = 30.0


@dataclass(frozen=True, slots=True)
class MethodTimes:
    """How often a method was called, and how long it took."""

    method: str
    taken: Histogram
    failed: float
    rows: float


def body() -> TagChild:
    """Return the card before a service was asked."""
    return card(
        "Timing of the nine methods",
        grid(ui.output_ui("method_times"), ui.output_ui("method_cycles"), wide=True),
        id="methods",
    )


def metrics(client: TrainingClient) -> Exposition:
    """Return the metrics of the training service."""
    return Exposition(client.metrics())


def serve(visit: Visit, traffic: Traffic) -> None:
    """Fill the card."""
    use_case = visit.place.use_case
    trained = settled(visit.asked(training(metrics), every_s=_EVERY_S))
    cycles = settled(
        visit.asked(
            training(
                TrainingClient.runs,
                use_case=use_case,
                method="cycle",
                status=RunStatus.SUCCEEDED,
                limit=_CYCLES,
            ),
            every_s=_EVERY_S,
        )
    )

    def told() -> State[list[MethodTimes]]:
        both = [trained(), traffic()]
        found = [state.value for state in both if state.value is not None]
        error = next((state.error for state in both if state.error is not None), None)
        times = None if len(found) < len(both) and error is None else times_of(found, use_case)
        return State(times, error)

    now = steady(told)

    @visit.session.output(id="method_times")
    @render.ui
    def method_times() -> TagChild:
        return states.shown(now(), _table)

    @visit.session.output(id="method_cycles")
    @render.ui
    def method_cycles() -> TagChild:
        return states.shown(
            cycles(), lambda runs: _cycles(list(runs)), empty="No cycle has succeeded yet."
        )


def times_of(found: list[Exposition], use_case: str) -> list[MethodTimes]:
    """Return the times of the nine methods, from the metrics of both services."""
    times = []
    for method in METHODS:
        where = {"method": method, "use_case": use_case}
        taken = [metric.histogram(_DURATION, **where) for metric in found]
        times.append(
            MethodTimes(
                method,
                max(taken, key=lambda one: one.count, default=Histogram()),
                sum(m.total(f"{_DURATION}_count", outcome="error", **where) for m in found),
                sum(m.total(_ROWS, **where) for m in found),
            )
        )
    return times


def _table(times: list[MethodTimes]) -> Tag:
    columns = [
        Column[MethodTimes]("Method", lambda t: tags.span(t.method, class_="text-nowrap")),
        Column[MethodTimes]("Calls", lambda t: number(t.taken.count), is_number=True),
        Column[MethodTimes]("Failed", lambda t: number(t.failed), is_number=True),
        Column[MethodTimes]("Mean", lambda t: duration(t.taken.mean), is_number=True),
        Column[MethodTimes]("p50", lambda t: duration(t.taken.quantile(0.5)), is_number=True),
        Column[MethodTimes]("p95", lambda t: duration(t.taken.quantile(0.95)), is_number=True),
        Column[MethodTimes]("Rows", lambda t: number(t.rows), is_number=True),
    ]
    return table("The nine methods since the services started", columns, times)


def _cycles(runs: list[Run]) -> TagChild:
    return cycle_plot(list(reversed(runs)))
