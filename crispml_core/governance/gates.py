"""KPI gates: whether a version may become champion."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from crispml_core.domain.errors import did_you_mean
from crispml_core.domain.targets import Gate

NOT_MET, UNDECIDED, MET = "not met", "undecided", "met"
VERDICTS = (NOT_MET, UNDECIDED, MET)
"""What becomes of a gate when the KPI is uncertain, the worst first."""


@dataclass(frozen=True, slots=True)
class GateResult:
    """What became of one gate.

    Parameters
    ----------
    kpi : str
        Name of the KPI.
    minimum, maximum : float or None
        The bounds, inclusive.
    value : float or None
        The KPI; None when it is missing.
    passed : bool
        Whether the KPI is there and keeps the bounds.
    reason : str
        Why the gate did not pass; empty when it did.
    """

    kpi: str
    minimum: float | None
    maximum: float | None
    value: float | None
    passed: bool
    reason: str = ""

    @property
    def bound(self) -> str:
        """The bounds as text, for example ``>= 0.76``."""
        return _bound(self.minimum, self.maximum)

    def to_dict(self) -> dict[str, Any]:
        """Return the result as a report shows it, the bound as text included."""
        return asdict(self) | {"bound": self.bound}


def check_gates(gates: Sequence[Gate], kpis: Mapping[str, float | None]) -> tuple[GateResult, ...]:
    """Hold KPIs against the gates of a use case.

    A KPI that is missing, null or not a number does not pass: what is not known is not good enough.

    Parameters
    ----------
    gates : sequence of Gate
        The gates of a use case.
    kpis : mapping of str to float or None
        Plain KPI values, usually of the ``test`` split.

    Returns
    -------
    tuple of GateResult
        One per gate, in order.
    """
    return tuple(_check(gate, kpis) for gate in gates)


def judge_gates(
    gates: Sequence[Gate], kpis: Mapping[str, Mapping[str, float | None]]
) -> list[dict[str, Any]]:
    """Hold KPIs that are known up to an interval against the gates of a use case.

    Parameters
    ----------
    gates : sequence of Gate
        The gates of a use case.
    kpis : mapping of str to mapping
        By KPI ``value``, ``low`` and ``high``; the value may be None where only bounds are known.

    Returns
    -------
    list of dict
        One per gate, in order: ``kpi``, ``minimum``, ``maximum``, ``bound``, ``value``, ``low``,
        ``high``, ``verdict`` and ``reason``. A gate is ``met`` when the whole interval keeps the
        bounds, ``not met`` when none of it does, else ``undecided``.
    """
    return [_judged(gate, kpis) for gate in gates]


def overall(judged: Sequence[Mapping[str, Any]]) -> str | None:
    """Return the verdict on all gates: the worst of them; None when there is none."""
    verdicts = {gate["verdict"] for gate in judged}
    return next((verdict for verdict in VERDICTS if verdict in verdicts), None)


def all_passed(results: Sequence[GateResult]) -> bool:
    """Return whether every gate passed; a use case without gates lets every version through."""
    return all(result.passed for result in results)


def _check(gate: Gate, kpis: Mapping[str, float | None]) -> GateResult:
    value = kpis.get(gate.kpi)
    reason = ""
    if gate.kpi not in kpis:
        known = ", ".join(sorted(kpis)) or "none"
        reason = f"there is no KPI of this name{did_you_mean(gate.kpi, kpis)}; known: {known}"
    elif value is None or math.isnan(value):
        value, reason = None, "the KPI has no value on these records"
    elif gate.minimum is not None and value < gate.minimum:
        reason = "the KPI is below the minimum"
    elif gate.maximum is not None and value > gate.maximum:
        reason = "the KPI is above the maximum"
    return GateResult(gate.kpi, gate.minimum, gate.maximum, value, not reason, reason)


def _judged(gate: Gate, kpis: Mapping[str, Mapping[str, float | None]]) -> dict[str, Any]:
    found = kpis.get(gate.kpi, {})
    low, high = found.get("low"), found.get("high")
    verdict, reason = _verdict(gate, low, high)
    return {
        "kpi": gate.kpi,
        "minimum": gate.minimum,
        "maximum": gate.maximum,
        "bound": _bound(gate.minimum, gate.maximum),
        "value": found.get("value"),
        "low": low,
        "high": high,
        "verdict": verdict,
        "reason": reason,
    }


def _verdict(gate: Gate, low: float | None, high: float | None) -> tuple[str, str]:
    if low is None or high is None:
        return UNDECIDED, "the KPI is not known"
    least = -math.inf if gate.minimum is None else gate.minimum
    most = math.inf if gate.maximum is None else gate.maximum
    if least <= low and high <= most:
        return MET, ""
    if high < least:
        return NOT_MET, "the whole interval is below the minimum"
    if low > most:
        return NOT_MET, "the whole interval is above the maximum"
    return UNDECIDED, "the interval lies on both sides of the bound"


def _bound(minimum: float | None, maximum: float | None) -> str:
    parts = [
        f"{sign} {limit:g}"
        for sign, limit in ((">=", minimum), ("<=", maximum))
        if limit is not None
    ]
    return " and ".join(parts)
