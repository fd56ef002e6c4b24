"""What a reader must know before reading the numbers, in plain sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def notes(content: Mapping[str, Any]) -> list[str]:
    """Return the sentences that the other sections of a report call for."""
    return [*_emptiness(content), *_labels(content), *_selection(content), *_mixture(content)]


def _emptiness(content: Mapping[str, Any]) -> Iterator[str]:
    if content["scored"] == 0:
        yield "No score lies in this window, so there is nothing to verify."
        return
    usable = content["labelled"] - content["unusable"]
    if content["labelled"] == 0:
        yield "No label has arrived for the scores of this window, so no KPI is known yet."
    elif usable == 0:
        yield "No label of this window can be compared with its score, so no KPI is known."
    elif usable == 1:
        yield "One labelled score is no basis: a KPI of it has no interval, or a very wide one."
    matrix = (content.get("confusion") or {}).get("matrix")
    if usable > 1 and matrix and sum(1 for row in matrix if sum(row)) == 1:
        yield (
            "All labelled scores are of one class, so nothing can be ranked: AUC and PR AUC have no"
            " value."
        )


def _labels(content: Mapping[str, Any]) -> Iterator[str]:
    if content["unusable"]:
        yield (
            f"{content['unusable']} labelled scores are left out of the KPIs: their label or their "
            "prediction is not a value that the target has today."
        )
    if content["lag"]["negative"]:
        yield (
            f"{content['lag']['negative']} labels are dated before their score; their lag counts "
            "as 0."
        )


def _selection(content: Mapping[str, Any]) -> Iterator[str]:
    missing = content["scored"] - content["labelled"]
    if content["selection"]["biased"]:
        yield (
            "Whether a score has a label depends on the score: the share of labelled scores differs"
            f" by up to {100 * content['selection']['spread']:.0f} points between bands of the "
            "score. The labelled scores are no fair sample, and KPIs over them alone mislead."
        )
    elif missing and content["labelled"]:
        yield (
            f"{missing} of {content['scored']} scores have no label; the KPIs are those of the "
            "others."
        )


def _mixture(content: Mapping[str, Any]) -> Iterator[str]:
    if len(content["versions"]) > 1:
        yield (
            "Several model versions answered in this window; the KPIs mix them and the table of "
            "versions tells them apart."
        )
