"""KPIs over time, from the verification reports, with the moves of the champion."""

from __future__ import annotations

from htmltools import TagChild, TagList, tags
from shiny import reactive, render, ui

from crispml_console.pages.monitoring.kpi_plots import by_period, by_report, moved_table
from crispml_console.parts import states
from crispml_console.parts.answers import Verified, verified
from crispml_console.parts.layout import card, grid, row
from crispml_console.parts.page import Place, Visit, link
from crispml_console.parts.settled import settled
from crispml_console.service.call import scoring
from crispml_core.client import AliasEvent
from crispml_core.client.scoring import ScoringClient

_REPORTS = 24
_EVERY_S = 60.0
_LISTED = 100
_VERIFICATION = "verification"


def body(place: Place) -> TagChild:
    """Return the card before a service was asked."""
    chosen = place.query.get("kpi", "")
    return card(
        "KPIs over time",
        row(
            ui.input_select(
                "kpi",
                "KPI",
                {chosen: chosen or "Choose a KPI"},
                selected=chosen,
            )
        ),
        ui.output_ui("kpi_plots"),
        id="kpis",
    )


def serve(visit: Visit) -> None:
    """Fill the card."""
    use_case = visit.place.use_case
    reports = settled(
        visit.asked(
            scoring(NewestReports().read, use_case),
            every_s=_EVERY_S,
            on_answer=lambda found: _offer(visit, found),
        )
    )
    moves = settled(
        visit.asked(scoring(ScoringClient.alias_history, use_case, "champion"), every_s=_EVERY_S)
    )

    @visit.session.output(id="kpi_plots")
    @render.ui
    def kpi_plots() -> TagChild:
        state = reports()
        if state.value == []:
            return states.nothing(
                TagList(
                    "There is no verification report yet. ",
                    tags.a("Make one", href=link("truth", use_case=use_case)),
                    " when labels have come.",
                )
            )
        kpi = visit.input.kpi()
        return states.shown(state, lambda found: _plots(kpi, found, list(moves().value or ())))


class NewestReports:
    """The newest verification reports; each is read once, as no report ever changes."""

    def __init__(self) -> None:
        self._known: dict[str, Verified] = {}

    def read(self, client: ScoringClient, use_case: str) -> list[Verified]:
        """Return them, the newest first; replays are none."""
        listed = client.verification_reports(use_case=use_case, limit=_LISTED)
        chosen = [info.id for info in listed if info.facts.get("kind") == _VERIFICATION]
        self._known = {
            report_id: self._known.get(report_id) or verified(client.report(report_id))
            for report_id in chosen[:_REPORTS]
        }
        return list(self._known.values())


def kpis_of(found: list[Verified]) -> list[str]:
    """Return the KPIs that any report has, those with a gate first."""
    gated = [gate.kpi for report in found[:1] for gate in report.gates]
    known = [
        name
        for report in found
        if report.verdict is not None
        for name, kpi in (report.verdict.kpis or {}).items()
        if kpi.low is not None
    ]
    return list(dict.fromkeys([*gated, *known]))


def _offer(visit: Visit, found: list[Verified]) -> None:
    names = kpis_of(found)
    with reactive.isolate():
        chosen = visit.input.kpi()
    if names:
        ui.update_select(
            "kpi",
            choices=names,
            selected=chosen if chosen in names else names[0],
            session=visit.session,
        )


def _plots(kpi: str, found: list[Verified], moves: list[AliasEvent]) -> TagChild:
    return TagList(
        grid(by_report(kpi, found, moves), by_period(kpi, found[0], moves), wide=True),
        moved_table(moves),
    )
