"""Evaluating the rules of a use case: now, or in the past without any effect."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from htmltools import TagChild, TagList, tags
from shiny import render, ui

from crispml_console.pages.monitoring.followed import Followed
from crispml_console.pages.monitoring.timeline import dry_run_result
from crispml_console.parts import actions, states
from crispml_console.parts.layout import card, row
from crispml_console.parts.page import Place, Visit
from crispml_console.service.call import Call, training
from crispml_core.client import Run, RunStatus
from crispml_core.client.training import TrainingClient

_BACK = {"7": "Last week", "30": "Last 30 days", "90": "Last 90 days", "365": "Last year"}
_STEPS = {"1": "Every day", "7": "Every week", "28": "Every four weeks"}


def body(place: Place) -> TagChild:
    """Return the card before a service was asked."""
    return card(
        "Rules",
        tags.p(
            "An evaluation looks at what the rules of the use case ask for, opens and ends "
            "alerts, and does what they say. A dry run does so for moments of the past and "
            "changes nothing.",
            class_="quiet",
        ),
        row(
            actions.button("evaluate", "Evaluate now", is_offered=actions.offered(place, "verify"))
        ),
        ui.output_ui("evaluated"),
        row(
            ui.input_select("dry_back", "Dry run over", _BACK, selected="30"),
            ui.input_select("dry_step", "Evaluated", _STEPS, selected="1"),
            actions.button("dry_run", "Dry run", kind="secondary"),
        ),
        ui.output_ui("dry_result"),
        id="rules",
    )


def serve(visit: Visit, evaluated: Callable[[], None]) -> None:
    """Fill the card.

    Parameters
    ----------
    evaluated : callable
        Told when an evaluation has ended.
    """
    use_case, inputs = visit.place.use_case, visit.input
    evaluation = Followed(visit, lambda run: evaluated())
    past = Followed(visit)

    actions.Action(
        visit,
        "evaluate",
        lambda: training(TrainingClient.monitor, use_case),
        on_answer=lambda run: evaluation.follow(run.id),
    )

    def dry_run() -> Call[Run]:
        end = datetime.now(UTC).replace(microsecond=0)
        start = end - timedelta(days=float(inputs.dry_back()))
        return training(
            TrainingClient.monitor_dry_run,
            use_case,
            start,
            end,
            step_days=float(inputs.dry_step()),
        )

    actions.Action(visit, "dry_run", dry_run, on_answer=lambda run: past.follow(run.id))

    @visit.session.output(id="evaluated")
    @render.ui
    def evaluated_now() -> TagChild:
        return _shown(evaluation, lambda run: _firing(run))

    @visit.session.output(id="dry_result")
    @render.ui
    def dry_result() -> TagChild:
        return _shown(past, lambda run: dry_run_result(run.result))


def _shown(followed: Followed, make: Callable[[Run], TagChild]) -> TagChild:
    if not followed.is_begun():
        return None

    def of(run: Run) -> TagChild:
        if not run.status.is_final:
            return tags.p(f"{run.stage or 'waits'}, {run.percent:.0f} %", role="status")
        if run.status is RunStatus.SUCCEEDED:
            return make(run)
        why = run.error.message if run.error is not None else "it was cancelled"
        return tags.p(tags.strong(f"The run {run.status}: "), why, class_="problem", role="alert")

    return states.shown(followed.run(), of)


def _firing(run: Run) -> TagChild:
    firing = run.result["firing"]
    said = f"{', '.join(firing)} fire" if firing else "no rule fires"
    return TagList(tags.p(f"Evaluated: {said}.", role="status"))
