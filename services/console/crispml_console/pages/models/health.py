"""Whether a version is fit to answer: what was judged, and judging it."""

from __future__ import annotations

from htmltools import Tag, TagChild, tags
from shiny import render, ui

from crispml_console.pages.models import words
from crispml_console.pages.models.opened import Opened
from crispml_console.parts import actions, states
from crispml_console.parts.actions import Action
from crispml_console.parts.layout import badge, card, grid, row
from crispml_console.parts.page import Place, link
from crispml_console.parts.tables import Column, table
from crispml_console.parts.words import moment, short
from crispml_console.service.asked import State
from crispml_console.service.call import Call, scoring, training
from crispml_core.client import HealthVerdict
from crispml_core.client.scoring import ScoringClient
from crispml_core.client.training import TrainingClient

_EVERY_S = 5.0


def body(place: Place) -> TagChild:
    """Return what stands there before a service was asked."""
    return grid(
        card(
            "Health",
            ui.output_ui("verdicts"),
            tags.h3("What the scoring service says of the model"),
            ui.output_ui("serving_says"),
        ),
        _judge() if actions.offered(place, "train") else None,
        wide=True,
    )


def serve(opened: Opened) -> None:
    """Fill the outputs and serve the action."""
    checks = opened.visit.asked(scoring(ScoringClient.checks), every_s=_EVERY_S)

    @render.ui
    def verdicts() -> TagChild:
        return states.shown(
            opened.verdicts(),
            lambda found: _verdicts(opened.model, found),
            empty="Nobody judged this version, so it is fit to answer.",
        )

    @render.ui
    def serving_says() -> TagChild:
        return _says(opened.model, checks())

    if not opened.visit.may("train"):
        return
    inputs = opened.visit.input

    def judging() -> Call[HealthVerdict]:
        reason = str(inputs.health_reason() or "").strip()
        if not reason:
            raise ValueError("Say why: the reason is shown wherever the version is named.")
        return training(
            TrainingClient.judge_version,
            opened.model,
            opened.name,
            healthy=inputs.healthy() == "healthy",
            reason=reason,
        )

    def judged(verdict: HealthVerdict) -> str:
        opened.again()
        ui.update_text("health_reason", value="")
        state = "fit" if verdict.fit else "unfit"
        return f"judged {_word(verdict)}, {verdict.streak} in a row: the version is {state}"

    Action(opened.visit, "judge", judging, on_answer=judged)


def _judge() -> Tag:
    return card(
        "Judge this version",
        row(
            ui.input_select(
                "healthy",
                "Verdict",
                {"healthy": "healthy", "unhealthy": "not healthy"},
                selected="unhealthy",
            ),
        ),
        ui.input_text("health_reason", "Reason", width="100%", placeholder="auc below its gate"),
        actions.button("judge", "Judge", kind="secondary"),
        tags.p(
            "A champion that is unfit stays where it is; the fallback answers in its place until "
            "it is fit again.",
            class_="quiet",
        ),
    )


def _verdicts(model: str, found: list[HealthVerdict]) -> Tag:
    def evidence(verdict: HealthVerdict) -> TagChild:
        report = verdict.evidence
        return report and tags.a(short(report), href=link("truth", use_case=model, report=report))

    return table(
        "Verdicts on the version, newest first",
        [
            Column[HealthVerdict]("Judged", lambda verdict: moment(verdict.judged_at)),
            Column("Verdict", lambda verdict: badge(_word(verdict), _state(verdict.healthy))),
            Column("In a row", lambda verdict: str(verdict.streak), is_number=True),
            Column(
                "So it is",
                lambda verdict: badge("fit" if verdict.fit else "unfit", _state(verdict.fit)),
            ),
            Column("By", lambda verdict: words.who(model, verdict.judged_by)),
            Column("Reason", lambda verdict: verdict.reason),
            Column("Evidence", evidence),
        ],
        found,
    )


def _says(model: str, state: State[dict[str, str]]) -> TagChild:
    """Return what the readiness of scoring says of the aliases of a model."""
    if state.value is None:
        return states.shown(state, lambda checks: None)
    said = {
        name.removesuffix(f" {model}"): text
        for name, text in state.value.items()
        if name.endswith(f" {model}")
    }
    if not said:
        return states.nothing("It serves no version of this model.")
    return tags.ul(
        *(
            tags.li(
                tags.strong(name), " ", badge("ok", "good") if text == "ok" else badge(text, "warn")
            )
            for name, text in said.items()
        ),
        class_="plain",
    )


def _word(verdict: HealthVerdict) -> str:
    return "healthy" if verdict.healthy else "not healthy"


def _state(is_good: bool) -> str:
    return "good" if is_good else "bad"
