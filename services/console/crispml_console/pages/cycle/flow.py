"""The nine methods as a flow: what became of each, and which one the page is about."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from htmltools import Tag, TagChild, tags
from shiny import render, ui

from crispml_console.pages.cycle.steps import BY_METHOD, STEPS, WHOLE, Step
from crispml_console.pages.cycle.trail import (
    DONE,
    EARLIER,
    FAILED,
    OPEN,
    RUNNING,
    STOPPED,
    WAITS,
    Passed,
)
from crispml_console.parts import words
from crispml_console.parts.distinct import distinct
from crispml_console.parts.page import Visit
from crispml_core.client import SCORING_METHODS, TRAINING_METHODS, Run

_SAYS = {
    EARLIER: "done earlier",
    RUNNING: "running",
    FAILED: "failed",
    STOPPED: "stopped",
    WAITS: "waits",
    OPEN: "open",
}


def body(chosen: str) -> Tag:
    """Return the flow as a choice of one step; it stays while what the steps say changes."""
    return tags.div(
        ui.input_radio_buttons(
            "step", "Step", {s.method: _label(s) for s in (WHOLE, *STEPS)}, selected=chosen
        ),
        class_="flow",
    )


def serve(
    visit: Visit,
    run: Callable[[], Run | None],
    passed: Callable[[], Mapping[str, Passed]],
) -> None:
    """Say of each step what became of it on the trail of the chosen run."""
    for step in STEPS:
        if step.method in TRAINING_METHODS:
            _serve_state(visit, step.method, lambda m=step.method: passed()[m])  # type: ignore[misc]

    whole = distinct(lambda: _of_cycle(run()))

    @visit.session.output(id=_id(WHOLE.method))
    @render.ui
    def said() -> Tag:
        return _state(*whole())


def _serve_state(visit: Visit, method: str, of: Callable[[], Passed]) -> None:
    said = distinct(lambda: _said(of()))

    @visit.session.output(id=_id(method))
    @render.ui
    def state() -> Tag:
        return _state(*said())


def _said(passed: Passed) -> tuple[str, str]:
    if passed.state == DONE:
        return DONE, f"done, {words.duration(passed.seconds)}"
    return passed.state, _SAYS[passed.state]


def _of_cycle(run: Run | None) -> tuple[str, str]:
    if run is None or run.method != WHOLE.method:
        return OPEN, "1 to 6"
    if not run.status.is_final:
        return RUNNING, f"{run.percent:.0f} %"
    return {"succeeded": DONE, "failed": FAILED}.get(run.status, STOPPED), run.status


def _label(step: Step) -> TagChild:
    number = STEPS.index(step) + 1 if step in STEPS else None
    is_at_any_time = step.method in SCORING_METHODS
    return tags.span(
        tags.span(number or "1–6", class_="number", aria_hidden="true"),  # noqa: RUF001 - a range
        tags.span(step.title, class_="title"),
        _state("", "in service")
        if is_at_any_time
        else ui.output_ui(_id(step.method), inline=True, class_="holder"),
        title=BY_METHOD[step.method].says,
        class_="node",
    )


def _state(kind: str, text: str) -> Tag:
    return tags.span(text, class_=f"state {kind}".strip())


def _id(method: str) -> str:
    return "state_" + method.replace("-", "_")
