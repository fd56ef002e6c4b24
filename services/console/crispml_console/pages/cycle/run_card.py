"""The card of the chosen run: progress, what happened, cancel, repeat, go on."""

from __future__ import annotations

from htmltools import Tag, TagChild, TagList
from shiny import reactive, render, ui

from crispml_console.pages.cycle import run_view
from crispml_console.pages.cycle.following import Following
from crispml_console.pages.cycle.starting import Starting
from crispml_console.pages.cycle.steps import BY_METHOD, WHOLE
from crispml_console.parts import states
from crispml_console.parts.actions import Action, button
from crispml_console.parts.distinct import distinct
from crispml_console.parts.layout import card
from crispml_console.parts.page import Visit
from crispml_console.service.call import Call, training
from crispml_core.client import METHODS, TRAINING_METHODS, Run
from crispml_core.client.training import TrainingClient


def body() -> Tag:
    """Return the card before a run is known."""
    return card(
        "Run",
        states.expected("run_view"),
        aside=ui.output_ui("run_status", inline=True),
        id="card-run",
    )


def serve(visit: Visit, following: Following, starting: Starting) -> None:
    """Show the chosen run, and what can be done with it."""
    may_train = visit.may("train")

    @render.ui
    def run_status() -> TagChild:
        run = following.run()
        return run_view.status_badge(run) if run is not None else None

    is_known = distinct(lambda: following.runs() is not None)

    @visit.session.output(id="run_view")
    @render.ui
    def shown() -> TagChild:
        if following.run_id() is None and not is_known():
            return states.shown(following.recent(), lambda _: states.waiting())
        if following.run_id() is None:
            return states.nothing("Nothing has run yet. Begin with the whole cycle.")
        return TagList(
            ui.output_ui("run_progress"), ui.output_ui("run_actions"), ui.output_ui("run_overview")
        )

    @render.ui
    def run_progress() -> TagChild:
        run = following.run()
        if run is None or run.status.is_final:
            return None
        reactive.invalidate_later(1.0)
        return run_view.progress(run)

    @render.ui
    def run_overview() -> TagChild:
        run = following.run()
        if run is None:
            return states.shown(following.asked(), run_view.overview)
        return run_view.overview(run)

    phase = distinct(lambda: _phase(following.run()))

    @render.ui
    def run_actions() -> TagChild:
        is_live, can_repeat, following_step = phase()
        if not may_train:
            return None
        return ui.div(
            button("cancel", "Cancel the run", kind="danger") if is_live else None,
            ui.input_action_button("repeat", "Repeat with changes") if can_repeat else None,
            ui.input_action_button(
                "go_on",
                f"Go on with {METHODS.index(following_step) + 1} {BY_METHOD[following_step].title}",
                class_="btn-primary",
            )
            if following_step
            else None,
            class_="form-row run-actions",
        )

    def cancelled() -> Call[Run]:
        run = following.run()
        if run is None:
            raise ValueError("There is no run to cancel.")
        return training(TrainingClient.cancel, run.id)

    def told(run: Run) -> str:
        following.choose(run)
        return "The run is asked to stop."

    Action(
        visit,
        "cancel",
        cancelled,
        on_answer=told,
        confirm="What the run made so far stays; what it is doing now is lost.",
    )

    @reactive.effect
    @reactive.event(visit.input.repeat)
    async def repeats() -> None:
        run = following.run()
        if run is not None:
            starting.repeat(run)
            await visit.session.send_custom_message("crispml-show", {"id": "card-form"})

    @reactive.effect
    @reactive.event(visit.input.go_on)
    async def goes_on() -> None:
        ui.update_radio_buttons("step", selected=phase()[2], session=visit.session)
        await visit.session.send_custom_message("crispml-show", {"id": "card-form"})


def _phase(run: Run | None) -> tuple[bool, bool, str]:
    """Return whether a run can be cancelled, can be repeated, and which step comes after it."""
    if run is None:
        return False, False, ""
    is_live = not run.status.is_final
    can_repeat = run.method in (WHOLE.method, *TRAINING_METHODS)
    after = ""
    if run.status == "succeeded" and run.method in TRAINING_METHODS:
        after = METHODS[METHODS.index(run.method) + 1]
    return is_live and not run.cancel_requested, can_repeat, after
