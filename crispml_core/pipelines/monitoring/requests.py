"""What a request for an evaluation or a dry run may say, checked before a run is queued."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from crispml_core.domain.errors import Conflict, InvalidInput, did_you_mean
from crispml_core.domain.identifiers import utc_now
from crispml_core.domain.runs import DRY_RUN, MONITOR
from crispml_core.domain.use_case import UseCase
from crispml_core.ports.monitor_store import MonitorStore

MAX_STEPS = 1000
SHORTEST_DAYS, LONGEST_DAYS = 1 / (24 * 60), 36_600
# Windows reach back from a moment, and the calendar begins somewhere.
FIRST_YEAR = 1971
TOO_LATE = "a later moment has been evaluated already; a dry run looks into the past"
_KNOWN = {MONITOR: ("at",), DRY_RUN: ("from", "to", "step_days")}


def check_monitor_request(
    use_case: UseCase, method: str, given: Mapping[str, Any], store: MonitorStore
) -> dict[str, Any]:
    """Return the complete parameters of a request.

    Raises
    ------
    InvalidInput
        If the use case has no rules, or if an entry is unknown, missing or out of range.
    Conflict
        If a later moment has been evaluated already.
    """
    if not use_case.monitoring.rules:
        raise InvalidInput(f"use case {use_case.name} declares no rules under monitoring")
    known = _KNOWN[method]
    for position, name in enumerate(given):
        if name not in known:
            guess = did_you_mean(name, known)
            raise InvalidInput(f"entry {position + 1} is not known{guess}; known: {known}")
    if method == MONITOR:
        return {"at": _moment_text(_evaluated_at(use_case.name, given.get("at"), store))}
    start, end = moment_of("from", given.get("from")), moment_of("to", given.get("to"))
    if start is None or end is None or end < start:
        raise InvalidInput("from and to must be given, and to must not be before from")
    if end > utc_now():
        raise InvalidInput("to must not be in the future")
    step_days = given.get("step_days", 7.0)
    if isinstance(step_days, bool) or not isinstance(step_days, int | float):
        raise InvalidInput("step_days must be a number")
    if not SHORTEST_DAYS <= step_days <= LONGEST_DAYS:
        raise InvalidInput(f"step_days must be a minute at least, and {LONGEST_DAYS} at most")
    if (end - start) / timedelta(days=step_days) > MAX_STEPS:
        raise InvalidInput(f"step_days is too small: at most {MAX_STEPS} evaluations in one run")
    return {"from": _moment_text(start), "to": _moment_text(end), "step_days": float(step_days)}


def moment_of(name: str, value: Any) -> datetime | None:
    """Return a moment of the parameters of a run in UTC; None when it is not given."""
    if value is None:
        return None
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    except (TypeError, ValueError):
        moment = None
    if moment is None or moment.tzinfo is None:
        raise InvalidInput(f"{name} must be a moment with its zone, like 2026-01-31T12:00:00Z")
    if moment.year < FIRST_YEAR:
        raise InvalidInput(f"{name} must not be before the year {FIRST_YEAR}")
    return moment.astimezone(UTC)


def _evaluated_at(use_case: str, given: Any, store: MonitorStore) -> datetime | None:
    at = moment_of("at", given)
    if at is None:
        return None
    if at > utc_now():
        raise InvalidInput("at must not be in the future")
    latest = store.latest(use_case)
    # One that is stored already is answered again; see `Monitor`.
    if latest is not None and at < latest.at and store.evaluated_at(use_case, at) is None:
        raise Conflict(TOO_LATE)
    return at


def _moment_text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
