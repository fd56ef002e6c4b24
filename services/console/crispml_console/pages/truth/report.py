"""A report as the page shows it: the newest, or the one that the address names."""

from __future__ import annotations

from collections.abc import Callable

from htmltools import Tag, TagChild, TagList
from shiny import reactive, render, ui

from crispml_console.pages.truth import groups, summary
from crispml_console.pages.truth.content import Report, report_of
from crispml_console.pages.truth.coverage import coverage
from crispml_console.pages.truth.missing import missing_labels
from crispml_console.parts import kpis, report_plots, states
from crispml_console.parts.downloads import download_button, serve_file
from crispml_console.parts.layout import card, grid, row
from crispml_console.parts.page import Place, Visit
from crispml_console.parts.plots import plot
from crispml_console.parts.report_plots import Figure
from crispml_console.service.asked import Asked
from crispml_console.service.call import page, scoring
from crispml_core.client import PageOf, ReportInfo, VerificationReport
from crispml_core.client.scoring import ScoringClient

# Among so many reports the newest of a period is looked for.
_LOOKED_AT = 50
_NONE = "No report was made yet. A report says how well the scores of a period met their truth."


def body(place: Place) -> TagChild:
    """Return where the report stands."""
    return ui.output_ui("report")


class Shown:
    """The report that is shown.

    Parameters
    ----------
    visit : Visit
    """

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._made: reactive.Value[VerificationReport | None] = reactive.Value(None, name="made")
        self._stored: Asked[VerificationReport] = visit.asked()
        self._newest: Asked[PageOf[ReportInfo]] = visit.asked(on_answer=self._choose)
        wanted, use_case = visit.place.query.get("report"), visit.place.use_case
        if wanted:
            self._ask(wanted)
        elif use_case:
            listing = scoring(ScoringClient.verification_reports, use_case=use_case)
            self._newest.ask(page(listing, _LOOKED_AT))
        self._serve()

    def show(self, report: VerificationReport) -> None:
        """Show a report that was just made."""
        self._made.set(report)

    def _ask(self, report_id: str) -> None:
        self._stored.ask(scoring(ScoringClient.report, report_id))

    def _choose(self, found: PageOf[ReportInfo]) -> None:
        newest = _verifications(found)
        if newest:
            self._ask(newest[0].id)

    def _current(self) -> VerificationReport | None:
        return self._made() or self._stored().value

    def _serve(self) -> None:
        visit = self._visit

        @reactive.effect
        async def remembers() -> None:
            made = self._made()
            if made is not None:
                await visit.remember(report=made.id)

        @render.ui
        def report() -> TagChild:
            found = self._current()
            if found is not None:
                return _parts(found, visit.place.query)
            newest, stored = self._newest(), self._stored()
            if newest.value is not None and not _verifications(newest.value):
                return card("Verification report", states.nothing(_NONE))
            error = stored.error or newest.error
            waits = states.problem_of(error) if error is not None else states.waiting()
            return card("Verification report", waits)

        @render.ui
        def report_groups() -> TagChild:
            found = self._current()
            read = report_of(found.content) if found is not None else None
            if found is None or read is None:
                return None
            segment, kpi = str(visit.input.segment()), str(visit.input.segment_kpi())
            return groups.groups(read, found.content, segment, kpi)

        @reactive.effect
        async def remembers_the_segment() -> None:
            found = self._current()
            if found is not None and "segment" in visit.input:
                await visit.remember(report=found.id, segment=visit.input.segment())

        for kind, call in (("csv", ScoringClient.report_csv), ("html", ScoringClient.report_html)):
            self._serve_download(kind, call)

    def _serve_download(self, kind: str, method: Callable[..., str]) -> None:
        def current() -> VerificationReport:
            with reactive.isolate():
                found = self._current()
            if found is None:
                raise ValueError("there is no report yet")
            return found

        serve_file(
            self._visit,
            f"report_{kind}",
            lambda: f"report-{current().use_case}-{current().id}.{kind}",
            lambda: scoring(method, current().id),
        )


def _verifications(found: PageOf[ReportInfo]) -> list[ReportInfo]:
    """Return the reports of periods; replays are in the same list."""
    return [info for info in found.items if info.facts.get("kind") == "verification"]


def _parts(stored: VerificationReport, query: object) -> TagList:
    report = report_of(stored.content)
    downloads = TagList(
        download_button("report_csv", "CSV"), download_button("report_html", "HTML")
    )
    if report is None:
        said = "It is of another kind or release. Download it to read it."
        return TagList(card("Report", states.nothing(said), aside=downloads))
    return TagList(
        card("Verification report", summary.head(stored, report), aside=downloads),
        grid(
            card("KPIs against gates", summary.measured(report)),
            card("If all labels had come", missing_labels(report)),
            wide=True,
        ),
        card("Coverage and lag", coverage(report)),
        _figures(stored),
        _groups(report, query),
        card("Fairness", groups.fairness(report)),
    )


def _figures(stored: VerificationReport) -> Tag | None:
    content = stored.content
    one = {"scores": content}
    drawn: dict[str, Figure | None] = {
        "ROC: how well the score ranks": report_plots.roc(one),
        "Calibration: promised against observed shares": report_plots.calibration(one),
        "Precision and recall": report_plots.precision_recall(one),
        "How the score is spread, by truth": report_plots.distribution(content),
        "Prediction minus truth": report_plots.residuals(content),
        "Truth against prediction": report_plots.scatter(content),
        "Error by tenth of the prediction": report_plots.deciles(content),
    }
    shown = [plot(label, figure) for label, figure in drawn.items() if figure is not None]
    return card("Curves", grid(*shown, wide=True)) if shown else None


def _groups(report: Report, query: object) -> Tag | None:
    names, measured = list(report.segments or {}), groups.kpis_of_groups(report)
    if not names or not measured:
        return None
    wanted = query.get("segment") if isinstance(query, dict) else None
    return card(
        "Segments",
        row(
            ui.input_select(
                "segment", "Segment", names, selected=wanted if wanted in names else names[0]
            ),
            ui.input_select(
                "segment_kpi",
                "KPI",
                {name: kpis.title(name) for name in measured},
                selected=kpis.main(dict.fromkeys(measured)),
            ),
        ),
        ui.output_ui("report_groups"),
    )
