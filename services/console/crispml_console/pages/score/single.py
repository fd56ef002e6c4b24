"""Scoring one record: the form, and the answer beside it."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from htmltools import Tag, TagChild, tags
from shiny import reactive, render, ui

from crispml_console.pages.score.answer import Answered, explained
from crispml_console.pages.score.example import example
from crispml_console.pages.score.inputs import filled, id_of, inputs, record_of
from crispml_console.parts import actions, states
from crispml_console.parts.answerer import Versions, chosen, serve_answerer
from crispml_console.parts.fields import Marks
from crispml_console.parts.layout import card, row
from crispml_console.parts.page import Place, Visit
from crispml_console.service.asked import Asked
from crispml_console.service.call import Call, scoring, training
from crispml_core.client import (
    CatalogueEntry,
    ClientError,
    PublishedVersion,
    ScoreAnswer,
    UseCaseInfo,
)
from crispml_core.client.scoring import ScoringClient
from crispml_core.client.training import TrainingClient

_LEVELS = {"": "none", "0.8": "80 %", "0.9": "90 %", "0.95": "95 %"}


def body(place: Place) -> TagChild:
    """Return form and answer."""
    return tags.div(
        card(
            "One record",
            ui.output_ui("record_form"),
            tags.div(
                row(
                    ui.output_ui("answerer_choice"),
                    ui.input_select("level", "Interval of", _LEVELS, selected="0.9"),
                    ui.input_checkbox("explain", "with reasons", value=True),
                ),
                row(
                    actions.button("score", "Score", is_offered=actions.offered(place, "score")),
                    ui.input_action_button("example", "Fill with an example"),
                ),
                class_="form-end",
            ),
        ),
        card("Answer", ui.output_ui("answer"), id="answer_card"),
        class_="beside",
    )


def serve(visit: Visit, versions: Versions) -> None:
    """Fill form and answer."""
    name = visit.place.use_case
    asked = visit.asked(scoring(ScoringClient.use_case, name) if name else None)
    serve_answerer(visit, "answerer", versions)

    @render.ui
    def record_form() -> TagChild:
        if not name:
            return states.nothing("There is no use case yet.")
        return states.shown(asked(), lambda found: inputs(found.fields))

    _serve_example(visit, lambda: asked().value, versions)
    _serve_score(visit, lambda: asked().value)


def _serve_example(
    visit: Visit, use_case: Callable[[], UseCaseInfo | None], versions: Versions
) -> None:
    profile: Asked[CatalogueEntry] = visit.asked()

    @reactive.effect
    def looks_at_training_data() -> None:
        found = versions.versions
        if found and visit.may("read"):
            profile.ask(training(TrainingClient.dataset, found[0].lineage.raw))

    @reactive.effect
    @reactive.event(visit.input.example)
    async def fills() -> None:
        found = use_case()
        if found is not None:
            known = profile().value
            made = example(found.fields, found.record_key, known.profile if known else None)
            values = filled(found.fields, made)
            await visit.session.send_custom_message("crispml-fill", {"values": values})


def _serve_score(visit: Visit, use_case: Callable[[], UseCaseInfo | None]) -> None:
    manifest_of: Asked[PublishedVersion] = visit.asked()
    marks = Marks(visit)
    shown: reactive.Value[Answered | None] = reactive.Value(None, name="shown")
    sent: dict[str, object] = {}

    def call() -> Call[ScoreAnswer]:
        found = use_case()
        if found is None:
            raise ValueError("the form is not there yet")
        record = record_of(found.fields, lambda key: visit.input[key]())
        sent.clear()
        sent.update(record)
        level = visit.input.level()
        alias, version = chosen(visit, "answerer")
        return scoring(
            ScoringClient.score,
            found.name,
            [record],
            alias=alias,
            version=version,
            explain=bool(visit.input.explain()),
            interval=float(level) if level else None,
            idempotency_key=secrets.token_hex(16),
        )

    def answered(answer: ScoreAnswer) -> None:
        shown.set(Answered.new(answer, dict(sent)))
        marks.show({})

    action = actions.Action(visit, "score", call, on_answer=answered, tells_errors=False)
    stored = visit.place.query.get("score", "") if visit.may("read-records") else ""
    earlier = visit.asked(scoring(ScoringClient.stored_score, stored) if stored else None)

    @reactive.effect
    def shows_a_stored_score() -> None:
        found = earlier().value
        if found is not None:
            shown.set(Answered.stored(found))

    @reactive.effect
    def asks_for_the_threshold() -> None:
        found = shown()
        if found is not None and visit.may("read"):
            manifest_of.ask(scoring(ScoringClient.version, found.model, found.version))

    @reactive.effect
    def marks_fields() -> None:
        error = action.asked().error
        if error is not None:
            marks.show(of_fields(error))

    @reactive.effect
    async def remembers() -> None:
        found = shown()
        if found is not None:
            await visit.remember(score=found.score_id)
            if found.record:
                await visit.session.send_custom_message("crispml-reveal", {"id": "answer_card"})

    @render.ui
    def answer() -> TagChild:
        state, found, case = action.asked(), shown(), use_case()
        error = state.error or earlier().error
        if state.is_asking or earlier().is_asking:
            return states.waiting()
        if error is not None:
            return _problem(error)
        if found is None or case is None:
            return states.nothing("Fill in the record and press Score.")
        manifest = manifest_of().value
        is_of = manifest is not None and manifest.version == found.version
        threshold = manifest.threshold if manifest is not None and is_of else None
        return explained(found, case.target.positive, threshold)


def of_fields(error: ClientError) -> dict[str, str]:
    """Return what an error says of single fields, by the ids of their inputs."""
    return {
        id_of(problem.field): f"{problem.message[:1].upper()}{problem.message[1:]}"
        for problem in reversed(error.errors)
        if problem.field
    }


def _problem(error: ClientError) -> Tag:
    marked = len(of_fields(error))
    if not marked or marked < len(error.errors):
        return states.problem_of(error)
    return tags.div(
        tags.strong("The record cannot be scored like this."),
        tags.p(
            "One field has to change; it is marked."
            if marked == 1
            else f"{marked} fields have to change; they are marked."
        ),
        class_="problem",
        role="alert",
    )
