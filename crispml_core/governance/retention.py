"""How long which rows are kept: from what the settings say to rules, in the order to follow."""

from __future__ import annotations

from collections.abc import Mapping

from crispml_core.domain.errors import InvalidInput, did_you_mean
from crispml_core.domain.retention import Retained, RetentionRule

DAYS_OF: Mapping[str, tuple[Retained, ...]] = {
    "labels": (Retained.LABELS, Retained.LABEL_IMPORTS),
    "scores": (Retained.SCORES,),
    "reports": (Retained.REPORTS,),
    "runs": (Retained.RUNS,),
    "serving_events": (Retained.SERVING_EVENTS,),
    "deliveries": (Retained.DELIVERIES,),
}
"""The tables behind each kind of rows, in the order in which they are deleted.

What is not here is kept for good: the audit log with its seals and signed heads, moves of aliases,
approvals, API keys, keys of data subjects and erasures. They are the evidence, and hold no record.
"""


def retention_rules(
    days: Mapping[str, int], of_use_cases: Mapping[str, Mapping[str, int]]
) -> tuple[RetentionRule, ...]:
    """Return the rules behind what is set.

    Parameters
    ----------
    days : mapping
        By kind of rows; 0 keeps them for good.
    of_use_cases : mapping
        The same for single use cases, in place of what holds for all.

    Raises
    ------
    InvalidInput
        If a kind is none, or days are negative.
    """
    for kinds in (days, *of_use_cases.values()):
        _check(kinds)
    rules: list[RetentionRule] = []
    for kind, tables in DAYS_OF.items():
        own = {name: kinds[kind] for name, kinds in sorted(of_use_cases.items()) if kind in kinds}
        for table in tables:
            rules += [
                RetentionRule(table=table, days=number, use_case=name)
                for name, number in own.items()
                if number
            ]
            if days.get(kind, 0):
                rules.append(RetentionRule(table=table, days=days[kind], but=tuple(own)))
    return tuple(rules)


def _check(kinds: Mapping[str, int]) -> None:
    for kind, number in kinds.items():
        if kind not in DAYS_OF:
            raise InvalidInput(
                f"a rule of retention names rows that have none{did_you_mean(kind, DAYS_OF)}; "
                f"known: {', '.join(DAYS_OF)}"
            )
        if number < 0:
            raise InvalidInput(f"a rule of retention for {kind} must have 0 days or more")
