"""Whether a version may answer: its checklist, what was decided, and deciding it."""

from __future__ import annotations

from htmltools import Tag, TagChild, TagList, tags
from shiny import render, ui

from crispml_console.pages.models import break_glass, words
from crispml_console.pages.models.opened import Opened
from crispml_console.parts import actions, states
from crispml_console.parts.actions import Action
from crispml_console.parts.layout import badge, card, grid, row
from crispml_console.parts.page import Place
from crispml_console.parts.tables import Column, facts, table
from crispml_console.parts.words import moment, short
from crispml_console.service.call import Call, training
from crispml_core.client import ChecklistItem, DecisionKind, VersionApproval, VersionDecision
from crispml_core.client.training import TrainingClient

_VERDICTS = {"met": "good", "not met": "bad", "undecided": "warn"}
_KINDS = {
    DecisionKind.APPROVAL: ("approved", "good"),
    DecisionKind.REFUSAL: ("refused", "bad"),
    DecisionKind.BREAK_GLASS: ("glass broken", "bad"),
}


def body(place: Place) -> TagChild:
    """Return what stands there before a service was asked."""
    may_approve = actions.offered(place, "approve")
    return TagList(
        grid(
            card("Checklist", ui.output_ui("checklist")),
            card(
                "Decide",
                ui.output_ui("stand"),
                TagList(
                    ui.output_ui("accepting"),
                    ui.input_text_area(
                        "approval_reason", "Reason", rows=3, width="100%", placeholder="meeting 12"
                    ),
                    row(
                        actions.button("approve", "Approve"),
                        actions.button("refuse", "Refuse", kind="secondary"),
                    ),
                )
                if may_approve
                else tags.p("Only an approver decides.", class_="quiet"),
            ),
            wide=True,
        ),
        card("Decisions", ui.output_ui("decisions")),
        break_glass.body(place) if may_approve else None,
    )


def serve(opened: Opened) -> None:
    """Fill the outputs and serve the actions."""
    visit, asked = opened.visit, opened.approval

    @render.ui
    def checklist() -> TagChild:
        return states.shown(asked(), lambda found: _checklist(found))

    @render.ui
    def stand() -> TagChild:
        return states.shown(asked(), _stand)

    @render.ui
    def decisions() -> TagChild:
        return states.shown(asked(), lambda found: _decisions(found))

    if not visit.may("approve"):
        return

    @render.ui
    def accepting() -> TagChild:
        found = asked().value
        left = [] if found is None else [i for i in found.checklist if i.verdict == "undecided"]
        if not left or (found is not None and found.approval_id is not None):
            return None
        return ui.input_checkbox_group(
            "accepted",
            "Undecided, and accepted nevertheless",
            {item.name: item.name for item in left},
        )

    def deciding(approve: bool) -> Call[VersionDecision]:
        reason = str(visit.input.approval_reason() or "").strip()
        if not reason:
            raise ValueError("Say why: a decision keeps its reason.")
        accepted = visit.input.accepted() if approve and "accepted" in visit.input else ()
        return training(
            TrainingClient.decide_version,
            opened.model,
            opened.name,
            approve=approve,
            reason=reason,
            accept=sorted(accepted or ()),
        )

    def decided(decision: VersionDecision) -> str:
        opened.again()
        ui.update_text_area("approval_reason", value="")
        return f"{opened.name} is {_KINDS[decision.kind][0]}"

    Action(visit, "approve", lambda: deciding(True), on_answer=decided)
    Action(visit, "refuse", lambda: deciding(False), on_answer=decided)
    break_glass.serve(opened)


def _checklist(found: VersionApproval) -> Tag:
    return table(
        "Checklist of the version",
        [
            Column[ChecklistItem]("Item", lambda item: item.name),
            Column("Verdict", lambda item: badge(item.verdict, _VERDICTS.get(item.verdict, ""))),
            Column("Found", lambda item: tags.span(item.reason, class_="found")),
        ],
        found.checklist,
    )


def _stand(found: VersionApproval) -> TagList:
    return TagList(
        facts(
            ("Stands as", words.approval_badge(found)),
            (
                "Needed here",
                f"yes, in {found.environment}"
                if found.is_needed
                else f"not in {found.environment}",
            ),
            ("Trained by", ", ".join(found.trained_by) or "nobody knows"),
            ("Binds the version", short(found.digest)),
            ("and its report", short(found.report_digest)),
        ),
        tags.div(
            tags.strong("You cannot approve it as it stands"),
            tags.p(found.objection[:1].upper() + found.objection[1:], "."),
            class_="notice objection",
        )
        if found.objection and found.approval_id is None
        else None,
    )


def _decisions(found: VersionApproval) -> Tag:
    if not found.decisions:
        return states.nothing("Nobody has decided anything about this version.")
    void = set(found.void)

    def what(decision: VersionDecision) -> TagList:
        text, state = _KINDS[decision.kind]
        alias = (
            decision.evidence.get("alias") if decision.kind is DecisionKind.BREAK_GLASS else None
        )
        return TagList(
            badge(text, state),
            f" {alias}" if alias else None,
            badge("void: other bytes", "warn") if decision.approval_id in void else None,
            " ",
            badge("holds", "good") if decision.approval_id == found.approval_id else None,
        )

    return table(
        "Decisions about the version, newest first",
        [
            Column[VersionDecision]("Decided", lambda decision: moment(decision.decided_at)),
            Column("What", what),
            Column("By", lambda decision: decision.decided_by),
            Column("Reason", lambda decision: decision.reason),
            Column("Where", lambda decision: decision.environment),
        ],
        found.decisions[::-1],
    )
