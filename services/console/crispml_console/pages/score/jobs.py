"""A very large batch: a run of the scoring service, from its own folder or a database."""

from __future__ import annotations

import secrets

from htmltools import Tag, TagChild, tags
from shiny import reactive, render, ui

from crispml_console.parts import actions, states, words
from crispml_console.parts.answerer import Versions, chosen, serve_answerer
from crispml_console.parts.layout import badge, card, row
from crispml_console.parts.page import Place, Visit, link
from crispml_console.parts.tables import Column, facts, table
from crispml_console.parts.uploads import bar
from crispml_console.service.asked import Asked
from crispml_console.service.call import Call, page, scoring
from crispml_core.client import SCORING_METHODS, PageOf, Run, RunStatus
from crispml_core.client.scoring import ScoringClient

_METHOD = SCORING_METHODS[0]
_LOOK_S = 1.0
_SHOWN = 5
_STATES = {
    RunStatus.SUCCEEDED: "good",
    RunStatus.FAILED: "bad",
    RunStatus.CANCELLED: "warn",
}
_SOURCES = {"parquet": "a Parquet file or folder", "sql": "a query of a database"}


def body(place: Place) -> TagChild:
    """Return the form of a batch, and the batches there were."""
    may = actions.offered(place, "score")
    return card(
        "A very large batch",
        tags.p(
            "The service reads and writes below its own folder of batches, or reads from a "
            "database. It goes on when this page is closed.",
            class_="quiet",
        ),
        row(
            ui.input_select("job_source", "Records from", _SOURCES),
            ui.output_ui("job_answerer_choice"),
        ),
        ui.output_ui("job_places"),
        row(actions.button("job", "Start the batch", is_offered=may)),
        ui.output_ui("job_run"),
        ui.output_ui("job_runs"),
    )


def serve(visit: Visit, versions: Versions) -> None:
    """Fill the card of batches."""
    serve_answerer(visit, "job_answerer", versions)
    followed: reactive.Value[str] = reactive.Value(
        visit.place.query.get("run", ""), name="followed"
    )
    run: Asked[Run] = visit.asked()

    def call() -> Call[Run]:
        inputs = visit.input
        sink = _needed(inputs.job_sink(), "name the folder for the scores")
        parquet = connection = query = None
        if inputs.job_source() == "sql":
            connection = _needed(inputs.job_connection(), "name the connection")
            query = _needed(inputs.job_query(), "write the query")
        else:
            parquet = _needed(inputs.job_parquet(), "name the file or folder")
        alias, version = chosen(visit, "job_answerer")
        return scoring(
            ScoringClient.score_job,
            visit.place.use_case,
            sink,
            parquet=parquet,
            query=query,
            connection=connection,
            alias=alias,
            version=version,
            idempotency_key=secrets.token_hex(16),
        )

    def queued(answer: Run) -> None:
        followed.set(answer.id)

    actions.Action(visit, "job", call, on_answer=queued)
    actions.Action(
        visit,
        "job_cancel",
        lambda: scoring(ScoringClient.cancel, followed()),
        on_answer=lambda _: "The batch is asked to stop.",
    )

    @reactive.effect
    async def remembers() -> None:
        if followed():
            await visit.remember(run=followed())

    _serve_run(visit, followed, run)
    _serve_runs(visit, followed, run)

    @render.ui
    def job_places() -> Tag:
        sink = ui.input_text("job_sink", "Folder for the scores", placeholder="scores/2026-03")
        if visit.input.job_source() == "sql":
            return tags.div(
                row(ui.input_text("job_connection", "Connection"), sink),
                ui.input_text_area("job_query", "Query", rows=4, width="100%"),
            )
        records = ui.input_text("job_parquet", "File or folder", placeholder="new/2026-03.parquet")
        return row(records, sink)


def _serve_run(visit: Visit, followed: reactive.Value[str], run: Asked[Run]) -> None:
    @reactive.effect
    def follows() -> None:
        wanted = followed()
        if not wanted:
            return
        with reactive.isolate():
            state = run()
        known = state.value
        if known is None or known.id != wanted or not known.status.is_final:
            reactive.invalidate_later(_LOOK_S)
            if not state.is_asking:
                run.ask(scoring(ScoringClient.run, wanted))

    @render.ui
    def job_run() -> TagChild:
        return states.shown(run(), _run) if followed() else None


def _serve_runs(visit: Visit, followed: reactive.Value[str], run: Asked[Run]) -> None:
    use_case = visit.place.use_case
    asked: Asked[PageOf[Run]] = visit.asked()
    reads = visit.may("read") and bool(use_case)

    @reactive.calc
    def followed_state() -> tuple[str, bool]:
        value = run().value
        return followed(), value is not None and value.status.is_final

    @reactive.effect
    def looks() -> None:
        followed_state()
        if reads:
            asked.ask(page(scoring(ScoringClient.runs, use_case=use_case, method=_METHOD), _SHOWN))

    @render.ui
    def job_runs() -> TagChild:
        state = asked()
        return states.shown(state, _runs) if reads else None


def _needed(value: object, otherwise: str) -> str:
    text = str(value or "").strip()
    if not text:
        raise ValueError(otherwise)
    return text


def _run(run: Run) -> Tag:
    share = run.percent / 100
    said = f"{words.share(share, 0)} · {run.stage or run.status}"
    rows = run.result.get("rows")
    problem = tags.div(tags.strong(run.error.message), class_="problem") if run.error else None
    return tags.div(
        tags.div(
            tags.h3("Batch ", words.short(run.id)),
            badge(run.status.value, _STATES.get(run.status, "")),
            class_="row-between",
        ),
        bar("Progress of the batch", share, said) if not run.status.is_final else None,
        problem,
        facts(
            ("Begun", words.moment(run.started_at)),
            ("Ended", words.moment(run.finished_at)),
            ("Records", words.number(rows) if isinstance(rows, int) else words.NONE),
            ("Scores in", str(run.parameters.get("sink", {}).get("parquet", words.NONE))),
        ),
        actions.button("job_cancel", "Stop the batch", kind="default")
        if not run.status.is_final
        else None,
        class_="outcome",
    )


def _runs(found: PageOf[Run]) -> Tag | None:
    if not found.items:
        return None
    columns = [
        Column[Run](
            "Batch",
            lambda r: tags.a(words.short(r.id), href=link("score", use_case=r.use_case, run=r.id)),
        ),
        Column[Run]("State", lambda r: badge(r.status.value, _STATES.get(r.status, ""))),
        Column[Run]("Asked", lambda r: words.moment(r.created_at)),
        Column[Run]("By", lambda r: r.requested_by or words.NONE),
    ]
    return tags.div(tags.h3("Newest batches"), table("Newest batches", columns, found.items))
