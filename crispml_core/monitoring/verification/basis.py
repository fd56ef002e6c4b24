"""Which numbers a verdict may rest on.

The KPIs of the labelled scores speak for all scores only if labels come for all kinds of scores
alike. Where they do not, the verdict uses weighted KPIs, or the bounds of what is possible; never
the plain KPIs in silence.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crispml_core.monitoring.intervals import Interval, interval
from crispml_core.monitoring.reweighting import MIN_LABELS

REALISED, WEIGHTED, BOUNDS, NOTHING = "realised", "weighted", "bounds", "nothing"


def basis(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``basis``, the sentence ``why``, and the ``kpis`` with low and high to judge by.

    Parameters
    ----------
    content : mapping
        A report with ``scored``, ``labelled``, ``unusable``, ``kpis``, ``selection`` and
        ``weighted``.
    """
    which, why = _choose(content)
    kpis: Mapping[str, Interval] = {}
    if which == REALISED:
        kpis = content["kpis"]
    elif which == WEIGHTED:
        kpis = content["weighted"]["kpis"]
    elif which == BOUNDS:
        kpis = {
            name: {"value": None, "low": found["low"], "high": found["high"]}
            for name, found in content["weighted"]["bounds"].items()
        }
    return {
        "basis": which,
        "why": why,
        "kpis": {
            name: kpis.get(name, interval(None)) for name in content["kpis"] if name != "threshold"
        },
    }


def depends_on(content: Mapping[str, Any]) -> list[str]:
    """Return what the chance of a label visibly depends on: the score, the decision, segments."""
    by = [row["by"] for row in content["weighted"]["balance"] if not row["alike"]]
    found = ["the score"] if content["selection"]["depends"] or "score" in by else []
    return found + [
        "the decision" if name == "decision" else f"the segment {name}"
        for name in by
        if name != "score"
    ]


def _choose(content: Mapping[str, Any]) -> tuple[str, str]:
    usable = content["labelled"] - content["unusable"]
    found = content["weighted"]
    identifiable, logged = found["status"] == "identifiable", found["propensities"] == "logged"
    if usable == 0:
        return NOTHING, "No score has a usable label."
    if usable == content["scored"]:
        return REALISED, "Every score has its label, so the KPIs are those of all scores."
    if identifiable and logged:
        return WEIGHTED, (
            "Not every score has a label; each labelled one stands for as many as its logged "
            "propensity says."
        )
    by = depends_on(content)
    # Logged propensities that cannot be used still say that labels were chosen.
    if not by and not logged and not found["cells"] and usable >= MIN_LABELS:
        return REALISED, (
            "Not every score has a label, but the chance of one does not visibly depend on the "
            "score, the decision or a segment, and there is no kind of score without any."
        )
    if identifiable:
        return WEIGHTED, (
            f"The chance of a label depends on {', '.join(by)}. Each labelled score stands for as "
            "many as its estimated propensity says, given score, decision and segments; what else "
            "decides on a label is not corrected."
        )
    return BOUNDS, (
        "The KPIs of all scores are not identifiable from the labels there are: "
        f"{found['reason']}. What counts is what they can be at least and at most, whatever the "
        "missing labels are."
    )
