"""Scoring a file of records: it goes out as it is, and the scores come back as a file."""

from __future__ import annotations

import secrets
import tempfile
from pathlib import Path

from htmltools import Tag, TagChild, TagList, tags
from shiny import reactive, render, ui

from crispml_console.parts import actions, states, words
from crispml_console.parts.answerer import Versions, chosen, serve_answerer
from crispml_console.parts.file_formats import CSV, NDJSON, PARQUET, SUFFIXES
from crispml_console.parts.layout import badge, card, row
from crispml_console.parts.page import Place, Visit, link
from crispml_console.parts.tables import facts
from crispml_console.parts.uploads import Sent, file_input, progress, upload_of
from crispml_console.service.call import Call, scoring
from crispml_core.client import FileScores
from crispml_core.client.scoring import ScoringClient

_FORMATS = {CSV: "CSV", NDJSON: "NDJSON", PARQUET: "Parquet"}
_LOOK_S = 0.4


def body(place: Place) -> TagChild:
    """Return the form of a file."""
    return card(
        "A file of records",
        tags.p(
            "CSV with a header line, NDJSON, JSON, Parquet or Arrow; also as .gz or .zst. All "
            "records are checked before the first is scored.",
            class_="quiet",
        ),
        file_input("records_file", "Records"),
        row(
            ui.output_ui("file_answerer_choice"),
            ui.input_select("file_format", "Scores as", _FORMATS),
            ui.input_checkbox("file_explain", "with reasons"),
        ),
        actions.button("score_file", "Score the file", is_offered=actions.offered(place, "score")),
        ui.output_ui("file_outcome"),
    )


def serve(visit: Visit, versions: Versions) -> None:
    """Fill the card of a file."""
    serve_answerer(visit, "file_answerer", versions)
    folder = tempfile.TemporaryDirectory(prefix="crispml-console-")
    visit.session.on_ended(folder.cleanup)
    sent = Sent()
    made = {"path": Path()}

    def call() -> Call[FileScores]:
        upload = upload_of(visit, "records_file")
        media = str(visit.input.file_format())
        name = upload.path.name.partition(".")[0]
        target = Path(folder.name, f"{name}-scores{SUFFIXES[media]}")
        made["path"] = target
        sent.total, sent.sent, sent.received = upload.size, 0, 0
        alias, version = chosen(visit, "file_answerer")
        return scoring(
            ScoringClient.score_file,
            visit.place.use_case,
            upload.path,
            upload.media,
            target,
            accept=media,
            encoding=upload.encoding,
            alias=alias,
            version=version,
            explain=bool(visit.input.file_explain()),
            idempotency_key=secrets.token_hex(16),
            sent_bytes=sent.on_sent,
            received_bytes=sent.on_received,
        )

    action = actions.Action(visit, "score_file", call, tells_errors=False)

    @render.ui
    def file_outcome() -> TagChild:
        state = action.asked()
        if state.is_asking:
            reactive.invalidate_later(_LOOK_S)
            return progress("Scoring the file", sent)
        if state.error is not None:
            return states.problem_of(state.error)
        return _outcome(state.value, made["path"].name) if state.value is not None else None

    @render.download_button(filename=lambda: made["path"].name)
    def file_scores() -> str:
        return str(made["path"])


def _outcome(answer: FileScores, name: str) -> Tag:
    version = tags.a(
        answer.version, href=link("models", use_case=answer.use_case, version=answer.version)
    )
    alias = badge(answer.alias, "warn" if answer.fallback else "") if answer.alias else None
    fallback = badge("fallback", "warn") if answer.fallback else None
    return tags.div(
        facts(
            ("Answered by", TagList(version, " ", alias, " ", fallback)),
            ("Scores", f"{name}, {words.size(answer.size)}"),
        ),
        tags.p(ui.download_button("file_scores", "Download the scores")),
        class_="outcome",
        role="status",
    )
