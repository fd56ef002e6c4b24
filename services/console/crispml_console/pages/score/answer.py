"""An answer, explained: what was decided, how sure it is, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from htmltools import Tag, TagChild, TagList, tags

from crispml_console.pages.score import reasons
from crispml_console.pages.score.details import Bounds, details_of
from crispml_console.pages.score.inputs import title_of
from crispml_console.parts import words
from crispml_console.parts.layout import badge, figure
from crispml_console.parts.page import link
from crispml_console.parts.plots import bars, plot
from crispml_console.parts.tables import facts
from crispml_core.client import Score, ScoreAnswer


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A score: one that was just made, or a stored one.

    Parameters
    ----------
    record : mapping
        What was asked, by field; empty for a stored score, whose record is evidence.
    """

    use_case: str
    model: str
    version: str
    score_id: str
    record_key: str
    prediction: str | float
    probability: float | None
    probabilities: Mapping[str, float]
    segments: Mapping[str, str]
    details: Mapping[str, Any]
    alias: str | None = None
    fallback: bool = False
    scored_at: datetime | None = None
    record: Mapping[str, object]

    @classmethod
    def new(cls, answer: ScoreAnswer, record: Mapping[str, object]) -> Answered:
        """Return the first score of an answer."""
        scored = answer.scores[0]
        return cls(
            use_case=answer.use_case,
            model=answer.model,
            version=answer.version,
            alias=answer.alias,
            fallback=answer.fallback,
            score_id=scored.score_id,
            record_key=scored.record_key,
            prediction=scored.prediction,
            probability=scored.probability,
            probabilities=scored.probabilities,
            segments=scored.segments,
            details=scored.details,
            record=record,
        )

    @classmethod
    def stored(cls, score: Score) -> Answered:
        """Return a stored score."""
        return cls(
            use_case=score.use_case,
            model=score.model,
            version=score.version,
            score_id=score.score_id,
            record_key=score.record_key,
            prediction=score.prediction,
            probability=score.probability,
            probabilities=score.probabilities,
            segments=score.segments,
            details=score.details,
            scored_at=score.scored_at,
            record={},
        )


def explained(answered: Answered, positive: str | None, threshold: float | None) -> TagList:
    """Return an answer for readers.

    Parameters
    ----------
    positive : str or None
        The class whose probability is the score; None unless there are two classes.
    threshold : float or None
        The probability from which on it is decided; None while it is not known.
    """
    details = details_of(answered.details)
    return TagList(
        _fallback(answered) if answered.fallback else None,
        tags.div(
            figure("Prediction", _prediction(answered.prediction)),
            _who(answered),
            class_="row-between verdict",
        ),
        _chance(answered, positive, threshold),
        _bounds(details.interval) if details.interval is not None else None,
        reasons.shown(details.explanation, answered.record) if details.explanation else None,
        _facts(answered),
    )


def _prediction(value: str | float) -> str:
    return value if isinstance(value, str) else words.number(value)


def _who(answered: Answered) -> Tag:
    version = tags.a(
        answered.version,
        href=link("models", use_case=answered.use_case, version=answered.version),
    )
    alias = badge(answered.alias, "warn" if answered.fallback else "") if answered.alias else None
    return tags.p("answered by ", version, " ", alias, class_="quiet by")


def _fallback(answered: Answered) -> Tag:
    return tags.div(
        f"The version that {answered.alias or 'the alias'} names cannot serve: the fallback "
        "answered.",
        class_="notice",
        role="status",
    )


def _chance(answered: Answered, positive: str | None, threshold: float | None) -> TagChild:
    if positive is None or answered.probability is None:
        return _classes(answered.probabilities) if answered.probabilities else None
    probability = answered.probability
    said = f"The probability of {positive} is {words.share(probability)}"
    if threshold is not None:
        side = "at or above" if probability >= threshold else "below"
        said += f", {side} the threshold of {words.share(threshold)}"
    return tags.div(
        tags.div(
            tags.div(class_="fill", style=f"width:{100 * probability:.2f}%"),
            tags.div(class_="mark", style=f"left:{100 * threshold:.2f}%")
            if threshold is not None
            else None,
            class_="chance",
            role="img",
            aria_label=said,
        ),
        tags.p(f"{said}.", class_="quiet"),
    )


def _classes(probabilities: Mapping[str, float]) -> Tag:
    ordered = sorted(probabilities.items(), key=lambda item: -item[1])
    names, values = [name for name, _ in ordered], [value for _, value in ordered]
    return plot(
        "Probability of each class",
        bars({"probability": (names, values)}, x="Probability", is_horizontal=True),
        height=70 + 26 * len(names),
    )


def _bounds(found: Bounds) -> Tag:
    level = words.share(found.level, 0)
    if found.set is None:
        said = f"{words.number(found.low)} to {words.number(found.high)}"
        return tags.p(f"With {level} confidence the truth lies within ", tags.strong(said), ".")
    classes = " or ".join(found.set) or "none of the classes"
    look = badge("a person should look", "warn") if found.refer else badge("clear", "good")
    return tags.p(f"With {level} confidence the truth is ", tags.strong(classes), ". ", look)


def _facts(answered: Answered) -> Tag:
    score = tags.a(
        tags.code(answered.score_id),
        href=link("scores", use_case=answered.use_case, score=answered.score_id),
    )
    segments = [(title_of(name), group) for name, group in answered.segments.items()]
    when = [("Scored", words.moment(answered.scored_at))] if answered.scored_at else []
    return facts(("Record", answered.record_key), *when, *segments, ("Score, with evidence", score))
