"""What proves a version: digest, signature, files, libraries; making it again; taking it along."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from htmltools import Tag, TagChild, TagList, tags
from shiny import reactive, render, ui

from crispml_console.pages.models.opened import Opened
from crispml_console.parts import actions, states
from crispml_console.parts.actions import Action
from crispml_console.parts.layout import badge, card, grid
from crispml_console.parts.page import Place, link
from crispml_console.parts.tables import Column, facts, table
from crispml_console.parts.words import NONE, moment, short, size
from crispml_console.service.asked import Asked
from crispml_console.service.call import training
from crispml_core.client import PublishedVersion, Run, RunStatus, SignedVersion
from crispml_core.client.training import TrainingClient

_LOOK_S = 1.0
_LEVELS = {"identical": "good", "same answers": "good", "different": "bad"}


def body(place: Place) -> TagChild:
    """Return what stands there before a service was asked."""
    version = place.query["version"]
    address = f"/files/models/{place.use_case}/versions/{version}/bundle"
    return TagList(
        grid(
            card(
                "Signature",
                ui.output_ui("signature"),
                actions.button("sign", "Verify and sign", kind="secondary")
                if actions.offered(place, "approve")
                else None,
            ),
            card(
                "Export",
                tags.p("One file with the version and its evidence, for another environment."),
                tags.span(
                    tags.a("Download the bundle", href=address, class_="btn btn-primary"),
                    actions.code_button("export"),
                    class_="action",
                ),
            )
            if actions.offered(place, "carry")
            else None,
            card(
                "Make it again",
                tags.p("The version is trained once more from the same data and compared."),
                actions.button("reproduce", "Reproduce", kind="secondary"),
                ui.output_ui("reproduction"),
            )
            if actions.offered(place, "train")
            else None,
            wide=True,
        ),
        card("Files", ui.output_ui("files")),
        card("Libraries", ui.output_ui("libraries")),
    )


def serve(opened: Opened) -> None:
    """Fill the outputs and serve the actions."""
    visit, given = opened.visit, (opened.model, opened.name)
    signed = visit.asked(training(TrainingClient.signature, *given))

    @render.ui
    def signature() -> TagChild:
        return states.shown(signed(), _signature)

    @render.ui
    def files() -> TagChild:
        return states.shown(opened.version(), _files)

    @render.ui
    def libraries() -> TagChild:
        return states.shown(
            opened.version(), lambda found: facts(*((n, v) for n, v in found.libraries.items()))
        )

    def vouched(found: SignedVersion) -> str:
        signed.ask(training(TrainingClient.signature, *given))
        return f"{found.version} was verified and signed"

    Action(visit, "sign", lambda: training(TrainingClient.sign, *given), on_answer=vouched)
    Action(
        visit,
        "export",
        lambda: training(TrainingClient.export_bundle, *given, Path(f"{opened.name}.bundle.tar")),
    )
    _serve_reproduce(opened)


def _serve_reproduce(opened: Opened) -> None:
    visit = opened.visit
    run: Asked[Run] = visit.asked()

    def started(found: Run) -> str:
        run.ask(training(TrainingClient.run, found.id))
        return "the version is being made again"

    Action(
        visit,
        "reproduce",
        lambda: training(TrainingClient.reproduce, opened.model, opened.name),
        on_answer=started,
    )

    @reactive.effect
    def looks_again() -> None:
        found = run().value
        if found is not None and not found.status.is_final:
            reactive.invalidate_later(_LOOK_S)
            with reactive.isolate():
                if not run().is_asking:
                    run.ask(training(TrainingClient.run, found.id))

    @render.ui
    def reproduction() -> TagChild:
        state = run()
        if state.call is None:
            return None
        return states.shown(state, lambda found: _reproduction(opened.model, found))


def _signature(found: SignedVersion) -> Tag:
    return facts(
        ("Digest", short(found.digest, 20)),
        (
            "Signed by the key",
            badge("nobody", "bad") if found.key_id is None else short(found.key_id, 20),
        ),
    )


def _files(found: PublishedVersion) -> Tag:
    return table(
        "Files of the version",
        [
            Column[Any]("File", lambda file: tags.code(file.name)),
            Column("Size", lambda file: size(file.size), is_number=True),
            Column("SHA-256", lambda file: tags.code(file.sha256)),
        ],
        found.files,
    )


def _reproduction(use_case: str, run: Run) -> Tag:
    where = tags.a("the run", href=link("cycle", use_case=use_case, run=run.id))
    if not run.status.is_final:
        return tags.div(
            tags.p(run.stage or str(run.status), " (", where, ")"),
            tags.progress(value=f"{run.percent:g}", max="100", aria_label="Progress of the run"),
            class_="outcome",
        )
    if run.status is not RunStatus.SUCCEEDED:
        why = run.error.message if run.error is not None else f"it was {run.status}"
        return tags.div(
            tags.strong("It was not made again"), tags.p(why, " (", where, ")"), class_="problem"
        )
    level = str(run.result.get("level", ""))
    differences = run.result.get("differences", ())
    return tags.div(
        tags.p(
            badge(level, _LEVELS.get(level, "warn")), " ", moment(run.finished_at), " (", where, ")"
        ),
        table(
            "What differs",
            [
                Column[dict[str, Any]]("What", lambda one: one["what"]),
                Column("Recorded", lambda one: _said(one["recorded"])),
                Column("Now", lambda one: _said(one["now"])),
            ],
            list(differences),
        )
        if differences
        else None,
        class_="outcome",
    )


def _said(value: object) -> str:
    return NONE if value is None else str(value)
