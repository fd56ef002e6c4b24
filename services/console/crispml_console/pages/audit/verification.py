"""Whether anybody touched the evidence: verified while one looks, sealed and signed now."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from htmltools import Tag, TagChild, TagList, tags
from shiny import reactive, render, ui

from crispml_console.parts import actions, states
from crispml_console.parts.downloads import download_button, serve_lines
from crispml_console.parts.icons import icon
from crispml_console.parts.layout import badge, card, row
from crispml_console.parts.page import Place, Visit
from crispml_console.parts.tables import Column, PagedTable, table
from crispml_console.parts.words import amount, moment, number, short
from crispml_console.service.call import Call, page, training
from crispml_console.service.streamed import Progress, Streamed
from crispml_core.client import Checked, PageOf
from crispml_core.client.training import TrainingClient

_HEADS, _LINES = 10, 500


def body(place: Place) -> TagChild:
    """Return the part of the page before a service was asked."""
    return TagList(
        card(
            "Verify",
            row(
                ui.input_text(
                    "head", "A head that was kept elsewhere", placeholder="SEQUENCE:DIGEST"
                ),
                ui.input_checkbox("scores", "Read every score again", True),
                actions.button("verify", "Verify now"),
            ),
            tags.p(
                "Everything is read again: the chain, its signed heads, and every row that is "
                "sealed. It may take minutes.",
                class_="quiet",
            ),
            ui.output_ui("verified"),
        ),
        card(
            "Signed heads",
            tags.p(
                "Keep heads where nobody who writes the database can. Only such a head tells of a "
                "chain that was made again as a whole."
            ),
            row(
                actions.button("seal", "Seal and sign now", kind="default"),
                download_button("heads_export", "Heads as lines of JSON"),
            ),
            ui.output_ui("sealed"),
            PagedTable.body("heads"),
        ),
    )


def serve(visit: Visit) -> None:
    """Fill the part of the page."""
    _serve_verification(visit)

    def heads(cursor: str | None, size: int = _HEADS) -> Call[PageOf[dict[str, Any]]]:
        return page(training(TrainingClient.audit_heads, newest=True), size, cursor)

    shown = PagedTable(
        visit,
        "heads",
        "Signed heads, the newest first",
        [
            Column[dict[str, Any]]("Entry", lambda head: number(head["sequence"]), is_number=True),
            Column[dict[str, Any]](
                "Signed", lambda head: moment(datetime.fromisoformat(head["signed_at"]))
            ),
            Column[dict[str, Any]]("Key", lambda head: short(head["key_id"], 16)),
            Column[dict[str, Any]]("To be kept", _kept),
        ],
        heads,
        empty="No head is signed yet.",
    )
    serve_lines(visit, "heads_export", lambda: "heads.jsonl", lambda cursor: heads(cursor, _LINES))
    sealing = actions.Action(
        visit,
        "seal",
        lambda: training(TrainingClient.seal_audit),
        on_answer=lambda answer: shown.refresh(),
    )

    @visit.session.output(id="sealed")
    @render.ui
    def sealed() -> TagChild:
        answer = sealing.asked().value
        return None if answer is None else _sealed(answer)


def _serve_verification(visit: Visit) -> None:
    streamed: Streamed[Checked] = Streamed(visit.visitor)
    visit.session.on_ended(streamed.stop)

    def call() -> Call[Any]:
        head = str(visit.input["head"]()).strip()
        heads = (head,) if head else ()
        return training(TrainingClient.verify_audit, heads, scores=visit.input["scores"]())

    @reactive.effect
    @reactive.event(visit.input["verify"])
    def begin() -> None:
        if not streamed().is_asking:
            streamed.ask(call())

    @reactive.effect
    @reactive.event(visit.input["verify_code"])
    def show_code() -> None:
        ui.modal_show(actions.code_of(call(), visit))

    @visit.session.output(id="verified")
    @render.ui
    def shown() -> TagChild:
        return progress(streamed())


def progress(found: Progress[Checked]) -> TagChild:
    """Return how far a verification is, and the first fault as soon as it is known."""
    if not (found.items or found.is_asking or found.error):
        return None
    fault = next((one for one in found.items if one.fault is not None), None)
    return TagList(
        states.problem_of(found.error) if found.error is not None else None,
        _fault(fault) if fault is not None else None,
        _standing(found, is_touched=fault is not None),
        table("What was verified", _columns(), found.items) if found.items else None,
    )


def _standing(found: Progress[Checked], *, is_touched: bool) -> TagChild:
    rows = sum(one.rows for one in found.items)
    read = f"{amount(rows, 'row')} of {amount(len(found.items), 'table')}"
    if found.is_asking:
        return tags.p(
            tags.span(class_="spinner-border spinner-border-sm", aria_hidden="true"),
            f" {read} so far …",
            role="status",
        )
    if not found.is_done or is_touched:
        return None
    fresh = sum(one.unsealed for one in found.items)
    note = (
        f" {amount(fresh, 'row')} {'is' if fresh == 1 else 'are'} too new to have a seal."
        if fresh
        else ""
    )
    return tags.div(
        tags.strong("Nothing was touched. "),
        f"{read} are as they were.{note}",
        class_="notice good",
        role="status",
    )


def _fault(one: Checked) -> Tag:
    where = f", {one.where}" if one.where else ""
    return tags.div(
        tags.strong(f"The evidence was touched: {one.what}{where}"),
        tags.p(one.fault),
        class_="problem",
        role="alert",
    )


def _columns() -> list[Column[Checked]]:
    return [
        Column[Checked]("Table", lambda one: tags.code(one.what)),
        Column[Checked]("As they were", lambda one: number(one.rows), is_number=True),
        Column[Checked]("Pruned", lambda one: number(one.pruned), is_number=True),
        Column[Checked]("Too new", lambda one: number(one.unsealed), is_number=True),
        Column[Checked](
            "Found", lambda one: badge("touched", "bad") if one.fault else badge("whole", "good")
        ),
    ]


def _kept(head: dict[str, Any]) -> Tag:
    """Return a head as a verification takes it, with a button that copies it."""
    return tags.span(
        tags.code(f"{head['sequence']}:{head['digest']}", class_="clipped"),
        tags.button(
            icon("copy"),
            tags.span(f"Copy head {head['sequence']}", class_="visually-hidden"),
            type="button",
            class_="btn btn-sm btn-quiet copy",
        ),
        class_="snippet",
    )


def _sealed(answer: dict[str, Any]) -> Tag:
    if answer["fault"] is not None:
        return tags.div(
            tags.strong(f"The chain is broken: {answer['where']}"),
            tags.p(answer["fault"]),
            class_="problem",
            role="alert",
        )
    head = answer["head"]
    signed = "nothing new to sign" if head is None else f"head {head['sequence']} signed"
    return tags.div(
        f"{amount(answer['rows'], 'row')} sealed, {signed}.", class_="notice good", role="status"
    )
