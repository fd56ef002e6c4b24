"""What the newest verification report of a use case says: gates and label coverage."""

from __future__ import annotations

from collections.abc import Iterable

from htmltools import Tag, TagChild, TagList, tags
from shiny import reactive, render

from crispml_console.parts import states
from crispml_console.parts.answers import GateVerdict, verified
from crispml_console.parts.layout import badge
from crispml_console.parts.page import Visit, link
from crispml_console.parts.tables import facts
from crispml_console.parts.words import NONE, amount, moment, number, share
from crispml_console.service.asked import Asked
from crispml_console.service.call import scoring
from crispml_core.client import ReportInfo, VerificationReport
from crispml_core.client.scoring import ScoringClient

_EVERY_S = 60.0
# Replays are listed among the reports, and are none of what happened.
_VERIFICATION, _LOOKED_AT = "verification", 20
VERDICTS = {"met": "good", "not met": "bad", "undecided": "warn"}


def serve_verdict(visit: Visit, place: int, use_case: str) -> None:
    """Fill this part of a card."""
    newest = visit.asked(
        scoring(ScoringClient.verification_reports, use_case=use_case, limit=_LOOKED_AT),
        every_s=_EVERY_S,
    )
    report: Asked[VerificationReport] = visit.asked()

    @reactive.effect
    def _() -> None:
        found = _verifications(newest().value)
        with reactive.isolate():
            known = report().value
        if found and (known is None or known.id != found[0].id):
            report.ask(scoring(ScoringClient.report, found[0].id))

    @visit.session.output(id=f"verdict_{place}")
    @render.ui
    def verdict() -> TagChild:
        if newest().error is None and report().value is None:
            # Nothing to show of a report yet: there is none, or it is on its way.
            none = tags.a("No verification report yet", href=link("truth", use_case=use_case))
            return states.shown(
                newest(),
                lambda found: states.waiting() if _verifications(found) else states.nothing(none),
                empty=none,
            )
        return states.shown(report(), _shown)


def _verifications(found: Iterable[ReportInfo] | None) -> list[ReportInfo]:
    return [info for info in found or () if info.facts.get("kind") == _VERIFICATION]


def _shown(report: VerificationReport) -> TagChild:
    content = verified(report)
    address = link("truth", use_case=report.use_case, report=report.id)
    return TagList(
        tags.ul(*(_gate(gate) for gate in content.gates), class_="gates"),
        facts(
            (
                "Labels",
                f"{share(content.coverage)} of {amount(content.scored, 'score')}",
            ),
            ("Newest report", tags.a(moment(report.created_at), href=address)),
        ),
    )


def _gate(gate: GateVerdict) -> Tag:
    interval = "" if gate.low is None else f" ({number(gate.low)} to {number(gate.high)})"
    return tags.li(
        tags.span(gate.kpi, class_="kpi"),
        tags.strong(NONE if gate.value is None else number(gate.value)),
        tags.span(f"{interval} {gate.bound}", class_="note"),
        badge(gate.verdict, VERDICTS.get(gate.verdict, "")),
    )
