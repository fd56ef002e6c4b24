"""One score with all of its evidence, as known at a moment."""

from __future__ import annotations

from typing import Any

from htmltools import Tag, TagChild, TagList, tags
from shiny import reactive, render, ui

from crispml_console.pages.scores import evidence, replay
from crispml_console.pages.scores.dossier import Dossier, read
from crispml_console.pages.scores.story import story
from crispml_console.parts import actions, states
from crispml_console.parts.downloads import download_button, serve_file
from crispml_console.parts.icons import icon
from crispml_console.parts.layout import card, grid, row
from crispml_console.parts.moments import moment_input, moment_of, text_of
from crispml_console.parts.page import Place, Visit, link
from crispml_console.parts.timeline import timeline
from crispml_console.service.asked import Asked
from crispml_console.service.call import Call, training
from crispml_core.client import UseCaseInfo
from crispml_core.client.training import TrainingClient


def body(place: Place) -> TagChild:
    """Return the page before a service was asked."""
    kept = place.query.get("use_case")
    return TagList(
        tags.p(tags.a(icon("back"), "All scores", href=link("scores", use_case=kept))),
        card(
            "Dossier",
            row(
                moment_input("at", "As known at", moment_of(place.query.get("at"))),
                download_button("dossier_page", "Printable page"),
                download_button("dossier_bundle", "Signed bundle"),
                download_button("dossier_json", "JSON"),
            ),
            tags.p(
                "Empty means now. What came later than the moment is left out, so a dossier of one "
                "moment is always the same.",
                class_="quiet",
            ),
            aside=actions.code_button("dossier"),
        ),
        ui.output_ui("evidence"),
        replay.card_of_one(place) if actions.offered(place, "verify") else None,
    )


def serve(visit: Visit) -> None:
    """Fill the page."""
    score_id = visit.place.query["score"]
    fields: Asked[UseCaseInfo] = visit.asked()
    asked: Asked[dict[str, Any]] = visit.asked(on_answer=lambda found: fields.ask(_use_case(found)))

    def call() -> Call[dict[str, Any]]:
        return training(TrainingClient.dossier, score_id, at=moment_of(visit.input["at"]()))

    @reactive.effect
    async def ask() -> None:
        asked.ask(call())
        await visit.remember(score=score_id, at=visit.input["at"]())

    @reactive.effect
    @reactive.event(visit.input["dossier_code"])
    def show_code() -> None:
        ui.modal_show(actions.code_of(call(), visit))

    @visit.session.output(id="evidence")
    @render.ui
    def shown() -> TagList:
        described = fields().value
        return states.shown(asked(), lambda found: _cards(read(found), described))

    _serve_downloads(visit, score_id)
    if visit.may("verify"):
        replay.serve_one(visit, lambda: asked().value)


def _use_case(found: dict[str, Any]) -> Call[UseCaseInfo]:
    return training(TrainingClient.use_case, read(found).score.use_case)


def _cards(found: Dossier, described: UseCaseInfo | None) -> Tag:
    declared = described.fields if described is not None else ()
    return tags.div(
        evidence.missing(found.missing),
        evidence.answer(found),
        grid(
            tags.div(
                evidence.reasons(found.score.details.get("explanation")),
                card("What happened", timeline(story(found))),
            ),
            tags.div(evidence.inputs(found.input, declared), evidence.data_sets(found.data_sets)),
            wide=True,
        ),
        evidence.version(found),
    )


def _serve_downloads(visit: Visit, score_id: str) -> None:
    kinds = (
        ("dossier_page", "html", TrainingClient.dossier_html),
        ("dossier_bundle", "tar", TrainingClient.dossier_bundle),
        ("dossier_json", "json", TrainingClient.dossier_bytes),
    )
    for id_, ending, method in kinds:

        def name(ending: str = ending) -> str:
            moment = text_of(moment_of(visit.input["at"]())).replace(":", "")
            return "-".join(filter(None, ("dossier", score_id, moment))) + f".{ending}"

        def call(method: Any = method) -> Call[Any]:
            return training(method, score_id, at=moment_of(visit.input["at"]()))

        serve_file(visit, id_, name, call)
