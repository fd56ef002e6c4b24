"""Looking for scores by record, version and window."""

from __future__ import annotations

from typing import Any

from htmltools import Tag, TagChild, TagList, tags
from shiny import reactive, ui

from crispml_console.parts import actions
from crispml_console.parts.layout import card, row
from crispml_console.parts.moments import moment_input, moment_of
from crispml_console.parts.page import Place, Visit, link
from crispml_console.parts.tables import Column, PagedTable
from crispml_console.parts.words import moment, said, share
from crispml_console.service.call import Call, page, scoring, training
from crispml_core.client import PageOf, PublishedVersion, Score
from crispml_core.client.scoring import ScoringClient
from crispml_core.client.training import TrainingClient

_ROWS, _VERSIONS = 25, 200
_ANY = {"": "Any version"}


def body(place: Place) -> TagChild:
    """Return the page before a service was asked."""
    version = place.query.get("version", "")
    return TagList(
        card(
            "Find scores",
            row(
                ui.input_text("record_key", "Record", update_on="blur", placeholder="any"),
                ui.input_select(
                    "version",
                    "Version",
                    _ANY | ({version: version} if version else {}),
                    selected=version,
                    selectize=False,
                ),
                moment_input("from", "From", moment_of(place.query.get("from"))),
                moment_input("to", "Before", moment_of(place.query.get("to"))),
                actions.button("find", "Find"),
            ),
        ),
        card("Scores", PagedTable.body("scores")),
    )


def serve(visit: Visit) -> None:
    """Fill the page."""
    place, inputs = visit.place, visit.input

    def chosen() -> dict[str, Any]:
        return {
            "version": inputs["version"]() or None,
            "start": moment_of(inputs["from"]()),
            "end": moment_of(inputs["to"]()),
        }

    def call(cursor: str | None) -> Call[PageOf[Score]]:
        record_key = str(inputs["record_key"]()).strip() or None
        wanted = scoring(
            ScoringClient.scores, use_case=place.use_case, record_key=record_key, **chosen()
        )
        return page(wanted, _ROWS, cursor)

    found = PagedTable(
        visit, "scores", "Scores, the newest first", _columns(), call, empty=_nothing()
    )
    versions = page(training(TrainingClient.versions, place.use_case), _VERSIONS)
    visit.asked(versions, on_answer=lambda known: _offer(visit, known))

    @reactive.effect
    @reactive.event(inputs["find"])
    def find() -> None:
        found.refresh()

    @reactive.effect
    @reactive.event(inputs["find_code"])
    def show_code() -> None:
        ui.modal_show(actions.code_of(call(None), visit))

    @reactive.effect
    async def remember() -> None:
        # The key of a record may name a person, so no address has it.
        await visit.remember(
            version=inputs["version"](), **{"from": inputs["from"](), "to": inputs["to"]()}
        )


def _offer(visit: Visit, known: PageOf[PublishedVersion]) -> None:
    with reactive.isolate():
        selected = visit.input["version"]()
    ui.update_select(
        "version",
        choices=_ANY | {one.version: f"{one.version} · {one.algorithm}" for one in known.items},
        selected=selected,
        session=visit.session,
    )


def _columns() -> list[Column[Score]]:
    return [
        Column[Score]("Record", _record),
        Column[Score]("Scored", lambda score: moment(score.scored_at)),
        Column[Score]("Prediction", lambda score: said(score.prediction)),
        Column[Score]("Probability", lambda score: share(score.probability), is_number=True),
        Column[Score]("Version", lambda score: tags.span(score.version, class_="one-line")),
        Column[Score]("Reasons", lambda score: "yes" if "explanation" in score.details else ""),
    ]


def _record(score: Score) -> Tag:
    return tags.a(
        score.record_key,
        href=link("scores", use_case=score.use_case, score=score.score_id),
        class_="one-line",
    )


def _nothing() -> str:
    return "No score is like this. Ask for another record, any version or a longer window."
