"""The story of a score as a time line: what made it, what was true, what became of it."""

from __future__ import annotations

from collections.abc import Iterator

from htmltools import TagList, tags

from crispml_console.pages.scores.dossier import Dossier, Label
from crispml_console.parts.page import link
from crispml_console.parts.timeline import Happening
from crispml_console.parts.words import amount, said, short


def story(dossier: Dossier) -> list[Happening]:
    """Return everything of a dossier that has a moment."""
    return [*_before(dossier), _answer(dossier), *_after(dossier)]


def _before(dossier: Dossier) -> Iterator[Happening]:
    for data in dossier.data_sets:
        yield Happening(
            data.created_at, f"Data set {data.stage}", TagList(amount(data.rows, "row"))
        )
    version = dossier.version
    if version is not None:
        yield Happening(
            version.created_at, "Version published", f"trained by {', '.join(version.trained_by)}"
        )
    for decision in dossier.approval.decisions if dossier.approval is not None else ():
        yield Happening(
            decision.decided_at,
            f"Version {decision.kind} in {decision.environment}",
            f"by {decision.decided_by}: {decision.reason}".rstrip(": "),
        )
    alias = dossier.alias
    if alias is not None:
        name = dossier.group.alias or "alias"
        yield Happening(
            alias.moved_at,
            f"Version became {name}",
            f"by {alias.moved_by}: {alias.reason}".rstrip(": "),
        )
        if alias.until is not None:
            yield Happening(alias.until, f"Another version became {name}")


def _answer(dossier: Dossier) -> Happening:
    score = dossier.score
    return Happening(
        score.scored_at, f"Answered {said(score.prediction)}", f"request {score.request_id}", "now"
    )


def _after(dossier: Dossier) -> Iterator[Happening]:
    score = dossier.score
    for alert in dossier.alerts:
        yield Happening(
            alert.first_seen, f"Alert {alert.rule}", f"{alert.severity}: {alert.summary}", "bad"
        )
    for label in dossier.labels:
        yield _truth(label, score.prediction)
    for later in dossier.later_scores:
        yield Happening(
            later.scored_at,
            f"Scored again: {said(later.prediction)}",
            tags.a(
                f"version {later.version}",
                href=link("scores", use_case=score.use_case, score=later.score_id),
            ),
        )
    for report in dossier.reports:
        yield Happening(report.made_at, "Counted in a verification report", short(report.id, 36))


def _truth(label: Label, predicted: str | float) -> Happening:
    what = "Truth corrected to" if label.supersedes else "Truth:"
    about = [
        f"from {label.source}" if label.source else "",
        "" if label.is_current else "corrected since",
    ]
    state = ("good" if label.value == predicted else "bad") if label.is_current else ""
    is_number = isinstance(label.value, float)
    return Happening(
        label.received_at,
        f"{what} {said(label.value)}",
        ", ".join(filter(None, about)) or None,
        "" if is_number else state,
    )
