"""The evidence of a score as cards: what was answered, from what, by which version."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from htmltools import Tag, TagChild, TagList, tags

from crispml_console.pages.scores.dossier import DataSet, Dossier, Version
from crispml_console.parts import plots, states
from crispml_console.parts.layout import badge, card, figure, grid
from crispml_console.parts.page import link
from crispml_console.parts.tables import Column, facts, table
from crispml_console.parts.words import NONE, amount, moment, number, said, share, short
from crispml_core.client import Field

_ROW_PX, _FRAME_PX = 24, 70


def answer(dossier: Dossier) -> Tag:
    """Return what was answered, and whether it is as it was stored."""
    score, group = dossier.score, dossier.group
    interval = score.details.get("interval")
    return card(
        "Answer",
        grid(
            figure("Prediction", said(score.prediction)),
            figure("Probability", share(score.probability))
            if score.probability is not None
            else None,
            *(
                figure(f"Probability of {name}", share(value))
                for name, value in score.probabilities.items()
                if len(score.probabilities) > 2
            ),
            figure("Interval", _interval(interval)) if interval else None,
            _intact(dossier),
        ),
        facts(
            ("Record", score.record_key),
            ("Scored", moment(score.scored_at)),
            ("Alias", f"{group.alias or NONE}{' (fallback)' if group.fallback else ''}"),
            *((name, value) for name, value in score.segments.items()),
            ("Environment", dossier.environment),
            ("Score", tags.code(score.score_id)),
            ("Request", tags.code(score.request_id)),
            ("Committed with", _beside(group.rows)),
            ("Digest of the row", short(dossier.chain.row_digest, 16)),
        ),
    )


def _beside(rows: int) -> str:
    return "no other score" if rows == 1 else f"{amount(rows - 1, 'other score')}"


def _intact(dossier: Dossier) -> Tag:
    if dossier.chain.verified:
        return figure("Hash chain", "as stored", "row and root follow", state="good")
    what = (
        "the row was altered" if not dossier.chain.row_is_as_stored else "the root does not follow"
    )
    return figure("Hash chain", "touched", what, state="bad")


def inputs(stored: dict[str, Any], fields: Sequence[Field]) -> Tag:
    """Return the record as it is stored, with the privacy policy of each field."""
    known = {field.name: field for field in fields}
    names = [*known, *(name for name in stored if name not in known)]
    columns = [
        Column[str]("Field", lambda name: name),
        Column[str]("Stored", lambda name: _stored(name, stored, known.get(name))),
        Column[str]("Policy", lambda name: _policy(known.get(name))),
    ]
    return card(
        "Input as it is stored",
        table("Input of the score", columns, names),
        tags.p("Policies are those that the use case declares now.", class_="quiet"),
    )


def _stored(name: str, stored: dict[str, Any], field: Field | None) -> TagChild:
    if name not in stored:
        is_dropped = field is not None and field.privacy == "drop"
        return badge("not stored") if is_dropped else NONE
    value = stored[name]
    if isinstance(value, dict):
        return badge(str(value.get("privacy", "hidden")), "warn")
    return NONE if value is None else said(value)


def _policy(field: Field | None) -> TagChild:
    if field is None:
        return NONE
    return "keep" if field.privacy == "keep" else badge(field.privacy)


def reasons(explanation: dict[str, Any] | None) -> Tag:
    """Return the reasons that were asked for with the score."""
    if not explanation:
        text = "No reasons were asked for with this score, and a dossier makes none up."
        return card("Reasons", states.nothing(text))
    found = [reason for reason in explanation["reasons"] if reason["contribution"]]
    named, scale = explanation.get("class"), explanation.get("scale", "")
    outcome = named or "a higher number"
    pro = [reason for reason in found if reason["contribution"] > 0]
    con = [reason for reason in found if reason["contribution"] < 0]
    shown = plots.bars(
        {
            f"for {outcome}": _bars(pro),
            f"against {outcome}": _bars(con),
        },
        x=scale,
        roles={f"for {outcome}": "third", f"against {outcome}": "accent"},
        is_horizontal=True,
    )
    shown["layout"] |= {"barmode": "relative"}
    shown["layout"]["yaxis"] |= {
        "categoryorder": "array",
        "categoryarray": [reason["field"] for reason in found],
    }
    columns = [
        Column[dict[str, Any]]("Field", lambda reason: reason["field"]),
        Column[dict[str, Any]](
            "Contribution", lambda reason: number(reason["contribution"]), is_number=True
        ),
    ]
    return card(
        "Reasons",
        plots.plot(
            f"What spoke for {outcome} and what against it, from {number(explanation['base'])} to "
            f"{number(explanation['score'])} ({scale})",
            shown,
            table=table("Reasons of the score", columns, found),
            height=_FRAME_PX + _ROW_PX * len(found),
        ),
    )


def _bars(found: Sequence[dict[str, Any]]) -> tuple[list[str], list[float]]:
    return [one["field"] for one in found], [one["contribution"] for one in found]


def version(dossier: Dossier) -> Tag:
    """Return which version answered: its digest and signature, who trained and who approved it."""
    found = dossier.version
    if found is None:
        return card("Version", states.nothing("Its manifest cannot be had."))
    use_case = dossier.score.use_case
    return card(
        "Version",
        facts(
            (
                "Version",
                tags.a(
                    found.version, href=link("models", use_case=use_case, version=found.version)
                ),
            ),
            ("Algorithm", found.algorithm),
            ("Published", moment(found.created_at)),
            ("Trained by", ", ".join(found.trained_by) or NONE),
            ("Approved by", _approved(dossier)),
            ("Digest", short(found.digest, 16)),
            ("Signed with key", _signed(found)),
            ("Threshold", number(found.threshold)),
            (
                "Run",
                tags.a(short(found.run), href=link("cycle", use_case=use_case, run=found.run))
                if found.run
                else NONE,
            ),
            *((f"{name} on test", number(value)) for name, value in found.kpis.items()),
        ),
    )


def _signed(found: Version) -> TagChild:
    return short(found.signed_by, 16) if found.signed_by else badge("not signed", "warn")


def _approved(dossier: Dossier) -> TagChild:
    approval = dossier.approval
    if approval is None or approval.held is None:
        return "nobody"
    held = next((one for one in approval.decisions if one.approval_id == approval.held), None)
    return NONE if held is None else TagList(held.decided_by, ", ", moment(held.decided_at))


def data_sets(found: Sequence[DataSet]) -> Tag:
    """Return what the version was made from."""
    columns = [
        Column[DataSet]("Stage", lambda data: data.stage),
        Column[DataSet]("Data set", lambda data: short(data.id)),
        Column[DataSet]("Rows", lambda data: number(data.rows), is_number=True),
        Column[DataSet]("Made", lambda data: moment(data.created_at)),
        Column[DataSet]("Digest of the content", lambda data: short(data.content_digest, 16)),
    ]
    if not found:
        return card("Data sets", states.nothing("They are not in this registry."))
    return card("Data sets", table("Data sets of the version", columns, found))


def missing(found: Sequence[str]) -> Tag | None:
    """Return what the dossier could not have."""
    if not found:
        return None
    return tags.div(
        tags.strong("Not everything could be had"),
        tags.ul(*(tags.li(text) for text in found)),
        class_="notice",
    )


def _interval(interval: dict[str, Any]) -> str:
    if "set" in interval:
        said = " or ".join(map(str, interval["set"])) or "nothing"
    else:
        said = f"{number(interval.get('lower'))} to {number(interval.get('upper'))}"
    return f"{said} at {share(interval.get('level'), 0)}"
