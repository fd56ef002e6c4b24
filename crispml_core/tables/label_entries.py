"""The rules of one label row, and what is said about a row that breaks one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from crispml_core.domain.bounds import is_finite, is_within, say_bounds
from crispml_core.domain.errors import Problem, did_you_mean
from crispml_core.domain.fields import MAX_KEY_LENGTH
from crispml_core.domain.labels import CLOCK_TOLERANCE, Label
from crispml_core.domain.targets import Target
from crispml_core.tables.findings import Findings

ENTRIES = (
    "score_id",
    "record_key",
    "scored_until",
    "label",
    "label_time",
    "source",
    "propensity",
)
"""What a label row may say."""

MAX_SOURCE = 200


class LabelRows:
    """Reads rows one by one: slow, and able to explain.

    Parameters
    ----------
    target : Target
        What a truth is.
    received_at : datetime
        The label time of rows without one; what is much later lies in the future.
    """

    def __init__(self, target: Target, received_at: datetime) -> None:
        self._target, self._received_at = target, received_at
        self._latest = received_at + CLOCK_TOLERANCE

    def read(self, rows: Sequence[Any], first_row: int) -> tuple[list[Label], Findings]:
        """Return the labels of rows, and what is wrong with the others.

        Parameters
        ----------
        first_row : int
            The number that the first of them has in its body.
        """
        labels, findings = [], Findings()
        for number, row in enumerate(rows, start=first_row):
            try:
                labels.append(self._read(row))
            except _Wrong as wrong:
                findings.add(Problem(wrong.rule, wrong.message, wrong.field, number))
        return labels, findings

    def _read(self, row: Any) -> Label:
        if not isinstance(row, dict):
            raise _Wrong("type", None, "a label is an object with label and score_id or record_key")
        for position, name in enumerate(row):
            if name not in ENTRIES:
                guess = did_you_mean(name, ENTRIES)
                raise _Wrong("unknown_field", None, f"entry {position + 1} is not known{guess}")
        if (row.get("score_id") is None) == (row.get("record_key") is None):
            raise _Wrong("missing", "score_id", "give either score_id or record_key")
        if row.get("scored_until") is not None and row.get("record_key") is None:
            raise _Wrong("missing", "record_key", "scored_until belongs to a record_key")
        return Label(
            value=self._value(row.get("label")),
            label_time=self._moment("label_time", row) or self._received_at,
            score_id=_score_id(row.get("score_id")),
            record_key=_record_key(row.get("record_key")),
            scored_until=self._moment("scored_until", row),
            source=_source(row.get("source")),
            propensity=_propensity(row.get("propensity")),
        )

    def _moment(self, name: str, row: dict[str, Any]) -> datetime | None:
        value = row.get(name)
        if value is None:
            return None
        moment = _utc(name, value)
        if moment > self._latest:
            raise _Wrong("future", name, f"{name} is in the future; send a moment that is over")
        return moment

    def _value(self, value: Any) -> str | float:
        target = self._target
        if value is None:
            raise _Wrong("missing", "label", "label is missing")
        if target.is_classification:
            text = str(value).lower() if isinstance(value, bool) else str(value)
            if isinstance(value, float) and value.is_integer():
                text = str(int(value))
            if text not in target.values:
                allowed = ", ".join(target.values)
                raise _Wrong("category", "label", f"label must be one of {allowed}")
            return text
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _Wrong("type", "label", "label must be a number")
        low, high = target.minimum, target.maximum
        if not is_finite(value) or not is_within(value, low, high):
            raise _Wrong("range", "label", f"label must be {say_bounds(low, high)}")
        return float(value)


class _Wrong(Exception):
    """One finding about one row, on its way to the collector."""

    def __init__(self, rule: str, field: str | None, message: str) -> None:
        self.rule, self.field, self.message = rule, field, message


def _score_id(value: Any) -> str | None:
    if value is None:
        return None
    try:
        return str(UUID(value))
    except (ValueError, AttributeError, TypeError):
        raise _Wrong("type", "score_id", "score_id must be the UUID of a score") from None


def _record_key(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise _Wrong("type", "record_key", "record_key must be a text or a whole number")
    key = str(value)
    if len(key) > MAX_KEY_LENGTH:
        raise _Wrong(
            "max_length", "record_key", f"record_key must have at most {MAX_KEY_LENGTH} characters"
        )
    if "\0" in key:
        raise _Wrong("characters", "record_key", "record_key must not hold the character NUL")
    return key


def _utc(name: str, value: Any) -> datetime:
    try:
        # A column of moments has no texts.
        is_moment = isinstance(value, datetime)
        moment = value if is_moment else datetime.fromisoformat(value.upper())
        in_utc = moment.astimezone(UTC)
    except (ValueError, AttributeError, TypeError, OverflowError):
        raise _Wrong("type", name, f"{name} must be an RFC 3339 time") from None
    if moment.tzinfo is None:
        raise _Wrong("type", name, f"{name} needs a time zone, for example Z")
    return in_utc


def _source(value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > MAX_SOURCE:
        raise _Wrong("type", "source", f"source must be a text of at most {MAX_SOURCE} characters")
    if "\0" in value:
        raise _Wrong("characters", "source", "source must not hold the character NUL")
    return value


def _propensity(value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _Wrong("type", "propensity", "propensity must be a number")
    if not 0 < value <= 1:
        raise _Wrong("range", "propensity", "propensity must be more than 0 and at most 1")
    return float(value)
