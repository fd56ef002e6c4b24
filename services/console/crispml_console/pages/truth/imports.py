"""Importing labels, from a file or from pasted rows, and what became of each."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable

from htmltools import Tag, TagChild, TagList, tags
from shiny import reactive, render, ui

from crispml_console.pages.truth.pasted import pasted
from crispml_console.parts import actions, states, words
from crispml_console.parts.layout import badge, card, figure
from crispml_console.parts.page import Place, Visit
from crispml_console.parts.tables import Column, facts, table
from crispml_console.parts.uploads import Sent, file_input, progress, upload_of
from crispml_console.service.call import Call, scoring
from crispml_core.client import LabelAnswer, LabelRow, Verdict
from crispml_core.client.scoring import ScoringClient

_LOOK_S = 0.4
# A file up to so many bytes is answered row by row; of a larger one only the counts are asked.
_ROWS_BYTES = 2 * 1024**2
_SHOWN_ROWS = 200
_EXAMPLE = "record_key,label,label_time\nA-17,good,2026-03-01T12:00:00Z"
_MEANING = {
    Verdict.ACCEPTED: "the first truth about its score or record",
    Verdict.SUPERSEDED: "corrects an earlier truth, which stays in the history",
    Verdict.DUPLICATE: "was known already; nothing is stored again",
    Verdict.UNKNOWN: "no score of it yet; it is kept and counts as soon as there is one",
}
_STATES = {
    Verdict.ACCEPTED: "good",
    Verdict.SUPERSEDED: "",
    Verdict.DUPLICATE: "",
    Verdict.UNKNOWN: "warn",
}


def body(place: Place) -> TagChild:
    """Return both forms, for those who may label."""
    if not actions.offered(place, "label"):
        return None
    return tags.div(
        card(
            "Import labels from a file",
            tags.p(
                "Columns: ",
                tags.code("label"),
                ", and ",
                tags.code("score_id"),
                " or ",
                tags.code("record_key"),
                "; optionally ",
                tags.code("label_time"),
                ", ",
                tags.code("source"),
                ", ",
                tags.code("scored_until"),
                ", ",
                tags.code("propensity"),
                ". All of the file is imported, or nothing.",
                class_="quiet",
            ),
            file_input("labels_file", "Labels: CSV, NDJSON, JSON, Parquet or Arrow"),
            actions.button("label_file", "Import the file"),
            ui.output_ui("file_verdicts"),
        ),
        card(
            "Import pasted rows",
            ui.input_text_area(
                "labels_text",
                "Rows with a header line, as from a spreadsheet",
                rows=6,
                width="100%",
                placeholder=_EXAMPLE,
                spellcheck="false",
            ),
            actions.button("label_text", "Import the rows"),
            ui.output_ui("text_verdicts"),
        ),
        class_="grid grid-wide",
    )


def serve(visit: Visit, on_import: Callable[[], None]) -> None:
    """Fill the forms.

    Parameters
    ----------
    on_import : callable
        Called when labels were stored.
    """
    if not visit.may("label"):
        return
    sent = Sent()

    def from_file() -> Call[tuple[LabelAnswer, bytes]]:
        upload = upload_of(visit, "labels_file")
        sent.total, sent.sent, sent.received = upload.size, 0, 0
        return scoring(
            ScoringClient.label_file,
            visit.place.use_case,
            upload.path,
            upload.media,
            encoding=upload.encoding,
            rows=upload.size <= _ROWS_BYTES,
            idempotency_key=secrets.token_hex(16),
            sent_bytes=sent.on_sent,
        )

    def from_text() -> Call[tuple[LabelAnswer, bytes]]:
        content, media = pasted(str(visit.input.labels_text() or ""))
        return scoring(
            ScoringClient.label_file,
            visit.place.use_case,
            content,
            media,
            idempotency_key=secrets.token_hex(16),
        )

    def stored(answer: tuple[LabelAnswer, bytes]) -> None:
        on_import()

    files = actions.Action(visit, "label_file", from_file, on_answer=stored, tells_errors=False)
    texts = actions.Action(visit, "label_text", from_text, on_answer=stored, tells_errors=False)

    @render.ui
    def file_verdicts() -> TagChild:
        if files.asked().is_asking:
            reactive.invalidate_later(_LOOK_S)
            return progress("Importing the file", sent)
        return _outcome(files)

    @render.ui
    def text_verdicts() -> TagChild:
        return states.waiting() if texts.asked().is_asking else _outcome(texts)


def _outcome(action: actions.Action[tuple[LabelAnswer, bytes]]) -> TagChild:
    state = action.asked()
    if state.error is not None:
        return states.problem_of(state.error)
    return verdicts(state.value[0]) if state.value is not None else None


def verdicts(answer: LabelAnswer) -> Tag:
    """Return what became of the labels of an import."""
    counts = Counter(answer.counts)
    return tags.div(
        tags.div(
            *(
                figure(v.value, words.number(counts[v.value]), state=_of(v, counts))
                for v in Verdict
            ),
            class_="figures",
        ),
        _rows(answer),
        facts(("Import", words.short(answer.import_id, 36)), ("Rows", f"{answer.row_count:,}")),
        class_="outcome",
        role="status",
    )


def _of(verdict: Verdict, counts: Counter[str]) -> str:
    return _STATES[verdict] if counts[verdict.value] else ""


def _rows(answer: LabelAnswer) -> TagChild:
    if not answer.rows:
        return None
    # What needs somebody stands first.
    order = {Verdict.UNKNOWN: 0, Verdict.SUPERSEDED: 1, Verdict.DUPLICATE: 2, Verdict.ACCEPTED: 3}
    rows = sorted(answer.rows, key=lambda row: (order[row.verdict], row.row))[:_SHOWN_ROWS]
    columns = [
        Column[LabelRow]("Row", lambda r: words.number(r.row), is_number=True),
        Column[LabelRow]("Verdict", lambda r: badge(r.verdict.value, _STATES[r.verdict])),
        Column[LabelRow]("Means", lambda r: _MEANING[r.verdict]),
    ]
    left = len(answer.rows) - len(rows)
    return TagList(
        tags.details(
            tags.summary("Row by row, counted from 0"),
            tags.div(table("Verdicts by row", columns, rows), class_="tall"),
            tags.p(f"and {left:,} more", class_="quiet") if left else None,
        )
    )
