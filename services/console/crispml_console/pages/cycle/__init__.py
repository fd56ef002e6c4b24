"""The life cycle of a model: the nine methods, run one by one or as a whole."""

from __future__ import annotations

from htmltools import TagChild, TagList
from shiny import reactive, render, ui

from crispml_console.pages.cycle import flow, run_card
from crispml_console.pages.cycle.following import Following
from crispml_console.pages.cycle.listing import Listing
from crispml_console.pages.cycle.results import Results
from crispml_console.pages.cycle.starting import Starting
from crispml_console.pages.cycle.steps import BY_METHOD, WHOLE
from crispml_console.parts import states
from crispml_console.parts.distinct import distinct
from crispml_console.parts.layout import card, grid
from crispml_console.parts.page import Page, Place, Visit
from crispml_console.service.call import training
from crispml_core.client.training import TrainingClient


def body(place: Place) -> TagChild:
    """Return the page before a service was asked."""
    if not place.use_case:
        return states.nothing("There is no use case here, or the services do not answer.")
    step = place.query.get("step", WHOLE.method)
    return TagList(
        card("The nine methods", flow.body(step if step in BY_METHOD else WHOLE.method)),
        grid(
            card(ui.output_ui("form_title", inline=True), Starting.body(), id="card-form"),
            run_card.body(),
            wide=True,
        ),
        card(ui.output_ui("result_title", inline=True), Results.body(), id="card-result"),
        card("Runs", Listing.body(), id="card-runs"),
    )


def serve(visit: Visit) -> None:
    """Fill the page."""
    if not visit.place.use_case:
        return
    use_case = visit.asked(training(TrainingClient.use_case, visit.place.use_case))
    following = Following(visit)

    def step() -> str:
        return str(visit.input.step())

    flow.serve(visit, following.run, following.passed)
    starting = Starting(visit, step, following, use_case)
    Results(visit, step, following.run, following.passed, following.find)
    listing = Listing(visit, following.run_id)
    run_card.serve(visit, following, starting)
    is_over = distinct(lambda: (run := following.run()) is not None and run.status.is_final)

    @render.ui
    def form_title() -> str:
        return f"Run: {BY_METHOD[step()].title.lower()}"

    @render.ui
    def result_title() -> str:
        return f"Result: {BY_METHOD[step()].title.lower()}"

    @reactive.effect
    @reactive.event(following.chosen, ignore_init=True)
    async def shows() -> None:
        await visit.session.send_custom_message("crispml-show", {"id": "card-run"})

    @reactive.effect
    @reactive.event(following.chosen, is_over, ignore_init=True)
    def lists_again() -> None:
        listing.refresh()

    @reactive.effect
    @reactive.event(following.chosen, visit.input.step, ignore_init=True)
    async def remembers() -> None:
        chosen = step()
        await visit.remember(
            use_case=visit.place.use_case,
            run=following.chosen(),
            step=chosen if chosen != WHOLE.method else None,
        )


PAGE = Page("cycle", "Cycle", "cycle", body, serve, needs=("read",))
