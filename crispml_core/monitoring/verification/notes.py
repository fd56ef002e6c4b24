"""What a reader must know before reading the numbers, in plain sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from crispml_core.monitoring.verification.basis import depends_on

# What stands for all KPIs where a sentence has room for one.
_FIRST = {"binary": "auc", "multiclass": "accuracy", "regression": "mae"}


def notes(content: Mapping[str, Any]) -> list[str]:
    """Return the sentences that the other sections of a report call for."""
    parts = (_emptiness, _labels, _selection, _estimate, _promises, _fairness, _mixture, _verdict)
    return [sentence for part in parts for sentence in part(content)]


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
    rates = [part["rate"]["value"] for part in content["selection"]["deciles"]]
    if content["selection"]["depends"]:
        yield (
            "Whether a score has a label depends on the score: the share of labelled scores lies "
            f"between {min(rates):.0%} and {max(rates):.0%}, tenth by tenth. The labelled scores "
            "are no fair sample, and the plain KPIs over them mislead."
        )
    elif missing and content["labelled"] and (by := depends_on(content)):
        yield (
            f"Whether a score has a label depends on {', '.join(by)}. The labelled scores are no "
            "fair sample, and the plain KPIs over them mislead."
        )
    elif missing and content["labelled"]:
        yield (
            f"{missing} of {content['scored']} scores have no label; the plain KPIs are those of "
            "the others."
        )
    parts = [part for part in content["periods"] if part["scored"]]
    if len(parts) > 2 and missing:
        *earlier, last = parts
        before = sum(part["labelled"] for part in earlier) / sum(part["scored"] for part in earlier)
        if before > 0 and last["labelled"] / last["scored"] < before / 2:
            yield (
                "The newest scores have half as many labels as the earlier ones, or fewer: most of "
                "their truth is probably still to come."
            )


def _estimate(content: Mapping[str, Any]) -> Iterator[str]:
    found, name = content["estimated"], _FIRST[content["task"]]
    if found["reason"] or not content["scored"] - content["labelled"]:
        return
    combined, realised = found["combined"]["kpis"].get(name), content["kpis"].get(name)
    if combined and realised and None not in (combined["value"], realised["value"]):
        yield (
            f"If the missing labels came as the probabilities say, {name} over all scores would be "
            f"{combined['value']:.3f}; over the labelled ones it is {realised['value']:.3f}."
        )
    bias = found["track_record"].get("kpis", {}).get(name, {}).get("bias")
    if bias and bias["low"] is not None and not bias["low"] <= 0 <= bias["high"]:
        yield (
            f"Earlier estimates of {name} were too {'high' if bias['value'] > 0 else 'low'}, by "
            f"{abs(bias['value']):.3f} in the mean: the relation of score and truth has changed, "
            "and the estimate for missing labels deserves little trust."
        )


def _promises(content: Mapping[str, Any]) -> Iterator[str]:
    for part in content["intervals"]:
        if not part["inside"]:
            levels = ", ".join(f"{x['level']:g}" for x in part["levels"] if not x["inside"])
            yield (
                f"Intervals or label sets of version {part['version']}, level {levels}: "
                f"{part['note']}."
            )


def _fairness(content: Mapping[str, Any]) -> Iterator[str]:
    for attribute in (content["fairness"] or {}).get("attributes", ()):
        if attribute["verdict"] == "unfair":
            of = f" (favourable: {attribute['favourable']})" if attribute["favourable"] else ""
            yield (
                f"Groups of {attribute['segment']} are treated unequally{of}, more than is "
                "tolerated and more than by chance."
            )


def _mixture(content: Mapping[str, Any]) -> Iterator[str]:
    if len(content["versions"]) > 1:
        yield (
            "Several model versions answered in this window; the KPIs mix them and the table of "
            "versions tells them apart."
        )


def _verdict(content: Mapping[str, Any]) -> Iterator[str]:
    open_gates = [gate["kpi"] for gate in content["gates"] if gate["verdict"] == "undecided"]
    if open_gates and content["scored"]:
        yield (
            f"The labels do not decide the gates on {', '.join(open_gates)}: undecided is neither "
            "met nor failed."
        )
