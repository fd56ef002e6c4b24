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


def _choose(content: Mapping[str, Any]) -> tuple[str, str]:
    usable = content["labelled"] - content["unusable"]
    found, pattern = content["weighted"], content["selection"]
    identifiable = found["status"] == "identifiable"
    if usable == 0:
        return NOTHING, "No score has a usable label."
    if usable == content["scored"]:
        return REALISED, "Every score has its label, so the KPIs are those of all scores."
    if identifiable and found["propensities"] == "logged":
        return WEIGHTED, (
            "Not every score has a label; each labelled one stands for as many as its logged "
            "propensity says."
        )
    if pattern["depends"] is False and not found["cells"] and usable >= MIN_LABELS:
        return REALISED, (
            "Not every score has a label, but the chance of one does not visibly depend on the "
            "score, and there is no kind of score without any."
        )
    if identifiable:
        return WEIGHTED, (
            "The chance of a label depends on the score. Each labelled score stands for as many as "
            "its estimated propensity says, given score, decision and segments; what else decides "
            "on a label is not corrected."
        )
    return BOUNDS, (
        "The KPIs of all scores are not identifiable from the labels there are: "
        f"{found['reason']}. What counts is what they can be at least and at most, whatever the "
        "missing labels are."
    )
